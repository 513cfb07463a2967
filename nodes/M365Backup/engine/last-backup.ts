import { recordName } from '../repository/names';
import type { Repository } from '../repository/repository';
import { listSource, snapshotIds } from '../repository/snapshot-files';

const dayMs = 24 * 3_600_000;

/** When a source was last backed up, and how well. */
export interface LastBackup {
	/** ISO 8601 UTC: when the newest snapshot was finished, or when a run last found that it still holds. */
	time: string;
	status: 'complete' | 'partial';
	/** Whole days since `time`. */
	daysAgo: number;
	/** ISO 8601 UTC: when a complete snapshot last held; null if there is none. */
	completeAt: string | null;
	/** Whether a hold keeps one of its snapshots from every prune. */
	held: boolean;
}

/** Of one source; null if it was never backed up. Reads one or two records and the cursor; damaged records are passed over. */
export async function lastBackup(repository: Repository, key: string, signal?: AbortSignal): Promise<LastBackup | null> {
	const found = await repository.newest(key, signal ? { signal } : {});
	if (found === null) return null;
	const { snapshot, isPartial, newerPartial } = found;
	const cursor = await repository.cursor(key, signal);
	const heldAt = (record: { id: string; finishedAt: string }): string =>
		cursor?.snapshot === record.id && Date.parse(cursor.checkedAt) > Date.parse(record.finishedAt) ? cursor.checkedAt : record.finishedAt;
	const newest = newerPartial ?? snapshot;
	const time = heldAt(newest);
	return {
		time: new Date(time).toISOString(),
		status: newest.status,
		daysAgo: Math.max(0, Math.floor((repository.ambient.now().getTime() - Date.parse(time)) / dayMs)),
		completeAt: isPartial ? null : new Date(heldAt(snapshot)).toISOString(),
		held: await isHeld(repository, key, signal),
	};
}

async function isHeld(repository: Repository, key: string, signal: AbortSignal | undefined): Promise<boolean> {
	const names = await listSource(repository.store, key, signal);
	return snapshotIds(names.keys()).some((id) => names.has(recordName(id, 'hold')));
}

/** Whether no complete backup of it holds as of so many days ago or later. One that was never backed up is not. */
export function isNotBackedUpSince(last: LastBackup | null, days: number, now: Date): boolean {
	if (last === null || last.completeAt === null) return true;
	return Date.parse(last.completeAt) <= now.getTime() - days * dayMs;
}
