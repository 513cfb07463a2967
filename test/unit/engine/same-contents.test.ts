import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { filesToCopy } from '../../../nodes/M365Backup/engine/copy';
import { filesNeeded } from '../../../nodes/M365Backup/engine/files-needed';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { SameContents } from '../../../nodes/M365Backup/engine/same-contents';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import type { CatalogEntry } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { rewriteBase } from '../../../nodes/M365Backup/repository/rewrite-base';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { fingerprint, type Change, type ContentRequest, type Fetched } from '../../../nodes/M365Backup/workloads/workload';
import { all, bytesOf, readAll } from '../repository/fixtures';
import { fixture, KEY, page } from './scripted-workload';

/** Not Microsoft's hash, but as good as one: equal for equal bytes. */
function hashOf(bytes: Buffer): string {
	return createHash('sha1').update(bytes).digest('base64');
}

function file(name: string, bytes: Buffer, options: { hash?: string; isNew?: boolean } = {}): Change & { kind: 'item' } {
	const id = `drive/${name}`;
	const { hash = hashOf(bytes), isNew = true } = options;
	const fetch: ContentRequest = { id, folderPath: [], title: name, extension: '.bin', version: hash, hints: {}, sameAs: fingerprint(hash, bytes.length) };
	return { kind: 'item', id, type: 'file', name, size: bytes.length, meta: { quickXorHash: hash }, fetch, isNew };
}

/** A drive whose files the test names, and what was asked for and read to its end. */
async function drive() {
	const base = await fixture();
	const asked: string[] = [];
	const backUp = async (files: Record<string, Buffer>, options: { gone?: string[]; hash?: string; changed?: boolean; link?: string } = {}) => {
		const changes: Change[] = Object.entries(files).map(([name, bytes]) => file(name, bytes, { ...(options.hash ? { hash: options.hash } : {}), isNew: !options.changed }));
		for (const name of options.gone ?? []) changes.unshift({ kind: 'gone', id: `drive/${name}` });
		const fetch = (id: string): Fetched => {
			asked.push(id);
			const bytes = files[id.slice('drive/'.length)]!;
			return { id, content: bytesOf(bytes.subarray(0, 1000), bytes.subarray(1000)), sizeBytes: bytes.length };
		};
		return (await base.run({ pages: [page(changes, options.link ?? 'L')], fetch })).summary;
	};
	const refs = async () => new Map([...(await base.entries())].map(([id, entry]) => [id.slice('drive/'.length), entry.content![0]!]));
	const read = async (entry: CatalogEntry) => readAll(base.repository.readContent(KEY, entry.content![0]!));
	return { ...base, asked, backUp, refs, read };
}

async function sizeOf(store: Store, kind: string): Promise<number> {
	let bytes = 0;
	for await (const { key, sizeBytes } of store.list(`${KEY}/`)) if (key.includes(kind)) bytes += sizeBytes;
	return bytes;
}

describe('identical contents', () => {
	it('of one run are stored once', async () => {
		const { backUp, refs, entries, read, store } = await drive();
		const bytes = randomBytes(50_000);
		const summary = await backUp({ a: bytes, b: bytes, c: randomBytes(10), d: bytes });
		expect(summary).toMatchObject({ status: 'complete', totals: { items: 4, bytes: 150_010 } });
		const stored = await refs();
		expect([stored.get('b'), stored.get('d')]).toEqual([stored.get('a'), stored.get('a')]);
		expect(await sizeOf(store, 'archive')).toBeLessThan(60_000);
		for (const [id, entry] of await entries()) expect(await read(entry), id).toEqual(id === 'drive/c' ? expect.anything() : bytes);
	});

	it('of different runs are stored once', async () => {
		const { backUp, refs, store } = await drive();
		const bytes = randomBytes(50_000);
		await backUp({ a: bytes, x: randomBytes(100) });
		await backUp({ b: bytes, y: randomBytes(100) });
		const stored = await refs();
		expect(stored.get('b')).toEqual(stored.get('a'));
		expect(await sizeOf(store, 'archive')).toBeLessThan(60_000);
	});

	it('too large to be held in memory are read for their hash, once', async () => {
		const { backUp, refs, asked, store } = await drive();
		const bytes = randomBytes(9 * 1024 * 1024);
		await backUp({ a: bytes, b: bytes });
		await backUp({ c: bytes });
		const stored = await refs();
		expect([stored.get('b'), stored.get('c')]).toEqual([stored.get('a'), stored.get('a')]);
		expect(asked).toEqual(['drive/a', 'drive/b', 'drive/c']);
		expect(await sizeOf(store, 'archive')).toBeLessThan(10 * 1024 * 1024);
	});

	it.each([['small', 5000], ['large', 9 * 1024 * 1024]])('are never taken for such by their fingerprint alone: %s ones', async (_what, size) => {
		const { backUp, entries, read, asked } = await drive();
		const [one, other, third] = [randomBytes(size), randomBytes(size), randomBytes(size)];
		await backUp({ a: one, b: other }, { hash: 'the same for all' });
		await backUp({ c: third }, { hash: 'the same for all' });
		const found = await entries();
		for (const [name, bytes] of [['a', one], ['b', other], ['c', third]] as const) {
			expect((await read(found.get(`drive/${name}`)!)).equals(bytes), name).toBe(true);
		}
		// What cannot be held back is asked for once more, and then stored.
		expect(asked).toEqual(size > 8 * 1024 * 1024 ? ['drive/a', 'drive/b', 'drive/b', 'drive/c', 'drive/c'] : ['drive/a', 'drive/b', 'drive/c']);
	});

	it('are found though a file is only rewritten as it was', async () => {
		const { backUp, refs } = await drive();
		const bytes = randomBytes(9 * 1024 * 1024);
		await backUp({ a: bytes });
		const before = (await refs()).get('a');
		await backUp({ a: bytes }, { changed: true });
		expect((await refs()).get('a')).toEqual(before);
	});

	it('are not looked for in what has ended or changed', async () => {
		const { backUp, entries, read } = await drive();
		const [bytes, changed] = [randomBytes(2000), randomBytes(2000)];
		await backUp({ a: bytes, b: randomBytes(2000) });
		await backUp({ b: changed, c: bytes, d: changed }, { gone: ['a'] });
		const found = await entries();
		expect((await read(found.get('drive/c')!)).equals(bytes)).toBe(true);
		expect((await read(found.get('drive/d')!)).equals(changed)).toBe(true);
	});

	it('cost no pass over a large catalog for a small file', async () => {
		const { backUp, refs, repository } = await drive();
		const bytes = randomBytes(2000);
		await backUp({ a: bytes });
		const latest = (await repository.latest(KEY))!;
		let passes = 0;
		const large = { ...latest, segments: latest.segments.map((segment) => ({ ...segment, lines: 200_000, size: 50_000_000 })) };
		const counting = { catalog: () => ((passes += 1), repository.catalog(latest)) } as unknown as Repository;
		const same = new SameContents(counting, async (ids: readonly string[]) => await repository.catalog(latest).lookUp(ids), () => large, new AbortController().signal);
		expect(await same.find(fingerprint(hashOf(bytes), bytes.length))).toBeUndefined();
		expect(passes).toBe(0);
		// Once as much is asked about as the pass would read, it pays.
		expect(await same.find(fingerprint('unknown', 60_000_000))).toBeUndefined();
		expect(await same.find(fingerprint(hashOf(bytes), bytes.length))).toEqual((await refs()).get('a'));
		expect(passes).toBe(1);
	});
});

describe('a content that several items have', () => {
	/** `a`, `b` and `c` have the same bytes, `a` has been deleted since; `y` and `z` stand beside them. */
	async function shared(others: string[] = ['z']) {
		const opened = await drive();
		const bytes = randomBytes(30_000);
		await opened.backUp({ a: bytes, ...Object.fromEntries(others.map((name) => [name, randomBytes(100)])) });
		await opened.backUp({ b: bytes, c: bytes });
		await opened.backUp({ y: randomBytes(100) }, { gone: ['a'] });
		return { ...opened, bytes };
	}

	it('lives on when its first owner is gone, also through prunes', async () => {
		// Of so many lines these few shadow too little for the base to be written anew: the content stays where it was.
		const others = Array.from({ length: 30 }, (_, index) => `z${index}`);
		const { repository, ambient, bytes, entries, read, refs, store } = await shared(others);
		const first = (await repository.snapshots(KEY))[0]!;
		ambient.advance(30 * 24 * 3_600_000);
		const pruned = async () => await all(prune({ repository, policy: { last: 1 }, zone: 'UTC', dryRun: false }));
		expect(await pruned()).toHaveLength(1);
		expect((await repository.snapshots(KEY)).map(({ id }) => id)).not.toContain(first.id);
		const found = await entries();
		expect(found.has('drive/a')).toBe(false);
		expect((await refs()).get('b')!.archive).toBe(first.archives[0]!.name);
		expect((await read(found.get('drive/b')!)).equals(bytes)).toBe(true);
		expect(await verifyRepository(await Repository.open(store, ambient), { deep: true })).toMatchObject({ ok: true, damage: [], contents: 32 });
	});

	it('is copied once when the base is rewritten', async () => {
		const { repository, ambient, bytes, entries, read, refs, store } = await shared();
		// Two of four lines were shadowed: the base was written anew right after the third backup.
		const after = (await repository.latest(KEY))!;
		expect(after).toMatchObject({ changes: { added: 0, updated: 0, deleted: 0 }, archives: [{}] });
		expect(after.archives[0]!.size).toBeLessThan(bytes.length + 5000);
		const stored = await refs();
		expect(stored.get('c')).toEqual(stored.get('b'));
		expect(stored.get('b')!.archive).toBe(after.archives[0]!.name);
		expect((await read((await entries()).get('drive/c')!)).equals(bytes)).toBe(true);
		expect(await verifyRepository(await Repository.open(store, ambient), { deep: true })).toMatchObject({ ok: true });
	});

	it('does not make an archive look more alive than it is', async () => {
		const { backUp, repository, ambient, refs, store } = await drive();
		// 600 KB in one archive that is not small for this test; then all but 50 KB, which ten items have, goes.
		const kept = randomBytes(50_000);
		await backUp({ a: kept, b: randomBytes(550_000) });
		await backUp(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`copy${index}`, kept])), { gone: ['b'] });
		ambient.advance(100 * 24 * 3_600_000);
		const after = await rewriteBase(repository, (await repository.latest(KEY))!, { smallArchiveBytes: 1 });
		expect(after?.archives[0]?.size).toBeLessThan(60_000);
		expect(new Set([...(await refs()).values()].map(({ archive }) => archive))).toEqual(new Set([after!.archives[0]!.name]));
		expect(await verifyRepository(await Repository.open(store, ambient), { deep: true })).toMatchObject({ ok: true });
	});

	it('is fetched again for all of them when its archive is lost', async () => {
		const { backUp, refs, entries, read, store, bytes, run } = await shared();
		const archive = (await refs()).get('b')!.archive;
		await store.delete([`${KEY}/${archive}`]);
		const again = (name: string) => file(name, bytes, { isNew: false });
		const fetch = (id: string): Fetched => ({ id, content: bytesOf(id < 'drive/y' ? bytes : id) });
		const { summary } = await run({ pages: [page([again('b'), again('c'), again('y'), again('z')], 'L9')], fetch }, { fullResync: true });
		expect(summary.status).toBe('complete');
		const found = await entries();
		expect((await read(found.get('drive/b')!)).equals(bytes)).toBe(true);
		expect(found.get('drive/c')!.content).toEqual(found.get('drive/b')!.content);
		expect(found.get('drive/b')!.content![0]!.archive).not.toBe(archive);
		await backUp({ d: bytes });
		expect((await refs()).get('d')).toEqual(found.get('drive/b')!.content![0]);
	});

	it('is named to copies, and to a restore that lacks its archive, once', async () => {
		const { repository, refs, store, ambient } = await shared();
		const { archive } = (await refs()).get('b')!;
		const copied = (await all(filesToCopy(repository, { target: 'elsewhere' }))).filter(({ key }) => key === `${KEY}/${archive}`);
		expect(copied).toHaveLength(1);
		await store.delete([`${KEY}/${archive}`]);
		const opened = await Repository.open(store, ambient);
		const needed = await all(filesNeeded(opened, { target: 'elsewhere', snapshot: (await opened.latest(KEY))!, ids: ['drive/b', 'drive/c'] }));
		expect(needed.map(({ key }) => key)).toEqual([`${KEY}/${archive}`]);
	});

	it('may stand on both sides of a commit', async () => {
		const { run, entries, read, repository } = await drive();
		const bytes = randomBytes(4000);
		const files = ['a', 'b', 'c'].map((name) => file(name, bytes));
		const { summary } = await run({ pages: [page(files, 'L1')], fetch: (id) => ({ id, content: bytesOf(bytes) }) }, { commitEvery: { bytes: 1 } });
		expect(summary.status).toBe('complete');
		expect((await repository.snapshots(KEY)).length).toBeGreaterThan(1);
		const found = [...(await entries()).values()];
		expect(new Set(found.map(({ content }) => JSON.stringify(content))).size).toBe(1);
		for (const entry of found) expect((await read(entry)).equals(bytes)).toBe(true);
	});
});
