import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageClass } from './exchange-fts';
import { GraphCaller, plainMime, type Answer } from './graph-caller';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';
import { EXCHANGE_ROLES } from './permissions';
import { startSimulator, type RunningSimulator } from './start';

let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;
let token: string;
let exchange: string;
let user: string;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	const added = simulator.tenant.addUser({ displayName: 'Anna Berg' });
	mailbox = added.mailbox!;
	user = `/users/${added.id}`;
	graph = new GraphCaller(simulator);
	simulator.tenant.roles.grant(...EXCHANGE_ROLES);
	({ token } = simulator.tenant.tokens.issue());
	const { json } = await graph.get(`${user}/settings/exchange`, { token });
	exchange = `/admin/exchange/mailboxes/${String(json['primaryMailboxId'])}`;
});
afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	expect(simulator.tenant.outbox).toEqual([]);
	await simulator.stop();
});

const MEETING = plainMime('Meeting').replace('Content-Type: text/plain; charset=utf-8', 'Content-Type: text/calendar; method=REQUEST').replace('Hello', 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR');

interface Exported {
	itemId: string;
	data?: string;
	error?: { code: string };
	Error?: { code: string };
}

async function exported(...itemIds: string[]): Promise<Exported[]> {
	const { status, json } = await graph.post(`${exchange}/exportItems`, { itemIds }, { token });
	expect(status).toBe(200);
	return json.value as unknown as Exported[];
}

async function importUrl(): Promise<string> {
	return String((await graph.post(`${exchange}/createImportSession`, {}, { token })).json['importUrl']);
}

async function importItem(url: string, body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Answer> {
	const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
	const json = (await response.json()) as Answer['json'];
	return { status: response.status, headers: response.headers, json } as Answer;
}

async function seen(message: MessageRecord): Promise<unknown> {
	const { id: _id, changeKey: _key, ['@odata.etag']: _etag, ['@odata.context']: _context, lastModifiedDateTime: _modified, webLink: _link, ...rest } = (await graph.get(`${user}/messages/${message.id}`)).json;
	return { ...rest, class: await messageClass(message), mime: (await message.content.mime()).toString('base64') };
}

describe('exporting and importing mailbox items', () => {
	it('brings a message back with everything: class, draft state, dates, marks, extended properties', async () => {
		const property = 'String {00020329-0000-0000-c000-000000000046} Name mark';
		const original = mailbox.addMime('inbox', MEETING, { isRead: true, categories: ['Red'], flag: { flagStatus: 'flagged' }, received: '2026-03-03T10:00:00Z', singleValueProperties: { [property]: 'x' } });
		const before = await seen(original);
		expect(before).toMatchObject({ class: 'IPM.Schedule.Meeting.Request', isDraft: false });
		const [item] = await exported(original.id);
		mailbox.purge(original);
		const answer = await importItem(await importUrl(), { FolderId: mailbox.folder('inbox').id, Mode: 'create', Data: item!.data });
		expect(answer.status).toBe(200);
		const back = mailbox.message(String(answer.json['itemId']));
		expect(await seen(back)).toEqual(before);
		expect(back.singleValueProperties?.get(property)).toBe('x');
	});

	it('takes at most twenty ids, answers what it cannot export item by item, and may leave items out', async () => {
		const ids = Array.from({ length: 21 }, (_, n) => mailbox.addMime('inbox', plainMime(`M${n}`)).id);
		expect((await graph.post(`${exchange}/exportItems`, { itemIds: ids }, { token })).status).toBe(400);
		mailbox.purge(mailbox.message(ids[0]!));
		expect((await exported(ids[0]!, ids[1]!)).map(({ error, data }) => error?.code ?? typeof data)).toEqual(['ErrorItemNotFound', 'string']);
		simulator.tenant.switches.exportErrorName = 'Error';
		expect((await exported(ids[0]!))[0]?.Error?.code).toBe('ErrorItemNotFound');
		simulator.tenant.switches.exportDropsItems = 2;
		expect((await exported(...ids.slice(1, 6))).map(({ itemId }) => itemId)).toEqual(ids.slice(1, 4));
		expect(await exported(ids[5]!)).toHaveLength(1);
	});

	it('can be strict about ids, which translateExchangeIds translates', async () => {
		const message = mailbox.addMime('inbox', plainMime('M'));
		simulator.tenant.switches.exportItemIds = 'mutableOnly';
		expect((await exported(message.id))[0]?.error?.code).toBe('ErrorItemNotFound');
		const translate = { inputIds: [message.id], sourceIdType: 'restImmutableEntryId', targetIdType: 'restId' };
		const { json } = await graph.post(`${user}/translateExchangeIds`, translate, { token });
		expect(json.value[0]?.['targetId']).toBe(message.mutableId);
		expect((await exported(message.mutableId))[0]?.data).toBeTypeOf('string');
		simulator.tenant.switches.translateIdsForApplications = 'refused';
		expect((await graph.post(`${user}/translateExchangeIds`, translate, { token })).status).toBe(403);
	});

	it('refuses tokens, old sessions, unknown folders, foreign bytes and misplaced ids at the import URL', async () => {
		const message = mailbox.addMime('inbox', plainMime('M'));
		const data = (await exported(message.id))[0]!.data;
		const url = await importUrl();
		expect(url).not.toContain(simulator.graphUrl);
		const body = { FolderId: mailbox.folder('inbox').id, Mode: 'create', Data: data };
		expect((await importItem(url, body, { authorization: `Bearer ${token}` })).status).toBe(401);
		expect((await importItem(url.replace(/authtoken=.*/, 'authtoken=other'), body)).status).toBe(401);
		expect((await importItem(url, { ...body, FolderId: 'nowhere' })).status).toBe(404);
		expect((await importItem(url, { ...body, Data: 'AAAA' })).status).toBe(400);
		expect((await importItem(url, { ...body, ItemId: message.mutableId })).status).toBe(400);
		expect((await importItem(url, { ...body, Mode: 'update', ItemId: message.mutableId, ChangeKey: 'old' })).status).toBe(404);
		simulator.tenant.clock.advance(3_600_000);
		expect((await importItem(url, body)).status).toBe(409);
		expect(mailbox.folder('inbox').total).toBe(1);
	});

	it('counts imported bytes as uploads of the mailbox', async () => {
		const url = await importUrl();
		const data = Buffer.alloc(40 * 1024 * 1024).toString('base64');
		const statuses = [];
		for (let n = 0; n < 3; n++) statuses.push((await importItem(url, { FolderId: mailbox.folder('inbox').id, Mode: 'create', Data: data })).status);
		expect(statuses).toEqual([400, 400, 429]);
	});

	it('needs its permissions, and is absent from other clouds', async () => {
		const { roles, switches } = simulator.tenant;
		roles.revoke('MailboxItem.ImportExport.All');
		expect((await graph.post(`${exchange}/exportItems`, { itemIds: ['x'] }, { token })).status).toBe(403);
		expect((await graph.post(`${exchange}/createImportSession`, {}, { token })).status).toBe(403);
		expect((await graph.get(`${exchange}/folders`, { token })).status).toBe(200);
		roles.revoke(['MailboxFolder.ReadWrite.All', 'User.Read.All']);
		expect((await graph.get(`${exchange}/folders`, { token })).status).toBe(403);
		expect((await graph.get(`${user}/settings/exchange`, { token })).status).toBe(403);
		for (const [api, status] of [['notFound', 404], ['badRequest', 400]] as const) {
			switches.mailboxItemApi = api;
			expect((await graph.get(`${user}/settings/exchange`, { token })).status).toBe(status);
			expect((await graph.post(`${exchange}/exportItems`, { itemIds: ['x'] }, { token })).status).toBe(status);
		}
	});

	it('lists folders page by page, their items, and what changed', async () => {
		const first = mailbox.addMime('inbox', plainMime('First'));
		mailbox.addMime('inbox', MEETING);
		mailbox.addFolder('inbox', 'Child');
		const folders = await graph.round(`${exchange}/folders`, { token, maxPageSize: 3 });
		expect(folders.pages).toBeGreaterThan(2);
		const inbox = folders.entries.find(({ displayName }) => displayName === 'Inbox')!;
		expect(inbox).toMatchObject({ id: mailbox.folder('inbox').id, type: 'IPF.Note', totalItemCount: 2, childFolderCount: 1 });
		expect((await graph.get(`${exchange}/folders/${inbox.id}/childFolders`, { token })).json.value.map(({ displayName }) => displayName)).toEqual(['Child']);
		const { json } = await graph.get(`${exchange}/folders/${inbox.id}/items?$filter=type eq 'IPM.Note'`, { token });
		expect(json.value.map(({ id }) => id)).toEqual([first.id]);
		const delta = await graph.round(`${exchange}/folders/${inbox.id}/items/delta`, { token });
		expect(delta.entries).toHaveLength(2);
		mailbox.purge(first);
		const next = await graph.round(delta.deltaLink, { token });
		expect(next.entries).toEqual([{ id: first.id, '@removed': { reason: 'deleted' } }]);
		simulator.tenant.switches.exchangeFolderIds = 'own';
		const own = (await graph.round(`${exchange}/folders`, { token })).entries.find(({ displayName }) => displayName === 'Inbox')!;
		expect(own.id).not.toBe(inbox.id);
		expect((await graph.get(`${exchange}/folders/${own.id}`, { token })).json['displayName']).toBe('Inbox');
		expect((await graph.get(`${exchange}/folders/${inbox.id}`, { token })).status).toBe(404);
	});
});
