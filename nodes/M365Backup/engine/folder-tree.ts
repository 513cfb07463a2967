import type { CatalogEntry } from '../repository/records';
import { fold } from './search-text';

/** Deeper than any service allows: a ring. */
const DEEPEST = 400;

/** Folders by id, and with them the place of each item, as far as they are known. */
export class FolderTree {
	constructor(protected readonly folders: Map<string, CatalogEntry | null> = new Map()) {}

	/** The folders that are there. */
	known(): ReadonlyMap<string, CatalogEntry> {
		const known = new Map<string, CatalogEntry>();
		for (const [id, folder] of this.folders) if (folder) known.set(id, folder);
		return known;
	}

	/** Display names from the top folder down to this one. */
	path(folderId: string | undefined): string[] {
		return this.lineage(folderId)
			.map(({ name }) => name)
			.reverse();
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

	/** Ids of the folders with this id, role (`inbox`) or display path (`Inbox/Projects`, in any case). */
	named(name: string): string[] {
		const path = fold(name);
		const role = name.toLowerCase();
		return [...this.known().values()]
			.filter(({ id, meta }) => id === name || meta['role'] === role || fold(shownPath(this.path(id))) === path)
			.map(({ id }) => id);
	}
}

/** `Inbox/Projects`: how results show a place. */
export function shownPath(names: readonly string[]): string {
	return names.join('/');
}

export { DEEPEST as DEEPEST_FOLDER };
