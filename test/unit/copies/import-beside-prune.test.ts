import { describe, expect, it, vi } from 'vitest';
import { filesToCopy, importFiles, type ImportResult } from '../../../nodes/M365Backup/engine/copy';
import { prune, type PruneResult } from '../../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytes, keys, readBytes } from '../../contract/sources';
import { ada, adaKey, all, commit, contentOf, drain, emptySample, sampleAmbient } from './sample-repository';

const dayMs = 86_400_000;

/** Three snapshots, the last of which needs nothing of the others, and what a storage holds of them. */
async function worn() {
	const sample = await emptySample();
	await commit(sample, { add: ['m1', 'm2'] });
	await commit(sample, { add: ['m3'] });
	sample.ambient.advance(60_000);
	const parent = (await sample.repository.latest(adaKey))!;
	const run = sample.repository.startRun(ada, parent, { replacesCatalog: true });
	const ref = await run.addContent({ entryName: 'Inbox/m4.eml', content: bytes(contentOf('m4')) });
	await run.add({ id: 'm4', whole: true, type: 'message', parent: 'folder', name: 'about m4', size: ref.size, content: [ref], meta: {} });
	await run.commit({
		status: 'complete', scopes: [], totals: { items: 1, bytes: 0 }, changes: { added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 },
		failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: null,
	});
	const copy = new Map<string, Buffer>();
	for (const file of await all(filesToCopy(sample.repository, { target: 'nas' }))) copy.set(file.fileName, await drain(await file.open()));
	const stored = new Map<string, Buffer>();
	for (const key of await keys(sample.store, '')) stored.set(key, await readBytes(sample.store, key));
	/** As it was, written when the clock was there. */
	const fresh = async (): Promise<{ store: Store; ambient: ReturnType<typeof sampleAmbient> }> => {
		const ambient = sampleAmbient();
		const store = createMemoryStore({ now: () => ambient.now() });
		for (const [key, content] of stored) await store.put(key, bytes(content));
		ambient.advance(4 * dayMs);
		return { store, ambient };
	};
	return { copy, fresh };
}

function bring(store: Store, ambient: ReturnType<typeof sampleAmbient>, copy: ReadonlyMap<string, Buffer>): Promise<ImportResult[]> {
	return importFiles(store, ambient, [...copy].map(([fileName, content]) => ({ fileName, open: () => bytes(content) })), { mode: 'import' });
}

async function pruneAll(store: Store, ambient: ReturnType<typeof sampleAmbient>): Promise<PruneResult[]> {
	return await all(prune({ repository: await Repository.open(store, ambient), policy: { last: 1 }, zone: 'UTC', dryRun: false }));
}

describe('an import beside a prune', () => {
	it('keeps from that prune what it brings back between the removal of the records and that of their files', async () => {
		const { copy, fresh } = await worn();
		const { store, ambient } = await fresh();
		let results: ImportResult[] = [];
		const pruned: Store = {
			...store, label: store.label, list: store.list.bind(store), get: store.get.bind(store), put: store.put.bind(store),
			delete: async (removed) => {
				await store.delete(removed);
				if (removed.some((key) => key.endsWith('.snapshot.json'))) results = await bring(store, ambient, copy);
			},
		};
		await pruneAll(pruned, ambient);
		expect(results.filter(({ outcome }) => outcome === 'imported').map(({ fileName }) => fileName.replace(/.*\./, ''))).toEqual(['json', 'json']);
		const there = await keys(store, '');
		expect([...copy.keys()].filter((name) => !there.includes(name.replace('.', '/')) && name.startsWith('mailbox'))).toEqual([]);
		expect((await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage).toEqual([]);
	});

	it.each(['before', 'behind'])('tells what that prune may still remove, and brings back the rest: right %s the removal of the files', async (moment) => {
		const { copy, fresh } = await worn();
		const { store, ambient } = await fresh();
		const brought: ImportResult[][] = [];
		const deletions: string[][] = [];
		const pruned: Store = {
			...store, label: store.label, list: store.list.bind(store), get: store.get.bind(store), put: store.put.bind(store),
			delete: async (removed) => {
				// First the records of snapshots, then the files that only these named.
				const isOfFiles = deletions.push([...removed]) === 2;
				if (isOfFiles && moment === 'before') brought.push(await bring(store, ambient, copy));
				await store.delete(removed);
				if (isOfFiles && moment === 'behind') brought.push(await bring(store, ambient, copy));
			},
		};
		await pruneAll(pruned, ambient);
		expect([deletions.length, brought.length]).toEqual([2, 1]);
		const told = brought[0]!.filter(({ reason }) => reason?.includes('a prune that began less than an hour ago may still remove it') === true).map(({ fileName }) => fileName.replace('.', '/'));
		const there = new Set(await keys(store, ''));
		const missing = [...copy.keys()].map((name) => name.replace('.', '/')).filter((key) => key.startsWith('mailbox') && !there.has(key));
		expect(missing.filter((key) => !told.includes(key))).toEqual([]);
		expect(missing.length).toBe(moment === 'behind' ? 0 : deletions[1]!.length);
		ambient.advance(3_600_001);
		const again = await bring(store, ambient, copy);
		expect(again.filter(({ outcome, reason }) => outcome === 'refused' || reason !== undefined)).toEqual([]);
		expect((await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage).toEqual([]);
	});

	it('brings back what goes between its look at it and its end', async () => {
		const { copy, fresh } = await worn();
		const { store, ambient } = await fresh();
		const held: { files: string[]; go?: () => void } = { files: [] };
		const pruned: Store = {
			...store, label: store.label, list: store.list.bind(store), get: store.get.bind(store), put: store.put.bind(store),
			delete: async (removed) => {
				if (held.files.length > 0 || removed.some((key) => key.endsWith('.snapshot.json'))) { await store.delete(removed); return; }
				held.files = [...removed];
				await new Promise<void>((resolve) => (held.go = resolve));
				await store.delete(removed);
			},
		};
		const pruning = pruneAll(pruned, ambient);
		await vi.waitFor(() => expect(held.go).toBeDefined());
		// It goes on once the import has stored the record that names them.
		const during: Store = {
			...store, label: store.label, list: store.list.bind(store), get: store.get.bind(store), delete: store.delete.bind(store),
			put: async (key, content, options) => {
				await store.put(key, content, options);
				if (!key.endsWith('.snapshot.json')) return;
				held.go!();
				await pruning;
			},
		};
		const results = await bring(during, ambient, copy);
		expect(results.filter(({ outcome }) => outcome === 'refused')).toEqual([]);
		const there = new Set(await keys(store, ''));
		expect(held.files.filter((key) => !there.has(key))).toEqual([]);
		expect((await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage).toEqual([]);
	});
});
