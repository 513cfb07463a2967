import type { FoundItem } from './search';

/** What went into an exported file; complete once it was read to its end. */
export interface ExportTally {
	items: number;
	files: number;
	failed: number;
	/** Of the exported file itself. */
	bytes: number;
	/** The first 20. */
	failures: { id: string; name: string; reason: string }[];
}

const LISTED_FAILURES = 20;

export function emptyTally(): ExportTally {
	return { items: 0, files: 0, failed: 0, bytes: 0, failures: [] };
}

/** One item more; `failure` says why it is missing. */
export function count(tally: ExportTally, { item, failure }: { item: FoundItem; failure?: string }): void {
	tally.items += 1;
	if (failure === undefined) return;
	tally.failed += 1;
	if (tally.failures.length < LISTED_FAILURES) tally.failures.push({ id: item.id, name: item.name, reason: failure });
}
