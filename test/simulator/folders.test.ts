import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, plainMime } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example', locale: 'de' }).mailbox!;
});
afterEach(() => simulator.stop());

const names = async (path: string): Promise<unknown[]> => (await graph.get(path)).json.value.map(({ displayName }) => displayName);

describe('mail folders', () => {
	it('are listed one level at a time, 10 a page, hidden ones only when asked for', async () => {
		for (let n = 0; n < 12; n++) mailbox.addFolder('msgfolderroot', `Folder ${n}`);
		mailbox.addFolder('inbox', 'Below');
		expect((await graph.get(`${USER}/mailFolders`)).json.value).toHaveLength(10);
		const top = (await graph.round(`${USER}/mailFolders`)).entries.map(({ displayName }) => displayName);
		expect(top).not.toContain('Below');
		expect(top).not.toContain('Synchronisierungsprobleme');
		expect(await names(`${USER}/mailFolders?includeHiddenFolders=true&$top=100`)).toContain('Synchronisierungsprobleme');
		expect(await names(`${USER}/mailFolders/inbox/childFolders`)).toEqual(['Below']);
	});

	it('answer to well-known names in any case, whatever they are called in the user’s language, and show no wellKnownName', async () => {
		const { entity } = await graph.get(`${USER}/mailFolders/SentItems`);
		expect(entity).toMatchObject({ displayName: 'Gesendete Elemente', id: mailbox.folder('sentitems').id, isHidden: false });
		expect(entity).not.toHaveProperty('wellKnownName');
		for (const role of ['inbox', 'drafts', 'deleteditems', 'archive', 'junkemail', 'outbox', 'msgfolderroot', 'recoverableitemsdeletions']) expect((await graph.get(`${USER}/mailFolders/${role}`)).status).toBe(200);
		expect((await graph.get(`${USER}/mailFolders/clutter`)).status).toBe(404);
		expect((await graph.get(`${USER}/mailFolders/nonsense`)).status).toBe(400);
	});

	it('show the children of recoverableitemsroot', async () => {
		expect(await names(`${USER}/mailFolders/recoverableitemsroot/childFolders`)).toEqual(['Deletions', 'Purges', 'Versions']);
		simulator.tenant.switches.recoverableRoot = 'notFound';
		expect((await graph.get(`${USER}/mailFolders/recoverableitemsroot/childFolders`)).status).toBe(404);
		expect((await graph.get(`${USER}/mailFolders/recoverableitemsdeletions`)).status).toBe(200);
	});

	it('count items, unread items and visible children', async () => {
		mailbox.addFolder('inbox', 'a');
		mailbox.addFolder('inbox', 'b', { hidden: true });
		mailbox.addMime('inbox', plainMime('x'), { isRead: true });
		mailbox.addMime('inbox', plainMime('y'));
		expect((await graph.get(`${USER}/mailFolders/inbox`)).entity).toMatchObject({ totalItemCount: 2, unreadItemCount: 1, childFolderCount: 1 });
	});

	it('refuse a name that is taken, in any case, with 409 ErrorFolderExists', async () => {
		expect((await graph.post(`${USER}/mailFolders/inbox/childFolders`, { displayName: 'Projects' })).status).toBe(201);
		expect(await graph.post(`${USER}/mailFolders/inbox/childFolders`, { displayName: 'PROJECTS' })).toMatchObject({ status: 409, json: { error: { code: 'ErrorFolderExists' } } });
		expect((await graph.post(`${USER}/mailFolders`, { displayName: 'Projects' })).status).toBe(201);
	});

	it('can be created with any name, found by $filter, renamed, moved, copied and deleted', async () => {
		const created = await graph.post(`${USER}/mailFolders`, { displayName: 'a/b "CON" ..', isHidden: false });
		const id = created.entity.id;
		expect(created.entity).toMatchObject({ displayName: 'a/b "CON" ..', parentFolderId: mailbox.root.id });
		expect(await names(`${USER}/mailFolders?$filter=displayName eq 'A/B "con" ..'`)).toEqual(['a/b "CON" ..']);
		expect((await graph.call('PATCH', `${USER}/mailFolders/${id}`, { body: { displayName: 'New' } })).entity.displayName).toBe('New');
		expect((await graph.post(`${USER}/mailFolders/${id}/move`, { destinationId: 'archive' })).entity.parentFolderId).toBe(mailbox.folder('archive').id);
		mailbox.addMime(mailbox.folder(id), plainMime('inside'));
		const copied = await graph.post(`${USER}/mailFolders/${id}/copy`, { destinationId: 'inbox' });
		expect(copied.entity.id).not.toBe(id);
		expect(mailbox.folder(copied.entity.id).total).toBe(1);
		expect((await graph.call('DELETE', `${USER}/mailFolders/${id}`)).status).toBe(204);
		expect((await graph.get(`${USER}/mailFolders/${id}`)).status).toBe(404);
		expect(mailbox.folder('recoverableitemsdeletions').total).toBe(1);
	});

	it('go to Deleted Items as they are when the switch says so', async () => {
		simulator.tenant.switches.deletedFolderGoesTo = 'deletedItems';
		const folder = mailbox.addFolder('inbox', 'Old');
		await graph.call('DELETE', `${USER}/mailFolders/${folder.id}`);
		expect((await graph.get(`${USER}/mailFolders/${folder.id}`)).entity.parentFolderId).toBe(mailbox.folder('deleteditems').id);
	});

	it('protect the well-known ones from deleting, moving and renaming', async () => {
		expect((await graph.call('DELETE', `${USER}/mailFolders/inbox`)).status).toBe(403);
		expect((await graph.post(`${USER}/mailFolders/inbox/move`, { destinationId: 'archive' })).status).toBe(400);
		expect((await graph.call('PATCH', `${USER}/mailFolders/inbox`, { body: { displayName: 'x' } })).status).toBe(403);
	});

	it('include search folders, which show messages of other folders and hold none', async () => {
		mailbox.addMime('inbox', plainMime('Budget 2026'));
		mailbox.addMime('archive', plainMime('Other'));
		const created = await graph.post(`${USER}/mailFolders/searchfolders/childFolders`, {
			'@odata.type': 'microsoft.graph.mailSearchFolder',
			displayName: 'Budgets',
			includeNestedFolders: true,
			sourceFolderIds: ['msgfolderroot'],
			filterQuery: "contains(subject, 'budget')",
		});
		expect(created.entity).toMatchObject({ '@odata.type': '#microsoft.graph.mailSearchFolder' });
		expect((await graph.get(`${USER}/mailFolders/${created.entity.id}/messages`)).json.value.map(({ subject }) => subject)).toEqual(['Budget 2026']);
	});

	it('answer 403 for themselves and their messages when forbidden', async () => {
		const message = mailbox.addMime('archive', plainMime('x'));
		mailbox.forbid(mailbox.folder('archive'));
		for (const path of ['mailFolders/archive', 'mailFolders/archive/messages', 'mailFolders/archive/messages/delta', `messages/${message.id}`]) {
			expect(await graph.get(`${USER}/${path}`)).toMatchObject({ status: 403, json: { error: { code: 'ErrorAccessDenied' } } });
		}
		expect((await graph.get(`${USER}/mailFolders/inbox`)).status).toBe(200);
	});

	it('are reached by OData key syntax as well', async () => {
		expect((await graph.get(`/users('anna@contoso.example')/mailFolders('inbox')/messages`)).status).toBe(200);
		expect((await graph.get(`/users('anna@contoso.example')/mailFolders('inbox')/messages/delta()`)).status).toBe(200);
	});
});
