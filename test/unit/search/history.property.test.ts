import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HistoryFolders } from '../../../nodes/M365Backup/engine/history-folders';
import { sharedSegments } from '../../../nodes/M365Backup/engine/history-segments';
import { searchHistory, type FoundInHistory, type HistoryScope } from '../../../nodes/M365Backup/engine/search-history';
import { recordName, sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { CatalogEntry, SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import type { Repository } from '../../../nodes/M365Backup/repository/repository';
import { rewriteBase } from '../../../nodes/M365Backup/repository/rewrite-base';
import { addMessage, all, commitInput, openNew, SOURCE, stateOf, tombstone } from '../repository/fixtures';
import { randomRuns } from '../../support/random-runs';

const key = sourceKey(SOURCE);
const ids = ['mail/a', 'mail/b', 'mail/c', 'mail/d', 'mail/é', 'mail/\uffff', 'mail/😀'];
const many = Array.from({ length: 40 }, (_, index) => `mail/base-${index}`);

type Step =
	| { kind: 'put'; id: string; content: string }
	| { kind: 'patch'; id: string; meta: Record<string, string | null> }
	| { kind: 'move'; id: string; parent: string }
	| { kind: 'end'; id: string }
	| { kind: 'rename'; name: string }
	| { kind: 'commit'; partial: boolean }
	| { kind: 'rewrite' }
	| { kind: 'fork' };

const id = fc.constantFrom(...ids);
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ kind: fc.constant('put' as const), id, content: fc.constantFrom('one', 'two') }) },
	{
		weight: 5,
		arbitrary: fc.record({
			kind: fc.constant('patch' as const),
			id,
			meta: fc.dictionary(fc.constantFrom('x', 'y', 'subject'), fc.constantFrom(null, 'u', 'v'), { maxKeys: 2 }),
		}),
	},
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), id, parent: fc.constantFrom('mail/in', 'mail/sub') }) },
	{ weight: 9, arbitrary: fc.record({ kind: fc.constant('end' as const), id }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), name: fc.constantFrom('Projects', 'Old') }) },
	{ weight: 8, arbitrary: fc.record({ kind: fc.constant('commit' as const), partial: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.constant({ kind: 'rewrite' as const }) },
	{ weight: 1, arbitrary: fc.constant({ kind: 'fork' as const }) },
);

/** Commits a random history: merges, rewritten bases, partial snapshots, two runs that fork. */
async function play(steps: readonly Step[], spillLines: number, memberLines: number) {
	const { repository, ambient, store } = await openNew();
	let run = repository.startRun(SOURCE, null, { spillLines, memberLines });
	for (const [folder, parent] of [['mail/in', undefined], ['mail/sub', 'mail/in']] as const) {
		await run.add({ id: folder, whole: true, type: 'folder', name: folder, meta: {}, ...(parent && { parent }) });
	}
	for (const one of [...many, ...ids.slice(0, 3)]) await addMessage(run, one, `base of ${one}`, { parent: 'mail/in', meta: { subject: 'base' } });
	const commit = async (partial: boolean): Promise<SnapshotRecord> => {
		ambient.advance(3_600_000);
		return run.commit(commitInput({ status: partial ? 'partial' : 'complete' }));
	};
	let last = await commit(false);
	for (const one of steps) {
		if (one.kind === 'commit') last = await commit(one.partial);
		else if (one.kind === 'rename') await run.add({ id: 'mail/sub', name: one.name });
		else if (one.kind === 'rewrite' || one.kind === 'fork') {
			await run.abandon();
			if (one.kind === 'rewrite') {
				ambient.advance(100 * 86_400_000);
				last = (await rewriteBase(repository, last)) ?? last;
			}
			const base = one.kind === 'fork' ? (await repository.snapshots(key)).at(-2) : undefined;
			run = repository.startRun(SOURCE, base ?? last, { spillLines, memberLines });
		} else {
			const known = (await run.lookUp([one.id])).get(one.id);
			if (one.kind === 'put') await addMessage(run, one.id, one.content, { parent: 'mail/in', meta: { subject: one.content } });
			else if (!known) continue;
			else if (one.kind === 'end') await run.add(tombstone(one.id));
			else if (one.kind === 'move') await run.add({ id: one.id, parent: one.parent });
			else await run.add({ id: one.id, meta: one.meta });
		}
	}
	await run.abandon();
	return { repository, store };
}

/** What somebody would find out who reads every snapshot from one end to the other. */
async function naive(repository: Repository, scope: HistoryScope): Promise<Map<string, object>> {
	const upTo = (await repository.snapshots(key)).filter((record) => !scope.upTo || record.id <= scope.upTo.id);
	const states = await Promise.all(upTo.map((record) => stateOf(repository, record)));
	const placeOf = (since: HistoryScope['changedSince']): number => {
		if (since === undefined) return -1;
		if (typeof since === 'string') return upTo.findIndex((record) => record.id === since);
		const before = upTo.filter((record) => Date.parse(record.finishedAt) <= since.getTime());
		return Math.max(0, upTo.indexOf(before.at(-1)!));
	};
	const [changed, deleted] = [placeOf(scope.changedSince), placeOf(scope.deletedSince)];
	const considered = upTo
		.map((record, place) => ({ record, state: states[place]!, place }))
		.filter(({ place }) => scope.all || place === upTo.length - 1 || place === changed || (deleted >= 0 && place >= deleted));
	const found = new Map<string, object>();
	for (const one of new Set(states.flatMap((state) => [...state.keys()]))) {
		const versions: { first: number; last: number; text: string; entry: CatalogEntry }[] = [];
		let isOn = false;
		for (const [ordinal, { state }] of considered.entries()) {
			const entry = state.get(one);
			const text = entry ? plain(entry) : '';
			const newest = versions.at(-1);
			if (entry && isOn && newest?.text === text) Object.assign(newest, { last: ordinal, entry });
			else if (entry) versions.push({ first: ordinal, last: ordinal, text, entry });
			isOn = entry !== undefined;
		}
		const newest = versions.at(-1);
		if (!newest || newest.entry.type === 'folder') continue;
		const isGone = !isOn;
		const since = (place: number): number => considered.findIndex((one) => one.place === place);
		let change: string | undefined;
		if (isGone && deleted >= 0 && newest.last >= since(deleted)) change = 'deleted';
		else if (changed >= 0 && newest.first > since(changed) && (scope.all || !isGone)) {
			change = isGone ? 'deleted' : versions[0]!.first > since(changed) ? 'added' : 'changed';
		} else if (changed >= 0 || deleted >= 0 || (isGone && !scope.all)) continue;
		found.set(one, {
			entry: plain(newest.entry),
			content: newest.entry.content,
			folderPath: pathIn(considered[newest.last]!.state, newest.entry.parent),
			snapshot: considered[newest.last]!.record.id,
			change,
			vanished: isGone ? [considered[newest.last]!.record.finishedAt, considered[newest.last + 1]!.record.finishedAt] : null,
			versions: versions.toReversed().map(({ first, last }) => [considered[first]!.record.finishedAt, considered[last]!.record.finishedAt]),
		});
	}
	return found;
}

function pathIn(state: ReadonlyMap<string, CatalogEntry>, folderId: string | undefined): string {
	const folder = folderId === undefined ? undefined : state.get(folderId);
	if (!folder) return '';
	return [pathIn(state, folder.parent), folder.name].filter((name) => name !== '').join('/');
}

function plain({ id, type, parent, name, size, etag, meta, content }: CatalogEntry): string {
	return JSON.stringify([id, type, parent, name, size, etag, Object.entries(meta).sort(), content?.map(({ sha256 }) => sha256)]);
}

function told(item: FoundInHistory): object {
	return {
		entry: plain(item),
		content: item.content,
		folderPath: item.folderPath,
		snapshot: item.snapshot.id,
		change: item.change,
		vanished: item.vanished ? [item.vanished.after, item.vanished.before] : null,
		versions: item.versions.map(({ time, until }) => [time, until]),
	};
}

describe('searching several snapshots at once', () => {
	it('finds what reading every snapshot would find, whatever was merged, rewritten, forked or pruned', async () => {
		let gone = 0;
		await fc.assert(
			fc.asyncProperty(
				fc.array(step, { minLength: 12, maxLength: 50 }),
				fc.integer({ min: 1, max: 6 }),
				fc.integer({ min: 1, max: 5 }),
				fc.array(fc.nat(), { maxLength: 3 }),
				fc.nat(),
				fc.nat(),
				async (steps, spillLines, memberLines, expired, one, other) => {
					const { repository: whole, store } = await play(steps, spillLines, memberLines);
					// Retention takes records out of the middle; their segments stay as long as others name them.
					const names = (await whole.snapshots(key)).map((record) => record.id);
					for (const place of expired) {
						if (names.length < 2) break;
						const [name] = names.splice(place % (names.length - 1), 1);
						await store.delete([`${key}/${recordName(name!, 'snapshot')}`]);
					}
					const { repository } = await reopened(store);
					const records = await repository.snapshots(key);
					expect(records.map((record) => record.id)).toEqual(names);
					const pick = records[one % records.length]!;
					const later = records.filter((record) => record.id >= pick.id);
					const upTo = later[other % later.length]!;
					const scopes: HistoryScope[] = [
						{ all: true },
						{ all: true, upTo },
						{ deletedSince: pick.id },
						{ deletedSince: new Date(Date.parse(pick.finishedAt) - 1), upTo },
						{ changedSince: new Date(pick.finishedAt) },
						{ changedSince: pick.id, deletedSince: new Date(0), upTo },
						{ all: true, changedSince: pick.id },
					];
					for (const scope of scopes) {
						const found = await all(searchHistory(repository, key, scope, {}));
						gone += found.filter(({ vanished }) => vanished).length;
						expect(new Map(found.map((item) => [item.id, told(item)]))).toEqual(await naive(repository, scope));
						const order = found.map((item) => Buffer.from(item.id));
						expect(order).toEqual([...order].sort((a, b) => Buffer.compare(a, b)));
					}
					// Where there are many snapshots, places come from the folders of all of them, read at once.
					const folders = await HistoryFolders.read(sharedSegments(repository, records));
					for (const item of await all(searchHistory(repository, key, { all: true }, {}))) {
						const ordinal = records.findIndex((record) => record.id === item.snapshot.id);
						expect(folders.pathAt(item.parent, ordinal).join('/')).toBe(item.folderPath);
					}
				},
			),
			{ numRuns: randomRuns(60) },
		);
		expect(gone).toBeGreaterThan(60);
	});

	it('tells the places of items that come from very many snapshots', async () => {
		const days = many.flatMap((one, index): Step[] => [
			...(index === 20 ? [{ kind: 'rename', name: 'Projects' } as const] : []),
			{ kind: 'move', id: one, parent: 'mail/sub' },
			{ kind: 'commit', partial: false },
			{ kind: 'end', id: one },
			{ kind: 'commit', partial: false },
		]);
		const { repository } = await play(days, 50, 500);
		const found = await all(searchHistory(repository, key, { all: true }, { text: 'base-' }));
		expect(new Set(found.map(({ snapshot }) => snapshot.id)).size).toBe(many.length);
		const placeOf = new Map(found.map(({ id, folderPath }) => [id, folderPath]));
		expect(many.map((one) => placeOf.get(one))).toEqual(many.map((_, index) => (index < 20 ? 'mail/in/mail/sub' : 'mail/in/Projects')));
	});

	it('reads each segment once, however many snapshots share it', async () => {
		const commits = Array.from({ length: 30 }, (_, index): Step[] => [
			{ kind: 'put', id: ids[index % 3]!, content: index % 2 === 0 ? 'one' : 'two' },
			{ kind: 'commit', partial: false },
		]).flat();
		const { store } = await play(commits, 50, 500);
		const { repository, reads } = await reopened(store);
		const records = await repository.snapshots(key);
		const distinct = new Set(records.flatMap(({ segments }) => segments.map(({ name }) => name)));
		expect(sharedSegments(repository, records).segments).toHaveLength(distinct.size);
		reads.clear();
		const found = await all(searchHistory(repository, key, { all: true }, { ids: ['mail/none'] }));
		expect(found).toEqual([]);
		// Its index and its one member.
		for (const name of distinct) expect(reads.get(`${key}/${name}`)).toBe(2);
	});
});

async function reopened(store: Awaited<ReturnType<typeof openNew>>['store']) {
	const reads = new Map<string, number>();
	const counted = {
		...store,
		label: store.label,
		capabilities: store.capabilities,
		list: store.list.bind(store),
		put: store.put.bind(store),
		delete: store.delete.bind(store),
		get: (...input: Parameters<typeof store.get>) => {
			reads.set(input[0], (reads.get(input[0]) ?? 0) + 1);
			return store.get(...input);
		},
	};
	const { repository } = await openNew(counted);
	return { repository, reads };
}
