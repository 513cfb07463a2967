import type { CatalogEntry } from '../repository/records';
import { DEEPEST_FOLDER, FolderTree } from './folder-tree';
import type { SharedSegments } from './history-segments';
import { itemHistories, type ItemHistory } from './item-history';

/** Every folder that any of several snapshots has, with all its versions: folders are few, so that memory holds them. */
export class HistoryFolders {
	private constructor(private readonly histories: ReadonlyMap<string, ItemHistory>) {}

	/** One pass over all segments: folder lines stand anywhere among the others. */
	static async read(shared: SharedSegments, signal?: AbortSignal): Promise<HistoryFolders> {
		const histories = new Map<string, ItemHistory>();
		for await (const history of itemHistories(shared, signal)) {
			if (history.versions[0].entry.type === 'folder') histories.set(history.id, history);
		}
		return new HistoryFolders(histories);
	}

	/** All of them as they were last: what a person knows them by now. */
	asKnownLast(): FolderTree {
		const folders = new Map<string, CatalogEntry>();
		for (const [id, { versions }] of this.histories) folders.set(id, (versions.at(-1) ?? versions[0]).entry);
		return new FolderTree(folders);
	}

	/** Display names from the top folder down to this one, as they were in that snapshot. */
	pathAt(folderId: string | undefined, ordinal: number): string[] {
		const names: string[] = [];
		let at = folderId;
		for (let depth = 0; at !== undefined && depth < DEEPEST_FOLDER; depth += 1) {
			const folder = this.histories.get(at)?.versions.find(({ first, last }) => first <= ordinal && ordinal <= last)?.entry;
			if (!folder) break;
			names.unshift(folder.name);
			at = folder.parent;
		}
		return names;
	}
}
