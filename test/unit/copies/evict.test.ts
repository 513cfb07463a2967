import { describe, expect, it } from 'vitest';
import { confirmCopied, filesToCopy, importFiles } from '../../../nodes/M365Backup/engine/copy';
import { evict, type EvictResult } from '../../../nodes/M365Backup/engine/evict';
import { filesNeeded } from '../../../nodes/M365Backup/engine/files-needed';
import { filesToDelete } from '../../../nodes/M365Backup/engine/files-to-delete';
import { filesToEvict } from '../../../nodes/M365Backup/engine/files-to-evict';
import { holdSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { rebuildCatalog } from '../../../nodes/M365Backup/engine/rebuild-catalog';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { dropLostContents } from '../../../nodes/M365Backup/repository/drop-lost-contents';
import { CopyLedger } from '../../../nodes/M365Backup/repository/copies';
import { evictedFiles } from '../../../nodes/M365Backup/repository/evicted';
import type { SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { bytes, keys } from '../../contract/sources';
import { ada, adaKey, all, commit, contentOf, damage, drain, emptySample, type Sample } from './sample-repository';

const target = 'nas';
const dayMs = 86_400_000;

/** What the storage holds, by flat name. */
type Copy = Map<string, Buffer>;

async function copyAll({ repository }: Sample, copy: Copy = new Map()): Promise<Copy> {
	for await (const file of filesToCopy(repository, { target })) {
		copy.set(file.fileName, await drain(await file.open()));
		await confirmCopied(repository, { target, confirmations: [{ fileName: file.fileName, fields: { id: `id of ${file.fileName}` } }] });
	}
	return copy;
}

async function evictOld({ repository }: Sample, copy: Copy, keepDays = 30): Promise<EvictResult[]> {
	const old = await all(filesToEvict(repository, { target, keepDays }));
	return await evict(repository, { target, files: old.map(({ fileName }) => ({ fileName, open: () => bytes(copy.get(fileName)!) })) });
}

async function archives({ store }: Sample): Promise<string[]> {
	return (await keys(store, adaKey)).filter((key) => key.endsWith('.zip'));
}

/** Two snapshots, copied, and so many days later. */
async function oldSample(days = 31): Promise<{ sample: Sample; copy: Copy }> {
	const sample = await emptySample();
	await commit(sample, { add: ['m1', 'm2'] });
	await commit(sample, { add: ['m3'] });
	const copy = await copyAll(sample);
	sample.ambient.advance(days * dayMs);
	return { sample, copy };
}

async function read({ repository }: Sample, id: string): Promise<Buffer> {
	const snapshot = (await repository.latest(adaKey))!;
	const [ref] = (await repository.catalog(snapshot).lookUp([id])).get(id)!.content!;
	return await drain(repository.readContent(adaKey, ref!));
}

describe('archives that only a copy holds', () => {
	it('are those that it has confirmed and that are older than they need to stay, oldest first, with its own fields', async () => {
		const { sample } = await oldSample(29);
		expect(await all(filesToEvict(sample.repository, { target, keepDays: 30 }))).toEqual([]);
		sample.ambient.advance(2 * dayMs);
		await commit(sample, { add: ['young'] });
		const old = await all(filesToEvict(sample.repository, { target, keepDays: 30 }));
		expect(old.map(({ key }) => key)).toEqual((await archives(sample)).slice(0, 2));
		expect(old[0]).toMatchObject({ kind: 'archive', copy: { id: `id of ${old[0]!.fileName}` } });
		expect(await all(filesToEvict(sample.repository, { target, keepDays: 30, maxBytes: 1 }))).toHaveLength(1);
		expect(await all(filesToEvict(sample.repository, { target: 'another', keepDays: 30 }))).toEqual([]);
	});

	it('stay known as such where another process confirms them meanwhile with what their storage says now', async () => {
		const { sample, copy } = await oldSample();
		const [old] = await all(filesToEvict(sample.repository, { target, keepDays: 30 }));
		const { key } = old!;
		// It looked before the note was written that the archive goes, and says what it saw after that.
		const other = await CopyLedger.read(sample.store, sample.ambient, target);
		const { size, sha256 } = other.get(key)!;
		expect(await evict(sample.repository, { target, files: [{ fileName: old!.fileName, open: () => bytes(copy.get(old!.fileName)!) }] })).toMatchObject([{ outcome: 'removedHere' }]);
		sample.ambient.advance(1000);
		await other.add([{ key, size, sha256, fields: { id: 'moved' } }]);
		expect(await archives(sample)).not.toContain(key);
		expect([...(await evictedFiles(sample.store, adaKey)).keys()]).toEqual([key.slice(adaKey.length + 1)]);
		await commit(sample, { add: ['m4'] });
		const snapshot = (await sample.repository.latest(adaKey))!;
		expect(await all(filesNeeded(sample.repository, { target, snapshot }))).toMatchObject([{ key, copy: { id: 'moved' } }]);
		// Once it has been told that the copy lost it, no later word of that copy makes up for it.
		await (await CopyLedger.read(sample.store, sample.ambient, target)).add([{ key, deleted: true }]);
		sample.ambient.advance(1000);
		await (await CopyLedger.read(sample.store, sample.ambient, target)).add([{ key, size, sha256, fields: { id: 'again' } }]);
		expect((await evictedFiles(sample.store, adaKey)).size).toBe(0);
	});

	it('stay known as such however often that copy is told once more to hold them, also once their ledger has been written anew', async () => {
		const { sample, copy } = await oldSample();
		const [old] = await all(filesToEvict(sample.repository, { target, keepDays: 30 }));
		const { key } = old!;
		await evictOld(sample, copy);
		const { size, sha256 } = (await CopyLedger.read(sample.store, sample.ambient, target)).get(key)!;
		for (let n = 0; n < 30; n++) {
			sample.ambient.advance(1000);
			await (await CopyLedger.read(sample.store, sample.ambient, target)).add([{ key, size, sha256, fields: { id: `confirmed ${n}` } }]);
		}
		expect((await CopyLedger.read(sample.store, sample.ambient, target)).get(key)).toMatchObject({ fields: { id: 'confirmed 29' }, evicted: expect.any(String) as string });
		expect([...(await evictedFiles(sample.store, adaKey)).keys()]).toContain(key.slice(adaKey.length + 1));
		expect(await verifyRepository(sample.repository)).toMatchObject({ ok: true, elsewhere: { archives: 2 } });
	});

	it('go only when what came back is what the records say; what came back damaged stays and is copied again', async () => {
		const { sample, copy } = await oldSample();
		const [first, second] = await all(filesToEvict(sample.repository, { target, keepDays: 30 }));
		const torn = copy.get(first!.fileName)!.subarray(0, -1);
		const files = [
			{ fileName: first!.fileName, open: () => bytes(torn) },
			{ fileName: second!.path, open: () => bytes(copy.get(second!.fileName)!) },
			{ fileName: 'repository.json', open: () => bytes(copy.get('repository.json')!) },
		];
		expect(await evict(sample.repository, { target, files })).toEqual([
			{ fileName: first!.fileName, outcome: 'refused', reason: expect.stringMatching(/damaged.*it will be copied again/) as string },
			{ fileName: second!.path, outcome: 'removedHere', sizeBytes: second!.sizeBytes },
			{ fileName: 'repository.json', outcome: 'refused', reason: expect.stringContaining('no archive') as string },
		]);
		expect(await archives(sample)).toEqual([first!.key]);
		expect((await all(filesToCopy(sample.repository, { target }))).map(({ key }) => key)).toEqual([first!.key]);
	});

	it('never go on the word of another target, or where no record names them', async () => {
		const { sample, copy } = await oldSample();
		const [old] = await all(filesToEvict(sample.repository, { target, keepDays: 30 }));
		const file = { fileName: old!.fileName, open: () => bytes(copy.get(old!.fileName)!) };
		expect(await evict(sample.repository, { target: 'disk', files: [file] })).toMatchObject([{ outcome: 'refused', reason: 'disk has not been confirmed to hold it' }]);
		for (const key of await keys(sample.store, adaKey)) if (/snapshot\.json$/.test(key)) await sample.store.delete([key]);
		expect(await evict(sample.repository, { target, files: [file] })).toMatchObject([{ outcome: 'refused', reason: 'no snapshot names it' }]);
		expect(await archives(sample)).toHaveLength(2);
	});

	it('are missed by nobody: verify says who holds them, backups build upon them, a full resync fetches nothing again', async () => {
		const { sample, copy } = await oldSample();
		expect((await evictOld(sample, copy)).map(({ outcome }) => outcome)).toEqual(['removedHere', 'removedHere']);
		expect(await archives(sample)).toEqual([]);
		const report = await verifyRepository(sample.repository, { deep: true });
		expect(report).toMatchObject({ ok: true, damage: [], archives: { count: 2, read: 0 }, elsewhere: { archives: 2, targets: ['nas'] }, items: 3 });
		const next = await commit(sample, { add: ['m4'] });
		expect(next.totals.items).toBe(4);
		expect(await dropLostContents(sample.repository, next)).toEqual({ state: 'sound' });
		expect((await verifyRepository(sample.repository, { deep: true })).ok).toBe(true);
	});

	it('are missed where the copy has let them go, or what is known of it says something else', async () => {
		const { sample, copy } = await oldSample();
		const [first] = await evictOld(sample, copy);
		await confirmCopied(sample.repository, { target, confirmations: [{ fileName: first!.fileName, fields: {} }], mode: 'deleted' });
		const report = await verifyRepository(sample.repository);
		expect(report.damage).toMatchObject([{ file: first!.fileName.replace('.', '/'), reason: 'it is missing', itemCount: 2 }]);
		await expect(commit(sample, { add: ['m4'] })).rejects.toThrow(/is missing .* nothing was committed/);
	});

	it('are named by what needs them, and serve again once they are back', async () => {
		const { sample, copy } = await oldSample();
		await evictOld(sample, copy);
		const error = await read(sample, 'm1').catch((thrown: unknown) => thrown as Error & { nextStep: string });
		expect(error).toMatchObject({ kind: 'corrupt', code: 'evicted', message: expect.stringMatching(/archive-0001\.zip is held by nas alone/) as string });
		expect((error as { nextStep: string }).nextStep).toContain('Needed For');
		const snapshot = (await sample.repository.latest(adaKey))!;
		const [needed, ...others] = await all(filesNeeded(sample.repository, { target, snapshot, ids: ['m1'] }));
		expect(others).toEqual([]);
		expect(needed!.copy).toEqual({ id: `id of ${needed!.fileName}` });
		const results = await importFiles(sample.store, sample.ambient, [{ fileName: needed!.fileName, open: () => bytes(copy.get(needed!.fileName)!) }], { mode: 'import' });
		expect(results).toMatchObject([{ outcome: 'imported' }]);
		expect(await read(sample, 'm1')).toEqual(contentOf('m1'));
		await expect(read(sample, 'm3')).rejects.toMatchObject({ code: 'evicted' });
		expect(await verifyRepository(sample.repository, { deep: true })).toMatchObject({ ok: true, archives: { count: 2, read: 1 }, elsewhere: { archives: 1 } });
		// It stays for as long as any other, from now on.
		expect(await all(filesToEvict(sample.repository, { target, keepDays: 30 }))).toEqual([]);
		sample.ambient.advance(31 * dayMs);
		expect((await evictOld(sample, copy)).map(({ outcome }) => outcome)).toEqual(['removedHere']);
	});

	it('cannot be copied anywhere else before they are back, which is said', async () => {
		const { sample, copy } = await oldSample();
		await evictOld(sample, copy);
		const problems: string[] = [];
		const files = await all(filesToCopy(sample.repository, { target: 'another', onProblem: ({ key, reason }) => problems.push(`${key}: ${reason}`) }));
		expect(files.filter(({ kind }) => kind === 'archive')).toEqual([]);
		expect(problems).toHaveLength(2);
		expect(problems[0]).toMatch(/archive-0001\.zip: only nas holds it/);
		expect(await all(filesToCopy(sample.repository, { target, onProblem: ({ key }) => problems.push(key) }))).toEqual([]);
		expect(problems).toHaveLength(2);
	});

	it('are what they were when a crash came between the note and the removal', async () => {
		const { sample, copy } = await oldSample();
		const inner = sample.store.delete.bind(sample.store);
		sample.store.delete = () => Promise.reject(new Error('the power went'));
		await expect(evictOld(sample, copy)).rejects.toThrow('the power went');
		sample.store.delete = inner;
		expect(await verifyRepository(sample.repository, { deep: true })).toMatchObject({ ok: true, archives: { read: 2 }, elsewhere: { archives: 0 } });
		await damage(sample.store, (await archives(sample))[0]!, 100);
		// What is here is verified, whatever a copy may hold.
		expect((await verifyRepository(sample.repository, { deep: true })).ok).toBe(false);
	});

	it('are let go by prune through the copy, once', async () => {
		const { sample, copy } = await oldSample();
		await evictOld(sample, copy);
		await commit(sample, { remove: ['m1', 'm2'] });
		// A catalog that no longer points into the first archive.
		const run = sample.repository.startRun((await sample.repository.latest(adaKey))!.source, (await sample.repository.latest(adaKey)), { replacesCatalog: true });
		for await (const entry of sample.repository.catalog((await sample.repository.latest(adaKey))!).entries({})) await run.add({ ...entry, whole: true });
		await run.commit({
			status: 'complete', scopes: [], totals: { items: 1, bytes: 0 }, changes: { added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 },
			failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: null,
		});
		await copyAll(sample, copy);
		const pruned = async (): Promise<string[]> => {
			sample.ambient.advance(3 * dayMs);
			await all(prune({ repository: sample.repository, policy: { last: 1 }, zone: 'UTC', dryRun: false }));
			return (await all(filesToDelete(sample.repository, { target }))).map(({ fileName }) => fileName).filter((name) => name.endsWith('.zip'));
		};
		const [first, second] = [...copy.keys()].filter((name) => name.endsWith('.zip')).sort();
		expect(await pruned()).toEqual([first]);
		const prunes = (await keys(sample.store, adaKey)).filter((key) => key.endsWith('.prune.json')).length;
		expect(await pruned()).toEqual([first]);
		expect((await keys(sample.store, adaKey)).filter((key) => key.endsWith('.prune.json'))).toHaveLength(prunes);
		expect(await verifyRepository(sample.repository)).toMatchObject({ ok: true, elsewhere: { archives: 1 } });
		await confirmCopied(sample.repository, { target, confirmations: [{ fileName: first!, fields: {} }], mode: 'deleted' });
		expect([...(await evictedFiles(sample.store, adaKey)).keys()]).toEqual([second!.replace(`${adaKey}.`, '')]);
		expect(await pruned()).toEqual([]);
	});

	it('are not let go through the copy while a snapshot needs them, although a prune that was killed had meant them to go', async () => {
		const { sample, copy } = await oldSample();
		const first = (await sample.repository.snapshots(adaKey))[0]!;
		await evictOld(sample, copy);
		await commit(sample, { remove: ['m1', 'm2'] });
		const base = (await sample.repository.latest(adaKey))!;
		const run = sample.repository.startRun(base.source, base, { replacesCatalog: true });
		for await (const entry of sample.repository.catalog(base).entries({})) await run.add({ ...entry, whole: true });
		await run.commit({
			status: 'complete', scopes: [], totals: { items: 1, bytes: 0 }, changes: { added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 },
			failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: null,
		});
		sample.ambient.advance(3 * dayMs);
		const { store } = sample;
		const killed = { ...store, list: store.list.bind(store), get: store.get.bind(store), put: store.put.bind(store), delete: () => Promise.reject(new Error('killed')) };
		const other = await Repository.open(killed, sample.ambient);
		await expect(all(prune({ repository: other, policy: { last: 1 }, zone: 'UTC', dryRun: false }))).rejects.toThrow('killed');
		await all(prune({ repository: sample.repository, policy: { last: 100 }, zone: 'UTC', dryRun: false }));
		expect((await sample.repository.snapshots(adaKey)).map(({ id }) => id)).toContain(first.id);
		expect((await all(filesToDelete(sample.repository, { target }))).map(({ key }) => key).filter((key) => key.endsWith('.zip'))).toEqual([]);
	});

	for (const [what, harm] of [
		['record is damaged', async ({ store }: Sample, { id }: SnapshotRecord) => await damage(store, `${adaKey}/${id}.snapshot.json`, 5)],
		['list of items is damaged', async ({ store }: Sample, { segments: [segment] }: SnapshotRecord) => await damage(store, `${adaKey}/${segment!.name}`, segment!.index.offset + 12)],
		['list of items is missing', async ({ store }: Sample, { segments: [segment] }: SnapshotRecord) => await store.delete([`${adaKey}/${segment!.name}`])],
	] as const) {
		it(`are not let go through the copy after a prune that was killed, where the ${what} that would name them`, async () => {
			const { sample, copy } = await oldSample();
			await evictOld(sample, copy);
			const held = await commit(sample, { add: ['m4'] });
			sample.ambient.advance(60_000);
			const run = sample.repository.startRun(ada, held, { replacesCatalog: true });
			const content = contentOf('m5');
			await run.add({ id: 'm5', whole: true, type: 'message', parent: 'folder', name: 'about m5', size: content.length, content: [await run.addContent({ entryName: 'Inbox/m5.eml', content: bytes(content) })], meta: {} });
			await run.commit({
				status: 'complete', scopes: [], totals: { items: 1, bytes: 0 }, changes: { added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 },
				failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: null,
			});
			await copyAll(sample, copy);
			sample.ambient.advance(3 * dayMs);
			const { store } = sample;
			// It removes the oldest record and is killed: `held` alone names the archives that only the copy has.
			let left = 1;
			const killed = { ...store, list: store.list.bind(store), get: store.get.bind(store), put: store.put.bind(store), delete: async (removed: readonly string[]) => {
				for (const key of removed) {
					if (key.includes(held.id)) continue;
					await store.delete([key]);
				}
				left -= 1;
				if (left === 0) throw new Error('killed');
			} };
			await expect(all(prune({ repository: await Repository.open(killed, sample.ambient), policy: { last: 1 }, zone: 'UTC', dryRun: false }))).rejects.toThrow('killed');
			sample.ambient.advance(2 * 3_600_000);
			await holdSnapshot(sample.repository, { key: adaKey, id: held.id, by: 'legal', reason: 'case 4711' });

			await harm(sample, held);
			const problems: string[] = [];
			const reopened = await Repository.open(store, sample.ambient);
			const gone = await all(filesToDelete(reopened, { target, onProblem: ({ reason }) => problems.push(reason) }));
			// A user's storage node deletes them there; then what is damaged here is mended from the copy.
			for (const { fileName } of gone) copy.delete(fileName);
			await importFiles(store, sample.ambient, [...copy].filter(([name]) => name.includes(held.id)).map(([fileName, stored]) => ({ fileName, open: () => bytes(stored) })), { mode: 'import' });
			const mended = await Repository.open(store, sample.ambient);
			const needed = await all(filesNeeded(mended, { target, snapshot: (await mended.snapshots(adaKey)).find(({ id }) => id === held.id)! }));
			expect(needed).toHaveLength(2);
			expect(needed.filter(({ fileName }) => !copy.has(fileName))).toEqual([]);
			expect(problems).toEqual([expect.stringMatching(new RegExp(`^${adaKey}/${held.id}.* Until it can be read, no archive, list or cursor of its source is listed`))]);
			// Once it is mended the copy lets go what no snapshot names.
			expect((await all(filesToDelete(mended, { target }))).filter(({ key }) => key.endsWith('.zip'))).toEqual([]);
		});
	}

	it('are named by a rebuild of the list of items, which cannot look into them', async () => {
		const { sample, copy } = await oldSample();
		await evictOld(sample, copy);
		await commit(sample, { add: ['m4'] });
		const lost = (await keys(sample.store, adaKey)).filter((key) => !key.endsWith('.zip'));
		await sample.store.delete(lost);
		const report = await rebuildCatalog(await Repository.open(sample.store, sample.ambient), { key: adaKey, mode: 'preview', source: ada });
		expect(report).toMatchObject({ items: 1, archives: { count: 1, read: 1 } });
		expect(report.damaged).toEqual([...copy.keys()].filter((name) => name.endsWith('.zip')).sort().map((name) => ({
			file: name.replace('.', '/'),
			reason: expect.stringContaining('held by nas alone') as string,
		})));
	});
});
