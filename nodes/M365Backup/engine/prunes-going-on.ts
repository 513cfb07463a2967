import { isFailure } from '../base/failure';
import { parseRepositoryKey } from '../repository/names';
import { readPrune, type PruneRecord } from '../repository/prune-records';
import type { Store, StoreFile } from '../stores/store';

/** How long a prune may take to remove what it wrote down. One that stands longer was interrupted. */
const PRUNE_TAKES_MS = 3_600_000;

/** A prune that may not have removed all of it yet. */
export interface GoingPrune {
	/** By the store's clock. */
	writtenAt: Date;
	/** Undefined: it cannot be read, and may name anything. */
	record: PruneRecord | undefined;
}

/**
 * The prunes of one source that have begun less than an hour before `now`.
 *
 * @param files The source's, by name, as the store lists them.
 */
export async function prunesGoingOn(store: Store, key: string, files: ReadonlyMap<string, StoreFile>, now: Date, signal?: AbortSignal): Promise<GoingPrune[]> {
	const going: GoingPrune[] = [];
	for (const [name, { modifiedAt }] of files) {
		if (parseRepositoryKey(`${key}/${name}`).kind !== 'prune' || modifiedAt.getTime() + PRUNE_TAKES_MS < now.getTime()) continue;
		try {
			const record = await readPrune(store, key, name, signal);
			if (record) going.push({ writtenAt: modifiedAt, record });
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			going.push({ writtenAt: modifiedAt, record: undefined });
		}
	}
	return going;
}
