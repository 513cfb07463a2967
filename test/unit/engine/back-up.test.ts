import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { recordName } from '../../../nodes/M365Backup/repository/names';
import type { Change, Fetched } from '../../../nodes/M365Backup/workloads/workload';
import { bytesOf, readAll } from '../repository/fixtures';
import { fixture, KEY, mail, page, scripted, type Script } from './scripted-workload';

const FOLDER: Change = { kind: 'item', id: 'mail/F', type: 'folder', name: 'F', meta: {}, isNew: true };

describe('a run', () => {
	it('never forgets an item for which no answer came', async () => {
		const { run, entries } = await fixture();
		const { summary } = await run({ pages: [page([mail('mail/1'), mail('mail/2')], 'L1')], fetch: (id) => (id === 'mail/1' ? null : { id, content: bytesOf('x') }) });
		expect(summary.failures).toMatchObject([{ name: 'mail/1', attempts: 1 }]);
		expect((await entries()).get('mail/1')?.failed).toMatchObject({ attempts: 1 });
		expect((await run({})).input?.retry).toEqual(['mail/1']);
	});

	it('stores an item with all its parts or not at all', async () => {
		const { repository, run, entries } = await fixture();
		const part = (name: string) => ({ name, title: name, extension: '.bin' });
		const whole = (id: string, text = 'agenda'): Fetched[] => [
			{ id, content: bytesOf('{}'), more: true },
			{ id, content: bytesOf(text), part: part('attachment-1'), more: true },
			{ id, content: bytesOf('notes'), part: part('attachment-2'), more: true },
			{ id, end: true, meta: { preview: 'as read' }, warning: 'Said once' },
		];
		const first = await run({ pages: [page([mail('mail/1')], 'L1')], fetch: (id) => whole(id) });
		expect(first.summary).toMatchObject({ status: 'complete', totals: { items: 1, bytes: 13 }, warnings: ['Said once'] });
		const stored = (await entries()).get('mail/1')!;
		expect(stored).toMatchObject({ size: 13, meta: { preview: 'as read' } });
		expect(stored.content?.map((ref) => ref.part)).toEqual([undefined, 'attachment-1', 'attachment-2']);
		const read = await Promise.all(stored.content!.map(async (ref) => (await readAll(repository.readContent(KEY, ref))).toString()));
		expect(read).toEqual(['{}', 'agenda', 'notes']);

		const breaking = (id: string): Fetched[] => [...whole(id, 'new agenda').slice(0, 2), { id, failure: new Failure('corrupt', 'Graph says 500') }, ...whole(id).slice(2)];
		await run({ pages: [page([mail('mail/1', 'mail/F', { isNew: false })], 'L2')], fetch: breaking });
		const kept = (await entries()).get('mail/1')!;
		expect(kept.content).toEqual(stored.content);
		expect(kept.failed).toMatchObject({ attempts: 1 });

		// What is as before takes no room again; what is new does.
		const again = await run({ pages: [page([mail('mail/1', 'mail/F', { isNew: false })], 'L3')], fetch: (id) => whole(id, 'new agenda') });
		expect(again.summary.status).toBe('complete');
		const changed = (await entries()).get('mail/1')!;
		expect(changed.failed).toBeUndefined();
		expect([0, 2].map((index) => changed.content![index])).toEqual([0, 2].map((index) => stored.content![index]));
		expect(changed.content![1]).toMatchObject({ size: 10, part: 'attachment-1' });
	});

	it('keeps the content of an item that is stated anew without one to fetch', async () => {
		const { run, entries } = await fixture();
		await run({ pages: [page([mail('mail/1')], 'L1')] });
		const { fetch: _fetch, ...stated } = mail('mail/1', 'mail/G', { name: 'Renamed' });
		const { summary } = await run({ pages: [page([stated], 'L2')] });
		const entry = (await entries()).get('mail/1')!;
		expect(entry).toMatchObject({ name: 'Renamed', parent: 'mail/G', content: [{ size: 17 }] });
		expect(summary.totals).toEqual({ items: 1, bytes: 17 });
	});

	it('records where an item is now although its content cannot be read', async () => {
		const { run, entries } = await fixture();
		await run({ pages: [page([mail('mail/1')], 'L1')] });
		const failing = (id: string): Fetched => ({ id, failure: new Failure('corrupt', 'Graph says 500') });
		await run({ pages: [page([mail('mail/1')], 'L2')], fetch: failing });
		await run({ pages: [page([mail('mail/1', 'mail/G')], 'L3')], fetch: failing });
		const entry = (await entries()).get('mail/1')!;
		expect(entry).toMatchObject({ parent: 'mail/G', failed: { attempts: 2 } });
		expect(entry.content).toHaveLength(1);
	});

	it('compares in a later run what a finished listing did not show, if a limit came before', async () => {
		const { run, entries } = await fixture();
		await run({ pages: [page([mail('mail/1'), mail('mail/2')], 'L1')] });
		const listing = [
			{ parent: 'mail/F', type: 'message', state: 'restarted' as const, seen: [] },
			{ parent: 'mail/F', type: 'message', state: 'finished' as const, seen: ['mail/2'] },
		];
		const cut = await run({ pages: [page([mail('mail/3')], 'L2', { listings: listing })] }, { stopAfter: { bytes: 1 } });
		expect(cut.summary).toMatchObject({ status: 'partial', hasMore: true });
		expect(cut.workload.confirmed).toEqual([]);
		expect((await entries()).has('mail/1')).toBe(true);

		const { summary, workload } = await run({ pages: [page([], 'L3')] });
		expect(workload.confirmed).toContain('mail/1');
		expect(workload.confirmed).not.toContain('mail/2');
		expect(summary).toMatchObject({ status: 'complete', changes: { deleted: 2 } });
	});

	it('compares again what a finished listing did not show, if the limit cut the comparison itself short', async () => {
		const { run, entries } = await fixture();
		await run({ pages: [page([FOLDER, mail('mail/1'), mail('mail/2'), mail('mail/3')], 'L1')] });
		const listed = { parent: 'mail/F', type: 'message' };
		const again = page([], 'L2', { listings: [{ ...listed, state: 'restarted', seen: [] }, { ...listed, state: 'finished', seen: ['mail/3'] }] });
		// Both are alive elsewhere with new content; the limit strikes after the first.
		const alive = (ids: readonly string[]) => ids.map((id) => mail(id, 'mail/G', { isNew: false }));
		const cut = await run({ pages: [again], missing: alive, fetch: (id) => ({ id, content: bytesOf(`New ${id}`) }) }, { stopAfter: { bytes: 1 } });
		expect(cut.summary).toMatchObject({ hasMore: true });
		const next = await run({ missing: alive, fetch: (id) => ({ id, content: bytesOf(`New ${id}`) }) });
		expect(next.input?.isInDoubt).toBe(true);
		expect(next.workload.confirmed).toContain('mail/2');
		const parents = [...(await entries()).values()].map(({ id, parent }) => `${id} ${parent ?? ''}`).sort();
		expect(parents).toEqual(['mail/1 mail/G', 'mail/2 mail/G', 'mail/3 mail/F', 'mail/F ']);
	});

	it('that is to compare everything asks about what was in a folder that is gone, though nobody remembers the question', async () => {
		const { run, entries } = await fixture();
		await run({ pages: [page([FOLDER, mail('mail/1'), mail('mail/2')], 'L1')] });
		const gone = page([{ kind: 'gone', id: 'mail/F' }], 'L2', { listings: [{ parent: 'mail/F', type: 'message', state: 'restarted', seen: [] }, { parent: 'mail/F', type: 'message', state: 'finished', seen: [] }] });
		// The limit strikes before anybody could ask; a full resync puts aside what was noted about it.
		const cut = await run({ pages: [gone, page([mail('mail/3', 'mail/G')], 'L3')] }, { stopAfter: { bytes: 1 } });
		expect(cut.summary).toMatchObject({ hasMore: true });
		const next = await run({ pages: [page([{ ...FOLDER, id: 'mail/G' }], 'L3')], missing: (ids) => ids.map((id) => ({ kind: 'gone', id })) }, { fullResync: true });
		expect(next.workload.confirmed.sort()).toEqual(['mail/1', 'mail/2']);
		expect([...(await entries()).keys()].sort()).toEqual(['mail/3', 'mail/G']);
		expect((await run({})).workload.confirmed).toEqual([]);
	});

	it('that goes on after a stop in the middle of a page is told to compare, until one went through', async () => {
		const { run } = await fixture();
		const cut = await run({ pages: [page([mail('mail/1'), mail('mail/2')], 'L1')] }, { stopAfter: { bytes: 1 } });
		expect(cut.input?.isInDoubt).toBe(false);
		expect(cut.summary).toMatchObject({ hasMore: true, changes: { added: 1 } });
		const cutAgain = await run({ pages: [page([mail('mail/2'), mail('mail/3')], 'L1')] }, { stopAfter: { bytes: 1 } });
		expect(cutAgain.input).toMatchObject({ isInDoubt: true, links: {} });
		const through = await run({ pages: [page([mail('mail/3')], 'L1')] });
		expect(through.input?.isInDoubt).toBe(true);
		expect((await run({})).input).toMatchObject({ isInDoubt: false, links: { 'mail/F': 'L1' } });
	});

	it('hands the next one what the workload noted after its last page', async () => {
		const { run } = await fixture();
		const script: Script = { pages: [page([mail('mail/1')], 'L1')], notes: { mail: { at: 'page' } } };
		const workload = scripted(script);
		const { enumerate } = workload;
		workload.enumerate = async function* (input) {
			yield* enumerate(input);
			script.notes = { mail: { at: 'end' } };
		};
		await run(script, { workload });
		expect((await run({})).input?.notes['mail']).toEqual({ at: 'end' });
	});

	it('that has only an older cursor is told to compare', async () => {
		const { run, store, repository } = await fixture();
		await run({ pages: [page([mail('mail/1')], 'L1')] });
		await run({ pages: [page([mail('mail/2')], 'L2')] });
		const newest = (await repository.latest(KEY))!;
		await store.delete([`${KEY}/cursor.json`, `${KEY}/${newest.cursor.name}`]);
		expect((await run({})).input).toMatchObject({ isInDoubt: true, links: { 'mail/F': 'L1' } });
	});

	it('begins the listings anew when the note of what they had shown is lost', async () => {
		const { run, store, repository } = await fixture();
		await run({ pages: [page([FOLDER, mail('mail/1')], 'L1')] });
		const going = [{ parent: 'mail/F', type: 'message', state: 'restarted' as const, seen: ['mail/1'] }];
		await run({ pages: [page([mail('mail/2')], 'L2', { listings: going }), page([mail('mail/3')], 'L3')] }, { stopAfter: { bytes: 1 } });
		const [seen] = (await repository.cursor(KEY))!.seen;
		await store.delete([`${KEY}/${seen!}`]);
		const { summary, input, workload } = await run({ pages: [page([], 'L4')] });
		expect(input).toMatchObject({ links: {}, isInDoubt: true });
		expect(workload.confirmed).toEqual([]);
		expect(summary.status).toBe('complete');
		expect(summary.warnings.join()).toContain('listed and compared anew');
	});

	it('says that the newest snapshot is damaged, and builds upon the one before with its own cursor', async () => {
		const { run, store, repository } = await fixture();
		await run({ pages: [page([mail('mail/1')], 'L1')] });
		await run({ pages: [page([mail('mail/2')], 'L2')] });
		const newest = (await repository.latest(KEY))!;
		await store.put(`${KEY}/${recordName(newest.id, 'snapshot')}`, bytesOf('{'));
		const { summary, input } = await run({ pages: [page([mail('mail/2')], 'L2')] });
		expect(input?.links).toEqual({ 'mail/F': 'L1' });
		expect(summary).toMatchObject({ status: 'complete', totals: { items: 2 } });
		expect(summary.warnings.join()).toMatch(new RegExp(`${newest.id}.*damaged.*Import Files`));
	});

	it('that cannot even begin gives its lease back', async () => {
		const { run, store } = await fixture();
		await run({ pages: [page([mail('mail/1')], 'L1')] });
		const get = store.get.bind(store);
		let broken = true;
		store.get = (key, range, signal) => {
			if (broken && key.endsWith('.snapshot.json')) return Promise.reject(new Failure('transient', 'The store does not answer'));
			return get(key, range, signal);
		};
		const soon = { leaseHolder: 'the same, a second later' };
		await expect(run({}, soon)).rejects.toThrow('does not answer');
		broken = false;
		expect((await run({}, soon)).summary.status).toBe('complete');
	});

	it('gives back what it stored, byte for byte', async () => {
		const { run, entries, repository } = await fixture();
		await run({ pages: [page([mail('mail/1')], 'L1')], fetch: (id) => ({ id, content: bytesOf('a\r\n', 'b\n'), sizeBytes: 5 }) });
		const [ref] = (await entries()).get('mail/1')!.content!;
		expect((await readAll(repository.readContent(KEY, ref!))).toString()).toBe('a\r\nb\n');
	});

	it('counts an item once, however often the workload tells of it', async () => {
		const { run, repository } = await fixture();
		const told: Change[] = [{ kind: 'patch', id: 'mail/1', type: 'message', meta: { columns: { Status: 'new' } } }];
		const first = await run({ pages: [page([mail('mail/1'), mail('mail/2')], 'L1'), page(told, 'L2')] });
		expect(first.summary.changes).toMatchObject({ added: 2, updated: 0 });
		const second = await run({ pages: [page(told, 'L3'), page(told, 'L4')] });
		expect(second.summary.changes).toMatchObject({ added: 0, updated: 1 });
		// Each snapshot tells what it changed itself.
		const third = await run({ pages: [page([mail('mail/3')], 'L5'), page([{ ...told[0]!, id: 'mail/3' }], 'L6')] }, { commitEvery: { bytes: 1 } });
		expect(third.summary.changes).toMatchObject({ added: 1, updated: 0 });
		expect((await repository.snapshots(KEY)).slice(-2).map(({ changes }) => [changes.added, changes.updated])).toEqual([[1, 0], [0, 1]]);
		const back = await run({ pages: [page([{ kind: 'gone', id: 'mail/2' }], 'L7'), page([mail('mail/2')], 'L8')] });
		expect(back.summary.changes).toMatchObject({ deleted: 1, added: 1, updated: 0 });
	});
});
