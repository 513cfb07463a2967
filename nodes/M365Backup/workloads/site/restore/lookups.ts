import type { JsonObject } from '../../../base/json';
import { textIn } from './item-document';
import { scopedId } from './scoped-id';
import { signalOf, sitePath, type SiteRestoreContext } from './site-restore-context';
import type { TargetList } from './target-list';

/** Where a lookup's item is in the target. */
export type Looked =
	| { state: 'there'; id: string }
	/** It is still to be restored. */
	| { state: 'waits'; for: string }
	| { state: 'lost' };

/**
 * What became of list items, so that lookups can point to them: ids are others in another list, and a deleted item
 * comes back under a new one.
 */
export class Lookups {
	/** Scoped id in the snapshot → id in the target; in a preview, of what is to be made, one that no list has. */
	private readonly found = new Map<string, string>();
	private readonly wanted = new Set<string>();
	/** Lists of the snapshot, by GUID, of which an item has another id now. */
	private readonly moved = new Set<string>();
	private readonly livingIds = new Map<string, Promise<Set<string>>>();

	constructor(private readonly context: SiteRestoreContext) {}

	/** Items that this restore is to bring back. */
	expect(scopedIds: Iterable<string>): void {
		for (const id of scopedIds) this.wanted.add(id);
	}

	/** @param id null: in a preview, or it could not be brought back */
	settle(key: string, id: string | null, hasFailed = false): void {
		this.wanted.delete(key);
		if (hasFailed) return;
		this.found.set(key, id ?? `new ${key}`);
		const own = scopedId(key);
		if (own && own.id !== id) this.moved.add(own.guid);
	}

	/** Whether an item of this list has another number now: who looks it up must be told, although nobody changed it. */
	hasMoved(listGuid: string): boolean {
		return this.moved.has(listGuid) || [...this.wanted].some((key) => scopedId(key)?.guid === listGuid);
	}

	/** @param sameList the list looked into, if it is the very one that was backed up: ids of living items still hold */
	async look(listGuid: string, id: string, sameList: Pick<TargetList, 'id' | 'site'> | undefined): Promise<Looked> {
		const key = `list-${listGuid}/${id}`;
		const settled = this.found.get(key);
		if (settled !== undefined) return { state: 'there', id: settled };
		if (this.wanted.has(key)) return { state: 'waits', for: key };
		if (sameList?.id == null) return { state: 'lost' };
		return (await this.idsOf(sameList.site.id, sameList.id)).has(id) ? { state: 'there', id } : { state: 'lost' };
	}

	/** Ids of a list's living items, where somebody has read them anyway. */
	know(listId: string, ids: Iterable<string>): void {
		this.livingIds.set(listId, Promise.resolve(new Set(ids)));
	}

	private async idsOf(siteId: string, listId: string): Promise<Set<string>> {
		const known = this.livingIds.get(listId) ?? this.readIds(siteId, listId);
		this.livingIds.set(listId, known);
		return await known;
	}

	private async readIds(siteId: string, listId: string): Promise<Set<string>> {
		const ids = new Set<string>();
		for await (const page of this.context.graph.pages<JsonObject>({ path: `${sitePath(siteId)}/lists/${listId}/items?$select=id&$top=5000`, ...signalOf(this.context) })) {
			for (const item of page) ids.add(textIn(item, 'id') ?? '');
		}
		return ids;
	}
}
