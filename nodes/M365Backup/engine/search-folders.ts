import type { Catalog } from '../repository/catalog';
import type { CatalogEntry } from '../repository/records';

/** Deeper than any service allows: a ring. */
const DEEPEST = 400;

/** The folders of one snapshot, and with them the place of each item. Read as they are needed, or all at once. */
export class SnapshotFolders {
	private readonly folders = new Map<string, CatalogEntry | null>();
	private hasAll = false;

	constructor(
		private readonly catalog: Catalog,
		private readonly signal?: AbortSignal,
	) {}

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

	/** The folders read so far. */
	known(): ReadonlyMap<string, CatalogEntry> {
		const known = new Map<string, CatalogEntry>();
		for (const [id, folder] of this.folders) if (folder) known.set(id, folder);
		return known;
	}

	/** Makes sure that these folders and all above them are known; one look-up a level. */
	async readAncestors(ids: Iterable<string>): Promise<void> {
		if (this.hasAll) return;
		let wanted = [...new Set(ids)].filter((id) => !this.folders.has(id));
		for (let depth = 0; wanted.length > 0 && depth < DEEPEST; depth += 1) {
			const found = await this.catalog.lookUp(wanted, this.signal);
			for (const id of wanted) this.folders.set(id, found.get(id) ?? null);
			const parents = [...found.values()].map((folder) => folder.parent).filter((id) => id !== undefined);
			wanted = [...new Set(parents)].filter((id) => !this.folders.has(id));
		}
	}

	/** Display names from the top folder down to this one, as far as they are known. */
	path(folderId: string | undefined): string[] {
		const names: string[] = [];
		let at = folderId;
		for (let depth = 0; at !== undefined && depth < DEEPEST; depth += 1) {
			const folder = this.folders.get(at);
			if (!folder) break;
			names.unshift(folder.name);
			at = folder.parent;
		}
		return names;
	}

	/** This folder and those above it, nearest first. */
	lineage(folderId: string | undefined): CatalogEntry[] {
		const found: CatalogEntry[] = [];
		let at = folderId;
		for (let depth = 0; at !== undefined && depth < DEEPEST; depth += 1) {
			const folder = this.folders.get(at);
			if (!folder) break;
			found.push(folder);
			at = folder.parent;
		}
		return found;
	}
}

/** `Inbox/Projects`: how results show a place. */
export function shownPath(names: readonly string[]): string {
	return names.join('/');
}
