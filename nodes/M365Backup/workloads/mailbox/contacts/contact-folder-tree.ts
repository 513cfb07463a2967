import type { JsonObject } from '../../../base/json';
import type { Change, KnownItems } from '../../workload';
import { graphIdIn, PART_TITLES, partId, partRootId } from '../mailbox-part';

export const CONTACTS = 'contacts';
export const CONTACT_FOLDER_KIND = 'contactFolder';

export interface ContactFolderNode {
	name: string;
	/** Graph id; null right below the part's root, as the default folder is. */
	parent: string | null;
}

/** How many contacts the catalog has of a folder, and by how many Graph's own count differs from that without telling anything. */
interface ContactCount {
	count: number;
	drift: number;
}

/** The contact folders of a mailbox as the last walk found them, by Graph id. */
export class ContactFolderTree {
	private readonly nodes = new Map<string, ContactFolderNode>();
	private readonly counts = new Map<string, ContactCount>();
	/** Of the folder that Graph's lists omit; null while nobody could tell. */
	defaultId: string | null = null;
	/** Graph ids of places that are no contact folders of this tree: Deleted Items and the like. */
	readonly outside = new Set<string>();

	static fromNotes(notes: JsonObject | undefined): ContactFolderTree | null {
		const folders = notes?.['folders'];
		if (typeof folders !== 'object' || folders === null || Array.isArray(folders)) return null;
		const tree = new ContactFolderTree();
		for (const [id, value] of Object.entries(folders)) {
			if (!Array.isArray(value) || typeof value[0] !== 'string') return null;
			tree.nodes.set(id, { name: value[0], parent: typeof value[1] === 'string' ? value[1] : null });
			if (typeof value[2] === 'number') tree.counts.set(id, { count: value[2], drift: typeof value[3] === 'number' ? value[3] : 0 });
		}
		tree.defaultId = typeof notes?.['defaultId'] === 'string' ? notes['defaultId'] : null;
		return tree;
	}

	/** Needed only where the cursor is lost: a pass over the catalog. */
	static async fromCatalog(known: KnownItems): Promise<ContactFolderTree> {
		const tree = new ContactFolderTree();
		for await (const { id, name, parent, meta } of known.ofType('folder')) {
			if (meta['kind'] !== CONTACT_FOLDER_KIND) continue;
			tree.nodes.set(graphIdIn(id), { name, parent: parent === undefined || parent === partRootId(CONTACTS) ? null : graphIdIn(parent) });
			if (meta['isDefault'] === true) tree.defaultId = graphIdIn(id);
		}
		return tree;
	}

	toNotes(): JsonObject {
		return {
			folders: Object.fromEntries(
				[...this.nodes].map(([id, { name, parent }]) => {
					const { count, drift } = this.countOf(id);
					return [id, [name, parent, count, drift]];
				}),
			),
			...(this.defaultId === null ? {} : { defaultId: this.defaultId }),
		};
	}

	get ids(): string[] {
		return [...this.nodes.keys()];
	}

	get(id: string): ContactFolderNode | undefined {
		return this.nodes.get(id);
	}

	has(id: string): boolean {
		return this.nodes.has(id);
	}

	/** @returns whether that is news. */
	set(id: string, node: ContactFolderNode): boolean {
		const before = this.nodes.get(id);
		this.nodes.set(id, node);
		this.outside.delete(id);
		return before?.name !== node.name || before.parent !== node.parent;
	}

	remove(id: string): void {
		this.nodes.delete(id);
		this.counts.delete(id);
		if (id === this.defaultId) this.defaultId = null;
	}

	/** A contact of the catalog comes, goes or moves. Graph ids of its folder before and after. */
	moved(from: string | undefined, to: string | undefined): void {
		if (from === to) return;
		for (const [id, by] of [[from, -1], [to, 1]] as const) {
			if (id === undefined) continue;
			const { count, drift } = this.countOf(id);
			this.counts.set(id, { count: count + by, drift });
		}
	}

	/** Whether Graph's count says that delta lost something: a difference that was there before is no news. */
	hasDrifted(id: string, total: number): boolean {
		const { count, drift } = this.countOf(id);
		return total - count !== drift;
	}

	/** The folder was compared just now: what still differs means nothing. */
	settle(id: string, total: number): void {
		const { count } = this.countOf(id);
		this.counts.set(id, { count, drift: total - count });
	}

	private countOf(id: string): ContactCount {
		return this.counts.get(id) ?? { count: 0, drift: 0 };
	}

	/** Display names from the part's title on: `['Contacts', 'Contacts', 'VIP']`. */
	path(id: string): string[] {
		const names: string[] = [];
		const met = new Set<string>();
		for (let at: string | null = id; at !== null && !met.has(at); ) {
			met.add(at);
			const node: ContactFolderNode | undefined = this.nodes.get(at);
			if (!node) break;
			names.unshift(node.name);
			at = node.parent;
		}
		return [PART_TITLES[CONTACTS], ...names];
	}

	/** Whether a folder hangs below one of these. */
	isBelow(id: string, ancestors: { has(id: string): boolean }): boolean {
		const met = new Set<string>();
		for (let at = this.nodes.get(id)?.parent ?? null; at !== null && !met.has(at); at = this.nodes.get(at)?.parent ?? null) {
			if (ancestors.has(at)) return true;
			met.add(at);
		}
		return false;
	}

	/** The whole line of a folder. */
	line(id: string, isNew: boolean): Change & { kind: 'item' } {
		const node = this.nodes.get(id);
		const parent = node?.parent ?? null;
		return {
			kind: 'item',
			id: partId(CONTACTS, id),
			type: 'folder',
			parent: parent === null ? partRootId(CONTACTS) : partId(CONTACTS, parent),
			name: node?.name ?? '',
			meta: { kind: CONTACT_FOLDER_KIND, ...(id === this.defaultId ? { isDefault: true } : {}) },
			isNew,
		};
	}
}

/** The folder at the top, by which the whole part can be chosen. */
export function contactsRootLine(): Change & { kind: 'item' } {
	return { kind: 'item', id: partRootId(CONTACTS), type: 'folder', name: PART_TITLES[CONTACTS], meta: { kind: 'root' }, isNew: true };
}
