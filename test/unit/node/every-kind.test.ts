import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ILoadOptionsFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { exportItems } from '../../../nodes/M365Backup/actions/item/export.operation';
import { getMany } from '../../../nodes/M365Backup/actions/item/get-many.operation';
import { restore } from '../../../nodes/M365Backup/actions/item/restore.operation';
import { methods } from '../../../nodes/M365Backup/actions/methods';
import { useCases } from '../../../nodes/M365Backup/actions/use-cases';
import type { RestoreOptions } from '../../../nodes/M365Backup/engine/restore';
import { unzip } from '../search/unzip';
import { everyKindRepository } from './every-kind-repository';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { anna, type MailRepository } from './mail-repository';

vi.mock('../../../nodes/M365Backup/connect/graph', () => ({
	connectGraph: async () => ({ graph: { json: async () => ({ id: 'bob-id', userPrincipalName: 'bob@contoso.com' }) }, tenantId: anna.tenantId }),
}));

const latest = { mode: 'list', value: 'latest' };
const all = { mode: 'list', value: 'all' };
const at = (snapshot: { id: string }) => ({ mode: 'id', value: snapshot.id });

describe('every kind of a mailbox on the node', () => {
	let base: string;
	let mail: MailRepository;
	beforeAll(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-kinds-'));
		mail = await everyKindRepository(base);
	});
	afterAll(() => rm(base, { recursive: true, force: true }));

	const fake = (parameters: FakeExecutionOptions['parameters'], more: Partial<FakeExecutionOptions> = {}) =>
		fakeExecution({
			parameters: (index) => ({
				repositoryType: 'localFolder',
				repositoryFolder: mail.folder,
				source: { mode: 'id', value: anna.name },
				snapshot: latest,
				returnAll: true,
				...(typeof parameters === 'function' ? parameters(index) : parameters),
			}),
			...more,
		});

	describe('Item: Get Many', () => {
		const find = async (parameters: Record<string, unknown>): Promise<INodeExecutionData[]> => (await getMany.execute.call(fake(parameters).context))[0]!;
		const ids = async (parameters: Record<string, unknown>) => (await find(parameters)).map(({ json }) => json['id']);

		it('shows of each kind what a person recognises first, and the ID last', async () => {
			const items = await find({ snapshot: at(mail.snapshots[0]!) });
			expect(items.map(({ json }) => json)).toEqual([
				expect.objectContaining({ name: 'Stand-up', folder: 'Calendars/Work', start: '2026-11-22T09:00:00.000Z', isSeries: false, location: 'Room 5', organizer: 'bob@contoso.com', attendees: ['anna@contoso.com'], hasAttachments: true, type: 'event', id: 'calendar/e1' }),
				expect.objectContaining({ name: 'Grace Hopper', folder: 'Contacts/VIP', emails: ['grace@navy.example'], phones: ['+1 555 0100'], company: 'Navy', type: 'contact' }),
				expect.objectContaining({ name: 'Offer', folder: 'Inbox', from: 'bob@contoso.com', type: 'message' }),
				expect.objectContaining({ name: 'Invoice' }),
				expect.objectContaining({ name: 'Move newsletters', kind: 'rule', type: 'setting' }),
			]);
			for (const { json } of items) expect([Object.keys(json)[0], Object.keys(json).at(-1)]).toEqual(['name', 'id']);
			const [task] = await find({ query: { types: ['task'] } });
			expect(task!.json).toMatchObject({ name: 'Buy milk', folder: 'Tasks/Errands', status: 'notStarted', due: '2026-11-25T00:00:00.000Z' });
		});

		it.each<[string, Record<string, unknown>, string[]]>([
			['a kind', { types: ['contact'] }, ['contacts/c1']],
			['folders', { types: ['folder'], text: 'errands' }, ['tasks/list']],
			['a part by its top folder', { folder: { mode: 'path', value: 'Contacts' } }, ['contacts/c1']],
			['a calendar', { folder: { mode: 'path', value: 'calendars/work' }, includeSubfolders: false }, ['calendar/e1']],
			['the organizer', { from: 'bob', types: ['event'] }, ['calendar/e1']],
			['an attendee', { to: 'anna' }, ['calendar/e1']],
			['a location', { text: 'room 5' }, ['calendar/e1']],
			['a company', { text: 'navy hopper' }, ['contacts/c1']],
			['a phone number without its spaces', { text: '15550100' }, ['contacts/c1']],
			['attachments', { hasAttachments: true }, ['calendar/e1']],
			['a day with an event on it', { types: ['event'], dateAfter: '2026-11-22T10:05', dateBefore: '2026-11-22T10:10' }, ['calendar/e1']],
			['a day after it', { types: ['event'], dateAfter: '2026-11-22T10:15' }, []],
		])('finds by %s', async (_name, query, expected) => {
			expect(await ids({ query, snapshot: at(mail.snapshots[0]!) })).toEqual(expected);
		});

		it('finds in all snapshots the newest version of each item, with the times of all', async () => {
			const items = await find({ snapshot: all });
			expect(items.map(({ json }) => [json['id'], json['snapshot'], json['isDeleted']])).toEqual([
				['calendar/e1', mail.snapshots[0]!.id, true],
				['contacts/c1', mail.snapshots[2]!.id, false],
				['mail/m1', mail.snapshots[0]!.id, true],
				['mail/m2', mail.snapshots[2]!.id, false],
				['settings/r1', mail.snapshots[2]!.id, false],
				['tasks/t1', mail.snapshots[2]!.id, false],
			]);
			expect(items[1]!.json).toMatchObject({
				phones: ['+1 (555) 01-99'],
				lastSeen: '2026-11-22T10:00:00.000Z',
				versions: [
					{ time: '2026-11-21T10:00:00.000Z', until: '2026-11-22T10:00:00.000Z', snapshot: mail.snapshots[2]!.id },
					{ time: '2026-11-20T10:00:00.000Z', until: '2026-11-20T10:00:00.000Z', snapshot: mail.snapshots[0]!.id },
				],
			});
			expect(items[2]!.json).toMatchObject({ lastSeen: '2026-11-20T10:00:00.000Z', missingSince: '2026-11-21T10:00:00.000Z', folder: 'Inbox' });
			expect(await ids({ snapshot: all, query: { text: '5550100' } })).toEqual([]);
		});

		it('answers what was deleted and what was changed since a time or a snapshot', async () => {
			expect(await ids({ changes: { deletedSince: '2026-11-20T12:00' } })).toEqual(['calendar/e1', 'mail/m1']);
			expect(await ids({ changes: { deletedSince: mail.snapshots[1]!.id } })).toEqual([]);
			expect(await ids({ changes: { deletedSince: '2020-01-01' }, query: { types: ['message'] } })).toEqual(['mail/m1']);
			const changed = await find({ changes: { changedSince: mail.snapshots[0]!.id } });
			expect(changed.map(({ json }) => [json['id'], json['change']])).toEqual([['contacts/c1', 'changed'], ['tasks/t1', 'added']]);
			const both = await find({ changes: { changedSince: '2026-11-20T23:00', deletedSince: '2026-11-20T23:00' } });
			expect(both.map(({ json }) => json['change'])).toEqual(['deleted', 'changed', 'deleted', 'added']);
			await expect(ids({ changes: { changedSince: '20200101T000000Z-0000' } })).rejects.toThrow('There is no snapshot "20200101T000000Z-0000" to compare with');
			await expect(ids({ changes: { deletedSince: 'last week' } })).rejects.toThrow('Deleted Since is not a date');
		});
	});

	describe('Item: Restore', () => {
		let calls: RestoreOptions[];
		const before = { ...useCases };
		beforeEach(() => {
			calls = [];
			useCases.restore = async function* (options) {
				calls.push(options);
				const ids = options.selection.kind === 'ids' ? options.selection.ids : ['x'];
				for (const id of ids) yield { id, name: id, type: 'message', folderPath: '', targetPath: '', outcome: 'created', fidelity: [] };
			};
		});
		afterEach(() => Object.assign(useCases, before));
		const run = async (parameters: FakeExecutionOptions['parameters'], items?: INodeExecutionData[]) =>
			(await restore.execute.call(fake(parameters, items ? { items } : {}).context))[0]!;
		const asked = () => calls.map(({ snapshot, selection }) => [snapshot.id, selection]);

		it('takes each input item from the snapshot that has it, as the search of all snapshots put it out', async () => {
			const found = (await getMany.execute.call(fake({ snapshot: all, query: { types: ['message', 'event'] } }).context))[0]!;
			// What the parameters' defaults, {{ $json.id }} and {{ $json.snapshot }}, come to.
			const results = await run((index) => ({ selection: 'inputItems', itemId: found[index]?.json['id'], itemSnapshot: found[index]?.json['snapshot'] }), found);
			expect(asked()).toEqual([
				[mail.snapshots[0]!.id, { kind: 'ids', ids: ['calendar/e1', 'mail/m1'] }],
				[mail.snapshots[2]!.id, { kind: 'ids', ids: ['mail/m2'] }],
			]);
			expect(results.map(({ json, pairedItem }) => [json['id'], pairedItem])).toEqual([['calendar/e1', { item: 0 }], ['mail/m1', { item: 1 }], ['mail/m2', { item: 2 }]]);
			calls = [];
			const raw = (await getMany.execute.call(fake({ snapshot: all, simplify: false, query: { text: 'offer' } }).context))[0]!;
			await run({ selection: 'inputItems', itemId: raw[0]!.json['id'], itemSnapshot: raw[0]!.json['snapshot'] });
			await run({ selection: 'inputItems', itemId: 'mail/m2', itemSnapshot: undefined });
			expect(calls.map(({ snapshot }) => snapshot.id)).toEqual([mail.snapshots[0]!.id, mail.snapshots[2]!.id]);
		});

		it('brings back by one search what was deleted, from where it still is', async () => {
			await run({ selection: 'search', changes: { deletedSince: '2026-11-20T12:00' } });
			expect(asked()).toEqual([[mail.snapshots[0]!.id, { kind: 'ids', ids: ['calendar/e1', 'mail/m1'] }]]);
			calls = [];
			await run({ selection: 'search', snapshot: all, query: { text: 'invoice' } });
			expect(asked()).toEqual([[mail.snapshots[2]!.id, { kind: 'ids', ids: ['mail/m2'] }]]);
			await expect(run({ selection: 'search', snapshot: all, query: { types: ['message'] } })).rejects.toThrow('The search has no condition');
		});

		it('restores whole kinds', async () => {
			await run({ selection: 'kind', kinds: ['tasks', 'calendar'] });
			expect(asked()).toEqual([[mail.snapshots[2]!.id, { kind: 'parts', parts: ['calendar', 'tasks'] }]]);
		});

		it('puts input items of one run into one new folder, even if the minute changes between them', async () => {
			const items = [{ json: {} }, { json: {} }];
			await run((index) => ({ selection: 'inputItems', itemId: `mail/m${index}`, itemSnapshot: '', destination: 'newFolder', targetFolder: `Restored 2026-11-22 14:0${index}` }), items);
			expect(calls.map(({ destination }) => destination)).toEqual([{ kind: 'folder', path: ['Restored 2026-11-22 14:00'] }]);
		});
	});

	describe('Item: Export', () => {
		const run = async (parameters: FakeExecutionOptions['parameters'], more: Partial<FakeExecutionOptions> = {}) => {
			const execution = fake(parameters, more);
			return { items: (await exportItems.execute.call(execution.context))[0]!, files: execution.files, hints: execution.hints };
		};
		const first = () => mail.snapshots[0]!.id;

		it('gives events, contacts and tasks in the formats that calendars and address books open', async () => {
			const event = await run({ selection: 'item', itemId: 'calendar/e1', itemSnapshot: first() });
			expect(event.items[0]!.json).toMatchObject({ name: 'Stand-up', fileName: '2026-11-22 Stand-up.ics', mimeType: 'text/calendar' });
			const ics = event.files.get('2026-11-22 Stand-up.ics')!.toString();
			expect(ics).toContain('SUMMARY:Stand-up');
			expect(ics.replaceAll('\r\n ', '')).toContain(Buffer.from('agenda').toString('base64'));
			const contact = await run({ itemId: 'contacts/c1' });
			expect(contact.files.get('Grace Hopper.vcf')!.toString()).toContain('FN:Grace Hopper');
			const task = await run({ itemId: 'tasks/t1' });
			expect(task.items[0]!.json).toMatchObject({ fileName: '2026-11-25 Buy milk.ics', size: null });
			expect(task.files.get('2026-11-25 Buy milk.ics')!.toString()).toMatch(/BEGIN:VTODO[^]*SUMMARY:Buy milk/);
		});

		it('gives the original as JSON with its attachments beside it', async () => {
			const { items, files } = await run({ selection: 'item', itemId: 'calendar/e1', itemSnapshot: first(), format: 'original' });
			expect(Object.fromEntries(Object.entries(items[0]!.binary!).map(([field, { fileName }]) => [field, fileName]))).toEqual({
				data: '2026-11-22 Stand-up.json',
				data_1: 'Stand-up, agenda.txt',
			});
			expect(JSON.parse(files.get('2026-11-22 Stand-up.json')!.toString())).toMatchObject({ event: { subject: 'Stand-up' } });
			expect(files.get('Stand-up, agenda.txt')!.toString()).toBe('agenda');
		});

		it.each<[string, () => Record<string, unknown>, string[]]>([
			['a folder', () => ({ selection: 'folder', folder: { mode: 'path', value: 'Inbox' } }), ['Inbox/2026-11-19 Invoice.eml', 'contents.csv']],
			['kinds', () => ({ selection: 'kind', kinds: ['calendar', 'contacts'], snapshot: at(mail.snapshots[0]!), format: 'original' }), ['Calendars/Work/2026-11-22 Stand-up.json', 'Calendars/Work/Stand-up, agenda.txt', 'Contacts/VIP/Grace Hopper.json', 'contents.csv']],
			['a search over all snapshots', () => ({ selection: 'search', snapshot: all, query: { from: 'bob', types: ['message'] } }), ['Inbox/2026-11-19 Invoice.eml', 'Inbox/2026-11-19 Offer.eml', 'contents.csv']],
			['what was deleted', () => ({ selection: 'search', changes: { deletedSince: '2020-01-01' } }), ['Calendars/Work/2026-11-22 Stand-up.ics', 'Inbox/2026-11-19 Offer.eml', 'contents.csv']],
		])('puts %s into one ZIP', async (_name, parameters, names) => {
			const { items, files } = await run(parameters());
			expect(items).toHaveLength(1);
			const { json, binary } = items[0]!;
			expect(json).toMatchObject({ mimeType: 'application/zip', failed: 0, failures: [], bytes: [...files.values()][0]!.length });
			expect(binary!['data']!.fileName).toBe(json['fileName']);
			expect(json['fileName']).toMatch(/^anna@contoso\.com 2026-11-2\d\.zip$/);
			expect([...(await unzip([...files.values()][0]!)).keys()].sort()).toEqual(names);
		});

		it('puts everything into one ZIP', async () => {
			const { items, files } = await run({ selection: 'everything', format: 'original' });
			expect(items[0]!.json).toMatchObject({ items: 4, files: 4 });
			expect((await unzip([...files.values()][0]!)).get('Tasks/Errands/2026-11-25 Buy milk.json')!.toString()).toContain('Buy milk');
		});

		it('puts input items of several snapshots into one ZIP, and lists those that are not there', async () => {
			const wanted = [['mail/m1', first()], ['mail/m2', ''], ['mail/gone', '']] as const;
			const { items, files, hints } = await run((index) => ({ selection: 'inputItems', itemId: wanted[index]![0], itemSnapshot: wanted[index]![1] }), { items: wanted.map(() => ({ json: {} })) });
			expect(items).toHaveLength(1);
			expect(items[0]!.json).toMatchObject({ items: 3, files: 2, failed: 1, failures: [{ id: 'mail/gone' }] });
			expect(items[0]!.pairedItem).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
			const inside = await unzip([...files.values()][0]!);
			expect([...inside.keys()].sort()).toEqual(['Inbox/2026-11-19 Invoice.eml', 'Inbox/2026-11-19 Offer.eml', 'contents.csv']);
			expect(inside.get('contents.csv')!.toString()).toMatch(/^failed,message,mail\/gone,.*has no item with this id/m);
			expect(hints[0]!.message).toContain('1 of 3 items');
		});

		it('makes no ZIP of nothing, and says so', async () => {
			const { items, files, hints } = await run({ selection: 'search', query: { text: 'nowhere' } });
			expect([items, files.size]).toEqual([[], 0]);
			expect(hints[0]!.message).toContain('meets the conditions');
		});

		it.each<[string, Record<string, unknown>, string]>([
			['an unknown format', { itemId: 'mail/m2', format: 'pst' }, 'There is no format "pst"'],
			['an unknown selection', { selection: 'ids', itemIds: '' }, 'Item IDs is empty'],
			['no folder', { selection: 'folder', folder: { mode: 'list', value: '' } }, 'Folder to Export is empty'],
			['a snapshot that is gone', { itemId: 'mail/m2', itemSnapshot: '20200101T000000Z-0000' }, 'There is no snapshot'],
		])('refuses %s, and with Continue On Fail says so in an item', async (_name, parameters, message) => {
			await expect(run(parameters)).rejects.toThrow(message);
			const { items } = await run(parameters, { continueOnFail: true });
			expect(items[0]!.json['error']).toContain(message);
		});
	});

	describe('pickers', () => {
		const restrict = process.env['N8N_RESTRICT_FILE_ACCESS_TO'];
		beforeAll(() => void (process.env['N8N_RESTRICT_FILE_ACCESS_TO'] = base));
		afterAll(() => {
			if (restrict === undefined) delete process.env['N8N_RESTRICT_FILE_ACCESS_TO'];
			else process.env['N8N_RESTRICT_FILE_ACCESS_TO'] = restrict;
		});
		const panel = (parameters: Record<string, unknown>): ILoadOptionsFunctions =>
			({
				getNode: () => ({ name: 'M365 Backup', type: 'x' }) as INode,
				getTimezone: () => 'Europe/Berlin',
				getCurrentNodeParameter: (name: string) =>
					({ repositoryType: 'localFolder', repositoryFolder: mail.folder, source: { mode: 'list', value: mail.key }, ...parameters })[name],
			}) as unknown as ILoadOptionsFunctions;

		it('lists calendars, contact folders and task lists with what they are, after the mail folders', async () => {
			const { results } = await methods.listSearch.searchFolders.call(panel({ snapshot: all }));
			expect(results.map(({ name }) => name)).toEqual([
				'Inbox',
				'Calendars (everything in it)',
				'Calendars/Work (calendar)',
				'Contacts (everything in it)',
				'Contacts/VIP (contact folder)',
				'Tasks (everything in it)',
				'Tasks/Errands (task list)',
			]);
		});

		it('offers All Snapshots only to a search', async () => {
			const names = async (parameters: Record<string, unknown>) =>
				(await methods.listSearch.searchSnapshots.call(panel(parameters))).results.slice(0, 2).map(({ name }) => name);
			expect(await names({ operation: 'search' })).toEqual(['Latest', 'All Snapshots']);
			expect(await names({ operation: 'restore', selection: 'search' })).toEqual(['Latest', 'All Snapshots']);
			expect((await names({ operation: 'restore', selection: 'folder' }))[1]).not.toBe('All Snapshots');
		});
	});
});
