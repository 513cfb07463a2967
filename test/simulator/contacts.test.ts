import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillContacts } from './contact-generate';
import { GraphCaller } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const MARK = 'String {6d0f6a0e-5d2c-4f0b-9a51-b3c1f2a7c84e} Name Mark';

let simulator: RunningSimulator;
let mailbox: Mailbox;
let graph: GraphCaller;
let user: string;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg' }).mailbox!;
	graph = new GraphCaller(simulator);
	user = `/users/${mailbox.user.id}`;
});
afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	await simulator.stop();
});

describe('contact folders', () => {
	it('omit the default folder and hidden ones; children are listed by their parents', async () => {
		const { contacts } = mailbox;
		const vip = contacts.addFolder('default', 'VIP');
		contacts.addFolder(vip, 'Nested');
		contacts.addFolder('default', 'Recipient Cache', { hidden: true });
		const listed = (await graph.get(`${user}/contactFolders`)).json.value;
		expect(listed).toEqual([{ id: vip.id, parentFolderId: contacts.default.id, displayName: 'VIP' }]);
		expect((await graph.get(`${user}/contactFolders/${vip.id}/childFolders`)).json.value.map(({ displayName }) => displayName)).toEqual(['Nested']);
		expect((await graph.get(`${user}/contactFolders/${contacts.default.id}`)).entity.displayName).toBe('Contacts');
		expect((await graph.get(`${user}/contactFolders/contacts`)).status).toBe(400);
		simulator.tenant.switches.contactFolderByName = 'answers';
		expect((await graph.get(`${user}/contactFolders/contacts`)).entity.id).toBe(contacts.default.id);
	});

	it('are made below the default folder, renamed, moved and deleted, and their delta tells', async () => {
		const first = await graph.round(`${user}/contactFolders/delta`);
		expect(first.entries).toEqual([]);
		const made = (await graph.post(`${user}/contactFolders`, { displayName: 'New' })).entity;
		expect(made['parentFolderId']).toBe(mailbox.contacts.default.id);
		expect((await graph.post(`${user}/contactFolders`, { displayName: 'new' })).json.error.code).toBe('ErrorFolderExists');
		const child = (await graph.post(`${user}/contactFolders/${made.id}/childFolders`, { displayName: 'Child' })).entity;
		await graph.call('PATCH', `${user}/contactFolders/${child.id}`, { body: { displayName: 'Renamed', parentFolderId: mailbox.contacts.default.id } });
		await graph.call('DELETE', `${user}/contactFolders/${made.id}`);
		const second = await graph.round(first.deltaLink);
		expect(second.entries).toMatchObject([{ id: child.id, displayName: 'Renamed', parentFolderId: mailbox.contacts.default.id }, { id: made.id, '@removed': { reason: 'deleted' } }]);
		expect((await graph.get(`${user}/contactFolders/${made.id}`)).status).toBe(404);
		mailbox.contacts.expireDelta();
		expect((await graph.get(second.deltaLink)).json.error.code).toBe('SyncStateNotFound');
	});
});

describe('contacts', () => {
	it('are created, read, changed and deleted with their properties; what Exchange derives it derives', async () => {
		const created = (await graph.post(`${user}/contacts`, { givenName: 'Anna', surname: 'Berg', birthday: '1974-07-22', homeAddress: { city: 'Köln' }, emailAddresses: [{ address: 'a@x.example' }] })).entity;
		expect(created).toMatchObject({ displayName: 'Anna Berg', fileAs: 'Berg, Anna', birthday: '1974-07-22T11:59:00Z', homeAddress: { city: 'Köln' }, businessAddress: {}, businessPhones: [], jobTitle: null, parentFolderId: mailbox.contacts.default.id, primaryEmailAddress: { name: 'a@x.example', address: 'a@x.example' } });
		const patched = (await graph.call('PATCH', `${user}/contacts/${created.id}`, { body: { surname: 'Maier' } })).entity;
		expect(patched).toMatchObject({ displayName: 'Anna Maier', birthday: '1974-07-22T11:59:00Z' });
		expect(patched['changeKey']).not.toBe(created['changeKey']);
		expect((await graph.call('PATCH', `${user}/contacts/${created.id}`, { body: { surname: 'Xu', displayName: 'Kept' } })).entity.displayName).toBe('Kept');
		expect((await graph.post(`${user}/contacts`, { nonsense: 1 })).status).toBe(400);
		expect((await graph.post(`${user}/contacts`, { businessPhones: null })).status).toBe(400);
		await graph.call('DELETE', `${user}/contacts/${created.id}`);
		expect((await graph.get(`${user}/contacts/${created.id}`)).entity['parentFolderId']).toBe(mailbox.folder('recoverableitemsdeletions').id);
		simulator.tenant.switches.deletedContacts = 'notFound';
		expect((await graph.get(`${user}/contacts/${created.id}`)).status).toBe(404);
	});

	it('are listed with $select, $top, $filter and $orderby, page by page', async () => {
		fillContacts(mailbox, { contacts: 60, folders: 0, seed: 3 });
		const { entries, pages } = await graph.round(`${user}/contacts?$select=displayName,emailAddresses&$top=25`);
		expect([entries.length, pages]).toEqual([60, 3]);
		expect(Object.keys(entries[0]!).sort()).toEqual(['@odata.etag', 'displayName', 'emailAddresses', 'id']);
		const found = (await graph.get(`${user}/contacts?$filter=emailAddresses/any(a:a/address eq 'contact.7@fabrikam.example')`)).json.value;
		expect(found).toHaveLength(1);
		const names = (await graph.get(`${user}/contacts?$top=60&$orderby=displayName`)).json.value.map(({ displayName }) => displayName!);
		expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b)));
		expect((await graph.get(`${user}/contacts?$select=subject`)).status).toBe(400);
	});

	it('keep extended properties of the create request: expanded with a filter, never filtered by', async () => {
		const { id } = (await graph.post(`${user}/contacts`, { displayName: 'A', singleValueExtendedProperties: [{ id: MARK, value: 'abc' }] })).entity;
		await graph.post(`${user}/contacts`, { displayName: 'B' });
		const listed = (await graph.get(`${user}/contactFolders/${mailbox.contacts.default.id}/contacts?$select=id&$expand=singleValueExtendedProperties($filter=id eq '${MARK}')`)).json.value;
		expect(listed.map((one) => one['singleValueExtendedProperties'])).toEqual([[{ id: MARK, value: 'abc' }], undefined]);
		expect(listed[0]!.id).toBe(id);
		expect((await graph.get(`${user}/contacts?$filter=singleValueExtendedProperties/any(e: e/id eq '${MARK}' and e/value eq 'abc')`)).status).toBe(400);
		expect((await graph.get(`${user}/contacts?$expand=singleValueExtendedProperties`)).status).toBe(400);
	});

	it('have photos: 404 without, the bytes as they were put, and a new change key', async () => {
		const contact = mailbox.contacts.add('default', { displayName: 'A' });
		const before = (await graph.get(`${user}/contacts/${contact.id}`)).entity['changeKey'];
		expect((await graph.get(`${user}/contacts/${contact.id}/photo/$value`)).status).toBe(404);
		const put = await fetch(`${simulator.graphUrl}/v1.0${user}/contacts/${contact.id}/photo/$value`, { method: 'PUT', headers: { authorization: `Bearer ${simulator.token}`, 'content-type': 'image/png' }, body: Buffer.from('picture') });
		expect(put.status).toBe(200);
		const photo = await graph.get(`${user}/contacts/${contact.id}/photo/$value`);
		expect([photo.bytes.toString(), photo.headers.get('content-type')]).toEqual(['picture', 'image/png']);
		expect((await graph.get(`${user}/contacts/${contact.id}/photo`)).json['@odata.mediaContentType']).toBe('image/png');
		expect((await graph.get(`${user}/contacts/${contact.id}`)).entity['changeKey']).not.toBe(before);
		mailbox.contacts.corruptPhoto(contact);
		expect((await graph.get(`${user}/contacts/${contact.id}/photo/$value`)).status).toBe(500);
	});

	it('move by their parentFolderId, as documented; other behaviours are switches', async () => {
		const { contacts } = mailbox;
		const vip = contacts.addFolder('default', 'VIP');
		const contact = contacts.add('default', { displayName: 'A' });
		const { mutableId } = contact;
		const move = async (): Promise<number> => (await graph.call('PATCH', `${user}/contacts/${contact.id}`, { body: { parentFolderId: vip.id } })).status;
		simulator.tenant.switches.contactParentPatch = 'ignored';
		expect([await move(), contact.place]).toEqual([200, contacts.default]);
		simulator.tenant.switches.contactParentPatch = 'refused';
		expect([await move(), contact.place]).toEqual([400, contacts.default]);
		simulator.tenant.switches.contactParentPatch = 'moves';
		expect([await move(), contact.place]).toEqual([200, vip]);
		expect((await graph.get(`${user}/contacts/${mutableId}`, { mutable: true })).status).toBe(404);
	});

	it('need Contacts.Read and Contacts.ReadWrite, and nothing of forbidden folders and corrupt contacts is shown', async () => {
		const vip = mailbox.contacts.addFolder('default', 'VIP');
		const contact = mailbox.contacts.add(vip, { displayName: 'A' });
		mailbox.contacts.corrupt(contact);
		expect((await graph.get(`${user}/contacts/${contact.id}`)).json.error.code).toBe('ErrorCorruptData');
		mailbox.contacts.forbid(vip);
		expect((await graph.get(`${user}/contactFolders/${vip.id}/contacts`)).status).toBe(403);
		simulator.tenant.roles.revoke('Contacts.ReadWrite');
		expect((await graph.post(`${user}/contacts`, { displayName: 'B' })).status).toBe(403);
		expect((await graph.get(`${user}/contacts`)).status).toBe(200);
		simulator.tenant.roles.revoke('Contacts.Read');
		expect((await graph.get(`${user}/contactFolders`)).status).toBe(403);
	});
});

describe('contact delta', () => {
	it('tells of what came, changed and went, of categories alone in part, and of a return as @removed only', async () => {
		const { contacts } = mailbox;
		const vip = contacts.addFolder('default', 'VIP');
		const [a, b, c, d] = ['A', 'B', 'C', 'D'].map((displayName) => contacts.add('default', { displayName }));
		const path = `${user}/contactFolders/${contacts.default.id}/contacts/delta`;
		const first = await graph.round(path, { maxPageSize: 3 });
		expect([first.entries.length, first.pages]).toEqual([4, 2]);
		expect(first.entries[0]).toMatchObject({ '@odata.type': '#microsoft.graph.contact', displayName: 'A', businessPhones: [] });
		contacts.patch(a!, { categories: ['Red'] });
		contacts.patch(b!, { jobTitle: 'Boss' });
		contacts.move(c!, vip);
		contacts.move(d!, vip);
		contacts.move(d!, 'default');
		const second = await graph.round(first.deltaLink);
		expect(second.entries).toMatchObject([
			{ id: a!.id, categories: ['Red'] },
			{ id: b!.id, jobTitle: 'Boss' },
			{ id: c!.id, '@removed': { reason: 'deleted' } },
			{ id: d!.id, '@removed': { reason: 'deleted' } },
		]);
		expect(second.entries[0]!.displayName).toBeUndefined();
		expect((await graph.round(second.deltaLink)).entries).toEqual([]);
		contacts.expireDelta(contacts.default);
		const gone = await graph.get(second.deltaLink);
		expect([gone.status, gone.json.error.code, gone.headers.get('location')]).toEqual([410, 'SyncStateNotFound', expect.stringContaining('/contacts/delta')]);
		expect((await graph.round(`${user}/contacts/delta`)).entries).toHaveLength(3);
		mailbox.isOverQuota = true;
		expect((await graph.get(path)).json.error.code).toBe('ErrorQuotaExceeded');
		expect((await graph.get(`${user}/contacts`)).status).toBe(200);
	});
});
