import { Failure } from '../base/failure';
import { once } from '../repository/bytes';
import { recordName } from '../repository/names';
import { formatRecord, readHold, type HoldRecord } from '../repository/prune-records';
import { putConfirmed } from '../repository/put-confirmed';
import type { Repository } from '../repository/repository';

export interface HoldRequest {
	key: string;
	/** Run id of the snapshot. */
	id: string;
	/** Who wants it kept. */
	by: string;
	/** Why. */
	reason: string;
}

/**
 * Keeps a snapshot from every prune until it is released. Holding what is held changes nothing: the first one's word stays.
 *
 * @throws Failure `notFound` if there is no such snapshot (any more); `invalid` without a reason.
 */
export async function holdSnapshot(repository: Repository, request: HoldRequest, signal?: AbortSignal): Promise<{ hold: HoldRecord; wasHeld: boolean }> {
	const { key, id, by, reason } = request;
	if (reason.trim() === '') throw new Failure('invalid', 'A hold needs a reason', { nextStep: 'Say why the snapshot must be kept, e.g. the number of a case.' });
	await repository.snapshot(key, id, signal);
	const standing = await readHold(repository.store, key, id, signal);
	if (standing) return { hold: standing, wasHeld: true };
	const { store, ambient } = repository;
	const hold: HoldRecord = { format: 1, snapshot: id, heldAt: ambient.now().toISOString(), by: by.trim() || 'unknown', reason: reason.trim() };
	await putConfirmed({ store, ambient, signal }, holdFile(key, id), () => once(formatRecord(hold)));
	// A prune may have taken it in this very moment: whoever holds a snapshot must know that it is there.
	if (!(await isThere(repository, key, id, signal))) {
		await store.delete([holdFile(key, id)]);
		throw new Failure('notFound', `The snapshot ${id} was pruned while it was being held`, { nextStep: 'Hold another snapshot, or bring this one back from a copy (Repository → Import Files).' });
	}
	return { hold, wasHeld: false };
}

/** From now on prune may remove it. Null if nobody held it. Throws `notFound` if there is no such snapshot. */
export async function releaseSnapshot(repository: Repository, key: string, id: string, signal?: AbortSignal): Promise<HoldRecord | null> {
	await repository.snapshot(key, id, signal);
	const standing = await readHold(repository.store, key, id, signal);
	if (standing) await repository.store.delete([holdFile(key, id)], signal);
	return standing;
}

function holdFile(key: string, id: string): string {
	return `${key}/${recordName(id, 'hold')}`;
}

/** Asked of the store itself: records that were read once are remembered. */
async function isThere(repository: Repository, key: string, id: string, signal?: AbortSignal): Promise<boolean> {
	for await (const file of repository.store.list(`${key}/${recordName(id, 'snapshot')}`, signal)) if (file.key.endsWith('.snapshot.json')) return true;
	return false;
}
