import { describe, expect, it } from 'vitest';
import { verifyRepository, type VerifyReport } from '../../../nodes/M365Backup/engine/verify';
import type { ContentRef } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { formatRecord } from '../../../nodes/M365Backup/repository/prune-records';
import { sealJson } from '../../../nodes/M365Backup/repository/sealed-json';
import { createFaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createReadOnlyStore } from '../../../nodes/M365Backup/stores/read-only-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytes, keys, readBytes } from '../../contract/sources';
import { adaKey, bobKey, commit, damage, emptySample, fullSample } from './sample-repository';

/** Opens anew, so that nothing is remembered from before the damage. */
async function verify(store: Store, deep = false): Promise<VerifyReport> {
	const ambient = (await emptySample()).ambient;
	return await verifyRepository(await Repository.open(createReadOnlyStore(store), ambient), { deep });
}

async function contentRef(repository: Repository, id: string): Promise<ContentRef> {
	const { snapshot } = (await repository.newest(adaKey))!;
	return (await repository.catalog(snapshot).lookUp([id])).get(id)!.content![0]!;
}

describe('verify', () => {
	for (const deep of [false, true]) {
		it(`finds nothing wrong with a sound repository (${deep ? 'deep' : 'quick'}), and counts it`, async () => {
			const { store } = await fullSample();
			const report = await verify(store, deep);
			expect(report.damage).toEqual([]);
			expect(report).toMatchObject({ ok: true, deep, sources: 2, snapshots: 4, items: 23, contents: deep ? 25 : 0 });
			const inSources = (await keys(store, 'mailbox-')).filter((key) => !key.includes('dead'));
			expect(report.files).toBe(inSources.filter((key) => !key.includes('lease')).length + 1);
			expect(report.unreferenced).toEqual({ files: 1, bytes: 'of a run that was killed'.length });
		});
	}

	it('an empty repository is sound', async () => {
		expect(await verify((await emptySample()).store, true)).toMatchObject({ ok: true, sources: 0, snapshots: 0, damage: [] });
	});

	it('a missing archive: which items of which snapshots are lost', async () => {
		const { store, snapshots } = await fullSample();
		const [first, second, third] = snapshots;
		const file = `${adaKey}/${first!.archives[0]!.name}`;
		await store.delete([file]);
		const report = await verify(store);
		expect(report.ok).toBe(false);
		expect(report.damage).toHaveLength(1);
		const [damaged] = report.damage;
		expect(damaged).toMatchObject({ file, reason: 'it is missing', wholeSnapshots: false, itemCount: 20 });
		expect(damaged!.snapshots).toEqual([first!.id, second!.id, third!.id]);
		const lost = new Map(damaged!.items.map((item) => [item.id, item]));
		// m3 was replaced and m4 deleted by the second run: only the first snapshot still needs them from there.
		expect(lost.get('m3')).toEqual({ id: 'm3', type: 'message', name: 'about m3', snapshots: [first!.id] });
		expect(lost.get('m4')!.snapshots).toEqual([first!.id]);
		expect(lost.get('m5')!.snapshots).toEqual([first!.id, second!.id, third!.id]);
		expect(lost.has('new1')).toBe(false);
	});

	it('a damaged byte in one message: deep finds exactly that message', async () => {
		const { store, repository, snapshots } = await fullSample();
		const ref = await contentRef(repository, 'm7');
		const file = `${adaKey}/${ref.archive}`;
		await damage(store, file, ref.offset + ref.length - 30);
		expect((await verify(store)).ok).toBe(true);
		const report = await verify(store, true);
		expect(report.damage).toEqual([
			{
				file, reason: '1 of its contents are not what they were', wholeSnapshots: false, itemCount: 1,
				snapshots: snapshots.slice(0, 3).map(({ id }) => id),
				items: [{ id: 'm7', type: 'message', name: 'about m7', snapshots: snapshots.slice(0, 3).map(({ id }) => id) }],
			},
		]);
	});

	it('every single byte of every file matters to a deep verification', async () => {
		const { store } = await fullSample();
		const files = (await keys(store, 'mailbox-')).filter((key) => !/dead|lease|\/cursor\.json/.test(key));
		for (const file of files) {
			const sound = await readBytes(store, file);
			for (const offset of [0, Math.floor(sound.length / 3), sound.length - 2]) {
				// The newest record of a source has no successor that names its hash: only its form can be checked.
				if (file.endsWith('.snapshot.json') && offset > 0) continue;
				await damage(store, file, offset);
				const report = await verify(store, true);
				expect({ file, offset, damaged: report.damage.map((one) => one.file) }).toEqual({ file, offset, damaged: [file] });
				await store.put(file, bytes(sound));
			}
		}
		expect((await verify(store, true)).ok).toBe(true);
	});

	it('an archive cut short: only what lies beyond the cut is lost', async () => {
		const { store, repository } = await fullSample();
		const ref = await contentRef(repository, 'm7');
		const file = `${adaKey}/${ref.archive}`;
		await store.put(file, bytes((await readBytes(store, file)).subarray(0, ref.offset)));
		const [damaged] = (await verify(store)).damage;
		expect(damaged!.reason).toMatch(/^it has \d+ bytes instead of \d+$/);
		const lost = damaged!.items.map(({ id }) => id);
		expect(lost).toContain('m7');
		expect(lost).toContain('m19');
		expect(lost).not.toContain('m0');
		expect(lost).not.toContain('m5');
	});

	it('a damaged or missing segment: whole snapshots, and just those that use it', async () => {
		const sample = await fullSample();
		const { store, snapshots } = sample;
		const last = snapshots[2]!;
		const newest = last.segments.at(-1)!;
		const users = snapshots.filter(({ segments }) => segments.some(({ name }) => name === newest.name)).map(({ id }) => id);
		const file = `${adaKey}/${newest.name}`;
		await damage(store, file, 20);
		expect((await verify(store)).damage).toEqual([
			{ file, reason: 'its SHA-256 is wrong', snapshots: users, wholeSnapshots: true, items: [], itemCount: 0 },
		]);
		await store.delete([file]);
		expect((await verify(store)).damage).toEqual([
			{ file, reason: 'it is missing', snapshots: users, wholeSnapshots: true, items: [], itemCount: 0 },
		]);
	});

	it('a missing snapshot that another one rests upon, unless a prune took it', async () => {
		const { store, snapshots } = await fullSample();
		const [first, second] = snapshots;
		await store.delete([`${adaKey}/${first!.id}.snapshot.json`]);
		expect((await verify(store)).damage).toEqual([
			expect.objectContaining({ file: `${adaKey}/${first!.id}.snapshot.json`, reason: expect.stringContaining(`${second!.id} names it as its parent`), snapshots: [first!.id] }),
		]);
		await store.put(`${adaKey}/20261201T000000Z-0000.prune.json`, bytes(formatRecord({ format: 1, id: '20261201T000000Z-0000', prunedAt: '2026-12-01T00:00:00Z', policy: { last: 1 }, zone: 'UTC', files: [], snapshots: [{ id: first!.id, finishedAt: first!.finishedAt, status: 'complete', sha256: 'a'.repeat(64), reason: 'old' }] })));
		expect((await verify(store, true)).damage).toEqual([]);
	});

	it('a record that was changed is told by its successor', async () => {
		const { store, snapshots } = await fullSample();
		const file = `${adaKey}/${snapshots[0]!.id}.snapshot.json`;
		await store.put(file, bytes(sealJson({ ...snapshots[0]!, tag: 'forged' })));
		expect((await verify(store)).damage).toEqual([expect.objectContaining({ file, reason: expect.stringContaining(snapshots[1]!.id), wholeSnapshots: true })]);
	});

	it('cursors and seen files: damaged, but nothing is lost', async () => {
		const { store, snapshots } = await fullSample();
		const seen = (await keys(store, adaKey)).find((key) => key.includes('.seen-'))!;
		await store.delete([`${adaKey}/${snapshots[1]!.cursor.name}`, seen]);
		await store.put(`${adaKey}/cursor.json`, bytes(Buffer.from('{}')));
		const report = await verify(store);
		expect(report.damage.map(({ file }) => file).sort()).toEqual([`${adaKey}/${snapshots[1]!.cursor.name}`, seen, `${adaKey}/cursor.json`].sort());
		for (const { reason, snapshots: lost, items } of report.damage) {
			expect(reason).toContain('no item is lost');
			expect([...lost, ...items]).toEqual([]);
		}
	});

	it('can be limited to some sources', async () => {
		const { store, repository, snapshots } = await fullSample();
		await store.delete([`${adaKey}/${snapshots[0]!.archives[0]!.name}`]);
		expect(await verifyRepository(repository, { sourceKeys: [bobKey] })).toMatchObject({ ok: true, sources: 1, snapshots: 1, items: 2 });
	});

	it('lists the first 1000 lost items and counts the rest', async () => {
		const sample = await emptySample();
		const snapshot = await commit(sample, { add: Array.from({ length: 1200 }, (_, index) => `m${index}`) });
		await sample.store.delete([`${adaKey}/${snapshot.archives[0]!.name}`]);
		const [damaged] = (await verify(sample.store)).damage;
		expect([damaged!.itemCount, damaged!.items.length]).toEqual([1200, 1000]);
	});

	it('a store that cannot be reached is no damage', async () => {
		const { store, ambient } = await fullSample();
		const faulty = createFaultyStore(store, ambient);
		const repository = await Repository.open(faulty, ambient);
		faulty.script({ call: 'get', key: /segment/, times: Infinity, effect: 'before' });
		await expect(verifyRepository(repository)).rejects.toMatchObject({ kind: 'transient' });
		await expect(verifyRepository(repository, { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'cancelled' });
	});
});
