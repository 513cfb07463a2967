import { isFailure } from '../base/failure';
import { once, readFile, sha256 } from '../repository/bytes';
import { MAX_CURSOR_BYTES } from '../repository/limits';
import { recordName } from '../repository/names';
import { putConfirmed } from '../repository/put-confirmed';
import { parseCursorRecord } from '../repository/record-schemas';
import type { CursorRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { count } from './replica-tally';
import type { ReplicationContext } from './replication';

/** Where each overwriting leaves an old version behind, once a day is enough for news of quiet runs. */
const RARELY_MS = 20 * 3_600_000;

/**
 * The copy of the newest cursor, last of all and only if it is newer than the replica's own: backups may have gone on there.
 * Without the key nobody can tell, so it goes only where the replica has no newer snapshot of its own. Losing it costs a replay.
 */
export async function copyCurrentCursor(context: ReplicationContext, key: string, newest: { here: string | undefined; there: string | undefined }): Promise<void> {
	const { from, to, repository, replica, ambient, copier, tally, signal } = context;
	const name = copier.options.nameOf(`${key}/cursor.json`);
	const bytes = await readFile(from, name, MAX_CURSOR_BYTES * 2, signal);
	if (bytes === null) return;
	const there = await readFile(to, name, MAX_CURSOR_BYTES * 2, signal);
	if (there !== null && sha256(there) === sha256(bytes)) return;
	if (repository && replica) {
		const cursor = await readCursor(repository, key, signal);
		// One that is damaged, or whose snapshot is not in the replica (yet), counts for nothing there.
		if (cursor === null || !(await isThere(context, `${key}/${recordName(cursor.snapshot, 'snapshot')}`))) return;
		const known = await readCursor(replica, key, signal);
		if (known !== null && !isNewer(cursor, known, to.capabilities.overwriteIsCostly ? RARELY_MS : 0)) return;
	} else if ((newest.there ?? '') > (newest.here ?? '')) return;
	await putConfirmed({ store: to, ambient, signal }, name, () => once(bytes));
	count(tally.copied, bytes.length);
}

function isNewer(cursor: CursorRecord, known: CursorRecord, byMs: number): boolean {
	if (cursor.snapshot !== known.snapshot) return cursor.snapshot > known.snapshot;
	return Date.parse(cursor.checkedAt) > Date.parse(known.checkedAt) + byMs;
}

async function readCursor(repository: Repository, key: string, signal: AbortSignal): Promise<CursorRecord | null> {
	const file = `${key}/cursor.json`;
	try {
		const bytes = await readFile(repository.store, file, MAX_CURSOR_BYTES, signal);
		return bytes === null ? null : parseCursorRecord(bytes, file, repository.proofFor(key));
	} catch (error) {
		if (isFailure(error, 'corrupt', 'invalid', 'notFound')) return null;
		throw error;
	}
}

async function isThere({ to, copier, signal }: ReplicationContext, file: string): Promise<boolean> {
	const wanted = copier.options.nameOf(file);
	for await (const { key } of to.list(wanted, signal)) if (key === wanted) return true;
	return false;
}
