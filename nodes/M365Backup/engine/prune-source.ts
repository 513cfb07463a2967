import { Failure, isFailure } from '../base/failure';
import { once } from '../repository/bytes';
import { MAX_LIST_LENGTH } from '../repository/limits';
import { newRunId, recordName } from '../repository/names';
import { leaveLocked, planFiles, type FilePlan } from '../repository/plan-files';
import { keepLocked, planGoneSource, planSnapshots, type SnapshotPlan } from '../repository/plan-prune';
import { formatRecord, type GoneSource, type PrunedFile, type PruneRecord } from '../repository/prune-records';
import { putConfirmed } from '../repository/put-confirmed';
import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { RetentionPolicy } from '../repository/retention';
import type { SegmentReader } from '../repository/segment-reader';
import { listSource, snapshotIds } from '../repository/snapshot-files';
import type { StoreFile } from '../stores/store';
import { isLockedFailure, lockedByFiles, SourceLocks } from './prune-locks';
import { cursorsWithSeen, inParallel, neededPrunes, readHolds, readSourceState, runIdsOf, type SourceState } from './prune-state';

export interface PruneRules {
	policy: RetentionPolicy;
	/** IANA name. */
	zone: string;
	/** The source no longer exists, and all of it may go that is not held. */
	gone?: { source: GoneSource; /** Only files that the store had by then: what is left of an earlier prune. */ before?: Date } | undefined;
	signal?: AbortSignal | undefined;
}

/** What a prune of one source does; a dry run returns the same. */
export interface SourcePlan {
	snapshots: SnapshotPlan;
	files: FilePlan;
}

interface Planned extends SourcePlan {
	state: SourceState;
	locks: SourceLocks;
	isGone: boolean;
}

/** The prune records that say what goes. */
interface Announcement {
	names: string[];
	/** When the last of them was written, by this host's clock. */
	at: Date;
}

const DELETED_TOGETHER = 500;
/** Plans made anew because something changed meanwhile. */
const MOST_PLANS = 3;
/** Clocks of storage and host drift; what matters are days. */
const CLOCK_TOLERANCE_MS = 3_600_000;
/** Snapshots or files in one prune record: half of what a record may list. */
const MOST_IN_RECORD = MAX_LIST_LENGTH / 2;

/** @throws Failure `corrupt` where a record or an index that is needed cannot be read: nothing of the source is removed. */
export async function planSource(repository: Repository, key: string, rules: PruneRules): Promise<SourcePlan> {
	const { snapshots, files } = await makePlan(repository, key, rules);
	return { snapshots, files };
}

/**
 * Plans, writes down what goes, and removes it: records first, then files. A crash in between leaves files that the next
 * prune removes. What turns out to be locked stays, a snapshot with all its files, and the rest goes all the same.
 */
export async function pruneSource(repository: Repository, key: string, rules: PruneRules): Promise<SourcePlan> {
	const { signal } = rules;
	let plan = await steadyPlan(repository, key, rules);
	if (plan.files.remove.length > 0) {
		const told = await writePruneRecords(repository, plan, rules);
		await lookOnceMore(repository, plan, told, signal).catch(async (error: unknown) => {
			// Whoever holds a snapshot waits to see whether it goes: nothing does.
			if (isFailure(error, 'conflict')) await remove(repository, key, told.names, signal);
			throw error;
		});
		const records = new Set(plan.snapshots.remove.map(({ id }) => recordName(id, 'snapshot')));
		const stuck = await remove(repository, key, [...records], signal);
		if (stuck.size > 0) plan = await withStuckRecords(repository, plan, stuck, rules);
		const named = await namedMeanwhile(repository, plan, signal);
		const doomed = plan.files.remove.map(({ name }) => name).filter((name) => !records.has(name) && !named.has(name));
		plan = { ...plan, files: leaveLocked(plan.files, await remove(repository, key, doomed, signal)) };
	}
	// Where overwriting keeps the old version, a source that is backed up every hour collects thousands of them.
	await repository.store.deleteOldVersions?.(`${key}/cursor.json`, signal);
	return { snapshots: plan.snapshots, files: plan.files };
}

/** The store has refused to delete these records, whatever it said of locks before: their files stay, too. */
async function withStuckRecords(repository: Repository, plan: Planned, stuck: ReadonlyMap<string, Date | null>, rules: PruneRules): Promise<Planned> {
	const locked = new Map(plan.snapshots.remove.flatMap(({ id }): [string, Date | null][] => {
		const until = stuck.get(recordName(id, 'snapshot'));
		return until === undefined ? [] : [[id, until]];
	}));
	return await withFiles(repository, { ...plan, snapshots: keepLocked(plan.snapshots, locked) }, rules);
}

async function steadyPlan(repository: Repository, key: string, rules: PruneRules): Promise<Planned> {
	for (let made = 1; ; made++) {
		const plan = await makePlan(repository, key, rules);
		if (plan.snapshots.remove.length === 0) return plan;
		if (!(await isOvertaken(repository, plan, await listSource(repository.store, key, rules.signal), rules.signal))) return plan;
		if (made === MOST_PLANS) throw overtaken();
	}
}

function overtaken(): Failure {
	return new Failure('conflict', 'Snapshots of this source are being held or removed elsewhere at this moment; nothing was pruned', {
		nextStep: 'Prune again when the other run has ended.',
	});
}

/**
 * The last moment before anything goes. Somebody may have held a snapshot while the record was written; and the record
 * tells the store's own clock, by which files are 48 hours old: to a host whose clock is ahead, a run that is still going
 * on would look like one that crashed days ago.
 */
async function lookOnceMore(repository: Repository, plan: Planned, { names, at }: Announcement, signal: AbortSignal | undefined): Promise<void> {
	const { key } = plan.state;
	const files = await listSource(repository.store, key, signal);
	const written = files.get(names.at(-1) ?? '');
	const aheadMs = written ? at.getTime() - written.modifiedAt.getTime() : 0;
	if (aheadMs > CLOCK_TOLERANCE_MS) {
		throw new Failure('conflict', `This machine's clock is ${Math.round(aheadMs / 3_600_000)} hours ahead of the storage's; nothing was pruned`, {
			nextStep: 'Set the clock (switch on time synchronisation) and prune again.',
		});
	}
	if (await isOvertaken(repository, plan, files, signal)) throw overtaken();
}

async function makePlan(repository: Repository, key: string, rules: PruneRules): Promise<Planned> {
	const { policy, zone, gone, signal } = rules;
	const state = await readSourceState(repository, key, signal);
	const now = repository.ambient.now();
	const wanted = gone ? planGoneSource({ ...state, now }, gone.source.reason) : planSnapshots({ ...state, policy, zone, now });
	const locks = new SourceLocks(repository, key, signal);
	const snapshots = keepLocked(wanted, await locks.ofRecords(wanted.remove.map(({ id }) => id)));
	return await withFiles(repository, { state, locks, snapshots, isGone: gone !== undefined }, rules);
}

/** What becomes of the files. A snapshot of which a file is locked stays whole, and then other files may be needed. */
async function withFiles(repository: Repository, plan: Omit<Planned, 'files'>, { gone, signal }: PruneRules): Promise<Planned> {
	const { state, locks } = plan;
	const now = repository.ambient.now();
	const records = state.snapshots.map(({ record }) => record);
	for (let { snapshots } = plan; ; ) {
		const going = new Set(snapshots.remove.map(({ id }) => id));
		const remaining = records.filter(({ id }) => !going.has(id));
		const removed = records.filter(({ id }) => going.has(id));
		const archives = await archivesBySegment(repository, remaining, signal);
		const files = planFiles({
			remaining,
			removed,
			archivesOf: (segment) => archives.get(segment) ?? [],
			cursors: await cursorsWithSeen(repository, state, remaining, signal),
			neededPrunes: await neededPrunes(repository, state, remaining, signal),
			files: state.files,
			goneBefore: gone && remaining.length === 0 ? (gone.before ?? now) : undefined,
			now,
		});
		const names = new Set(removed.map(({ id }) => recordName(id, 'snapshot')));
		const locked = await locks.of(files.remove.map(({ name }) => name).filter((name) => !names.has(name)));
		const bound = await lockedByFiles(repository, removed, locked, signal);
		if (bound.size === 0) return { ...plan, snapshots, files: leaveLocked(files, locked) };
		snapshots = keepLocked(snapshots, bound);
	}
}

/** Each segment's index once; snapshots share most of them. */
async function archivesBySegment(repository: Repository, records: readonly SnapshotRecord[], signal: AbortSignal | undefined): Promise<Map<string, string[]>> {
	const segments = new Map<string, SegmentReader>();
	for (const record of records) for (const segment of repository.catalog(record).newestFirst) segments.set(segment.ref.name, segment);
	const read = await inParallel([...segments], async ([name, segment]): Promise<[string, string[]]> => {
		const { archives } = await segment.index(signal);
		return [name, archives.map((archive) => archive.name)];
	});
	return new Map(read);
}

/** Holds are read again just before anything goes, and so is the list of snapshots. */
async function isOvertaken(
	repository: Repository,
	{ state, snapshots, isGone }: Planned,
	files: ReadonlyMap<string, StoreFile>,
	signal: AbortSignal | undefined,
): Promise<boolean> {
	if (snapshots.remove.length === 0) return false;
	if (isGone && hasComeBack(state, files)) return true;
	const names = [...files.keys()];
	const holds = await readHolds(repository, state.key, names, signal);
	const ids = new Set(snapshotIds(names));
	return snapshots.remove.some(({ id }) => holds.has(id)) || snapshots.keep.some(({ id }) => !ids.has(id));
}

/** A backup has reached the source since the plan was made, so that it exists. */
function hasComeBack(state: SourceState, files: ReadonlyMap<string, StoreFile>): boolean {
	const known = new Set(snapshotIds(state.files.keys()));
	const lookedAt = (of: ReadonlyMap<string, StoreFile>): number | undefined => of.get('cursor.json')?.modifiedAt.getTime();
	return snapshotIds(files.keys()).some((id) => !known.has(id)) || lookedAt(files) !== lookedAt(state.files);
}

/** Files named by records that came while the prune went on: an import may have brought back what was to go, or what had just gone. */
async function namedMeanwhile(repository: Repository, { state, snapshots }: Planned, signal: AbortSignal | undefined): Promise<Set<string>> {
	const known = new Set(state.snapshots.map(({ record }) => record.id));
	for (const { id } of snapshots.remove) known.delete(id);
	const records = repository.snapshotFiles();
	const named = new Set<string>();
	for (const id of snapshotIds((await listSource(repository.store, state.key, signal)).keys())) {
		if (known.has(id)) continue;
		const stored = await records.read(state.key, id, signal);
		if (!stored) continue;
		const { record } = stored;
		for (const { name } of [...record.segments, ...record.archives, record.cursor]) named.add(name);
		for (const archives of (await archivesBySegment(repository, [record], signal)).values()) for (const name of archives) named.add(name);
	}
	return named;
}

/** As many as it takes: the first prune of a source that was backed up every hour for years removes more than one may list. */
async function writePruneRecords(repository: Repository, { state, snapshots, files }: Planned, { policy, zone, gone, signal }: PruneRules): Promise<Announcement> {
	const { ambient, store } = repository;
	const hashes = new Map(state.snapshots.map(({ record, sha256 }) => [record.id, sha256]));
	const hashesByName = new Map(state.snapshots.map(({ record, sha256 }) => [recordName(record.id, 'snapshot'), sha256]));
	let newest = runIdsOf('prune', state.files.keys()).at(-1);
	const names: string[] = [];
	for (let start = 0; ; ) {
		const now = ambient.now();
		newest = newRunId(now, ambient.randomHex(2), newest);
		const end = start + MOST_IN_RECORD;
		const record: PruneRecord = {
			format: 1,
			id: newest,
			prunedAt: now.toISOString(),
			policy,
			zone,
			snapshots: snapshots.remove.slice(start, end).map(({ id: removed, time, status, reason }) => ({ id: removed, finishedAt: time, status, sha256: hashes.get(removed) ?? '', reason })),
			files: files.remove.slice(start, end).map((file) => withRecordHash(file, hashesByName)),
			...(gone && { gone: gone.source }),
		};
		const name = recordName(newest, 'prune');
		await putConfirmed({ store, ambient, signal }, `${state.key}/${name}`, () => once(formatRecord(record)));
		names.push(name);
		start = end;
		if (start >= files.remove.length) return { names, at: now };
	}
}

function withRecordHash(file: PrunedFile, hashes: ReadonlyMap<string, string>): PrunedFile {
	const sha256 = hashes.get(file.name);
	return sha256 === undefined ? file : { ...file, sha256 };
}

/** @returns what is still there, since it is locked, and until when; null where nobody knows. */
async function remove(repository: Repository, key: string, names: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, Date | null>> {
	const { store } = repository;
	let lockedParts = 0;
	for (let start = 0; start < names.length; start += DELETED_TOGETHER) {
		try {
			await store.delete(names.slice(start, start + DELETED_TOGETHER).map((name) => `${key}/${name}`), signal);
		} catch (error) {
			if (!isLockedFailure(error)) throw error;
			lockedParts++;
		}
	}
	if (lockedParts === 0) return new Map();
	const files = await listSource(store, key, signal);
	const left = names.filter((name) => files.has(name));
	return new Map(await inParallel(left, async (name): Promise<[string, Date | null]> => [name, (await store.lockedUntil?.(`${key}/${name}`, signal)) ?? null]));
}
