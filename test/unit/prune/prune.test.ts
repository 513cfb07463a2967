import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { confirmCopied } from '../../../nodes/M365Backup/engine/confirm-copied';
import { filesToCopy } from '../../../nodes/M365Backup/engine/files-to-copy';
import { filesToDelete } from '../../../nodes/M365Backup/engine/files-to-delete';
import { holdSnapshot, releaseSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { recordName, sourceKey } from '../../../nodes/M365Backup/repository/names';
import { rewriteBase } from '../../../nodes/M365Backup/repository/rewrite-base';
import type { SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import { rebuildCatalog } from '../../../nodes/M365Backup/engine/rebuild-catalog';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import type { RetentionPolicy } from '../../../nodes/M365Backup/repository/retention';
import { createFaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { PutOptions, Store } from '../../../nodes/M365Backup/stores/store';
import { addMessage, all, bytesOf, commitInput, FakeAmbient, readAll, SOURCE, stateOf, tombstone } from '../repository/fixtures';
import { randomRuns } from '../../support/random-runs';

const KEY = sourceKey(SOURCE);
const DAY_MS = 24 * 3_600_000;
const KEEP_2_DAYS: RetentionPolicy = { within: 'P2D' };

/** A source with a snapshot a day, each with a new message, a changed and a deleted one. */
async function history(days: number) {
	const ambient = new FakeAmbient();
	const store = createMemoryStore({ now: () => ambient.now() });
	const repository = await Repository.open(store, ambient, { create: true });
	const records: SnapshotRecord[] = [];
	let run = repository.startRun(SOURCE, null);
	for (let day = 0; day < days; day++) {
		ambient.advance(DAY_MS);
		if (day > 0 && day % 7 === 0) {
			await rewriteBase(repository, records.at(-1)!);
			run = repository.startRun(SOURCE, await repository.latest(KEY));
		}
		for (let index = 0; index < 5; index++) await addMessage(run, `mail/${day}-${index}`, randomBytes(300));
		if (day > 0) await run.add(tombstone(`mail/${day - 1}-0`));
		records.push(await run.commit(commitInput()));
	}
	return { ambient, store, repository, records };
}

async function pruned(store: Store, ambient: FakeAmbient, policy: RetentionPolicy, dryRun = false) {
	const repository = await Repository.open(store, ambient);
	return (await all(prune({ repository, policy, zone: 'UTC', dryRun })))[0]!;
}

async function contents(repository: Repository, snapshot: SnapshotRecord): Promise<string[]> {
	const found: string[] = [];
	for (const [id, entry] of await stateOf(repository, snapshot)) found.push(`${id} ${(await readAll(repository.readContent(KEY, entry.content![0]!))).toString('hex')}`);
	return found;
}

async function names(store: Store): Promise<string[]> {
	return (await all(store.list(`${KEY}/`))).map(({ key }) => key.slice(KEY.length + 1)).sort();
}

/** Volumes are closed while the run goes on. */
async function firstVolume(store: Store, runId: string): Promise<void> {
	await vi.waitFor(async () => expect((await names(store)).some((name) => name.startsWith(runId))).toBe(true));
}

describe('a prune', () => {
	it('removes what the policy lets go and the files that only those needed; what stays is whole', async () => {
		const { ambient, store, records } = await history(20);
		const before = await names(store);
		const dry = await pruned(store, ambient, KEEP_2_DAYS, true);
		expect(await names(store)).toEqual(before);

		const { dryRun: _dry, ...real } = await pruned(store, ambient, KEEP_2_DAYS);
		expect({ ...real, dryRun: true }).toEqual(dry);
		expect(real.files.count).toBeGreaterThan(real.remove.length);
		const after = await names(store);
		expect(before.length - after.length).toBe(real.files.count - 1);

		const repository = await Repository.open(store, ambient);
		const left = await repository.snapshots(KEY);
		expect(new Set(left.map(({ id }) => id))).toEqual(new Set([...real.keep, ...real.waiting].map(({ id }) => id)));
		expect((await verifyRepository(repository, { deep: true })).damage).toEqual([]);
		expect(await contents(repository, left.at(-1)!)).toHaveLength(20 * 5 - 19);
		expect(left.length).toBeLessThan(records.length / 2);
		// Nothing is left to do.
		expect((await pruned(store, ambient, KEEP_2_DAYS)).files.count).toBe(0);
	});

	it('lets the next backup go on from where it was', async () => {
		const { ambient, store } = await history(10);
		await pruned(store, ambient, KEEP_2_DAYS);
		const repository = await Repository.open(store, ambient);
		const newest = (await repository.latest(KEY))!;
		expect(await repository.cursor(KEY)).toMatchObject({ snapshot: newest.id });
		const run = repository.startRun(SOURCE, newest);
		await addMessage(run, 'mail/new', 'new');
		const next = await run.commit(commitInput());
		expect(await contents(repository, next)).toHaveLength(10 * 5 - 9 + 1);
	});

	it('leaves a held snapshot with all its files, until it is released', async () => {
		const { ambient, store, repository, records } = await history(10);
		const held = records[2]!;
		const expected = await contents(repository, held);
		expect(await holdSnapshot(repository, { key: KEY, id: held.id, by: 'legal', reason: 'case 4711' })).toMatchObject({ wasHeld: false });
		expect(await holdSnapshot(repository, { key: KEY, id: held.id, by: 'other', reason: 'too' })).toMatchObject({ wasHeld: true, hold: { by: 'legal' } });
		const plan = await pruned(store, ambient, KEEP_2_DAYS);
		expect(plan.keep.find(({ id }) => id === held.id)?.reasons).toEqual(['held by legal: case 4711']);
		const fresh = await Repository.open(store, ambient);
		expect(await contents(fresh, held)).toEqual(expected);
		expect((await verifyRepository(fresh, { deep: true })).damage).toEqual([]);

		expect(await releaseSnapshot(fresh, KEY, held.id)).toMatchObject({ reason: 'case 4711' });
		expect((await pruned(store, ambient, KEEP_2_DAYS)).remove.map(({ id }) => id)).toEqual([held.id]);
		// Its archive has mail that is still there.
		expect((await names(store)).filter((name) => name.includes(held.id) && !name.endsWith('.zip'))).toEqual([]);
	});

	it('leaves what is held at the very last moment, while the record of the prune is being written', async () => {
		const { ambient, store, repository, records } = await history(10);
		const before = await names(store);
		const slow = Object.create(store) as Store;
		let holding: ReturnType<typeof holdSnapshot> | undefined;
		slow.put = async (key: string, ...rest: [AsyncIterable<Uint8Array>, PutOptions?]) => {
			await store.put(key, ...rest);
			if (!key.endsWith('.prune.json')) return;
			holding = holdSnapshot(repository, { key: KEY, id: records[1]!.id, by: 'legal', reason: 'case 4711' });
			while (!(await names(store)).includes(recordName(records[1]!.id, 'hold'))) await Promise.resolve();
		};
		expect((await pruned(slow, ambient, KEEP_2_DAYS)).refused?.kind).toBe('conflict');
		expect(await holding).toMatchObject({ wasHeld: false });
		expect((await names(store)).filter((name) => before.includes(name))).toEqual(before);
		expect((await pruned(store, ambient, KEEP_2_DAYS)).keep.map(({ id }) => id)).toContain(records[1]!.id);
		expect((await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage).toEqual([]);
	});

	it('of files that a run wrote before its machine slept for days is noticed by that run: it commits nothing that is not there', async () => {
		const { ambient, store, repository } = await history(5);
		const run = repository.startRun(SOURCE, await repository.latest(KEY), { volumeBytes: 500 });
		for (let index = 0; index < 4; index++) await addMessage(run, `mail/asleep-${index}`, randomBytes(400));
		await firstVolume(store, run.runId);
		ambient.advance(3 * DAY_MS);
		expect((await pruned(store, ambient, { last: 50 })).files.count).toBeGreaterThan(0);
		await expect(run.commit(commitInput())).rejects.toMatchObject({ code: 'missingFile' });
		expect((await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage).toEqual([]);
	});

	it('removes nothing where this machine is days ahead of the storage: files of a run that is going on would look old', async () => {
		const { ambient, store, repository } = await history(5);
		const run = repository.startRun(SOURCE, await repository.latest(KEY), { volumeBytes: 500 });
		for (let index = 0; index < 4; index++) await addMessage(run, `mail/going-${index}`, randomBytes(400));
		await firstVolume(store, run.runId);
		const before = await names(store);
		const ahead = new FakeAmbient();
		ahead.time = ambient.time + 3 * DAY_MS;
		expect((await pruned(store, ahead, { last: 50 })).refused?.message).toMatch(/72 hours ahead/);
		expect((await names(store)).filter((name) => before.includes(name))).toEqual(before);
		await run.commit(commitInput());
		expect((await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage).toEqual([]);
	});

	it('leaves a hold that cannot be read', async () => {
		const { ambient, store, records } = await history(10);
		await store.put(`${KEY}/${recordName(records[1]!.id, 'hold')}`, bytesOf('{'));
		expect((await pruned(store, ambient, KEEP_2_DAYS)).keep.map(({ id }) => id)).toContain(records[1]!.id);
	});

	it('lets files of a run that may still be going on be, and removes what a crashed one left after 48 hours', async () => {
		const { ambient, store, repository } = await history(5);
		const run = repository.startRun(SOURCE, await repository.latest(KEY), { volumeBytes: 500 });
		for (let index = 0; index < 4; index++) await addMessage(run, `mail/lost-${index}`, randomBytes(400));
		await run.abandon();
		const left = (await names(store)).filter((name) => name.startsWith(run.runId));
		expect(left.length).toBeGreaterThan(0);
		expect((await pruned(store, ambient, { last: 50 })).waitingFiles.count).toBe(left.length);
		expect((await names(store)).filter((name) => name.startsWith(run.runId))).toEqual(left);
		ambient.advance(2 * DAY_MS);
		expect((await pruned(store, ambient, { last: 50 })).files.count).toBe(left.length);
		expect((await names(store)).filter((name) => name.startsWith(run.runId))).toEqual([]);
	});

	it('leaves archives from before the first snapshot: they may be all that is left of a history whose records are lost', async () => {
		const { ambient, store, repository, records } = await history(5);
		const archives = (await names(store)).filter((name) => name.endsWith('.zip'));
		await store.delete((await names(store)).filter((name) => !name.endsWith('.zip')).map((name) => `${KEY}/${name}`));
		// The next nights: a backup that finds nothing and begins anew, and a prune.
		const run = repository.startRun(SOURCE, null);
		for (let day = 0; day < 5; day++) {
			ambient.advance(3 * DAY_MS);
			await addMessage(run, `mail/new-${day}`, 'new');
			await run.commit(commitInput());
			await pruned(store, ambient, { last: 50 });
		}
		expect((await names(store)).filter((name) => archives.includes(name))).toEqual(archives);
		const report = await rebuildCatalog(await Repository.open(store, ambient), { key: KEY, mode: 'preview', anyway: true });
		expect(report.items).toBeGreaterThanOrEqual(records.length * 5);
	});

	it.each([
		['a snapshot record is damaged', (record: SnapshotRecord) => recordName(record.id, 'snapshot'), 'damage'],
		['a record is missing that another one names', (record: SnapshotRecord) => recordName(record.id, 'snapshot'), 'delete'],
		['an index cannot be read', (record: SnapshotRecord) => record.segments[0]!.name, 'delete'],
	] as const)('refuses a source where %s', async (_what, nameOf, how) => {
		const { ambient, store, records } = await history(6);
		const key = `${KEY}/${nameOf(how === 'delete' && _what.includes('index') ? records.at(-1)! : records[3]!)}`;
		if (how === 'delete') await store.delete([key]);
		else await store.put(key, bytesOf('{"format":1'));
		const before = await names(store);
		const result = await pruned(store, ambient, KEEP_2_DAYS);
		expect(result.refused?.kind).toBe('corrupt');
		expect(result.refused?.nextStep).toBeTruthy();
		expect(await names(store)).toEqual(before);
	});

	it('does not refuse what an earlier prune explains, and forgets prune records that explain nothing more', async () => {
		const { ambient, store, repository } = await history(10);
		await pruned(store, ambient, KEEP_2_DAYS);
		const prunesOf = async () => (await names(store)).filter((name) => name.endsWith('.prune.json'));
		const first = await prunesOf();
		expect(first).toHaveLength(1);
		let parent = await repository.latest(KEY);
		for (let day = 0; day < 10; day++) {
			ambient.advance(DAY_MS);
			const run = repository.startRun(SOURCE, parent);
			await addMessage(run, `mail/later-${day}`, 'x');
			parent = await run.commit(commitInput());
			expect((await pruned(store, ambient, KEEP_2_DAYS)).refused).toBeUndefined();
		}
		const last = await prunesOf();
		expect(last).not.toContain(first[0]);
		expect(last.length).toBeLessThan(6);
	});

	it('keeps the record of what was pruned as long as a copy still has some of it', async () => {
		const { ambient, store, repository, records } = await history(10);
		const archive = records[1]!.archives[0]!;
		await confirmCopied(repository, {
			target: 'nas',
			confirmations: [{ fileName: `${KEY}.${archive.name}`, sizeBytes: archive.size, sha256: archive.sha256, fields: { id: '17' } }],
		});
		const { remove } = await pruned(store, ambient, { last: 1 });
		expect(remove.map(({ id }) => id)).toContain(records[1]!.id);
		const prunesOf = async () => (await names(store)).filter((name) => name.endsWith('.prune.json')).length;
		ambient.advance(5 * DAY_MS);
		await pruned(store, ambient, { last: 1 });
		expect(await prunesOf()).toBe(1);
	});

	it('tells each copy what to delete, with what its storage said, and nothing that is merely missing', async () => {
		const { ambient, store, repository } = await history(10);
		const confirmations = [];
		for await (const file of filesToCopy(repository, { target: 'nas' })) {
			confirmations.push({ fileName: file.fileName, sizeBytes: file.sizeBytes, sha256: file.sha256, fields: { id: `nas-${file.fileName}` } });
		}
		await confirmCopied(repository, { target: 'nas', confirmations });
		expect(await all(filesToDelete(repository, { target: 'nas' }))).toEqual([]);
		const lost = (await repository.latest(KEY))!.archives[0]!.name;
		const before = await names(store);
		await pruned(store, ambient, KEEP_2_DAYS);
		const after = new Set(await names(store));
		await store.delete([`${KEY}/${lost}`]);

		const fresh = await Repository.open(store, ambient);
		const files = await all(filesToDelete(fresh, { target: 'nas' }));
		expect(files.map(({ key }) => key).sort()).toEqual(before.filter((name) => !after.has(name)).map((name) => `${KEY}/${name}`));
		expect(files[0]?.fields).toEqual({ id: `nas-${files[0]!.fileName}` });
		await confirmCopied(fresh, { target: 'nas', mode: 'deleted', confirmations: files.map(({ fileName, fields }) => ({ fileName, fields })) });
		expect(await all(filesToDelete(fresh, { target: 'nas' }))).toEqual([]);
		expect(await all(filesToDelete(fresh, { target: 'other' }))).toEqual([]);
	});

	it('never harms what stays, wherever it is cut off, and the next one ends it', async () => {
		const { store, ambient } = await history(12);
		const files = new Map<string, Buffer>();
		for (const { key } of await all(store.list(''))) files.set(key, await readAll((await store.get(key))!));
		const expected = (await pruned(store, ambient, { daily: 2 })).keep.map(({ id }) => id);
		let stops = 0;
		for (let calls = 0; ; calls++) {
			const late = new FakeAmbient();
			late.time = ambient.time + 5 * DAY_MS;
			let clock = ambient;
			const copy = createMemoryStore({ now: () => clock.now() });
			for (const [key, bytes] of files) await copy.put(key, bytesOf(bytes));
			clock = late;
			const faulty = createFaultyStore(copy, late);
			faulty.stopAfter(calls, { lastTakesEffect: calls % 2 === 0 });
			const outcome = await pruned(faulty, late, { daily: 2 }).catch(() => 'stopped' as const);
			const repository = await Repository.open(copy, late);
			expect((await verifyRepository(repository)).damage, `cut off after ${calls} calls`).toEqual([]);
			const again = await pruned(copy, late, { daily: 2 });
			expect(again.refused).toBeUndefined();
			expect(again.keep.map(({ id }) => id)).toEqual(expected);
			expect(again.waiting).toEqual([]);
			if (outcome !== 'stopped') break;
			stops += 1;
		}
		expect(stops).toBeGreaterThan(20);
	});

	it('keeps every remaining snapshot restorable for random histories and policies', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 12 }),
				fc.record({ daily: fc.integer({ min: 0, max: 3 }), weekly: fc.integer({ min: 0, max: 2 }), last: fc.integer({ min: 0, max: 3 }) }),
				fc.integer({ min: 0, max: 4 }),
				async (days, policy, later) => {
					const { ambient, store, repository, records } = await history(days);
					const expected = new Map<string, string[]>();
					for (const record of records) expected.set(record.id, await contents(repository, record));
					ambient.advance(later * DAY_MS);
					await pruned(store, ambient, policy);
					const fresh = await Repository.open(store, ambient);
					const left = await fresh.snapshots(KEY);
					expect(left.length).toBeGreaterThan(0);
					for (const record of left) if (expected.has(record.id)) expect(await contents(fresh, record)).toEqual(expected.get(record.id));
					expect((await verifyRepository(fresh, { deep: true })).damage).toEqual([]);
				},
			),
			{ numRuns: randomRuns(30) },
		);
	});
});
