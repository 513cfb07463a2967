import { KeyTable } from '../repository/key-table';
import type { CatalogEntry, SnapshotChanges, SnapshotTotals } from '../repository/records';

export const noChanges = (): SnapshotChanges => ({ added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 });

/** Folders and their like hold items; users count what is in them. */
const CONTAINERS = new Set(['folder', 'calendar', 'taskList', 'list']);

export function isCounted(type: string): boolean {
	return !CONTAINERS.has(type);
}

function contentBytes(entry: Pick<CatalogEntry, 'content'> | null | undefined): number {
	return (entry?.content ?? []).reduce((sum, ref) => sum + ref.size, 0);
}

/** Totals of the snapshot to be, and what changed since the last commit and since the start of the run. */
export class Tally {
	readonly totals: SnapshotTotals;
	sinceCommit: SnapshotChanges = noChanges();
	readonly sinceStart: SnapshotChanges = noChanges();
	/** The commit, counted from 1, in which an item was last counted: a file's columns come after the file. */
	private readonly counted = new KeyTable();
	private commit = 1;

	constructor(totals: SnapshotTotals | undefined) {
		this.totals = { items: totals?.items ?? 0, bytes: totals?.bytes ?? 0 };
	}

	/** An item's state before and after; null is "not there". However often it is told of, it is added or updated once. */
	book(id: string, type: string, before: CatalogEntry | null, after: Pick<CatalogEntry, 'content'> | null): void {
		this.totals.bytes += contentBytes(after) - contentBytes(before);
		if (!isCounted(type)) return;
		if (after && !before) this.totals.items += 1;
		if (!after && before) this.totals.items -= 1;
		if (after) this.bumpOnce(id, before ? 'updated' : 'added');
		else if (before) this.bump('deleted');
	}

	bump(what: keyof SnapshotChanges): void {
		this.sinceCommit[what] += 1;
		this.sinceStart[what] += 1;
	}

	committed(): void {
		this.sinceCommit = noChanges();
		this.commit += 1;
	}

	private bumpOnce(id: string, what: 'added' | 'updated'): void {
		const counted = this.counted.get(id);
		// What came back after it had gone is added once more.
		if (counted === undefined || what === 'added') this.sinceStart[what] += 1;
		if (counted !== this.commit || what === 'added') this.sinceCommit[what] += 1;
		this.counted.set(id, this.commit);
	}
}
