import type { SnapshotRecord } from '../../connect/repository';

/** A hint for the output pane: without it, a search without a hit looks as if nothing had run. */
export function nothingFound(snapshot: SnapshotRecord, consequence: string): string {
	return `Nothing in the snapshot of ${snapshot.finishedAt} meets the conditions, so ${consequence}. Widen them, or choose another snapshot.`;
}
