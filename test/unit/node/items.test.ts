import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NodeOperationError } from 'n8n-workflow';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { exportItems } from '../../../nodes/M365Backup/actions/item/export.operation';
import { getMany as search } from '../../../nodes/M365Backup/actions/item/get-many.operation';
import { restore } from '../../../nodes/M365Backup/actions/item/restore.operation';
import { getMany as getSnapshots } from '../../../nodes/M365Backup/actions/snapshot/get-many.operation';
import { useCases } from '../../../nodes/M365Backup/actions/use-cases';
import type { RestoreOptions, RestoreResult } from '../../../nodes/M365Backup/engine/restore';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { anna, mailRepository, type MailRepository } from './mail-repository';

const signIns: unknown[] = [];
vi.mock('../../../nodes/M365Backup/connect/graph', () => ({
	connectGraph: async (_itemIndex: number, use: unknown) => {
		signIns.push(use);
		const bob = { id: 'bob-id', displayName: 'Bob', userPrincipalName: 'bob@contoso.com' };
		return { graph: { json: async () => bob }, tenantId: anna.tenantId };
	},
}));

describe('reading the repository and restoring from it', () => {
	let base: string;
	let mail: MailRepository;
	let calls: RestoreOptions[];
	let restorers: Parameters<typeof useCases.mailboxRestorer>[0][];
	const before = { ...useCases };

	beforeAll(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-items-'));
		mail = await mailRepository(base, [
			{ finishedAt: '2026-11-20T10:00:00Z', tag: 'first', twins: true },
			{ finishedAt: '2026-11-21T10:00:00Z' },
			{ finishedAt: '2026-11-22T10:00:00Z', status: 'partial' },
		]);
	});
	afterAll(() => rm(base, { recursive: true, force: true }));
	beforeEach(() => {
		calls = [];
		restorers = [];
		signIns.length = 0;
		useCases.mailboxRestorer = (options) => {
			restorers.push(options);
			return before.mailboxRestorer(options);
		};
		useCases.restore = async function* (options) {
			calls.push(options);
			const ids = options.selection.kind === 'ids' ? options.selection.ids : ['mail/m1'];
			for (const id of ids) yield result(id);
		};
	});
	afterEach(() => Object.assign(useCases, before));

	const fake = (parameters: Record<string, unknown> | ((index: number) => Record<string, unknown>), more: Partial<FakeExecutionOptions> = {}) => {
		const common = {
			repositoryType: 'localFolder',
			repositoryFolder: mail.folder,
			source: { mode: 'id', value: 'anna@contoso.com' },
			snapshot: { mode: 'list', value: 'latest' },
			returnAll: true,
			query: {},
		};
		return fakeExecution({
			parameters: (index) => ({ ...common, ...(typeof parameters === 'function' ? parameters(index) : parameters) }),
			...more,
		});
	};

	describe('Snapshot: Get Many', () => {
		const list = async (parameters: Record<string, unknown>) => (await getSnapshots.execute.call(fake(parameters).context))[0]!;

		it('lists the newest first, in few fields, paired with the input item', async () => {
			const items = await list({ source: { mode: 'list', value: '' } });
			expect(items.map(({ json }) => json['status'])).toEqual(['partial', 'complete', 'complete']);
			expect(items[1]).toEqual({
				json: {
					id: mail.snapshots[1]!.id,
					name: anna.name,
					kind: 'mailbox',
					sourceId: anna.id,
					finishedAt: '2026-11-21T10:00:00.000Z',
					status: 'complete',
					items: 2,
					bytes: mail.snapshots[1]!.totals.bytes,
					tag: null,
				},
				pairedItem: { item: 0 },
			});
		});

		it.each([
			['a limit', { returnAll: false, limit: 1 }, [2]],
			['a date', { filters: { asOf: '2026-11-21T12:00:00' } }, [1, 0]],
			['a status', { filters: { status: 'complete' } }, [1, 0]],
			['a status and a limit, in this order', { filters: { status: 'complete' }, returnAll: false, limit: 1 }, [1]],
			['a tag', { filters: { tag: 'first' } }, [0]],
		])('obeys %s', async (_name, parameters, expected) => {
			const items = await list(parameters);
			expect(items.map(({ json }) => json['id'])).toEqual(expected.map((index) => mail.snapshots[index]!.id));
		});

		it.each([
			[0, 'Limit is 0'],
			[-1, 'Limit is -1'],
			[2.5, 'Limit is 2.5'],
			[Number.NaN, 'Limit is NaN'],
			['', 'Limit is empty'],
			['many', 'Limit is many'],
		])('refuses the limit %j', async (limit, message) => {
			await expect(list({ returnAll: false, limit })).rejects.toMatchObject({ message: expect.stringContaining(message) as string });
		});

		it('takes a limit that an expression gives as text', async () => {
			expect(await list({ returnAll: false, limit: '2' })).toHaveLength(2);
		});

		it('tells everything without Simplify', async () => {
			const [item] = await list({ simplify: false });
			expect(item!.json).toMatchObject({ source: anna, changes: { added: 1 }, incompleteScopes: [{ name: 'Mail', state: 'stale' }] });
		});
	});

	describe('Item: Get Many', () => {
		const find = async (parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}) =>
			(await search.execute.call(fake(parameters, more).context))[0]!;

		it('says so when nothing is found, since the workflow then ends without a word', async () => {
			for (const operation of [search, restore]) {
				useCases.restore = async function* () {};
				const execution = fake({ mode: 'restore', selection: 'search', query: { subject: 'no such subject' }, destination: 'original', conflictPolicy: 'skip' });
				expect(await operation.execute.call(execution.context)).toEqual([[]]);
				expect(execution.hints.map(({ message }) => message)).toContainEqual(expect.stringMatching(/2026-11-21.* meets the conditions/));
			}
		});

		it('finds messages of the latest complete snapshot', async () => {
			const items = await find({});
			expect(items.map(({ json }) => json['id'])).toEqual(['mail/m1', 'mail/m2']);
			expect(items[0]).toEqual({
				json: {
					id: 'mail/m1',
					type: 'message',
					name: 'Message 1',
					folder: 'Posteingang/Projects',
					from: 'bob@contoso.com',
					to: ['anna@contoso.com'],
					received: '2026-11-01T12:00:00Z',
					hasAttachments: false,
					size: 31,
					snapshot: mail.snapshots[1]!.id,
				},
				pairedItem: { item: 0 },
			});
			expect(signIns).toEqual([]);
		});

		it.each<[string, Record<string, unknown>, string[]]>([
			['the subject', { query: { subject: 'message 2' } }, ['mail/m2']],
			['a date in the zone of the workflow', { query: { dateAfter: '2026-11-02T12:30:00' } }, ['mail/m2']],
			['a folder without its subfolders', { query: { folder: { mode: 'path', value: 'Posteingang' }, includeSubfolders: false } }, []],
			['a folder with its subfolders', { query: { folder: { mode: 'path', value: 'Posteingang' } } }, ['mail/m1', 'mail/m2']],
			['attachments', { query: { hasAttachments: true } }, []],
			['folders as a type', { query: { types: ['folder'] } }, ['mail/inbox', 'mail/projects', 'mail/twin-1', 'mail/twin-2']],
			['an older snapshot', { snapshot: { mode: 'asOf', value: '2026-11-20' } }, ['mail/m1']],
			['a limit', { returnAll: false, limit: 1 }, ['mail/m1']],
		])('obeys %s', async (_name, parameters, ids) => {
			expect((await find(parameters)).map(({ json }) => json['id'])).toEqual(ids);
		});

		it('turns what one item asks wrongly into an error item with Continue On Fail', async () => {
			const [item] = await find({ query: { dateAfter: 'soon' } }, { continueOnFail: true });
			expect(item!.json).toMatchObject({ error: 'Date After is not a date: "soon"', details: { kind: 'invalid' } });
			await expect(find({ source: { mode: 'list', value: '' } })).rejects.toThrow('No source was chosen');
		});
	});

	describe('Item: Export', () => {
		it('puts a message out as .eml, byte for byte', async () => {
			const { context, files } = fake({ itemId: 'mail/m2' });
			const [items] = await exportItems.execute.call(context);
			const { json, binary, pairedItem } = items![0]!;
			expect(json).toMatchObject({ id: 'mail/m2', mimeType: 'message/rfc822', size: 31, snapshot: mail.snapshots[1]!.id });
			expect(binary!['data']!.fileName).toBe(json['fileName']);
			expect(json['fileName']).toMatch(/Message 2\.eml$/);
			expect(pairedItem).toEqual({ item: 0 });
			expect(files.get(json['fileName'] as string)!.toString()).toBe('Subject: Message 2\r\n\r\nHello 2\r\n');
		});

		it.each<[string, Record<string, unknown>, string]>([
			['a search that finds everything', { query: { from: '' } }, 'The search has no condition'],
			['an empty condition beside another one', { query: { from: '', hasAttachments: false } }, 'The search condition From is empty'],
		])('refuses %s: a whole mailbox would leave it by mistake', async (_name, parameters, message) => {
			const execution = fake({ selection: 'search', ...parameters });
			await expect(exportItems.execute.call(execution.context)).rejects.toThrow(message);
			expect(execution.files.size).toBe(0);
		});

		it('says so if the snapshot has no such item', async () => {
			await expect(exportItems.execute.call(fake({ itemId: 'mail/gone' }).context)).rejects.toThrow('has no item "mail/gone"');
			await expect(exportItems.execute.call(fake({ itemId: undefined }).context)).rejects.toThrow('Item ID is empty');
		});
	});

	describe('Item: Restore', () => {
		const run = async (parameters: Record<string, unknown> | ((index: number) => Record<string, unknown>), more: Partial<FakeExecutionOptions> = {}) => {
			const execution = fake((index) => ({ selection: 'everything', ...(typeof parameters === 'function' ? parameters(index) : parameters) }), more);
			return { items: (await restore.execute.call(execution.context))[0]!, hints: execution.hints };
		};

		it('only previews unless told to restore, and skips what is there', async () => {
			const { items } = await run({});
			expect(calls[0]).toMatchObject({ mode: 'preview', conflictPolicy: 'skip', destination: { kind: 'original' }, selection: { kind: 'everything' } });
			expect(calls[0]!.snapshot.id).toBe(mail.snapshots[1]!.id);
			expect(restorers[0]).toMatchObject({ mailboxId: anna.id, tenantId: anna.tenantId, source: anna });
			expect(signIns).toEqual([{ priority: 'restore' }]);
			expect(items[0]).toMatchObject({ json: { id: 'mail/m1', outcome: 'created' }, pairedItem: { item: 0 } });
			expect(items[0]!.json).toMatchObject({ reason: 'It is big. Be patient.' });
			expect(items[0]!.json).not.toHaveProperty('nextStep');
		});

		it('says in every result that there is a newer, partial snapshot', async () => {
			const { items, hints } = await run({});
			expect(items[0]!.json['warning']).toContain(mail.snapshots[2]!.id);
			expect(hints[0]!.message).toContain(mail.snapshots[2]!.id);
		});

		it.each<[string, Record<string, unknown>, RestoreOptions['selection']]>([
			['a folder', { selection: 'folder', folder: { mode: 'path', value: 'Posteingang/Projects' } }, { kind: 'folder', folderId: 'mail/projects', includeSubfolders: true }],
			['a search', { selection: 'search', query: { subject: 'x' } }, { kind: 'search', query: { subject: 'x' } }],
			['IDs', { selection: 'ids', itemIds: 'mail/m1, mail/m2,, mail/m1' }, { kind: 'ids', ids: ['mail/m1', 'mail/m2'] }],
		])('restores %s', async (_name, parameters, selection) => {
			await run({ ...parameters, mode: 'restore' });
			expect(calls[0]).toMatchObject({ mode: 'restore', selection });
		});

		it('restores elsewhere: to another mailbox, below a folder', async () => {
			await run({ destination: 'elsewhere', targetMailbox: { mode: 'id', value: 'bob@contoso.com' }, targetFolder: '/Restored/ November ' });
			expect(calls[0]!.destination).toEqual({ kind: 'folder', path: ['Restored', 'November'] });
			expect(restorers[0]).toMatchObject({ mailboxId: 'bob-id', source: anna });
			await run({ destination: 'elsewhere', targetMailbox: { mode: 'id', value: 'bob@contoso.com' }, targetFolder: '' });
			expect([calls[1]!.destination, restorers[1]!.mailboxId]).toEqual([{ kind: 'original' }, 'bob-id']);
			await run({ destination: 'newFolder', targetFolder: 2026 });
			expect(calls[2]!.destination).toEqual({ kind: 'folder', path: ['2026'] });
			calls.pop();
			restorers.pop();
			await run({ destination: 'newFolder', targetFolder: 'Restored' });
			expect([calls[2]!.destination, restorers[2]!.mailboxId]).toEqual([{ kind: 'folder', path: ['Restored'] }, anna.id]);
		});

		it('restores input items together and pairs each result with the item that asked for it', async () => {
			const wanted = ['mail/m2', 'mail/m1', 'mail/m2'];
			const { items } = await run((index) => ({ selection: 'inputItems', itemId: wanted[index] }), { items: wanted.map(() => ({ json: {} })) });
			expect(calls.map(({ selection }) => selection)).toEqual([{ kind: 'ids', ids: ['mail/m2', 'mail/m1'] }]);
			expect(new Map(items.map(({ json, pairedItem }) => [json['id'], pairedItem]))).toEqual(
				new Map([
					['mail/m1', { item: 1 }],
					['mail/m2', { item: 0 }],
				]),
			);
		});

		it('says with Continue On Fail what was restored before it failed', async () => {
			useCases.restore = async function* () {
				yield result('mail/m1');
				throw new Error('The mailbox is gone');
			};
			const brief = (items: { json: Record<string, unknown>; pairedItem?: unknown }[]) => items.map(({ json, pairedItem }) => [json['outcome'] ?? json['error'], pairedItem]);
			expect(brief((await run({ mode: 'restore' }, { continueOnFail: true })).items)).toEqual([['created', { item: 0 }], [expect.stringContaining('gone'), { item: 0 }]]);
			const wanted = ['mail/m1', 'mail/m2', 'mail/m3'];
			const { items } = await run((index) => ({ selection: 'inputItems', itemId: wanted[index] }), { continueOnFail: true, items: wanted.map(() => ({ json: {} })) });
			expect(brief(items)).toEqual([['created', { item: 0 }], [expect.stringContaining('gone'), { item: 1 }], [expect.stringContaining('gone'), { item: 2 }]]);
		});

		it('takes more than 500 input items in pieces, but not more than 500 typed IDs', async () => {
			const ids = Array.from({ length: 501 }, (_, index) => `mail/${index}`);
			await run((index) => ({ selection: 'inputItems', itemId: ids[index] }), { items: ids.map(() => ({ json: {} })) });
			expect(calls.map(({ selection }) => (selection.kind === 'ids' ? selection.ids.length : 0))).toEqual([500, 1]);
			await expect(run({ selection: 'ids', itemIds: ids.join() })).rejects.toThrow('501 item IDs are too many');
		});

		it('does not let an AI agent restore, unless the option allows it', async () => {
			const refused = run({ mode: 'restore' }, { isTool: true });
			await expect(refused).rejects.toMatchObject({
				message: 'An AI agent may not restore with this node, only preview',
				description: expect.stringContaining('Allow AI Agents to Restore') as string,
			});
			expect([calls, signIns]).toEqual([[], []]);
			await run({ mode: 'preview' }, { isTool: true });
			await run({ mode: 'restore', options: { allowTool: true } }, { isTool: true });
			expect(calls.map(({ mode }) => mode)).toEqual(['preview', 'restore']);
		});

		it.each<[string, Record<string, unknown>, string]>([
			['an unknown mode', { mode: 'wipe' }, 'There is no mode "wipe"'],
			['an unknown selection', { selection: 'all' }, 'There is no selection "all"'],
			['no folder', { selection: 'folder', folder: { mode: 'list', value: '' } }, 'Folder to Restore is empty'],
			['a search that finds everything', { selection: 'search', query: { types: ['message'], subject: ' ' } }, 'The search has no condition'],
			['no IDs', { selection: 'ids', itemIds: ' , ' }, 'Item IDs is empty'],
			['an input item without ID', { selection: 'inputItems', itemId: '' }, 'Item ID is empty'],
			['no target folder', { destination: 'newFolder', targetFolder: '//' }, 'Target Folder is empty'],
			['no target mailbox', { destination: 'elsewhere', targetMailbox: { mode: 'list', value: '' }, targetFolder: 'x' }, 'Target Mailbox is empty'],
			['a target folder in another mailbox that an expression gave as nothing', { destination: 'elsewhere', targetMailbox: { mode: 'id', value: 'bob@contoso.com' }, targetFolder: null }, 'Target Folder is empty'],
			['a new folder that an expression gave as nothing', { destination: 'newFolder', targetFolder: null }, 'Target Folder is empty'],
			['no kind', { selection: 'kind', kinds: [] }, 'Kinds is empty'],
			['a kind that is none', { selection: 'kind', kinds: ['mail', 'calender'] }, 'There is no kind "calender"'],
			['a policy that is none', { conflictPolicy: 'overwrite' }, 'There is no conflict policy "overwrite"'],
			['a condition that an expression left empty, though there is another one', { selection: 'search', query: { hasAttachments: false, from: '' } }, 'The search condition From is empty'],
			['an empty folder beside another condition', { selection: 'search', query: { subject: 'x', folder: { mode: 'path', value: '' } } }, 'The search condition Folder is empty'],
			['an empty time of deletion beside another condition', { selection: 'search', query: { subject: 'x' }, changes: { deletedSince: null } }, 'The search condition Deleted Since is empty'],
			['kinds of items that an expression left empty', { selection: 'search', query: { subject: 'x', types: null } }, 'The search condition Kinds is empty'],
			['a kind of item that is none', { selection: 'search', query: { subject: 'x', types: ['mail'] } }, 'There is no kind "mail"'],
			['a date of the snapshot that an expression left empty', { snapshot: { mode: 'asOf', value: '' } }, 'As of Date is empty'],
			['an empty ID of the snapshot', { snapshot: { mode: 'id', value: undefined } }, 'Snapshot is empty'],
			['a path that two folders have', { selection: 'folder', folder: { mode: 'path', value: 'posteingang/twins' } }, 'The snapshot has 2 folders "posteingang/twins"'],
			['all snapshots without a search', { snapshot: { mode: 'list', value: 'all' } }, 'All Snapshots can only be searched'],
			['no mailbox', { source: { mode: 'list', value: '' } }, 'No source was chosen'],
			['a mailbox without backup', { source: { mode: 'id', value: 'bob@contoso.com' } }, 'The repository has no backup of "bob@contoso.com"'],
			['a folder that is no repository', { repositoryFolder: '/proc/self/fdinfo' }, 'There is no backup repository'],
		])('refuses %s before anything is sent', async (_name, parameters, message) => {
			const error = await run(parameters).then(
				() => undefined,
				(thrown: unknown) => thrown as NodeOperationError,
			);
			expect(error?.message).toContain(message);
			expect(error?.description).toBeTruthy();
			expect([calls, signIns]).toEqual([[], []]);
		});
	});
});

function result(id: string): RestoreResult {
	return {
		id,
		name: id,
		type: 'message',
		folderPath: 'Inbox',
		targetPath: 'Inbox',
		outcome: 'created',
		reason: 'It is big',
		nextStep: 'Be patient.',
		fidelity: [],
	};
}
