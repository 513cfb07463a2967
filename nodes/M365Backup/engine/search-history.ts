import { Failure } from '../base/failure';
import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { HistoryPlaces } from './history-places';
import { sharedSegments, type SharedSegments } from './history-segments';
import { itemHistories, type ItemHistory, type ItemVersion } from './item-history';
import { checkIds, placeCondition, PLACED_TOGETHER, type FoundItem, type SearchOptions } from './search';
import { matcher, type SearchQuery } from './search-match';
import { startOf, type Since } from './since';

/** Which snapshots to look into, and what must have happened between them. */
export interface HistoryScope {
	/** The state that is compared, and the newest one that is looked at; the newest of all if absent. */
	upTo?: SnapshotRecord;
	/** Look at all snapshots up to that one: items that it no longer has are found, too. */
	all?: boolean;
	/** Only items that were added or changed since. */
	changedSince?: Since;
	/** Items that were there then, or came later, and are gone. With `changedSince`: either. */
	deletedSince?: Since;
}

/** One state that an item had. */
export interface FoundVersion {
	/** ISO 8601: when the first and the last snapshot with it were finished. */
	time: string;
	until: string;
	/** The last one: from there it can be restored and exported. */
	snapshot: string;
}

/** The newest version of an item that one of the snapshots has. Its `snapshot` is the newest that has it. */
export interface FoundInHistory extends FoundItem {
	/** Of the snapshots that were looked at, newest first. */
	versions: FoundVersion[];
	/** What happened to it since the time that was asked about. */
	change?: 'added' | 'changed' | 'deleted';
	/** It is gone: the last backup that had it and the first that did not, and where it lives on outside of the backup. */
	vanished?: { after: string; before: string; movedTo?: string };
}

/**
 * Items of all snapshots of a source, or those that changed or vanished between them, in the order of ids. The query is
 * asked of the newest version of each item. Failures: `notFound` (no snapshot, no such folder), `invalid` (too many
 * ids), `corrupt`.
 */
export async function* searchHistory(
	repository: Repository,
	sourceKey: string,
	scope: HistoryScope,
	query: SearchQuery,
	options: SearchOptions = {},
): AsyncGenerator<FoundInHistory> {
	const { limit = Number.POSITIVE_INFINITY, signal } = options;
	const plan = planOf(await snapshotsUpTo(repository, sourceKey, scope.upTo, signal), scope);
	const shared = sharedSegments(repository, plan.snapshots);
	const matches = matcher(query);
	const ids = query.ids && new Set(query.ids);
	if (query.ids) checkIds(query.ids);
	const places = new HistoryPlaces(repository, shared, signal);
	const isThere = await placeCondition(query, () => places.tree());

	let count = 0;
	let together: Found[] = [];
	for await (const history of itemHistories(shared, signal)) {
		if (count >= limit) break;
		if (ids && !ids.has(history.id)) continue;
		const change = plan.changeOf(history);
		if (change === null) continue;
		const { entry } = newestOf(history);
		if (!matches(entry) || !isThere(entry)) continue;
		count += 1;
		together.push({ history, change });
		if (together.length < PLACED_TOGETHER) continue;
		yield* placed(together, shared, places);
		together = [];
	}
	yield* placed(together, shared, places);
}

async function snapshotsUpTo(
	repository: Repository,
	sourceKey: string,
	upTo: SnapshotRecord | undefined,
	signal: AbortSignal | undefined,
): Promise<SnapshotRecord[]> {
	const all = await repository.snapshots(sourceKey, signal);
	const wanted = upTo === undefined ? all : all.filter(({ id }) => id <= upTo.id);
	if (wanted.length > 0) return wanted;
	throw new Failure('notFound', 'There is no readable snapshot to search', { nextStep: 'Back it up first.' });
}

interface Plan {
	/** Those that are looked at, oldest first. The last one is what the others are compared with. */
	snapshots: SnapshotRecord[];
	/** Null: not what was asked for. Undefined: nothing was asked about changes. */
	changeOf(history: ItemHistory): FoundInHistory['change'] | null;
}

function planOf(upTo: readonly SnapshotRecord[], { all = false, changedSince, deletedSince }: HistoryScope): Plan {
	const changed = changedSince === undefined ? undefined : startOf(changedSince, upTo);
	const deleted = deletedSince === undefined ? undefined : startOf(deletedSince, upTo);
	const last = upTo.length - 1;
	// What lies between matters only to those that ask for what came and went.
	const chosen = upTo.map((_, place) => place).filter((place) => all || place === last || place === changed || (deleted !== undefined && place >= deleted));
	const ordinalOf = (place: number | undefined): number | undefined => (place === undefined ? undefined : chosen.indexOf(place));
	const [changedAfter, deletedAfter, end] = [ordinalOf(changed), ordinalOf(deleted), chosen.length - 1];
	return {
		snapshots: chosen.flatMap((place) => upTo[place] ?? []),
		changeOf(history) {
			const { first, last: newest } = newestOf(history);
			const isGone = newest < end;
			if (isGone && deletedAfter !== undefined && newest >= deletedAfter) return 'deleted';
			if (changedAfter !== undefined && first > changedAfter && (all || !isGone)) {
				if (isGone) return 'deleted';
				return history.versions[0].first > changedAfter ? 'added' : 'changed';
			}
			if (changedAfter !== undefined || deletedAfter !== undefined) return null;
			return isGone && !all ? null : undefined;
		},
	};
}

function newestOf({ versions }: ItemHistory): ItemVersion {
	return versions.at(-1) ?? versions[0];
}

interface Found {
	history: ItemHistory;
	change: FoundInHistory['change'];
}

async function* placed(found: readonly Found[], shared: SharedSegments, places: HistoryPlaces): AsyncGenerator<FoundInHistory> {
	const entries = found.map(({ history }) => newestOf(history)).map(({ last, entry }) => ({ ordinal: last, entry }));
	const paths = await places.paths(entries);
	for (const [index, { history, change }] of found.entries()) {
		const { last, entry } = newestOf(history);
		const snapshot = shared.snapshots[last];
		if (!snapshot) continue;
		yield {
			...entry,
			folderPath: paths[index] ?? '',
			snapshot: { id: snapshot.id, time: snapshot.finishedAt },
			source: snapshot.source,
			...told(history, shared),
			...(change === undefined ? {} : { change }),
		};
	}
}

function told({ versions, ended }: ItemHistory, { snapshots }: SharedSegments): Pick<FoundInHistory, 'versions' | 'vanished'> {
	const timeOf = (ordinal: number): string => snapshots[ordinal]?.finishedAt ?? '';
	const end = versions.at(-1)?.last ?? 0;
	return {
		versions: versions
			.map(({ first, last }) => ({ time: timeOf(first), until: timeOf(last), snapshot: snapshots[last]?.id ?? '' }))
			.reverse(),
		...(end === snapshots.length - 1
			? {}
			: { vanished: { after: timeOf(end), before: timeOf(end + 1), ...(ended?.movedTo === undefined ? {} : { movedTo: ended.movedTo }) } }),
	};
}
