import { Failure } from '../base/failure';
import type { Catalog } from '../repository/catalog';
import type { CatalogEntry, ItemType } from '../repository/records';
import { partOfId, type PartName } from './parts';
import { matchingEntries, type SearchQuery } from './search';
import type { SnapshotFolders } from './search-folders';

export type RestoreSelection =
	| { kind: 'everything' }
	/** Whole parts of a mailbox or a site: `mail`, `calendar`, `libraries`, `lists` … */
	| { kind: 'parts'; parts: readonly PartName[] }
	/** `folderId` as in the catalog. */
	| { kind: 'folder'; folderId: string; includeSubfolders: boolean }
	| { kind: 'search'; query: SearchQuery }
	/** At most 500, of items or folders; a folder stands for everything in and below it. */
	| { kind: 'ids'; ids: string[] };

/** What a selection comes to in one snapshot. */
export interface Selected {
	/** Folders that are wanted even if they are empty. Parents before their children. */
	folderIds: string[];
	/** Everything else, streamed. Folders that items need are not listed: they are found by `parent`. */
	items: AsyncIterable<CatalogEntry>;
	/** Ids that the snapshot does not have. */
	unknownIds: string[];
}

const MOST_IDS = 500;
/** Rules name mail folders, look-up columns and web parts name lists that are none of the item's ancestors. */
const NAMES_OTHER_FOLDERS: ReadonlySet<string> = new Set<ItemType>(['setting', 'listItem', 'page', 'site']);

/** Failures: `notFound` (the folder), `invalid` (too many ids). Reads all folders but for a few ids of items. */
export async function select(
	catalog: Catalog,
	folders: SnapshotFolders,
	selection: RestoreSelection,
	signal: AbortSignal | undefined,
): Promise<Selected> {
	switch (selection.kind) {
		case 'everything':
			return await allWhere(catalog, folders, () => true, signal);
		case 'parts': {
			const chosen = new Set<string | undefined>(selection.parts);
			return await allWhere(catalog, folders, (id) => chosen.has(partOfId(id)), signal);
		}
		case 'folder': {
			await folders.readAll();
			if (!folders.known().has(selection.folderId)) {
				throw new Failure('notFound', `The snapshot has no folder "${selection.folderId}"`, {
					nextStep: 'Choose the folder anew, or another snapshot.',
				});
			}
			return inFolders(catalog, folders, new Set([selection.folderId]), selection.includeSubfolders, signal);
		}
		case 'search':
			await folders.readAll();
			return await bySearch(catalog, folders, selection.query, signal);
		case 'ids':
			return await byIds(catalog, folders, selection.ids, signal);
	}
}

async function allWhere(
	catalog: Catalog,
	folders: SnapshotFolders,
	isWanted: (id: string) => boolean,
	signal: AbortSignal | undefined,
): Promise<Selected> {
	return {
		folderIds: parentsFirst(folders, [...(await folders.readAll()).keys()].filter(isWanted)),
		items: itemsWhere(catalog, ({ id }) => isWanted(id), signal),
		unknownIds: [],
	};
}

function inFolders(
	catalog: Catalog,
	folders: SnapshotFolders,
	chosen: ReadonlySet<string>,
	deep: boolean,
	signal: AbortSignal | undefined,
): Selected {
	const isInside = (folderId: string | undefined): boolean =>
		folderId !== undefined && (chosen.has(folderId) || (deep && folders.lineage(folderId).some((one) => chosen.has(one.id))));
	return {
		folderIds: parentsFirst(folders, [...folders.known().keys()].filter(isInside)),
		items: itemsWhere(catalog, (entry) => isInside(entry.parent), signal),
		unknownIds: [],
	};
}

async function bySearch(
	catalog: Catalog,
	folders: SnapshotFolders,
	query: SearchQuery,
	signal: AbortSignal | undefined,
): Promise<Selected> {
	// Folders are found only if the query asks for them; they are made before anything goes into them.
	const folderIds: string[] = [];
	if (query.types?.includes('folder')) {
		for await (const entry of matchingEntries(catalog, folders, { ...query, types: ['folder'] }, signal)) folderIds.push(entry.id);
	}
	const types = query.types?.filter((type) => type !== 'folder');
	const items = types?.length === 0 ? noItems() : matchingEntries(catalog, folders, withTypes(query, types), signal);
	return { folderIds: parentsFirst(folders, folderIds), items, unknownIds: [] };
}

function withTypes(query: SearchQuery, types: SearchQuery['types']): SearchQuery {
	const { types: _all, ...rest } = query;
	return types === undefined ? rest : { ...rest, types };
}

async function byIds(
	catalog: Catalog,
	folders: SnapshotFolders,
	ids: readonly string[],
	signal: AbortSignal | undefined,
): Promise<Selected> {
	if (ids.length > MOST_IDS) {
		throw new Failure('invalid', `${ids.length} ids are too many`, {
			nextStep: `Give at most ${MOST_IDS} at a time, or restore by folder or search.`,
		});
	}
	const found = await catalog.lookUp(ids, signal);
	const unknownIds = ids.filter((id) => !found.has(id));
	const chosenFolders = new Set([...found.values()].filter((entry) => entry.type === 'folder').map((entry) => entry.id));
	const items = [...found.values()].filter((entry) => entry.type !== 'folder');
	if (chosenFolders.size === 0) {
		if (items.some(({ type }) => NAMES_OTHER_FOLDERS.has(type))) await folders.readAll();
		else await folders.readAncestors(items.map((entry) => entry.parent).filter((id) => id !== undefined));
		return { folderIds: [], items: streamOf(items), unknownIds };
	}
	await folders.readAll();
	const inside = inFolders(catalog, folders, chosenFolders, true, signal);
	const alone = new Map(items.map((entry) => [entry.id, entry]));
	const both = async function* (): AsyncGenerator<CatalogEntry> {
		for await (const entry of inside.items) {
			alone.delete(entry.id);
			yield entry;
		}
		yield* alone.values();
	};
	return { ...inside, items: both(), unknownIds };
}

async function* itemsWhere(
	catalog: Catalog,
	condition: (entry: CatalogEntry) => boolean,
	signal: AbortSignal | undefined,
): AsyncGenerator<CatalogEntry> {
	for await (const entry of catalog.entries(signal ? { signal } : {})) {
		if (entry.type !== 'folder' && condition(entry)) yield entry;
	}
}

async function* streamOf(entries: readonly CatalogEntry[]): AsyncGenerator<CatalogEntry> {
	yield* await Promise.resolve(entries);
}

function noItems(): AsyncGenerator<CatalogEntry> {
	return streamOf([]);
}

function parentsFirst(folders: SnapshotFolders, ids: Iterable<string>): string[] {
	const depth = new Map([...ids].map((id) => [id, folders.lineage(id).length]));
	return [...depth].sort((a, b) => a[1] - b[1]).map(([id]) => id);
}
