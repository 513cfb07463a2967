import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, type Answer, type Entity } from './graph-caller';
import type { SharePointList } from './list-store';
import { SeededRandom } from './seeded-random';
import { EVERY_COLUMN, fillEveryColumn } from './site-generate';
import type { Site } from './site-store';
import { startSimulator, type RunningSimulator } from './start';

let simulator: RunningSimulator;
let graph: GraphCaller;
let site: Site;
let list: SharePointList;
let path: string;
let anna: number;
beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	simulator.tenant.roles.grant('Sites.Manage.All');
	const { token } = simulator.tenant.tokens.issue();
	graph = new GraphCaller({ ...simulator, token });
	const user = simulator.tenant.addUser({ displayName: 'Anna Berg' });
	site = simulator.tenant.addSite({ name: 'marketing', displayName: 'Marketing', owner: user });
	anna = site.ensureUser(user);
	list = site.addList({ displayName: 'Projects', columns: EVERY_COLUMN });
	list.addColumn({ name: 'Parent', lookup: { listId: list.id, columnName: 'Title' } });
	list.addColumn({ name: 'Related', lookup: { listId: list.id, columnName: 'Title', allowMultipleValues: true } });
	path = `/sites/${site.id}/lists/${list.id}`;
});
afterEach(() => simulator.stop());

const fieldsOf = ({ fields }: Entity): Record<string, unknown> => fields as Record<string, unknown>;
const write = (fields: Record<string, unknown>): Promise<Answer> => graph.post(`${path}/items`, { fields });

describe('lists', () => {
	it('tells that files hang on an item, and nothing more of them', async () => {
		list.addItem({ Title: 'plain' });
		list.addItem({ Title: 'with files' }).hasAttachments = true;
		const items = (await graph.get(`${path}/items?$expand=fields`)).json.value;
		expect(items.map((item) => fieldsOf(item).Attachments)).toEqual([false, true]);
		expect((await graph.get(`${path}/items/2/attachments`)).status).toBe(404);
		simulator.misses.length = 0;
	});

	it('shows system lists only to who selects the facet', async () => {
		const plain = (await graph.get(`/sites/${site.id}/lists`)).json.value;
		expect(plain.map(({ displayName }) => displayName)).toEqual(['Documents', 'Site Pages', 'Projects']);
		const withSystem = (await graph.get(`/sites/${site.id}/lists?$select=id,displayName,list,system`)).json.value;
		expect(withSystem.find(({ displayName }) => displayName === 'User Information List')).toMatchObject({ system: {}, list: { hidden: true, template: 'userInformation' } });
		expect(withSystem.find(({ displayName }) => displayName === 'Projects')).not.toHaveProperty('system');
	});

	it('makes lists with columns, once for each name, and shows columns, content types and their order', async () => {
		const made = await graph.post(`/sites/${site.id}/lists`, { displayName: 'Books', list: { template: 'genericList' }, columns: [{ name: 'Author Name', text: {} }, { name: 'Pages', number: {} }] });
		expect([made.status, made.entity['displayName']]).toEqual([201, 'Books']);
		expect((await graph.post(`/sites/${site.id}/lists`, { displayName: 'Books' })).json.error.code).toBe('nameAlreadyExists');
		const books = `/sites/${site.id}/lists/${made.entity.id}`;
		const columns = (await graph.get(`${books}/columns`)).json.value;
		expect(columns.find(({ displayName }) => displayName === 'Author Name')).toMatchObject({ name: 'Author_x0020_Name', readOnly: false, text: { maxLength: 255 } });
		expect(columns.find(({ name }) => name === 'Created')).toMatchObject({ readOnly: true, dateTime: {} });
		const types = (await graph.get(`${books}/contentTypes?$expand=columns`)).json.value;
		expect(types.map(({ name, order }) => [name, order])).toEqual([['Item', { default: true, position: 0 }], ['Folder', { default: false, position: 1 }]]);
		expect((types[0]!['columns'] as Entity[]).map(({ name }) => name)).toEqual(['Title', 'Author_x0020_Name', 'Pages']);
		expect((await graph.post(`${books}/columns`, { name: 'Due', dateTime: { format: 'dateTime' } })).status).toBe(201);
		expect((await graph.post(`${books}/columns`, { name: 'Due', dateTime: {} })).status).toBe(409);
		expect((await graph.post(`${books}/columns`, { name: 'NoType' })).status).toBe(400);
		expect((await graph.post(`${books}/contentTypes/addCopy`, { contentType: '0x0108' })).entity).toMatchObject({ name: 'Task', parentId: '0x0108' });
		expect((await graph.call('DELETE', books)).status).toBe(204);
		expect((await graph.get(books)).status).toBe(404);
	});

	it('makes a library with its drive', async () => {
		const made = await graph.post(`/sites/${site.id}/lists`, { displayName: 'Contracts', list: { template: 'documentLibrary' } });
		const drive = await graph.get(`/sites/${site.id}/lists/${made.entity.id}/drive`);
		expect([drive.status, drive.entity['name']]).toEqual([200, 'Contracts']);
		const put = await graph.call('PUT', `/drives/${drive.entity.id}/root:/a.txt:/content`, { body: 'A', headers: { 'content-type': 'text/plain' } });
		expect(put.status).toBe(201);
		expect((await graph.get(`/sites/${site.id}/lists/${made.entity.id}/items?$expand=fields`)).json.value.map((item) => fieldsOf(item)['FileLeafRef'])).toEqual(['a.txt']);
	});
});

describe('list items', () => {
	it('tells every type of column as Graph does', async () => {
		const parent = list.addItem({ Title: 'Parent' });
		const item = fillEveryColumn(list, { person: anna });
		list.edit(item, { Parent: parent.id, Related: [parent.id] });
		const [, told] = (await graph.get(`${path}/items?$expand=fields`)).json.value;
		expect(told).toMatchObject({ id: '2', contentType: { name: 'Item' }, createdBy: { user: { displayName: 'Anna Berg' } }, eTag: `"${item.uniqueId},2"` });
		expect(fieldsOf(told!)).toMatchObject({
			Title: 'Everything', Note: 'Line 1\nLine 2', Amount: 12.5, Price: 99.9, Due: '2026-12-24T00:00:00Z', At: '2026-12-24T10:30:00Z', Done: true, Status: 'Open', Tags: ['Red', 'Blue'],
			OwnerLookupId: String(anna), Team: [{ LookupId: anna, LookupValue: 'Anna Berg', Email: 'anna.berg@contoso.example' }], ParentLookupId: '1', Related: [{ LookupId: 1, LookupValue: 'Parent' }],
			Link: { Description: 'Site', Url: 'https://contoso.example' }, Double: 25, Place: { Latitude: 52.52, Longitude: 13.4 }, Topic: { Label: 'Sales', WssId: 1 }, Topics: [{ Label: 'Sales' }, { Label: 'Marketing' }],
			AuthorLookupId: String(anna), ContentType: 'Item', _UIVersionString: '2.0', Attachments: false,
		});
		expect(fieldsOf(told!)).not.toHaveProperty('Owner');
		const chosen = (await graph.get(`${path}/items?$expand=fields($select=Owner,Amount)&$select=id,fields`)).json.value[1]!;
		expect(fieldsOf(chosen)).toEqual({ '@odata.etag': expect.any(String) as string, id: '2', Owner: 'Anna Berg', Amount: 12.5 });
		expect(Object.keys(chosen).filter((name) => !name.startsWith('@'))).toEqual(['id', 'fields']);
		expect((await graph.get(`${path}/items`)).json.value[0]).not.toHaveProperty('fields');
	});

	it('takes what may be written, and in the way that Graph wants it', async () => {
		const parent = list.addItem({ Title: 'Parent' });
		const made = await write({
			Title: 'New', Note: 'x', Amount: 3, Price: 1.5, Due: '2026-12-24T18:00:00Z', Done: false, Status: 'Open', 'Tags@odata.type': 'Collection(Edm.String)', Tags: ['Red'],
			OwnerLookupId: anna, 'TeamLookupId@odata.type': 'Collection(Edm.Int32)', TeamLookupId: [anna], ParentLookupId: String(parent.id), 'RelatedLookupId@odata.type': 'Collection(Edm.Int32)', RelatedLookupId: [parent.id],
			[list.column('Topic')!.textColumn!]: '-1;#Sales|5b3b1c9e-1111-4a2b-8c3d-222222222222',
		});
		expect([made.status, made.entity.id]).toEqual([201, '2']);
		expect(fieldsOf(made.entity)).toMatchObject({ Amount: 3, Due: '2026-12-24T00:00:00Z', Tags: ['Red'], OwnerLookupId: String(anna), Related: [{ LookupId: 1 }], Double: 6, Topic: { Label: 'Sales' } });
		expect(made.entity['createdBy']).toMatchObject({ application: { displayName: 'Simulated backup' } });
		const rich = await write({ Rich: '<b>x</b>' });
		expect(fieldsOf(rich.entity)['Rich']).toMatch(/^<div class="ExternalClass\w+"><b>x<\/b><\/div>$/);
	});

	it.each([
		['an unknown field', { Nothing: 1 }, "Field 'Nothing' is not recognized"],
		['who made it', { AuthorLookupId: 7 }, "Field 'AuthorLookupId' is read-only"],
		['when it was made', { Created: '2020-01-01T00:00:00Z' }, "Field 'Created' is read-only"],
		['a calculated field', { Double: 1 }, "Field 'Double' is read-only"],
		['its id', { id: '7' }, "Field 'id' is read-only"],
		['several choices without their type', { Tags: ['Red'] }, 'malformed'],
		['several people without their type', { TeamLookupId: [6] }, 'malformed'],
		['a person by name', { Owner: 'Anna Berg' }, 'malformed'],
		['a person that the site does not know', { OwnerLookupId: 999 }, 'malformed'],
		['a term as text', { Topic: 'Sales' }, 'malformed'],
		['a link', { Link: { Url: 'https://x', Description: 'x' } }, 'malformed'],
		['text for a number', { Amount: '3' }, 'malformed'],
		['more text than fits', { Title: 'x'.repeat(256) }, 'malformed'],
	])('refuses %s', async (_, fields, message) => {
		const answer = await write(fields);
		expect([answer.status, answer.json.error.code]).toEqual([400, 'invalidRequest']);
		expect(answer.json.error.message).toContain(message);
		expect(list.itemCount).toBe(0);
	});

	it('takes links where the switch says so', async () => {
		simulator.tenant.switches.listLinkWrites = 'accepted';
		expect(fieldsOf((await write({ Link: { Url: 'https://x' } })).entity)['Link']).toEqual({ Description: 'https://x', Url: 'https://x' });
	});

	it('behaves in the other way of each switch', async () => {
		const { switches, clock } = simulator.tenant;
		Object.assign(switches, { listPlaceWrites: 'accepted', listRichText: 'kept', listItemGetBringsFields: false, siteDeltaTokenLifetimeMs: 60_000 });
		expect(fieldsOf((await write({ Place: { Latitude: 1, Longitude: 2 }, Rich: '<b>x</b>' })).entity)).toMatchObject({ Place: { Latitude: 1 }, Rich: '<b>x</b>' });
		expect((await graph.get(`${path}/items/1`)).entity).not.toHaveProperty('fields');
		const { deltaLink } = await graph.round(`${path}/items/delta`);
		clock.advance(61_000);
		expect((await graph.get(deltaLink)).status).toBe(410);
	});

	it('never gives an id twice', async () => {
		const first = list.addItem({ Title: 'A' });
		list.delete(first);
		expect((await write({ Title: 'B' })).entity.id).toBe('2');
		expect((await graph.get(`${path}/items/1`)).json.error.code).toBe('itemNotFound');
	});

	it('changes fields, keeps versions, and takes one back', async () => {
		const item = list.addItem({ Title: 'First', Amount: 1 });
		const patched = await graph.call('PATCH', `${path}/items/1/fields`, { body: { Title: 'Second', Amount: null }, headers: { 'if-match': `"${item.uniqueId},1"` } });
		expect([patched.status, patched.entity['Title'], patched.entity['Amount']]).toEqual([200, 'Second', undefined]);
		const stale = await graph.call('PATCH', `${path}/items/1/fields`, { body: { Title: 'Third' }, headers: { 'if-match': `"${item.uniqueId},1"` } });
		expect([stale.status, stale.json.error.code]).toEqual([412, 'resourceModified']);
		expect((await graph.call('DELETE', `${path}/items/1`, { headers: { 'if-match': '"nonsense"' } })).status).toBe(412);
		const versions = (await graph.get(`${path}/items/1/versions?$expand=fields`)).json.value;
		expect(versions.map(({ id, fields }) => [id, (fields as Entity)['Title']])).toEqual([['2.0', 'Second'], ['1.0', 'First']]);
		expect((await graph.call('POST', `${path}/items/1/versions/1.0/restoreVersion`)).status).toBe(204);
		expect(item.values).toMatchObject({ Title: 'First', Amount: 1 });
		expect((await graph.call('DELETE', `${path}/items/1`)).status).toBe(204);
	});

	it('has no attachments in v1.0', async () => {
		list.addItem({ Title: 'A' });
		expect((await graph.get(`${path}/items/1/attachments`)).status).toBe(404);
		expect(simulator.misses).toHaveLength(1);
	});

	it('pages by 200 unless asked otherwise, and searches indexed columns only', async () => {
		for (let n = 0; n < 450; n++) list.addItem({ Title: `T${n}`, Amount: n });
		const round = await graph.round(`${path}/items?$expand=fields($select=Title)`);
		expect([round.pages, round.entries.length, new Set(round.entries.map(({ id }) => id)).size]).toEqual([3, 450, 450]);
		expect((await graph.round(`${path}/items?$top=1000`)).pages).toBe(1);
		const filtered = `${path}/items?$expand=fields&$filter=fields/Amount ge 445`;
		const refused = await graph.get(filtered);
		expect([refused.status, refused.json.error.message]).toEqual([400, expect.stringContaining("Field 'Amount' cannot be referenced in filter or orderby as it is not indexed")]);
		expect((await graph.get(filtered, { headers: { prefer: 'HonorNonIndexedQueriesWarningMayFailRandomly' } })).json.value).toHaveLength(5);
		await graph.call('PATCH', `${path}/columns/Amount`, { body: { indexed: true } });
		expect((await graph.get(`${filtered}&$orderby=fields/Amount desc`)).json.value.map((item) => fieldsOf(item)['Amount'])).toEqual([449, 448, 447, 446, 445]);
	});
});

describe('delta of list items', () => {
	it('lists everything, then each change once, and deletions with their facet', async () => {
		for (let n = 0; n < 250; n++) list.addItem({ Title: `T${n}` });
		const first = await graph.round(`${path}/items/delta?$expand=fields`);
		expect([first.pages, first.entries.length]).toEqual([2, 250]);
		expect((await graph.round(first.deltaLink)).entries).toEqual([]);
		list.edit(3, { Title: 'x' });
		list.edit(3, { Title: 'y' });
		const added = list.addItem({ Title: 'new' });
		list.delete(5);
		const second = await graph.round(first.deltaLink);
		expect(second.entries.map((item) => [item.id, item['deleted'], (item['fields'] as Entity | undefined)?.['Title']])).toEqual([['3', undefined, 'y'], [String(added.id), undefined, 'new'], ['5', { state: 'deleted' }, undefined]]);
		expect(second.entries[2]).toEqual({ id: '5', parentReference: { id: list.id, siteId: site.id }, contentType: expect.anything() as unknown, deleted: { state: 'deleted' } });
	});

	it('begins at the latest state, in both spellings, and hides deletions from who does not select them', async () => {
		list.addItem({ Title: 'A' });
		for (const spelling of ['delta?token=latest&$select=id', "delta(token='latest')?$select=id"]) {
			const latest = await graph.round(`${path}/items/${spelling}`);
			expect(latest.entries).toEqual([]);
			const item = list.addItem({ Title: 'B' });
			list.delete(item);
			expect((await graph.round(latest.deltaLink)).entries).toEqual([{ id: String(item.id) }]);
		}
	});

	it('answers 410 with a place to start over when tokens expired, in the middle of a round as well', async () => {
		for (let n = 0; n < 250; n++) list.addItem({ Title: `T${n}` });
		const page = await graph.get(`${path}/items/delta?$expand=fields`);
		const { deltaLink } = await graph.round(`${path}/items/delta?$expand=fields`);
		list.expireDelta();
		for (const link of [page.json['@odata.nextLink']!, deltaLink]) {
			const gone = await graph.get(link);
			expect([gone.status, gone.json.error.code]).toEqual([410, 'resyncRequired']);
			const again = await graph.round(gone.headers.get('location')!);
			expect([again.entries.length, again.entries[0]?.['fields']]).toEqual([250, expect.anything()]);
		}
	});

	it.each([1, 2, 3, 4])('leads to the state at hand whatever happens meanwhile (%i)', async (seed) => {
		const { switches } = simulator.tenant;
		const random = new SeededRandom(seed);
		switches.deltaReplays = seed % 2 === 0;
		switches.deltaEmptyPages = (['never', 'end', 'always'] as const)[seed % 3]!;
		const known = new Map<string, unknown>();
		const shake = (): void => {
			const living = [...list.items()];
			for (let n = random.below(6); n > 0; n--) {
				const item = living.length ? random.pick(living) : undefined;
				const what = random.below(3);
				if (!item || what === 0) list.addItem({ Title: `N${random.below(1000)}` });
				else if (what === 1 && !item.isDeleted) list.edit(item, { Title: `E${random.below(1000)}` });
				else if (!item.isDeleted) list.delete(item);
			}
		};
		let link = `${path}/items/delta?$expand=fields&$top=${1 + random.below(4)}`;
		for (let round = 0; round < 12; round++) {
			shake();
			for (;;) {
				const { json } = await graph.get(link);
				for (const item of json.value) {
					if (item['deleted']) known.delete(item.id);
					else known.set(item.id, fieldsOf(item)['Title']);
				}
				link = json['@odata.nextLink'] ?? json['@odata.deltaLink']!;
				if (json['@odata.nextLink'] === undefined) break;
				if (random.chance(0.3)) shake();
			}
		}
		for (let page = await graph.get(link); ; page = await graph.get(page.json['@odata.nextLink'])) {
			for (const item of page.json.value) {
				if (item['deleted']) known.delete(item.id);
				else known.set(item.id, fieldsOf(item)['Title']);
			}
			if (page.json['@odata.nextLink'] === undefined) break;
		}
		expect([...known].sort()).toEqual([...list.items()].map((item) => [String(item.id), item.values.Title]).sort());
	});

	it('tells of a library’s columns, renames and deletions', async () => {
		const library = site.library();
		library.addColumn({ name: 'Customer', text: {} });
		const file = library.drive.addFile('', 'a.txt', 'A');
		const url = `/sites/${site.id}/lists/${library.id}/items/delta?$expand=fields`;
		const first = await graph.round(url);
		expect((await graph.call('PATCH', `/sites/${site.id}/lists/${library.id}/items/${file.sequence}/fields`, { body: { Customer: 'Fabrikam' } })).status).toBe(200);
		library.drive.rename(file, 'b.txt');
		const second = await graph.round(first.deltaLink);
		expect(second.entries.map((item) => [item.id, fieldsOf(item)['FileLeafRef'], fieldsOf(item)['Customer']])).toEqual([[String(file.sequence), 'b.txt', 'Fabrikam']]);
		library.drive.delete(file);
		expect((await graph.round(second.deltaLink)).entries.map(({ deleted }) => deleted)).toEqual([{ state: 'deleted' }]);
	});
});
