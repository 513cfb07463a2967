import type { ItemType } from '../repository/records';

/** An item whose content, as some snapshots hold it, cannot be had any more. */
export interface LostItem {
	id: string;
	type: ItemType;
	name: string;
	/** Ids of the snapshots that hold it so. */
	snapshots: string[];
}

export interface Damage {
	/** As it is stored: `<source key>/<name>`, of an encrypted file with `.age`. */
	file: string;
	reason: string;
	/** Ids of the snapshots that need this file. Empty where nothing is lost but the time that the next run takes. */
	snapshots: string[];
	/** The list of items itself is damaged: everything in these snapshots counts as lost until the file is put back. */
	wholeSnapshots: boolean;
	/** The first 1000. */
	items: LostItem[];
	itemCount: number;
}

const listedItems = 1000;

/** Gathers what is found damaged, one entry a file. */
export class DamageList {
	private readonly byFile = new Map<string, Damage>();
	private readonly itemIds = new Map<string, Map<string, LostItem | null>>();

	/** The first reason found for a file is the one that counts. */
	add(file: string, reason: string, snapshots: Iterable<string> = [], wholeSnapshots = false): void {
		const damage = this.byFile.get(file) ?? { file, reason, snapshots: [], wholeSnapshots, items: [], itemCount: 0 };
		damage.snapshots = [...new Set([...damage.snapshots, ...snapshots])].sort();
		damage.wholeSnapshots ||= wholeSnapshots;
		this.byFile.set(file, damage);
	}

	addItem(file: string, item: Omit<LostItem, 'snapshots'>, snapshot: string): void {
		const damage = this.byFile.get(file);
		if (damage === undefined) return;
		const known = this.itemIds.get(file) ?? new Map<string, LostItem | null>();
		this.itemIds.set(file, known);
		const listed = known.get(item.id);
		if (listed) {
			if (!listed.snapshots.includes(snapshot)) listed.snapshots.push(snapshot);
		} else if (listed === undefined) {
			damage.itemCount += 1;
			const lost = damage.items.length < listedItems ? { ...item, snapshots: [snapshot] } : null;
			if (lost) damage.items.push(lost);
			known.set(item.id, lost);
		}
	}

	has(file: string): boolean {
		return this.byFile.has(file);
	}

	/** By file name. */
	all(): Damage[] {
		return [...this.byFile.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
	}
}
