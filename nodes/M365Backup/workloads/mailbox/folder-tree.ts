import type { JsonObject } from '../../base/json';
import { OUTSIDE_ROLES, RECOVERABLE_ROOT_ROLE } from './graph-folder';

/** What the run remembers of a folder between runs: enough to name paths and to see drift without a pass over the catalog. */
export interface FolderNode {
	name: string;
	/** Graph id of the parent; the mailbox root's id for top folders. */
	parent: string;
	role?: string;
	hidden?: true;
	/** Living messages of this folder in the catalog. */
	count: number;
	/** Graph's totalItemCount less `count` when both were last compared; a lasting difference is not news. */
	drift?: number;
}

/** The folders of one mailbox by Graph id. Lives in the cursor's notes, so that a quiet run reads no catalog. */
export class FolderTree {
	rootId: string;
	/** Folders beside the tree that are not backed up (Recoverable Items): Graph id → a name for `movedTo`. */
	readonly outside = new Map<string, string>();
	private readonly nodes: Map<string, FolderNode>;
	/** In lower case → as the user wrote it. */
	private readonly excluded: ReadonlyMap<string, string>;

	constructor(rootId: string, nodes: Iterable<[string, FolderNode]>, excluded: readonly string[] = []) {
		this.rootId = rootId;
		this.nodes = new Map(nodes);
		this.excluded = new Map(excluded.map((one) => [one.trim().toLowerCase(), one.trim()] as const).filter(([one]) => one !== ''));
	}

	static fromNotes(notes: JsonObject | undefined, excluded: readonly string[]): FolderTree | null {
		const root = notes?.['root'];
		const folders = notes?.['folders'];
		if (typeof root !== 'string' || typeof folders !== 'object' || folders === null || Array.isArray(folders)) return null;
		const tree = new FolderTree(root, Object.entries(folders) as unknown as [string, FolderNode][], excluded);
		for (const [id, name] of Object.entries((notes?.['outside'] ?? {}) as Record<string, string>)) tree.outside.set(id, name);
		return tree;
	}

	toNotes(): JsonObject {
		return {
			root: this.rootId,
			folders: Object.fromEntries(this.nodes) as unknown as JsonObject,
			...(this.outside.size > 0 ? { outside: Object.fromEntries(this.outside) } : {}),
		};
	}

	get(id: string): FolderNode | undefined {
		return this.nodes.get(id);
	}

	set(id: string, node: FolderNode): void {
		this.nodes.set(id, node);
	}

	remove(id: string): void {
		this.nodes.delete(id);
	}

	entries(): IterableIterator<[string, FolderNode]> {
		return this.nodes.entries();
	}

	get size(): number {
		return this.nodes.size;
	}

	/** Display names from the top folder down to this one; an unknown parent ends the path early. */
	path(id: string): string[] {
		const names: string[] = [];
		const met = new Set<string>();
		let current = id;
		while (current !== this.rootId && !met.has(current)) {
			met.add(current);
			const node = this.nodes.get(current);
			if (!node) break;
			names.unshift(node.name);
			current = node.parent;
		}
		return names;
	}

	/** Chosen by the user by id, role, name or display path (`Inbox/Newsletters`), or below such a folder. */
	isExcluded(id: string): boolean {
		if (this.excluded.size === 0) return false;
		const met = new Set<string>();
		let current = id;
		while (current !== this.rootId && !met.has(current)) {
			met.add(current);
			const node = this.nodes.get(current);
			if (!node) return false;
			if (this.spellingsOf(current, node).some((spelling) => this.excluded.has(spelling.toLowerCase()))) return true;
			current = node.parent;
		}
		return false;
	}

	/** Folders that the user wants left out and that there are none of: a slip of the pen, or a folder that was deleted. */
	unknownExclusions(): string[] {
		const spellings = new Set([...this.nodes].flatMap(([id, node]) => this.spellingsOf(id, node).map((one) => one.toLowerCase())));
		return [...this.excluded].flatMap(([folded, given]) => (spellings.has(folded) ? [] : [given]));
	}

	private spellingsOf(id: string, node: FolderNode): string[] {
		return [id, node.role ?? '', node.name, this.path(id).join('/')].filter((one) => one !== '');
	}

	/** Known, and not excluded. */
	isIncluded(id: string): boolean {
		return this.nodes.has(id) && !this.isExcluded(id);
	}

	/** Has messages of its own that are backed up; the top of Recoverable Items only has folders. */
	holdsMessages(id: string): boolean {
		return this.isIncluded(id) && this.nodes.get(id)?.role !== RECOVERABLE_ROOT_ROLE;
	}

	/** A folder of Recoverable Items, or below one. */
	isRecoverable(id: string): boolean {
		const met = new Set<string>();
		for (let current = id; !met.has(current); ) {
			met.add(current);
			const node = this.nodes.get(current);
			if (!node) return false;
			if (node.role !== undefined && OUTSIDE_ROLES.has(node.role)) return true;
			current = node.parent;
		}
		return false;
	}

	/** Books a message's arrival, departure or move; undefined is "nowhere". */
	count(from: string | undefined, to: string | undefined): void {
		if (from === to) return;
		const left = from === undefined ? undefined : this.nodes.get(from);
		if (left) left.count = Math.max(0, left.count - 1);
		const entered = to === undefined ? undefined : this.nodes.get(to);
		if (entered) entered.count += 1;
	}
}
