import { Failure, isFailure } from '../base/failure';
import { once } from '../repository/bytes';
import { recordName } from '../repository/names';
import { formatRecord, readHold, type HoldRecord } from '../repository/prune-records';
import { putConfirmed } from '../repository/put-confirmed';
import type { Repository } from '../repository/repository';
import { listSource } from '../repository/snapshot-files';
import { LOCKED_CODE } from '../stores/store';
import { prunesGoingOn } from './prunes-going-on';

const LOOK_EVERY_MS = 1000;
const MOST_LOOKS = 30;

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
 * @throws Failure `notFound` if there is no such snapshot (any more); `conflict` while a prune removes it; `invalid` without a reason.
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
	for (let look = 1; ; look++) {
		const became = await whatBecameOf(repository, key, id, signal);
		if (became === 'stored') return { hold, wasHeld: false };
		if (became === 'going' && look < MOST_LOOKS) {
			await ambient.sleep(LOOK_EVERY_MS, signal);
			continue;
		}
		// Whoever holds a snapshot must know that it is there. Where the bucket has locked it, it stays: without a snapshot it means nothing.
		await store.delete([holdFile(key, id)]).catch((error: unknown) => {
			if (!isFailure(error, 'denied') || error.code !== LOCKED_CODE) throw error;
		});
		if (became === 'gone') {
			throw new Failure('notFound', `The snapshot ${id} was pruned while it was being held`, { nextStep: 'Hold another snapshot, or bring this one back from a copy (Repository → Import Files).' });
		}
		throw new Failure('conflict', `A prune is removing the snapshot ${id} at this moment`, {
			nextStep: 'Hold another snapshot. If this one is still in the list in an hour, the prune was interrupted, and it can be held then.',
		});
	}
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

/**
 * Asked of the store itself, since records that were read once are remembered. A prune writes down what it removes before it
 * reads the holds for the last time: either it sees this one and takes its record back, or its record is seen here. All
 * dates are the store's.
 */
async function whatBecameOf(repository: Repository, key: string, id: string, signal?: AbortSignal): Promise<'stored' | 'gone' | 'going'> {
	const files = await listSource(repository.store, key, signal);
	const snapshot = files.get(recordName(id, 'snapshot'));
	const hold = files.get(recordName(id, 'hold'));
	if (!snapshot) return 'gone';
	for (const { writtenAt, record } of await prunesGoingOn(repository.store, key, files, hold?.modifiedAt ?? new Date(0), signal)) {
		const cameBack = snapshot.modifiedAt > writtenAt;
		// A record that cannot be read counts as naming everything.
		if (!cameBack && (!record || record.snapshots.some((removed) => removed.id === id))) return 'going';
	}
	return 'stored';
}
