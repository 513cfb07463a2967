import type { CatalogEntry, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { shownPath, type FolderTree } from './folder-tree';
import { HistoryFolders } from './history-folders';
import type { SharedSegments } from './history-segments';
import { SnapshotFolders } from './search-folders';

/** Looking folders up in more snapshots than this takes longer than reading all folders of all of them at once. */
const MOST_TREES = 30;

/** An entry, and the ordinal of the snapshot that it is from. */
export interface InSnapshot {
	ordinal: number;
	entry: CatalogEntry;
}

/** Tells the places of entries that come from many snapshots, with as few reads as the number of snapshots allows. */
export class HistoryPlaces {
	readonly #trees = new Map<number, SnapshotFolders>();
	#all: HistoryFolders | undefined;

	constructor(
		private readonly repository: Repository,
		private readonly shared: SharedSegments,
		private readonly signal: AbortSignal | undefined,
	) {}

	/** All folders that ever were, as they were last. */
	async tree(): Promise<FolderTree> {
		return (await this.readAll()).asKnownLast();
	}

	/** `Inbox/Projects` of each entry's folder, in the order given. */
	async paths(entries: readonly InSnapshot[]): Promise<string[]> {
		const wanted = new Map<number, string[]>();
		for (const { ordinal, entry } of entries) {
			if (entry.parent === undefined) continue;
			const parents = wanted.get(ordinal);
			if (parents) parents.push(entry.parent);
			else wanted.set(ordinal, [entry.parent]);
		}
		const newTrees = [...wanted.keys()].filter((ordinal) => !this.#trees.has(ordinal)).length;
		if (this.#all || this.#trees.size + newTrees > MOST_TREES) {
			const all = await this.readAll();
			return entries.map(({ ordinal, entry }) => shownPath(all.pathAt(entry.parent, ordinal)));
		}
		for (const [ordinal, parents] of wanted) {
			const snapshot = this.shared.snapshots[ordinal];
			if (snapshot) await this.treeOf(ordinal, snapshot).readAncestors(parents);
		}
		return entries.map(({ ordinal, entry }) => shownPath(this.#trees.get(ordinal)?.path(entry.parent) ?? []));
	}

	private treeOf(ordinal: number, snapshot: SnapshotRecord): SnapshotFolders {
		const tree = this.#trees.get(ordinal) ?? new SnapshotFolders(this.repository.catalog(snapshot), this.signal);
		this.#trees.set(ordinal, tree);
		return tree;
	}

	private async readAll(): Promise<HistoryFolders> {
		this.#all ??= await HistoryFolders.read(this.shared, this.signal);
		return this.#all;
	}
}
