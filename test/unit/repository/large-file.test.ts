import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { ContentRef, SourceRef } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { rewriteBase } from '../../../nodes/M365Backup/repository/rewrite-base';
import type { Change } from '../../../nodes/M365Backup/workloads/workload';
import { RunAmbient, scripted } from '../engine/scripted-workload';
import { readAll, stateOf } from './fixtures';
import { createSparseStore, PAGE_BYTES } from './sparse-store';

/** More than 32 bits can count. `LARGE_FILE_GB=6` takes a larger one, and has unzip read all of it. */
const LARGE_BYTES = Math.max(4.3e9, Number(process.env['LARGE_FILE_GB'] ?? 0) * 1e9);
const MINUTES = 60_000;
const source: SourceRef = { workload: 'drive', id: 'b!sparse', name: 'Sparse', tenantId: '7d5e8b10-0000-4000-8000-00000000000a' };
const key = sourceKey(source);
const ZEROS = Buffer.alloc(1024 * 1024);

/** Zeros with a mark at the start, every gigabyte, and at the end. */
async function* large(): AsyncGenerator<Uint8Array> {
	let left = LARGE_BYTES;
	for (let index = 0; left > 0; index++) {
		const length = Math.min(ZEROS.length, left);
		left -= length;
		const isMarked = index % 1024 === 0 || left === 0;
		const chunk = isMarked ? Buffer.alloc(length) : ZEROS.subarray(0, length);
		if (isMarked) chunk.write(`mark ${index}`);
		await Promise.resolve();
		yield chunk;
	}
}

async function* small(text: string): AsyncGenerator<Uint8Array> {
	await Promise.resolve();
	yield Buffer.from(text);
}

function file(name: string, size: number): Change {
	// Videos are stored, not deflated: zeros would all but vanish.
	const fetch = { id: `drive/${name}`, folderPath: ['Videos'], title: name.slice(0, -4), extension: name.slice(-4), version: '1', hints: {} };
	return { kind: 'item', id: `drive/${name}`, type: 'file', name, size, meta: {}, fetch, isNew: true };
}

describe('a file that 32 bits cannot count', () => {
	const ambient = new RunAmbient();
	const store = createSparseStore(() => ambient.now());
	let repository: Repository;
	let peakBytes = 0;
	let refs: Map<string, ContentRef>;

	beforeAll(async () => {
		repository = await Repository.open(store, ambient, { create: true });
		const names: [string, number][] = [['first.txt', 5], ['large.mp4', LARGE_BYTES], ['later.txt', 5]];
		const workload = scripted({
			pages: [{ changes: names.map(([name, size]) => file(name, size)), links: { drive: 'L' }, scopes: [{ id: 'drive', name: 'Drive', state: 'complete' }] }],
			fetch: (id) => (id === 'drive/large.mp4' ? { id, content: large(), sizeBytes: LARGE_BYTES } : { id, content: small(id.slice(6, 11)), sizeBytes: 5 }),
		});
		const before = process.memoryUsage().rss;
		const timer = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage().rss - before)), 50);
		const summary = await backUp({ repository, source, workload, ambient });
		clearInterval(timer);
		expect(summary).toMatchObject({ status: 'complete', totals: { items: 3, bytes: LARGE_BYTES + 10 } });
		const latest = (await repository.latest(key))!;
		refs = new Map([...(await stateOf(repository, latest))].map(([id, entry]) => [id.slice(6), entry.content![0]!]));
	}, 10 * MINUTES);

	it('is stored in constant memory, in a volume of its own', () => {
		expect(peakBytes).toBeLessThan(150 * 1024 * 1024);
		expect(refs.get('large.mp4')).toMatchObject({ size: LARGE_BYTES });
		expect(refs.get('large.mp4')!.length).toBeGreaterThan(LARGE_BYTES);
		const others = new Set([refs.get('first.txt')!.archive, refs.get('later.txt')!.archive]);
		expect(others).not.toContain(refs.get('large.mp4')!.archive);
	});

	it('is read back by its range, proven to the last byte, and verified', async () => {
		let [sizeBytes, marks] = [0, 0];
		for await (const chunk of repository.readContent(key, refs.get('large.mp4')!)) {
			sizeBytes += chunk.length;
			if (Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).includes('mark ')) marks += 1;
		}
		expect([sizeBytes, marks]).toEqual([LARGE_BYTES, Math.ceil(LARGE_BYTES / 2 ** 30) + 1]);
		expect(await verifyRepository(repository, { deep: true })).toMatchObject({ ok: true, contents: 3 });
	}, 10 * MINUTES);

	it('is opened by unzip, whose directory stands beyond 4 GB', async ({ skip }) => {
		const folder = mkdtempSync(join(tmpdir(), 'large-file-'));
		try {
			const path = join(folder, 'large.zip');
			await writeSparse(path, store.pagesOf(`${key}/${refs.get('large.mp4')!.archive}`));
			let listed: string;
			try {
				listed = execFileSync('unzip', ['-lv', path], { encoding: 'utf8' });
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code === 'ENOENT') skip('unzip is not installed');
				throw error;
			}
			expect(listed).toContain(`${LARGE_BYTES} `);
			// Its local header is the one whose offset needs 64 bits.
			expect(execFileSync('unzip', ['-p', path, '_catalog.ndjson'], { encoding: 'utf8' })).toContain('"name":"large.mp4"');
			// Half a minute more: every byte of it unpacked and checked by somebody else.
			if (process.env['LARGE_FILE_GB'] !== undefined) expect(execFileSync('unzip', ['-tq', path], { encoding: 'utf8' })).toContain('No errors detected');
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	}, 10 * MINUTES);

	it('is copied like any other when the base is rewritten', async () => {
		ambient.advance(100 * 24 * 60 * MINUTES);
		// Far larger volumes: what follows the large file stands beyond 4 GB, too.
		const rewritten = await rewriteBase(repository, (await repository.latest(key))!, { smallArchiveBytes: 1e12, volumeBytes: 1e12 });
		expect(rewritten?.archives).toHaveLength(1);
		const entries = await stateOf(repository, rewritten!);
		const [copy] = entries.get('drive/large.mp4')!.content!;
		expect(copy).toMatchObject({ size: LARGE_BYTES, sha256: refs.get('large.mp4')!.sha256 });
		const [later] = entries.get('drive/later.txt')!.content!;
		expect(later!.offset).toBeGreaterThan(LARGE_BYTES);
		expect((await readAll(repository.readContent(key, later!))).toString()).toBe('later');
	}, 10 * MINUTES);
});

async function writeSparse(path: string, { sizeBytes, pages }: { sizeBytes: number; pages: ReadonlyMap<number, Buffer> }): Promise<void> {
	const handle = await open(path, 'w');
	try {
		for (const [number, page] of pages) await handle.write(page, 0, Math.min(PAGE_BYTES, sizeBytes - number * PAGE_BYTES), number * PAGE_BYTES);
		await handle.truncate(sizeBytes);
	} finally {
		await handle.close();
	}
}
