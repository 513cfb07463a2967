import { describe, expect, it } from 'vitest';
import { recordName, sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { CursorRecord } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { sealJson } from '../../../nodes/M365Backup/repository/sealed-json';
import { createFaultyStore, type FaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { addMessage, all, bytesOf, commitInput, FakeAmbient, message, openNew, readAll, SOURCE, stateOf } from './fixtures';

const KEY = sourceKey(SOURCE);

async function keysOf(store: Store): Promise<string[]> {
	return (await all(store.list(''))).map(({ key }) => key).sort();
}

function puts(store: FaultyStore): string[] {
	return store.log.filter(({ call }) => call === 'put').map(({ keys }) => keys[0]!.replace(/^.*Z-[0-9a-f]{4}\./, ''));
}

async function overwrite(store: Store, key: string, change: (record: Record<string, unknown>) => unknown): Promise<void> {
	const record = JSON.parse((await readAll((await store.get(key))!)).toString()) as Record<string, unknown>;
	await store.put(key, bytesOf(sealJson(change(record) as object)));
}

describe('a repository', () => {
	it('is created once, readable by people, and found again', async () => {
		const { store, repository, ambient } = await openNew();
		expect(await keysOf(store)).toEqual(['README.txt', 'repository.json']);
		expect(JSON.parse((await readAll((await store.get('repository.json'))!)).toString())).toEqual({
			format: 'm365-backup',
			version: 1,
			id: repository.id,
			created: '2026-11-22T10:00:00.000Z',
			readme: expect.stringMatching(/^[0-9a-f]{64}$/),
			check: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
		expect((await Repository.open(store, ambient, { create: true })).id).toBe(repository.id);
		expect((await readAll((await store.get('README.txt'))!)).toString()).toContain('zcat');
	});

	it('created by two runs at once is one repository', async () => {
		const store = createMemoryStore();
		const ambient = new FakeAmbient();
		const both = await Promise.all([1, 2].map(() => Repository.open(store, ambient, { create: true })));
		expect(both[0]!.id).toBe(both[1]!.id);
	});

	it.each<[string, string | Uint8Array, { kind: string; nextStep?: unknown }]>([
		['of another version', JSON.stringify({ format: 'm365-backup', version: 2, id: 'x' }), { kind: 'invalid', nextStep: expect.stringContaining('Update') }],
		['of something else', '{"name":"my-app"}', { kind: 'invalid', nextStep: expect.stringContaining('another folder') }],
		['that is damaged', '{"format":', { kind: 'corrupt' }],
		['with a bad id', sealJson({ format: 'm365-backup', version: 1, id: '../x', created: '2026-11-22', readme: 'a'.repeat(64) }), { kind: 'corrupt' }],
		['that is encrypted', sealJson({ format: 'm365-backup', version: 1, id: 'a'.repeat(32), created: '2026-11-22', readme: 'a'.repeat(64), recipients: ['age1…'] }), { kind: 'invalid' }],
	])('%s is refused, and nothing changed', async (_what, content, expected) => {
		const store = createMemoryStore();
		await store.put('repository.json', bytesOf(content));
		await expect(Repository.open(store, new FakeAmbient(), { create: true })).rejects.toMatchObject(expected);
		expect(await keysOf(store)).toEqual(['repository.json']);
	});

	it('is looked for among the names of sources only: a large folder that is none answers at once', async () => {
		const store = createMemoryStore();
		const asked: string[] = [];
		const list = store.list.bind(store);
		store.list = (prefix, signal) => (asked.push(prefix), list(prefix, signal));
		await expect(Repository.open(store, new FakeAmbient())).rejects.toMatchObject({ kind: 'notFound' });
		expect(asked).toEqual(['mailbox-', 'drive-', 'site-']);
	});

	it('that is not there is said to be missing; backups without their repository.json get no new one', async () => {
		await expect(Repository.open(createMemoryStore(), new FakeAmbient())).rejects.toMatchObject({ kind: 'notFound' });
		const { store, repository, ambient } = await openNew();
		await repository.startRun(SOURCE, null).commit(commitInput());
		await store.delete(['repository.json']);
		await expect(Repository.open(store, ambient, { create: true })).rejects.toMatchObject({ kind: 'corrupt', nextStep: expect.stringContaining('Import Files') });
	});
});

describe('snapshots', () => {
	it('are written last, after everything they name, and cursor.json after them', async () => {
		const ambient = new FakeAmbient();
		const store = createFaultyStore(createMemoryStore(), ambient);
		const { repository } = await openNew(store, ambient);
		const run = repository.startRun(SOURCE, null);
		await addMessage(run, 'mail/1', 'x');
		await run.addSeen('mail/inbox', ['mail/1']);
		await run.commit(commitInput());
		expect(puts(store).slice(2)).toEqual([
			'archive-0001.zip', 'segment-0001.ndjson.gz', 'seen-0001.ndjson.gz', 'cursor.json', 'snapshot.json', `${KEY}/cursor.json`,
		]);
	});

	it('are "latest" and "as of" by the newest complete one', async () => {
		const { repository, ambient } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await run.add(message('mail/1'));
		const partial = await run.commit(commitInput({ status: 'partial' }));
		expect(await repository.newest(KEY)).toEqual({ snapshot: partial, isPartial: true });
		ambient.advance(3_600_000);
		const complete = await run.commit(commitInput());
		ambient.advance(3_600_000);
		const later = await run.commit(commitInput({ status: 'partial' }));
		expect(await repository.newest(KEY)).toEqual({ snapshot: complete, isPartial: false, newerPartial: later });
		expect(await repository.newest(KEY, { asOf: new Date('2026-11-22T10:30:00Z') })).toEqual({ snapshot: partial, isPartial: true });
		expect(await repository.newest(KEY, { asOf: new Date('2026-11-22T11:00:00Z') })).toEqual({ snapshot: complete, isPartial: false });
		expect(await repository.newest(KEY, { asOf: new Date('2026-11-22T09:00:00Z') })).toBeNull();
		expect(await repository.snapshots(KEY)).toEqual([partial, complete, later]);
		expect(await repository.sources()).toEqual([{ source: SOURCE, key: KEY, newest: later }]);
		await expect(repository.snapshot(KEY, '20200101T000000Z-0000')).rejects.toMatchObject({ kind: 'notFound' });
	});

	it.each<[string, (record: Record<string, unknown>) => unknown]>([
		['a field is missing', ({ segments: _segments, ...rest }) => rest],
		['a name leads elsewhere', (record) => ({ ...record, cursor: { name: '../../etc/passwd', sha256: '0'.repeat(64) } })],
		['it is no object', () => 'x'],
		['it belongs to another source', (record) => ({ ...record, source: { ...SOURCE, id: 'b' } })],
		['it is another snapshot', (record) => ({ ...record, id: '20200101T000000Z-0000' })],
	])('that are damaged (%s) are reported and passed over', async (_what, change) => {
		const { repository, store, ambient } = await openNew();
		const run = repository.startRun(SOURCE, null);
		const first = await run.commit(commitInput());
		const second = await run.commit(commitInput());
		await overwrite(store, `${KEY}/${recordName(second.id, 'snapshot')}`, change);
		const fresh = await Repository.open(store, ambient);
		expect((await fresh.newest(KEY))?.snapshot).toEqual(first);
		expect(await fresh.damagedSnapshots(KEY)).toEqual([{ name: recordName(second.id, 'snapshot'), reason: expect.stringContaining('is damaged') }]);
		await expect(fresh.snapshot(KEY, second.id)).rejects.toMatchObject({ kind: 'corrupt' });
	});

	it('of a later format stop an older software instead of being passed over', async () => {
		const { repository, store, ambient } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await run.commit(commitInput());
		const second = await run.commit(commitInput());
		await overwrite(store, `${KEY}/${recordName(second.id, 'snapshot')}`, (record) => ({ ...record, format: 2 }));
		const fresh = await Repository.open(store, ambient);
		await expect(fresh.newest(KEY)).rejects.toMatchObject({ kind: 'invalid', code: 'otherFormat' });
	});

	it('keep fields that a later version adds', async () => {
		const { repository, store, ambient } = await openNew();
		const snapshot = await repository.startRun(SOURCE, null).commit(commitInput());
		await overwrite(store, `${KEY}/${recordName(snapshot.id, 'snapshot')}`, (record) => ({ ...record, colour: 'red' }));
		expect(await (await Repository.open(store, ambient)).snapshot(KEY, snapshot.id)).toMatchObject({ colour: 'red' });
	});

	it('list no more than a hundred failures', async () => {
		const { repository } = await openNew();
		const failures = Array.from({ length: 150 }, (_, index) => ({ id: `mail/${index}`, name: 'n', reason: 'r', since: '2026-11-22', attempts: 1 }));
		expect((await repository.startRun(SOURCE, null).commit(commitInput({ failures }))).failures).toEqual(failures.slice(0, 100));
	});
});

describe('a commit', () => {
	it('refuses to refer to a file that is gone', async () => {
		const { repository, store, ambient } = await openNew();
		const run = repository.startRun(SOURCE, null);
		for (let index = 0; index < 5; index++) await addMessage(run, `mail/${index}`, 'x');
		const first = await run.commit(commitInput());
		await store.delete([`${KEY}/${first.archives[0]!.name}`]);
		const fresh = await Repository.open(store, ambient);
		const next = fresh.startRun(SOURCE, first);
		await next.add({ id: 'mail/1', etag: 'new' });
		await expect(next.commit(commitInput())).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('archive-0001.zip is missing') });
		expect((await fresh.newest(KEY))?.snapshot).toEqual(first);
		const anew = fresh.startRun(SOURCE, null);
		await anew.add(message('mail/1'));
		await anew.commit(commitInput());
	});

	it('lays its lines on the newest snapshot if its parent was read more than a day ago', async () => {
		const { repository, ambient } = await openNew();
		const base = repository.startRun(SOURCE, null);
		for (let index = 0; index < 10; index++) await base.add(message(`mail/${index}`));
		const first = await base.commit(commitInput());
		const slow = repository.startRun(SOURCE, first);
		await slow.add({ id: 'mail/1', name: 'slow' });
		ambient.advance(20 * 3_600_000);
		const other = repository.startRun(SOURCE, first);
		await other.add({ id: 'mail/2', name: 'other' });
		const second = await other.commit(commitInput());
		ambient.advance(5 * 3_600_000);
		const third = await slow.commit(commitInput());
		expect(third.parent?.id).toBe(second.id);
		const state = await stateOf(repository, third);
		expect(state.get('mail/1')?.name).toBe('slow');
		expect(state.get('mail/2')?.name).toBe('other');
		expect(third.id > second.id).toBe(true);
	});

	it('of two runs at once leaves a fork of two whole snapshots', async () => {
		const { repository, ambient } = await openNew();
		const base = repository.startRun(SOURCE, null);
		for (let index = 0; index < 10; index++) await base.add(message(`mail/${index}`));
		const first = await base.commit(commitInput());
		const runs = [repository.startRun(SOURCE, first), repository.startRun(SOURCE, first)];
		for (const [index, run] of runs.entries()) await addMessage(run, 'mail/1', `by ${index}`);
		ambient.advance(1000);
		const snapshots = await Promise.all(runs.map((run) => run.commit(commitInput())));
		for (const [index, snapshot] of snapshots.entries()) {
			expect(snapshot.parent?.id).toBe(first.id);
			const state = await stateOf(repository, snapshot);
			expect(state.size).toBe(10);
			expect((await readAll(repository.readContent(KEY, state.get('mail/1')!.content![0]!))).toString()).toBe(`by ${index}`);
		}
	});

	it('survives a crash at every call to the store: a snapshot is whole or not there', async () => {
		let isDone = false;
		for (let calls = 1; !isDone; calls++) {
			for (const lastTakesEffect of [false, true]) {
				const ambient = new FakeAmbient();
				const store = createFaultyStore(createMemoryStore(), ambient);
				const { repository } = await openNew(store, ambient);
				const run = repository.startRun(SOURCE, null, { spillLines: 4 });
				for (let index = 0; index < 10; index++) await addMessage(run, `mail/${index}`, 'first');
				const first = await run.commit(commitInput());
				store.stopAfter(calls, { lastTakesEffect });
				const outcome = await (async () => {
					for (let index = 0; index < 10; index += 2) await addMessage(run, `mail/${index}`, 'second');
					return await run.commit(commitInput());
				})().catch((error: unknown) => error);
				isDone = !store.isStopped;
				await run.abandon();
				store.heal();
				const after = await Repository.open(store, ambient);
				const newest = (await after.newest(KEY))!.snapshot;
				if (isDone) expect(newest).toEqual(outcome);
				const state = await stateOf(after, newest);
				const expected = newest.id === first.id ? 'first' : 'second';
				expect((await readAll(after.readContent(KEY, state.get('mail/4')!.content![0]!))).toString()).toBe(expected);
				expect((await readAll(after.readContent(KEY, state.get('mail/5')!.content![0]!))).toString()).toBe('first');
				expect((await after.cursor(KEY))?.snapshot).toBe(newest.id);
				const next = after.startRun(SOURCE, newest);
				await next.add(message('mail/new'));
				expect((await stateOf(after, await next.commit(commitInput()))).size).toBe(11);
			}
		}
	});
});

describe('the cursor', () => {
	const cursorOf = (link: string) => ({ cursor: { scopes: { mail: link }, failed: ['mail/9'], seen: [], notes: { week: 47 } } });

	async function twoCommits() {
		const opened = await openNew();
		const run = opened.repository.startRun(SOURCE, null);
		const first = await run.commit(commitInput(cursorOf('one')));
		opened.ambient.advance(60_000);
		const second = await run.commit(commitInput(cursorOf('two')));
		return { ...opened, first, second };
	}

	it('is that of the newest snapshot, with all that the workload remembers', async () => {
		const { repository, second } = await twoCommits();
		expect(await repository.cursor(KEY)).toEqual({
			format: 1, run: second.id, snapshot: second.id, checkedAt: second.finishedAt, segments: [], scopes: { mail: 'two' }, failed: ['mail/9'], seen: [], notes: { week: 47 },
		});
	});

	it('may be newer in cursor.json, after a quiet run', async () => {
		const { repository, ambient, store } = await twoCommits();
		const cursor = (await repository.cursor(KEY))!;
		ambient.advance(3_600_000);
		const quiet: CursorRecord = { ...cursor, checkedAt: ambient.now().toISOString(), scopes: { mail: 'quiet' } };
		await repository.writeCurrentCursor(KEY, quiet);
		expect(await repository.cursor(KEY)).toEqual(quiet);
		await store.delete([`${KEY}/cursor.json`]);
		expect((await repository.cursor(KEY))?.scopes).toEqual({ mail: 'two' });
	});

	it('never counts before its snapshot exists', async () => {
		const { repository, store, second, ambient } = await twoCommits();
		await store.delete([`${KEY}/${recordName(second.id, 'snapshot')}`]);
		expect((await (await Repository.open(store, ambient)).cursor(KEY))?.scopes).toEqual({ mail: 'one' });
		expect((await repository.cursor(KEY))?.scopes).toEqual({ mail: 'one' });
	});

	it('of a snapshot whose record is damaged does not count: its changes are not in the one before', async () => {
		const { store, second, ambient } = await twoCommits();
		await store.put(`${KEY}/${recordName(second.id, 'snapshot')}`, bytesOf('{"format":1'));
		const after = await Repository.open(store, ambient);
		expect((await after.latest(KEY))?.id).not.toBe(second.id);
		expect((await after.cursor(KEY))?.scopes).toEqual({ mail: 'one' });
	});

	it('of a fork does not count for a snapshot that builds on something else', async () => {
		const { repository, store, ambient } = await openNew();
		const base = await repository.startRun(SOURCE, null).commit(commitInput(cursorOf('base')));
		ambient.advance(60_000);
		await repository.startRun(SOURCE, base).commit(commitInput(cursorOf('fork')));
		ambient.advance(60_000);
		const newest = await repository.startRun(SOURCE, base).commit(commitInput(cursorOf('newest')));
		await store.delete([`${KEY}/cursor.json`, `${KEY}/${newest.cursor.name}`]);
		expect((await repository.cursor(KEY))?.scopes).toEqual({ mail: 'base' });
	});

	it('that is damaged is passed over', async () => {
		const { repository, store, second } = await twoCommits();
		await store.put(`${KEY}/${recordName(second.id, 'cursor')}`, bytesOf('{"format":1}'));
		expect((await repository.cursor(KEY))?.scopes).toEqual({ mail: 'two' });
		await store.put(`${KEY}/cursor.json`, bytesOf('garbage'));
		expect((await repository.cursor(KEY))?.scopes).toEqual({ mail: 'one' });
		await store.delete((await keysOf(store)).filter((key) => key.includes('cursor')));
		expect(await repository.cursor(KEY)).toBeNull();
	});

	it('names the ids seen so far, each commit only the new ones', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await run.addSeen('mail/inbox', ['mail/1', 'mail/ü']);
		await run.commit(commitInput({ status: 'partial' }));
		await run.addSeen('mail/sent', ['mail/3']);
		await run.commit(commitInput({ status: 'partial', cursor: { scopes: {}, failed: [], seen: [...run.seenFiles] } }));
		const cursor = (await repository.cursor(KEY))!;
		expect(cursor.seen).toEqual(run.seenFiles);
		expect(cursor.seen).toHaveLength(2);
		expect(await all(repository.readSeen(KEY, cursor.seen))).toEqual([
			{ parent: 'mail/inbox', id: 'mail/1' },
			{ parent: 'mail/inbox', id: 'mail/ü' },
			{ parent: 'mail/sent', id: 'mail/3' },
		]);
	});

	it('says so when a seen file is missing or damaged', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await run.addSeen('mail/inbox', ['mail/1']);
		await run.commit(commitInput());
		const [name] = run.seenFiles;
		await store.put(`${KEY}/${name!}`, bytesOf('not gzip'));
		await expect(all(repository.readSeen(KEY, run.seenFiles))).rejects.toMatchObject({ kind: 'corrupt' });
		await store.delete([`${KEY}/${name!}`]);
		await expect(all(repository.readSeen(KEY, run.seenFiles))).rejects.toMatchObject({ kind: 'corrupt', code: 'missingFile' });
		await expect(all(repository.readSeen(KEY, ['../repository.json']))).rejects.toMatchObject({ kind: 'corrupt' });
	});
});
