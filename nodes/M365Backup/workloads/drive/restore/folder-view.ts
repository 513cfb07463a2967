import { copiedName, nameKey } from './file-names';
import type { LivingItem } from './living-item';

/** What is known of one folder's children. */
export class FolderView {
	/** Every child is known. */
	isComplete = false;
	/** Names that were asked for one by one so far. */
	questions = 0;
	listing: Promise<void> | undefined;
	/** By name without case; null: nothing has this name. */
	private readonly byName = new Map<string, LivingItem | null>();
	/** Copies by the name of what they are copies of. */
	private readonly copiesOf = new Map<string, Set<LivingItem>>();

	knows(name: string): boolean {
		return this.isComplete || this.byName.has(nameKey(name));
	}

	child(name: string): LivingItem | undefined {
		return this.byName.get(nameKey(name)) ?? undefined;
	}

	copies(name: string): LivingItem[] {
		return [...(this.copiesOf.get(nameKey(name)) ?? [])];
	}

	*children(): Generator<LivingItem> {
		for (const child of this.byName.values()) if (child) yield child;
	}

	/** What is claimed or moving, and not written yet, must not be forgotten. */
	isBusy(): boolean {
		if (this.listing) return true;
		for (const child of this.children()) if (child.id.startsWith(CLAIM) || child.isMoving) return true;
		return false;
	}

	missing(name: string): void {
		if (!this.byName.has(nameKey(name))) this.byName.set(nameKey(name), null);
	}

	put(item: LivingItem): void {
		this.byName.set(nameKey(item.name), item);
		const original = copiedName(item.name);
		if (original === undefined) return;
		const copies = this.copiesOf.get(nameKey(original));
		if (copies) copies.add(item);
		else this.copiesOf.set(nameKey(original), new Set([item]));
	}

	remove(item: LivingItem): void {
		const key = nameKey(item.name);
		if (this.byName.get(key) === item) this.byName.set(key, null);
		const original = copiedName(item.name);
		if (original !== undefined) this.copiesOf.get(nameKey(original))?.delete(item);
	}
}

/** What an id begins with that stands for a name which an upload on its way has claimed. */
export const CLAIM = 'claim:';
/** What the ids of things begin with that a preview would have made. */
export const PREVIEW = 'preview:';

/** Graph's own ids: what stands there in truth. */
export function isReal(id: string): boolean {
	return !id.startsWith(CLAIM) && !id.startsWith(PREVIEW);
}
