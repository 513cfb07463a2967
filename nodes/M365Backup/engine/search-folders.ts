import type { Catalog } from '../repository/catalog';
import type { CatalogEntry } from '../repository/records';
import { DEEPEST_FOLDER, FolderTree } from './folder-tree';

/** The folders of one snapshot. Read as they are needed, or all at once. */
export class SnapshotFolders extends FolderTree {
	private hasAll = false;

	constructor(
		private readonly catalog: Catalog,
		private readonly signal?: AbortSignal,
	) {
		super();
	}

	/** One pass over the catalog: folder lines stand anywhere among the others. */
	async readAll(): Promise<ReadonlyMap<string, CatalogEntry>> {
		if (!this.hasAll) {
			for await (const entry of this.catalog.entries(this.signal ? { signal: this.signal } : {})) {
				if (entry.type === 'folder') this.folders.set(entry.id, entry);
			}
			this.hasAll = true;
		}
		return this.known();
	}

	/** Makes sure that these folders and all above them are known; one look-up a level. */
	async readAncestors(ids: Iterable<string>): Promise<void> {
		if (this.hasAll) return;
		let wanted = [...new Set(ids)].filter((id) => !this.folders.has(id));
		for (let depth = 0; wanted.length > 0 && depth < DEEPEST_FOLDER; depth += 1) {
			const found = await this.catalog.lookUp(wanted, this.signal);
			for (const id of wanted) this.folders.set(id, found.get(id) ?? null);
			const parents = [...found.values()].map((folder) => folder.parent).filter((id) => id !== undefined);
			wanted = [...new Set(parents)].filter((id) => !this.folders.has(id));
		}
	}
}
