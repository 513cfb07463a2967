import type { CatalogEntry, SnapshotChanges, SnapshotTotals } from '../repository/records';
import { noChanges } from './back-up-summary';

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

	constructor(totals: SnapshotTotals | undefined) {
		this.totals = { items: totals?.items ?? 0, bytes: totals?.bytes ?? 0 };
	}

	/** An item's state before and after; null is "not there". */
	book(type: string, before: CatalogEntry | null, after: Pick<CatalogEntry, 'content'> | null): void {
		this.totals.bytes += contentBytes(after) - contentBytes(before);
		if (!isCounted(type)) return;
		if (after && !before) this.totals.items += 1;
		if (!after && before) this.totals.items -= 1;
		if (after) this.bump(before ? 'updated' : 'added');
		else if (before) this.bump('deleted');
	}

	bump(what: keyof SnapshotChanges): void {
		this.sinceCommit[what] += 1;
		this.sinceStart[what] += 1;
	}

	committed(): void {
		this.sinceCommit = noChanges();
	}
}
