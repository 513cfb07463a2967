import { Failure, isFailure } from '../base/failure';
import { readFile } from '../repository/bytes';
import { CopyLedger, listTargets } from '../repository/copies';
import { evictedAsKnown } from '../repository/evicted';
import { MAX_CURSOR_BYTES } from '../repository/limits';
import { parseRepositoryKey, recordName } from '../repository/names';
import { readHold, readPrune, type HoldRecord, type PruneRecord } from '../repository/prune-records';
import { parseCursorRecord } from '../repository/record-schemas';
import type { CursorRecord, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { listSource, snapshotIds, type StoredSnapshot } from '../repository/snapshot-files';
import type { StoreFile } from '../stores/store';

/** Files read at the same time: in a bucket each one takes a round trip. */
const PARALLEL_READS = 16;

/** All that a prune of one source decides by, but for segment indexes. */
export interface SourceState {
	key: string;
	/** Also archives that a copy holds in the repository's stead: a prune record is what tells that copy to let them go. */
	files: ReadonlyMap<string, StoreFile>;
	/** Oldest first. */
	snapshots: readonly StoredSnapshot[];
	storedAt: ReadonlyMap<string, Date>;
	holds: ReadonlyMap<string, HoldRecord>;
	/** The one that counts. */
	cursor: CursorRecord | null;
	/** By name; null for one that cannot be read. */
	prunes: ReadonlyMap<string, PruneRecord | null>;
}

/** @throws Failure `corrupt` where what is there is not all that should be: then nothing may be removed. */
export async function readSourceState(repository: Repository, key: string, signal: AbortSignal | undefined): Promise<SourceState> {
	const files = await listSource(repository.store, key, signal);
	const records = repository.snapshotFiles();
	const read = await inParallel(snapshotIds(files.keys()), async (id) => {
		const stored = await records.read(key, id, signal).catch((error: unknown) => refuseDamaged(error));
		// One that has gone since the listing was pruned by somebody else.
		return stored ?? [];
	});
	const snapshots = read.flat();
	const prunes = await readPrunes(repository, key, files, signal);
	refuseGaps(key, snapshots, files, prunes);
	await addEvicted(repository, key, files, prunes, signal);
	return {
		key,
		files,
		snapshots,
		storedAt: new Map(snapshots.map(({ record }) => [record.id, files.get(recordName(record.id, 'snapshot'))?.modifiedAt ?? new Date(0)])),
		holds: await readHolds(repository, key, files.keys(), signal),
		cursor: await repository.cursor(key, signal),
		prunes,
	};
}

/** But for those that a prune has let go already, while the copy still holds them. */
async function addEvicted(
	repository: Repository,
	key: string,
	files: Map<string, StoreFile>,
	prunes: ReadonlyMap<string, PruneRecord | null>,
	signal: AbortSignal | undefined,
): Promise<void> {
	const evicted = await evictedAsKnown(repository.store, key, signal);
	if (evicted.size === 0) return;
	const prunedAt = new Map<string, string>();
	for (const prune of prunes.values()) for (const { name } of prune?.files ?? []) prunedAt.set(name, prune?.prunedAt ?? '');
	for (const [name, { size, at }] of evicted) {
		const pruned = prunedAt.get(name);
		if (files.has(name) || (pruned !== undefined && Date.parse(pruned) >= Date.parse(at))) continue;
		files.set(name, { key: `${key}/${name}`, sizeBytes: size, modifiedAt: new Date(at) });
	}
}

/** Of the files of one kind, oldest first. Of tens of thousands of names only those are parsed that may be of it. */
export function runIdsOf(wanted: 'hold' | 'prune' | 'seen', names: Iterable<string>): string[] {
	const ids: string[] = [];
	for (const name of names) {
		if (!name.includes(`.${wanted}`)) continue;
		const { kind, runId } = parseRepositoryKey(`mailbox-0000000000000000/${name}`);
		if (kind === wanted && runId !== undefined) ids.push(runId);
	}
	return ids.sort();
}

/** A hold that cannot be read is a hold. */
export async function readHolds(
	repository: Repository,
	key: string,
	names: Iterable<string>,
	signal: AbortSignal | undefined,
): Promise<Map<string, HoldRecord>> {
	const ids = runIdsOf('hold', names);
	const holds = new Map<string, HoldRecord>();
	for (const id of ids) {
		try {
			const hold = await readHold(repository.store, key, id, signal);
			if (hold) holds.set(id, hold);
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			holds.set(id, { format: 1, snapshot: id, heldAt: new Date(0).toISOString(), by: 'somebody', reason: 'the hold cannot be read' });
		}
	}
	return holds;
}

async function readPrunes(
	repository: Repository,
	key: string,
	files: ReadonlyMap<string, StoreFile>,
	signal: AbortSignal | undefined,
): Promise<Map<string, PruneRecord | null>> {
	const names = runIdsOf('prune', files.keys()).map((id) => recordName(id, 'prune'));
	return new Map(
		await inParallel(names, async (name): Promise<[string, PruneRecord | null]> => {
			try {
				return [name, await readPrune(repository.store, key, name, signal)];
			} catch (error) {
				if (!isFailure(error, 'corrupt')) throw error;
				return [name, null];
			}
		}),
	);
}

/** A parent that is missing without a prune that explains it: files of it may be needed that nobody can name. */
function refuseGaps(key: string, snapshots: readonly StoredSnapshot[], files: ReadonlyMap<string, StoreFile>, prunes: ReadonlyMap<string, PruneRecord | null>): void {
	const pruned = new Set([...prunes.values()].flatMap((prune) => prune?.snapshots.map(({ id }) => id) ?? []));
	for (const { record } of snapshots) {
		const { parent } = record;
		if (parent === null || files.has(recordName(parent.id, 'snapshot')) || pruned.has(parent.id)) continue;
		throw new Failure('corrupt', `${key}/${recordName(parent.id, 'snapshot')} is missing, and no prune removed it; nothing of this source was pruned`, {
			nextStep: 'Put the file back from a copy (Repository → Import Files), then prune again.',
			code: 'missingFile',
		});
	}
}

function refuseDamaged(error: unknown): never {
	if (!isFailure(error, 'corrupt')) throw error;
	throw new Failure('corrupt', `${error.message}; nothing of this source was pruned, since nobody knows which files it needs`, {
		nextStep: 'Put an undamaged copy of the file back (Repository → Import Files), then prune again.',
		cause: error,
	});
}

/**
 * Cursors that name seen files: those of remaining records, and `cursor.json`, which counts with one of these. They are read only if there are seen files
 * at all: a source in its daily run has none.
 */
export async function cursorsWithSeen(
	repository: Repository,
	state: SourceState,
	remaining: readonly SnapshotRecord[],
	signal: AbortSignal | undefined,
): Promise<CursorRecord[]> {
	const oldest = runIdsOf('seen', state.files.keys())[0];
	if (oldest === undefined) return [];
	const names = remaining.filter(({ id }) => id >= oldest).map(({ cursor }) => cursor.name);
	if (remaining.length > 0) names.push('cursor.json');
	return (await inParallel(names, (name) => readCursorFile(repository, state.key, name, signal))).flatMap((cursor) => cursor ?? []);
}

async function readCursorFile(repository: Repository, key: string, name: string, signal: AbortSignal | undefined): Promise<CursorRecord | null> {
	const file = `${key}/${name}`;
	try {
		const bytes = await readFile(repository.store, file, MAX_CURSOR_BYTES, signal);
		return bytes === null ? null : parseCursorRecord(bytes, file, repository.proofFor(key));
	} catch (error) {
		// It counts no longer, so that no enumeration goes on from it.
		if (!isFailure(error, 'corrupt')) throw error;
		return null;
	}
}

/**
 * Prune records that somebody still needs: one that explains the missing parent of a remaining record, or names files that
 * a copy still has, or is all that is left of a source. One that cannot be read stays.
 */
export async function neededPrunes(
	repository: Repository,
	state: SourceState,
	remaining: readonly SnapshotRecord[],
	signal: AbortSignal | undefined,
): Promise<Set<string>> {
	const needed = new Set<string>();
	if (state.prunes.size === 0) return needed;
	const parents = new Set(remaining.flatMap(({ parent }) => parent?.id ?? []));
	const copied = await copiedKeys(repository, signal);
	for (const [name, prune] of state.prunes) {
		const isNeeded =
			prune === null ||
			copied === null ||
			prune.gone !== undefined ||
			prune.snapshots.some(({ id }) => parents.has(id)) ||
			prune.files.some((file) => copied.has(`${state.key}/${file.name}`));
		if (isNeeded) needed.add(name);
	}
	return needed;
}

/** Null if a ledger cannot be read: then nobody knows what the copies have. */
async function copiedKeys(repository: Repository, signal: AbortSignal | undefined): Promise<Set<string> | null> {
	const keys = new Set<string>();
	try {
		for (const target of await listTargets(repository.store, signal)) {
			for (const key of (await CopyLedger.read(repository.store, repository.ambient, target, signal)).files().keys()) keys.add(key);
		}
	} catch (error) {
		if (!isFailure(error, 'corrupt', 'invalid')) throw error;
		return null;
	}
	return keys;
}

/** In the order of the values. */
export async function inParallel<T, R>(values: readonly T[], work: (value: T) => Promise<R>): Promise<R[]> {
	const results: R[] = [];
	for (let start = 0; start < values.length; start += PARALLEL_READS) {
		results.push(...(await Promise.all(values.slice(start, start + PARALLEL_READS).map(work))));
	}
	return results;
}
