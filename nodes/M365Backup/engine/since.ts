import { Failure } from '../base/failure';
import { isRunId } from '../repository/names';
import type { SnapshotRecord } from '../repository/records';

/** A time, or the id of a snapshot. */
export type Since = Date | string;

/**
 * The place among the snapshots (oldest first, at least one) of the one that shows how things were then: the snapshot
 * itself, or the newest one that was finished by that time, else the very oldest: what was before that is not known. A
 * partial one counts like any other: it knows all that the one before it knew, and where a part of a source cannot be read
 * for months, so that all snapshots are partial, older ones would tell of months. Failure `notFound`: there is no such
 * snapshot among them.
 */
export function startOf(since: Since, snapshots: readonly SnapshotRecord[]): number {
	if (typeof since === 'string') {
		const place = isRunId(since) ? snapshots.findIndex(({ id }) => id === since) : -1;
		if (place >= 0) return place;
		throw new Failure('notFound', `There is no snapshot "${since}" to compare with`, {
			nextStep: 'Give a date, or the ID of a snapshot of the same source that is older than the one to search.',
		});
	}
	return Math.max(0, snapshots.findLastIndex(({ finishedAt }) => Date.parse(finishedAt) <= since.getTime()));
}
