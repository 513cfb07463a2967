import { Failure } from '../base/failure';
import type { Catalog } from '../repository/catalog';
import type { CatalogEntry, SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { shownPath, SnapshotFolders } from './search-folders';
import { fold, matcher, type SearchQuery } from './search-match';

export type { SearchQuery } from './search-match';

/** An item of a snapshot with its place. */
export interface FoundItem extends CatalogEntry {
	/** `Inbox/Projects`; of a folder, its own place: that of its parent. Empty at the top. */
	folderPath: string;
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
const PLACED_TOGETHER = 100;

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
	const isInFolders = query.folders && query.folders.length > 0 ? await folderCondition(folders, query) : () => true;
	for await (const entry of candidates(catalog, query, signal)) {
		if (matches(entry) && isInFolders(entry)) yield entry;
	}
}

async function* candidates(catalog: Catalog, query: SearchQuery, signal: AbortSignal | undefined): AsyncGenerator<CatalogEntry> {
	if (query.ids === undefined) {
		yield* catalog.entries(signal ? { signal } : {});
		return;
	}
	if (query.ids.length > MOST_IDS) {
		throw new Failure('invalid', `${query.ids.length} ids are too many for one search`, {
			nextStep: `Give at most ${MOST_IDS}, or select by folder or by other conditions.`,
		});
	}
	yield* (await catalog.lookUp(query.ids, signal)).values();
}

async function folderCondition(folders: SnapshotFolders, query: SearchQuery): Promise<(entry: CatalogEntry) => boolean> {
	const all = await folders.readAll();
	const chosen = new Set<string>();
	for (const name of query.folders ?? []) {
		const found = [...all.values()].filter((folder) => isNamed(folder, name, folders));
		if (found.length === 0) {
			throw new Failure('notFound', `The snapshot has no folder "${name}"`, {
				nextStep: 'Choose it from the list, or give its path as Get Many shows it, e.g. Inbox/Projects.',
			});
		}
		for (const folder of found) chosen.add(folder.id);
	}
	const deep = query.includeSubfolders === true;
	return (entry) => {
		if (entry.parent === undefined) return false;
		if (!deep) return chosen.has(entry.parent);
		return folders.lineage(entry.parent).some((folder) => chosen.has(folder.id));
	};
}

function isNamed(folder: CatalogEntry, name: string, folders: SnapshotFolders): boolean {
	if (folder.id === name || folder.meta['role'] === name.toLowerCase()) return true;
	return fold(shownPath(folders.path(folder.id))) === fold(name);
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
