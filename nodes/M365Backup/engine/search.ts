import { Failure } from '../base/failure';
import type { Catalog } from '../repository/catalog';
import type { CatalogEntry, SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { shownPath, type FolderTree } from './folder-tree';
import { SnapshotFolders } from './search-folders';
import { matcher, type SearchQuery } from './search-match';

export type { SearchQuery } from './search-match';

/** An item of a snapshot with its place. */
export interface FoundItem extends CatalogEntry {
	/** `Inbox/Projects`; of a folder, its own place: that of its parent. Empty at the top. */
	folderPath: string;
	/** One that has the item as it is described here. */
	snapshot: { id: string; time: string };
	source: SourceRef;
}

export interface SearchOptions {
	limit?: number;
	signal?: AbortSignal;
}

/** More ids than this in one query are a mistake, or a job for a selection by folder. */
const MOST_IDS = 500;
/** Found entries whose folders are looked up together. */
export const PLACED_TOGETHER = 100;

/**
 * What a snapshot holds, by conditions, in the order of ids, without reading any content. Constant memory but for the
 * folders. Failures: `invalid` (too many ids), `notFound` (a folder that the snapshot does not have), `corrupt`.
 */
export async function* searchSnapshot(
	repository: Repository,
	snapshot: SnapshotRecord,
	query: SearchQuery,
	options: SearchOptions = {},
): AsyncGenerator<FoundItem> {
	const { limit = Number.POSITIVE_INFINITY, signal } = options;
	const catalog = repository.catalog(snapshot);
	const folders = new SnapshotFolders(catalog, signal);
	let count = 0;
	let together: CatalogEntry[] = [];
	for await (const entry of matchingEntries(catalog, folders, query, signal)) {
		if (count >= limit) break;
		count += 1;
		together.push(entry);
		if (together.length < PLACED_TOGETHER) continue;
		yield* placed(together, folders, snapshot);
		together = [];
	}
	yield* placed(together, folders, snapshot);
}

/** The entries of a search without their places. Restore by search takes these. */
export async function* matchingEntries(
	catalog: Catalog,
	folders: SnapshotFolders,
	query: SearchQuery,
	signal: AbortSignal | undefined,
): AsyncGenerator<CatalogEntry> {
	const matches = matcher(query);
	const isThere = await placeCondition(query, async () => {
		await folders.readAll();
		return folders;
	});
	for await (const entry of candidates(catalog, query, signal)) {
		if (matches(entry) && isThere(entry)) yield entry;
	}
}

async function* candidates(catalog: Catalog, query: SearchQuery, signal: AbortSignal | undefined): AsyncGenerator<CatalogEntry> {
	if (query.ids === undefined) {
		yield* catalog.entries(signal ? { signal } : {});
		return;
	}
	checkIds(query.ids);
	yield* (await catalog.lookUp(query.ids, signal)).values();
}

/** Failure `invalid`: more than a search takes. */
export function checkIds(ids: readonly string[]): void {
	if (ids.length <= MOST_IDS) return;
	throw new Failure('invalid', `${ids.length} ids are too many for one search`, {
		nextStep: `Give at most ${MOST_IDS}, or select by folder or by other conditions.`,
	});
}

/**
 * Whether an item stands in one of the folders that the query names; without any, everywhere. The tree is read only if
 * it is needed. Failure `notFound`: there is no such folder.
 */
export async function placeCondition(
	query: SearchQuery,
	readTree: () => Promise<FolderTree>,
): Promise<(entry: CatalogEntry) => boolean> {
	if (!query.folders || query.folders.length === 0) return () => true;
	const tree = await readTree();
	const chosen = new Set<string>();
	for (const name of query.folders) {
		const found = tree.named(name);
		if (found.length === 0) {
			throw new Failure('notFound', `The snapshot has no folder "${name}"`, {
				nextStep: 'Choose it from the list, or give its path as Get Many shows it, e.g. Inbox/Projects or Calendars/Work.',
			});
		}
		for (const id of found) chosen.add(id);
	}
	const deep = query.includeSubfolders === true;
	return (entry) => {
		if (entry.parent === undefined) return false;
		return chosen.has(entry.parent) || (deep && tree.lineage(entry.parent).some(({ id }) => chosen.has(id)));
	};
}

async function* placed(
	entries: readonly CatalogEntry[],
	folders: SnapshotFolders,
	snapshot: SnapshotRecord,
): AsyncGenerator<FoundItem> {
	await folders.readAncestors(entries.map((entry) => entry.parent).filter((id) => id !== undefined));
	for (const entry of entries) {
		yield {
			...entry,
			folderPath: shownPath(folders.path(entry.parent)),
			snapshot: { id: snapshot.id, time: snapshot.finishedAt },
			source: snapshot.source,
		};
	}
}
