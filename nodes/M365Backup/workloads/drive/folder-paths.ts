import type { KnownItems } from '../workload';

interface Folder {
	name: string;
	/** Graph id; absent at the drive's root. */
	parent?: string;
}

/** Deeper than a path of 400 characters can be: a circle, for a moment, while folders change places. */
const DEEPEST = 300;

/**
 * Where folders are, by their names: those that this run has met, and others from the catalog as they are needed. A
 * folder's children say nothing of it when it is renamed or moved, so paths are never stored with them.
 */
export class FolderPaths {
	private readonly folders = new Map<string, Folder | null>();
	/** Graph id of the drive's root. */
	rootId: string | undefined;

	constructor(private readonly scope: string) {}

	/** A folder as Graph tells it now. */
	note(graphId: string, name: string, parent: string | undefined): void {
		this.folders.set(graphId, { name, ...(parent === undefined || parent === this.rootId ? {} : { parent }) });
	}

	forget(graphId: string): void {
		this.folders.delete(graphId);
	}

	/** Looks up what is not known yet of these folders and of all above them. */
	async load(graphIds: Iterable<string>, known: KnownItems): Promise<void> {
		let level = this.unknown(graphIds);
		for (let depth = 0; level.length > 0 && depth < DEEPEST; depth++) {
			const found = await known.lookUp(level.map((id) => `${this.scope}/${id}`));
			const above: string[] = [];
			for (const id of level) {
				const item = found.get(`${this.scope}/${id}`);
				if (!item) {
					this.folders.set(id, null);
					continue;
				}
				const parent = item.parent === undefined || !item.parent.startsWith(`${this.scope}/`) ? undefined : item.parent.slice(this.scope.length + 1);
				// A library's root container stands for the drive's root and has no id of Graph's.
				this.folders.set(id, { name: item.name, ...(parent === undefined || parent === 'root' ? {} : { parent }) });
				if (parent !== undefined && parent !== 'root') above.push(parent);
			}
			level = this.unknown(above);
		}
	}

	private unknown(graphIds: Iterable<string>): string[] {
		return [...new Set(graphIds)].filter((id) => id !== this.rootId && !this.folders.has(id));
	}

	/** Names from the root down to the folder itself; undefined where one of them is unknown. */
	path(graphId: string | undefined): string[] | undefined {
		const names: string[] = [];
		let at = graphId;
		while (at !== undefined && at !== this.rootId) {
			const folder = this.folders.get(at);
			if (!folder || names.length > DEEPEST) return undefined;
			names.push(folder.name);
			at = folder.parent;
		}
		return names.reverse();
	}

	/** The first folder on the way up of which nothing is known. */
	firstUnknown(graphId: string | undefined): string | undefined {
		let at = graphId;
		for (let depth = 0; at !== undefined && at !== this.rootId && depth < DEEPEST; depth++) {
			const folder = this.folders.get(at);
			if (!folder) return at;
			at = folder.parent;
		}
		return undefined;
	}

	/** What this run knows of a folder; null: nothing, undefined: not asked. */
	get(graphId: string): Readonly<Folder> | null | undefined {
		return this.folders.get(graphId);
	}
}
