import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import { filesToCopy } from '../../../nodes/M365Backup/engine/files-to-copy';
import { filesToDelete } from '../../../nodes/M365Backup/engine/files-to-delete';
import { releaseSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { rebuildCatalog } from '../../../nodes/M365Backup/engine/rebuild-catalog';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { parseRepositoryKey, sourceKey } from '../../../nodes/M365Backup/repository/names';
import { readHold } from '../../../nodes/M365Backup/repository/prune-records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { rewriteBase } from '../../../nodes/M365Backup/repository/rewrite-base';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { DAY_MS, RunAmbient, type World } from '../crash/crash-world';
import { ModelMailbox } from '../crash/model-mailbox';
import { lose } from '../rebuild/lost-catalog';
import { all, bytesOf, readAll, SOURCE, stateOf } from './fixtures';
import { DAYS, historyOf } from './golden/write-whole';

const FOLDER = join(__dirname, 'golden', 'v1-whole');
const KEY = sourceKey(SOURCE);

interface Expected {
	pruned: string[];
	snapshots: Record<string, Record<string, { content: string[] }>>;
}

let expected: Expected;

beforeAll(() => {
	expected = JSON.parse(readFileSync(`${FOLDER}.expected.json`, 'utf8')) as Expected;
});

/** The files as they were kept, some days after the last of them was written. */
async function opened(): Promise<World & { repository: Repository }> {
	const ambient = new RunAmbient();
	ambient.time = Date.parse('2026-12-01T10:00:00Z');
	const store = createMemoryStore({ now: () => ambient.now() });
	for (const file of readdirSync(FOLDER, { recursive: true, withFileTypes: true })) {
		const path = join(file.parentPath, file.name);
		if (file.isFile()) await store.put(relative(FOLDER, path).replaceAll('\\', '/'), bytesOf(readFileSync(path)));
	}
	ambient.advance(3 * DAY_MS);
	return { store, ambient, repository: await Repository.open(store, ambient) };
}

/** Every item of every snapshot as a restore would get it. */
async function everything(repository: Repository): Promise<Expected['snapshots']> {
	const found: Expected['snapshots'] = {};
	for (const snapshot of await repository.snapshots(KEY)) {
		const items: Expected['snapshots'][string] = {};
		for (const [id, entry] of await stateOf(repository, snapshot)) {
			const content = await Promise.all((entry.content ?? []).map(async (ref) => (await readAll(repository.readContent(KEY, ref))).toString()));
			items[id] = { ...entry, content };
		}
		found[snapshot.id] = items;
	}
	return found;
}

/** The mailbox of the fixture, on its next day. */
function mailboxAfter(): ModelMailbox {
	const mailbox = new ModelMailbox(2);
	for (let day = 0; day <= DAYS; day++) historyOf(mailbox, day);
	return mailbox;
}

async function damageOf({ store, ambient }: World): Promise<string[]> {
	return (await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage.map(({ file, reason }) => `${file}: ${reason}`);
}

describe('a repository that an earlier version wrote, with a file of every kind', () => {
	it('is all there and restored as it was, item by item and byte by byte', async () => {
		const { repository, store } = await opened();
		const kinds = new Set((await all(store.list(''))).map(({ key }) => parseRepositoryKey(key).kind));
		expect(kinds).toEqual(new Set(['repository', 'readme', 'archive', 'segment', 'seen', 'cursor', 'currentCursor', 'snapshot', 'hold', 'prune', 'copies']));
		expect(await everything(repository)).toEqual(expected.snapshots);
		expect(Object.keys(expected.snapshots)).toHaveLength(2);
	});

	it('is verified to the last byte', async () => {
		expect(await damageOf(await opened())).toEqual([]);
	});

	it('is backed up over: what did not change is not asked for again, and old snapshots stay as they were', async () => {
		const world = await opened();
		const mailbox = mailboxAfter();
		const asked: string[] = [];
		const workload = mailbox.workload();
		const summary = await backUp({
			repository: world.repository,
			source: SOURCE,
			workload: { ...workload, fetch: (requests, signal) => (asked.push(...requests.map(({ id }) => id)), workload.fetch(requests, signal)) },
			ambient: world.ambient,
		});
		expect(asked.sort()).toEqual(['mail/changing', `mail/new-${DAYS}`]);
		expect(summary).toMatchObject({ status: 'complete' });
		const after = await everything(world.repository);
		expect(after).toMatchObject(expected.snapshots);
		for (const [id, content] of mailbox.contents()) expect(after[summary.snapshot!.id]![id]!.content).toEqual([content]);
		expect(await damageOf(world)).toEqual([]);
	});

	it('is pruned: what is held stays until it is released, and what a copy has is remembered', async () => {
		const world = await opened();
		const { repository, ambient, store } = world;
		for (let day = 0; day < 3; day++) {
			const mailbox = mailboxAfter();
			for (let later = 0; later <= day; later++) mailbox.put(`after-${later}`, `Later ${later}`);
			await backUp({ repository, source: SOURCE, workload: mailbox.workload(), ambient });
			ambient.advance(3 * DAY_MS);
		}
		const held = Object.keys(expected.snapshots).at(-1)!;
		expect(await readHold(store, KEY, held)).toMatchObject({ by: 'legal', reason: 'Case 4711' });
		const pruned = async () => (await all(prune({ repository: await Repository.open(store, ambient), policy: { last: 1 }, zone: 'UTC', dryRun: false })))[0]!;
		const first = await pruned();
		expect(first.refused).toBeUndefined();
		expect(first.keep.map(({ id }) => id)).toContain(held);
		await releaseSnapshot(repository, KEY, held);
		expect((await pruned()).remove.map(({ id }) => id)).toContain(held);
		expect(await damageOf(world)).toEqual([]);
		const again = await Repository.open(store, ambient);
		// The one archive that the copy has is still needed: neither to be copied again nor to be deleted there.
		const [copied] = (await all(store.list(`${KEY}/`))).map(({ key }) => key).filter((key) => key.includes(held) && key.endsWith('.zip'));
		expect(await all(filesToDelete(again, { target: 'nas' }))).toEqual([]);
		const toCopy = (await all(filesToCopy(again, { target: 'nas' }))).map(({ key }) => key);
		expect(toCopy.length).toBeGreaterThan(3);
		expect(copied).toBeDefined();
		expect(toCopy).not.toContain(copied);
	});

	it('keeps fields that this version does not know: through patches, merges and a base that is written anew', async () => {
		const { repository, ambient } = await opened();
		const mailbox = mailboxAfter();
		const laterOf = async () => {
			const state = await stateOf(repository, (await repository.latest(KEY))!);
			return [state.get('other/later'), state.get('mail/new-4')] as unknown as [{ laterField?: unknown; meta: object }, { laterPatch?: unknown }];
		};
		for (let day = 0; day < 8; day++) {
			mailbox.put(`after-${day}`, `Later ${day}`);
			await backUp({ repository, source: SOURCE, workload: mailbox.workload(), ambient });
			ambient.advance(DAY_MS);
		}
		const run = repository.startRun(SOURCE, await repository.latest(KEY));
		await run.add({ id: 'other/later', meta: { read: true } });
		await run.commit({ status: 'complete', scopes: [], totals: { items: 0, bytes: 0 }, changes: { added: 0, updated: 1, deleted: 0, failed: 0, skipped: 0 }, failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: null });
		ambient.advance(100 * DAY_MS);
		expect(await rewriteBase(repository, (await repository.latest(KEY))!)).not.toBeNull();
		const [later, patched] = await laterOf();
		expect(later).toMatchObject({ laterField: { deep: [1, 2] }, meta: { subject: 'Later', read: true } });
		expect(patched).toMatchObject({ laterPatch: 'kept' });
		const records = await (await opened()).repository.snapshots(KEY);
		expect(records.at(-1)).toMatchObject({ laterField: { kept: true } });
	});

	it('is rebuilt from its archives if its catalog is lost', async () => {
		const { repository, store } = await opened();
		const newest = Object.values(expected.snapshots).at(-1)!;
		await lose(store);
		expect(await rebuildCatalog(repository, { key: KEY, mode: 'rebuild' })).toMatchObject({ source: SOURCE, damaged: [], lost: { count: 0 } });
		const [rebuilt] = Object.values(await everything(repository));
		for (const [id, { content }] of Object.entries(newest)) expect(rebuilt?.[id]?.content, id).toEqual(content);
	});
});
