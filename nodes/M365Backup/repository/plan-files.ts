import type { StoreFile } from '../stores/store';
import { parseRepositoryKey, recordName } from './names';
import { PRUNE_GRACE_MS } from './plan-prune';
import type { PrunedFile } from './prune-records';
import type { CursorRecord, SnapshotRecord } from './records';

/** What the records that stay name, and what is there. */
export interface FileInput {
	/** Every record that stays. */
	remaining: readonly SnapshotRecord[];
	/** Those that go. */
	removed: readonly SnapshotRecord[];
	/** Archives that the lines of a segment point into, of every segment that a remaining record names. */
	archivesOf: (segment: string) => readonly string[];
	/** The cursors of remaining records, and `cursor.json`. */
	cursors: readonly CursorRecord[];
	/** Names of prune records that are still needed: they explain a missing parent, or tell a copy what to delete. */
	neededPrunes: ReadonlySet<string>;
	/** Everything in the source's folder, by name. */
	files: ReadonlyMap<string, StoreFile>;
	/**
	 * The source no longer exists: nothing will look after its `cursor.json` and leases any more. Files written later than
	 * that are of a source that came back.
	 */
	goneBefore?: Date | undefined;
	now: Date;
}

export interface FilePlan {
	/** Records of removed snapshots first: nothing may be named that is no longer there. */
	remove: PrunedFile[];
	/** Nothing names them, but they are younger than 48 hours: perhaps a run that is still going on wrote them. */
	waiting: PrunedFile[];
	/** Nothing names them, but the store does not let them go before `until` (ISO 8601; absent where nobody knows). */
	locked: (PrunedFile & { until?: string })[];
}

/** Kinds of files that nothing needs once nothing names them. Leases and `cursor.json` look after themselves. */
const REMOVABLE: ReadonlySet<string> = new Set(['archive', 'segment', 'seen', 'cursor', 'prune', 'hold']);
const REMOVABLE_OF_GONE: ReadonlySet<string> = new Set([...REMOVABLE, 'currentCursor', 'lease']);

/** Pure: the files of one source that nothing names any longer. What this software does not know is never touched. */
export function planFiles(input: FileInput): FilePlan {
	const named = namedFiles(input);
	const removedRecords = new Set(input.removed.map(({ id }) => recordName(id, 'snapshot')));
	const hashes = knownHashes(input.removed);
	const removable = input.goneBefore ? REMOVABLE_OF_GONE : REMOVABLE;
	const first = firstOfAll(input.remaining);
	const plan: FilePlan = { remove: [], waiting: [], locked: [] };
	const records: PrunedFile[] = [];
	for (const [name, file] of [...input.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
		const sha256 = hashes.get(name);
		const pruned: PrunedFile = { name, size: file.sizeBytes, ...(sha256 === undefined ? {} : { sha256 }) };
		if (removedRecords.has(name)) {
			records.push(pruned);
			continue;
		}
		const { kind, runId } = parseRepositoryKey(file.key);
		if (!removable.has(kind) || named.has(name)) continue;
		if (input.goneBefore && file.modifiedAt > input.goneBefore) continue;
		if (kind === 'archive' && runId !== undefined && first !== undefined && runId < first && sha256 === undefined) continue;
		// A hold that somebody has just placed, or whose snapshot is not here (yet), says what somebody wants.
		if (kind === 'hold' && (runId === undefined || !removedRecords.has(recordName(runId, 'snapshot')))) continue;
		if (file.modifiedAt.getTime() + PRUNE_GRACE_MS <= input.now.getTime()) plan.remove.push(pruned);
		else plan.waiting.push(pruned);
	}
	plan.remove.unshift(...records);
	return plan;
}

/**
 * The id of the snapshot with which the history of the source begins, if it is still there. Archives from before it may
 * be all that is left of a history whose records are lost: a rebuild needs them. As long as that snapshot stays, so do they.
 */
function firstOfAll(remaining: readonly SnapshotRecord[]): string | undefined {
	let oldest: SnapshotRecord | undefined;
	for (const record of remaining) if (oldest === undefined || record.id < oldest.id) oldest = record;
	return oldest?.parent === null ? oldest.id : undefined;
}

/** Pure: what the store does not let go is left for a later prune. */
export function leaveLocked(plan: FilePlan, locks: ReadonlyMap<string, Date | null>): FilePlan {
	const left: FilePlan = { remove: [], waiting: plan.waiting, locked: [...plan.locked] };
	for (const file of plan.remove) {
		const until = locks.get(file.name);
		if (until === undefined) left.remove.push(file);
		else left.locked.push({ ...file, ...(until && { until: until.toISOString() }) });
	}
	return left;
}

function namedFiles({ remaining, archivesOf, cursors, neededPrunes }: FileInput): Set<string> {
	const named = new Set<string>(neededPrunes);
	for (const { id, segments, archives, cursor } of remaining) {
		named.add(recordName(id, 'snapshot'));
		named.add(recordName(id, 'hold'));
		named.add(cursor.name);
		for (const { name } of archives) named.add(name);
		for (const { name } of segments) {
			if (named.has(name)) continue;
			named.add(name);
			for (const archive of archivesOf(name)) named.add(archive);
		}
	}
	for (const { segments, seen } of cursors) for (const name of [...segments, ...seen]) named.add(name);
	return named;
}

function knownHashes(removed: readonly SnapshotRecord[]): Map<string, string> {
	const hashes = new Map<string, string>();
	for (const { segments, archives, cursor } of removed) {
		for (const { name, sha256 } of [...segments, ...archives, cursor]) hashes.set(name, sha256);
	}
	return hashes;
}
