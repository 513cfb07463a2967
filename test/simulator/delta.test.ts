import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, plainMime } from './graph-caller';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
const INBOX = `${USER}/mailFolders/inbox/messages/delta`;
let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;
let inbox: MailFolder;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
	inbox = mailbox.folder('inbox');
});
afterEach(() => simulator.stop());

const add = (count: number): void => {
	for (let i = 0; i < count; i++) mailbox.addMime(inbox, plainMime(`m${i}`));
};
const first = (): ReturnType<Mailbox['addMime']> => [...inbox.messages()][0]!;

describe('message delta', () => {
	it('pages by Prefer: odata.maxpagesize, 10 without it, and ends with a deltaLink instead of a nextLink', async () => {
		add(25);
		expect(await graph.round(INBOX)).toMatchObject({ pages: 3 });
		const round = await graph.round(INBOX, { maxPageSize: 20 });
		expect(round.pages).toBe(2);
		expect(new Set(round.entries.map(({ id }) => id)).size).toBe(25);
		expect(round.last.json['@odata.nextLink']).toBeUndefined();
		expect(round.deltaLink).toContain('$deltatoken=');
	});

	it('shows nothing in a quiet round', async () => {
		add(3);
		const { deltaLink } = await graph.round(INBOX);
		expect(await graph.round(deltaLink)).toMatchObject({ entries: [], pages: 1 });
	});

	it('keeps the $select of the first request in its tokens', async () => {
		add(12);
		const { deltaLink } = await graph.round(`${INBOX}?$select=subject`);
		mailbox.addMime(inbox, plainMime('new'));
		const { entries } = await graph.round(deltaLink);
		expect(Object.keys(entries[0]!).sort()).toEqual(['@odata.etag', '@odata.type', 'id', 'subject']);
	});

	it('reports a read toggle as id, isRead and parentFolderId only, and only if isRead was selected', async () => {
		add(1);
		const withRead = await graph.round(`${INBOX}?$select=subject,isRead`);
		const without = await graph.round(`${INBOX}?$select=subject`);
		mailbox.patch(first(), { isRead: true });
		const { entries } = await graph.round(withRead.deltaLink);
		expect(entries).toEqual([{ '@odata.type': '#microsoft.graph.message', '@odata.etag': expect.any(String) as string, id: first().id, isRead: true, parentFolderId: inbox.id }]);
		expect((await graph.round(without.deltaLink)).entries).toEqual([]);
	});

	it('reports a read toggle in full when the switch partialDeltaEntries is off', async () => {
		simulator.tenant.switches.partialDeltaEntries = false;
		add(1);
		const { deltaLink } = await graph.round(`${INBOX}?$select=subject,isRead`);
		mailbox.patch(first(), { isRead: true });
		expect((await graph.round(deltaLink)).entries[0]).toMatchObject({ subject: 'm0', isRead: true });
	});

	it('reports a message once, in full, when it was categorised and then read', async () => {
		add(1);
		const { deltaLink } = await graph.round(INBOX);
		mailbox.patch(first(), { categories: ['Red'] });
		mailbox.patch(first(), { isRead: true });
		const { entries } = await graph.round(deltaLink);
		expect(entries).toHaveLength(1);
		expect(entries[0]).toMatchObject({ subject: 'm0', categories: ['Red'], isRead: true });
	});

	it('reports a moved message as @removed in the old folder and as new in the other, under one immutable id', async () => {
		add(1);
		const message = first();
		const inboxLink = (await graph.round(INBOX)).deltaLink;
		const archiveLink = (await graph.round(`${USER}/mailFolders/archive/messages/delta`)).deltaLink;
		mailbox.move(message, 'archive');
		expect((await graph.round(inboxLink)).entries).toEqual([{ '@odata.type': '#microsoft.graph.message', id: message.id, '@removed': { reason: 'deleted' } }]);
		expect((await graph.round(archiveLink)).entries[0]).toMatchObject({ id: message.id, subject: 'm0' });
		expect((await graph.get(`${USER}/messages/${message.id}`)).status).toBe(200);
	});

	it('reports A→B→A as @removed only, never as an add, with immutable ids', async () => {
		add(1);
		const message = first();
		const { deltaLink } = await graph.round(INBOX);
		mailbox.move(message, 'archive');
		mailbox.move(message, inbox);
		const { entries, deltaLink: second } = await graph.round(deltaLink);
		expect(entries).toEqual([{ '@odata.type': '#microsoft.graph.message', id: message.id, '@removed': { reason: 'deleted' } }]);
		expect((await graph.round(second)).entries).toEqual([]);
	});

	it('says nothing of a return after the removal was reported, unless the switch deltaReportsReturns is on', async () => {
		add(1);
		const message = first();
		let { deltaLink } = await graph.round(INBOX);
		mailbox.move(message, 'archive');
		({ deltaLink } = await graph.round(deltaLink));
		mailbox.move(message, inbox);
		expect((await graph.round(deltaLink)).entries).toEqual([]);
		simulator.tenant.switches.deltaReportsReturns = true;
		expect((await graph.round(deltaLink)).entries[0]).toMatchObject({ id: message.id, subject: 'm0' });
	});

	it('with mutable ids a returned message is removed under its old id and new under another', async () => {
		add(1);
		const message = first();
		const oldId = message.mutableId;
		const { deltaLink } = await graph.round(INBOX, { mutable: true });
		mailbox.move(message, 'archive');
		mailbox.move(message, inbox);
		const { entries } = await graph.round(deltaLink, { mutable: true });
		expect(entries.map(({ id, subject }) => ({ id, subject }))).toEqual([{ id: oldId, subject: undefined }, { id: message.mutableId, subject: 'm0' }]);
	});

	it('reports what came and changed while a first enumeration was going on', async () => {
		add(15);
		const page = await graph.get(INBOX);
		mailbox.addMime(inbox, plainMime('late'));
		mailbox.purge(first());
		const { entries, deltaLink } = await graph.round(page.json['@odata.nextLink']!);
		expect(entries.map(({ subject }) => subject)).toContain('late');
		const after = await graph.round(deltaLink);
		expect([...entries, ...after.entries].filter((entry) => entry['@removed'])).toHaveLength(1);
	});

	it('answers 410 SyncStateNotFound with a Location to start over, once its tokens have expired', async () => {
		add(3);
		const { deltaLink } = await graph.round(INBOX);
		simulator.tenant.expireDelta(mailbox, inbox);
		const gone = await graph.get(deltaLink);
		expect(gone).toMatchObject({ status: 410, json: { error: { code: 'SyncStateNotFound' } } });
		expect((await graph.round(gone.headers.get('location')!)).entries).toHaveLength(3);
	});

	it('answers 410 to next links in the middle of an enumeration, too', async () => {
		add(15);
		const page = await graph.get(INBOX);
		simulator.tenant.expireDelta(mailbox);
		expect((await graph.get(page.json['@odata.nextLink']!)).status).toBe(410);
	});

	it('lets tokens grow old on the tenant’s clock when told a lifetime', async () => {
		simulator.tenant.switches.deltaTokenLifetimeMs = 3_600_000;
		const { deltaLink } = await graph.round(INBOX);
		simulator.tenant.clock.advance(3_599_000);
		expect((await graph.get(deltaLink)).status).toBe(200);
		simulator.tenant.clock.advance(3_600_000);
		expect((await graph.get(deltaLink)).status).toBe(410);
	});

	it('caps the total of a round by $top, and pages by it when the switch is off', async () => {
		add(25);
		expect((await graph.round(`${INBOX}?$top=15`)).entries).toHaveLength(15);
		simulator.tenant.switches.deltaTopCapsTotal = false;
		expect(await graph.round(`${INBOX}?$top=15`)).toMatchObject({ pages: 2 });
	});

	it('inserts an empty page with a nextLink before the end when told so', async () => {
		simulator.tenant.switches.deltaEmptyPages = 'end';
		add(10);
		const { pages, entries, deltaLink } = await graph.round(INBOX);
		expect({ pages, entries: entries.length }).toEqual({ pages: 2, entries: 10 });
		expect((await graph.round(deltaLink)).pages).toBe(1);
		simulator.tenant.switches.deltaEmptyPages = 'always';
		expect((await graph.round(deltaLink)).pages).toBe(2);
	});

	it('repeats the last entry of a page on the next when told so', async () => {
		simulator.tenant.switches.deltaReplays = true;
		add(25);
		const { entries } = await graph.round(INBOX);
		expect(entries.length).toBeGreaterThan(25);
		expect(new Set(entries.map(({ id }) => id)).size).toBe(25);
	});

	it('supports only receivedDateTime in $filter, and gives at most 5,000 messages then', async () => {
		add(2);
		expect((await graph.get(`${INBOX}?$filter=isRead eq true`)).status).toBe(400);
		expect((await graph.round(`${INBOX}?$filter=receivedDateTime ge 2026-03-02T00:00:00Z`)).entries).toHaveLength(2);
		expect((await graph.round(`${INBOX}?$filter=receivedDateTime gt 2026-04-02T00:00:00Z`)).entries).toHaveLength(0);
	});

	it('answers 403 ErrorQuotaExceeded for a mailbox over quota while plain lists work', async () => {
		add(1);
		mailbox.isOverQuota = true;
		expect(await graph.get(INBOX)).toMatchObject({ status: 403, json: { error: { code: 'ErrorQuotaExceeded' } } });
		expect((await graph.get(`${USER}/mailFolders/inbox/messages`)).json.value).toHaveLength(1);
		expect(await graph.get(`${USER}/mailFolders/delta`)).toMatchObject({ status: 403, json: { error: { code: 'ErrorQuotaExceeded' } } });
		simulator.tenant.switches.overQuotaFolderDelta = 'answers';
		expect((await graph.get(`${USER}/mailFolders/delta`)).status).toBe(200);
	});

	it('answers 404 for a deleted folder, with the code that the switch names', async () => {
		const folder = mailbox.addFolder(inbox, 'Gone');
		const { deltaLink } = await graph.round(`${USER}/mailFolders/${folder.id}/messages/delta`);
		mailbox.deleteFolder(folder);
		expect(await graph.get(deltaLink)).toMatchObject({ status: 404, json: { error: { code: 'ErrorItemNotFound' } } });
		simulator.tenant.switches.deletedFolderDeltaCode = 'ErrorSyncFolderNotFound';
		expect(await graph.get(deltaLink)).toMatchObject({ status: 404, json: { error: { code: 'ErrorSyncFolderNotFound' } } });
	});

	it('cannot be asked of the whole mailbox', async () => {
		expect((await graph.get(`${USER}/messages/delta`)).status).toBe(404);
		expect(simulator.misses).toEqual(['GET /v1.0/users/anna@contoso.example/messages/delta']);
	});
});

describe('folder delta', () => {
	it('shows the folders of all levels, 10 a page, without hidden ones and without Recoverable Items', async () => {
		for (let n = 0; n < 12; n++) mailbox.addFolder(n === 0 ? inbox : 'Inbox/Sub 0', `Sub ${n}`);
		mailbox.addFolder(inbox, 'Secret', { hidden: true });
		const { entries, pages } = await graph.round(`${USER}/mailFolders/delta`);
		const names = entries.map(({ displayName }) => displayName);
		expect(pages).toBe(2);
		expect(names).toContain('Sub 11');
		expect(names).toContain('Inbox');
		for (const hidden of ['Secret', 'Deletions', 'Conversation History', 'Top of Information Store']) expect(names).not.toContain(hidden);
	});

	it('reports created, renamed, moved and deleted folders', async () => {
		const [a, b, c] = ['a', 'b', 'c'].map((name) => mailbox.addFolder(inbox, name)) as [MailFolder, MailFolder, MailFolder];
		const { deltaLink } = await graph.round(`${USER}/mailFolders/delta`, { maxPageSize: 100 });
		mailbox.renameFolder(a, 'A');
		mailbox.moveFolder(b, mailbox.root);
		mailbox.deleteFolder(c);
		const created = mailbox.addFolder(inbox, 'd');
		const { entries } = await graph.round(deltaLink, { maxPageSize: 100 });
		const byId = new Map(entries.map((entry) => [entry.id, entry]));
		expect(byId.get(a.id)).toMatchObject({ displayName: 'A' });
		expect(byId.get(b.id)).toMatchObject({ parentFolderId: mailbox.root.id });
		expect(byId.get(c.id)).toMatchObject({ '@removed': { reason: 'deleted' } });
		expect(byId.get(created.id)).toMatchObject({ displayName: 'd', parentFolderId: inbox.id });
		expect((await graph.round((await graph.round(deltaLink, { maxPageSize: 100 })).deltaLink)).entries).toEqual([]);
	});

	it('reports a folder whose counts changed, unless the switch is off', async () => {
		const { deltaLink } = await graph.round(`${USER}/mailFolders/delta`, { maxPageSize: 100 });
		add(2);
		const { entries, deltaLink: next } = await graph.round(deltaLink);
		expect(entries).toEqual([expect.objectContaining({ id: inbox.id, totalItemCount: 2, unreadItemCount: 2 })]);
		simulator.tenant.switches.folderDeltaReportsCounts = false;
		add(1);
		expect((await graph.round(next)).entries).toEqual([]);
	});

	it('answers 410 when expired', async () => {
		const { deltaLink } = await graph.round(`${USER}/mailFolders/delta`, { maxPageSize: 100 });
		simulator.tenant.expireDelta(mailbox);
		expect((await graph.get(deltaLink)).status).toBe(410);
	});
});
