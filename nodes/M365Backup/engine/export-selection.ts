import type { CatalogEntry, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { shownPath } from './folder-tree';
import { typeOfId } from './parts';
import { select, type RestoreSelection } from './restore-selection';
import type { FoundItem } from './search';
import { SnapshotFolders } from './search-folders';

/** Looked up together. */
const IDS_TOGETHER = 500;

/**
 * The items that a selection comes to, with their places; folders stand for what is in them and are not among them. An
 * id that the snapshot does not have comes as an item without content, which says why: it must not go missing unseen.
 * Failures as `select`.
 */
export async function* selectedItems(
	repository: Repository,
	snapshot: SnapshotRecord,
	selection: RestoreSelection,
	signal?: AbortSignal,
): AsyncGenerator<FoundItem> {
	if (selection.kind === 'ids' && selection.ids.length > IDS_TOGETHER) {
		for (let start = 0; start < selection.ids.length; start += IDS_TOGETHER) {
			yield* selectedItems(repository, snapshot, { kind: 'ids', ids: selection.ids.slice(start, start + IDS_TOGETHER) }, signal);
		}
		return;
	}
	const catalog = repository.catalog(snapshot);
	const folders = new SnapshotFolders(catalog, signal);
	const { items, unknownIds } = await select(catalog, folders, selection, signal);
	const found = (entry: CatalogEntry): FoundItem => ({
		...entry,
		folderPath: shownPath(folders.path(entry.parent)),
		snapshot: { id: snapshot.id, time: snapshot.finishedAt },
		source: snapshot.source,
	});
	for await (const entry of items) yield found(entry);
	for (const id of unknownIds) yield found(missing(id, snapshot));
}

function missing(id: string, snapshot: SnapshotRecord): CatalogEntry {
	const reason = `the snapshot of ${snapshot.finishedAt} has no item with this id`;
	return { id, type: typeOfId(id) ?? 'message', name: id, meta: {}, failed: { reason, since: snapshot.finishedAt, attempts: 0 } };
}
