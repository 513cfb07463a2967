import { Failure, isFailure, toFailure } from '../base/failure';
import type { JsonValue } from '../base/json';
import { sha256 } from '../repository/bytes';
import { isRunId, recordName } from '../repository/names';
import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { listSource } from '../repository/snapshot-files';
import { assertCanLock } from '../stores/store';
import { neededFiles } from './needed-files';
import { runIdsOf } from './prune-state';

const DAY_MS = 24 * 3_600_000;
/** Files looked at or locked at the same time. */
const AT_ONCE = 16;
/** After so many failures nobody needs more of them: it is the same with all. */
const MOST_FAILURES = 10;
/** Stores keep whole seconds. */
const ROUNDING_MS = 1000;

/**
 * What a cursor remembers of locks (`LOCKS_NOTE`), so that a run need not ask for each file again: at least until `until`
 * (ISO 8601) all files are locked that the snapshot named here needs, and those that were held then.
 */
export interface LockNote {
	/** A hash of where the repository is: copied or replicated somewhere else, nothing is known of its locks. */
	place: string;
	/** The newest snapshot then. Files of later runs are not meant. */
	snapshot: string;
	held: string[];
	until: string;
}

export interface LockTask {
	repository: Repository;
	key: string;
	/** The cursor's note, as it was read. */
	remembered: JsonValue | undefined;
	signal?: AbortSignal | undefined;
}

/** What a run knows of the locks in its repository, as of its start. */
export interface LockStock {
	/** For the cursor. */
	note?: LockNote;
	/** What the user should know. */
	warning?: string;
	/** Until when all is locked that was there at the start; +Infinity where nothing was. Undefined: not all is, or nobody knows. */
	untilMs?: number;
	/** When the run began, which locks what it puts. */
	startedMs: number;
}

interface Ground {
	latest: SnapshotRecord | null;
	complete: SnapshotRecord | null;
	/** Those that are there. */
	held: string[];
}

/**
 * Every run's look at the locks of what the newest snapshots and held ones need (DESIGN §3.5.7). Where the store locks
 * files by itself (`lockDays`), all of them are locked anew once less than half the days are left of the earliest. What
 * earlier runs found out is remembered: a run after a quiet one lists the source and checks two files.
 *
 * Trouble is a warning, not an error. @throws Failure `invalid` where the store cannot lock; `cancelled`.
 */
export async function takeLockStock(task: LockTask): Promise<LockStock> {
	const { repository } = task;
	const startedMs = repository.ambient.now().getTime();
	assertCanLock(repository.store);
	if (!repository.store.lockedUntil) return { startedMs };
	try {
		return { startedMs, ...(await look(task, startedMs)) };
	} catch (error) {
		const failure = toFailure(error);
		if (failure.kind === 'cancelled') throw failure;
		return { startedMs, warning: notAll(`The locks of the files could not be looked at: ${failure.message}`) };
	}
}

/** Until when all is locked that this complete snapshot needs, which the run has found or made; undefined where not all is. Throws what the store says. */
export async function immutableUntil(repository: Repository, stock: LockStock, complete: SnapshotRecord | null, signal?: AbortSignal): Promise<Date | undefined> {
	const { note, untilMs, startedMs } = stock;
	const { store, ambient } = repository;
	if (!complete || untilMs === undefined) return undefined;
	let earliestMs = untilMs;
	if (complete.id !== note?.snapshot) {
		// What the run put itself was read back as locked when it was put.
		if (store.lockDays !== undefined) earliestMs = Math.min(earliestMs, startedMs + store.lockDays * DAY_MS);
		else earliestMs = Math.min(earliestMs, (await earliestLock(repository, await neededFiles(repository, [complete], note?.snapshot, signal), signal)) ?? 0);
	}
	return Number.isFinite(earliestMs) && earliestMs > ambient.now().getTime() ? new Date(earliestMs) : undefined;
}

/** Locks at once what a held snapshot needs, where the store locks files. @returns until when; undefined where it does not. Throws what the store says. */
export async function lockSnapshot(repository: Repository, snapshot: SnapshotRecord, signal?: AbortSignal): Promise<Date | undefined> {
	const { lockDays } = repository.store;
	if (lockDays === undefined) return undefined;
	assertCanLock(repository.store);
	const nowMs = repository.ambient.now().getTime();
	const extended = await extendAll(repository, await neededFiles(repository, [snapshot], undefined, signal), { nowMs, days: lockDays, isRenewal: false }, signal);
	if ('problem' in extended) throw extended.problem;
	return new Date(extended.untilMs);
}

async function look(task: LockTask, nowMs: number): Promise<Omit<LockStock, 'startedMs'>> {
	const { repository, key, signal } = task;
	const days = repository.store.lockDays;
	const ground = await groundOf(repository, key, signal);
	return days === undefined ? await lookOnly(task, ground, nowMs) : await renew(task, ground, nowMs, days);
}

async function groundOf(repository: Repository, key: string, signal: AbortSignal | undefined): Promise<Ground> {
	const files = await listSource(repository.store, key, signal);
	const newest = await repository.newest(key, signal ? { signal } : {});
	return {
		latest: await repository.latest(key, signal),
		complete: newest && !newest.isPartial ? newest.snapshot : null,
		held: runIdsOf('hold', files.keys()).filter((id) => files.has(recordName(id, 'snapshot'))),
	};
}

async function renew(task: LockTask, { latest, complete, held }: Ground, nowMs: number, days: number): Promise<Omit<LockStock, 'startedMs'>> {
	const { repository, key, signal } = task;
	const known = await trusted(task, complete ?? latest, nowMs);
	const isRenewal = known !== undefined && Date.parse(known.until) - nowMs < (days * DAY_MS) / 2;
	const base = isRenewal ? undefined : known;
	const toHold = held.filter((id) => base?.held.includes(id) !== true);
	const heldRecords = (await Promise.all(toHold.map((id) => readable(repository, key, id, signal)))).flatMap((record) => record ?? []);
	const newest = [latest, complete].flatMap((record) => record ?? []);
	const isNew = base === undefined || latest === null || base.snapshot !== latest.id;
	const keys = new Set([
		...(isNew ? await neededFiles(repository, newest, base?.snapshot, signal) : []),
		...(heldRecords.length > 0 ? await neededFiles(repository, heldRecords, undefined, signal) : []),
	]);
	const extended = await extendAll(repository, [...keys], { nowMs, days, isRenewal }, signal);
	if ('problem' in extended) return { warning: notAll(extended.problem.message, extended.problem.nextStep) };
	const untilMs = Math.min(base ? Date.parse(base.until) : Infinity, extended.untilMs);
	// Of a first run nothing is there yet but repository.json.
	if (!latest) return { untilMs };
	return { untilMs, note: { place: placeOf(repository), snapshot: latest.id, held, until: new Date(untilMs).toISOString() } };
}

/** The bucket may lock files by itself: then that is reported, and nobody extends it. */
async function lookOnly(task: LockTask, { complete }: Ground, nowMs: number): Promise<Omit<LockStock, 'startedMs'>> {
	const { repository, key, signal } = task;
	if (!complete) return { untilMs: Infinity };
	const known = await trusted(task, complete, nowMs);
	if (known?.snapshot === complete.id) return { untilMs: Date.parse(known.until), note: known };
	// In a bucket that locks nothing this is the only question.
	const own = await repository.store.lockedUntil?.(`${key}/${recordName(complete.id, 'snapshot')}`, signal);
	if (!own) return {};
	const earliestMs = await earliestLock(repository, await neededFiles(repository, [complete], known?.snapshot, signal), signal);
	if (earliestMs === undefined) return {};
	const untilMs = Math.min(earliestMs, known ? Date.parse(known.until) : Infinity);
	return { untilMs, note: { place: placeOf(repository), snapshot: complete.id, held: known?.held ?? [], until: new Date(untilMs).toISOString() } };
}

/** Undefined as soon as one is not locked. Asked oldest first, as they come. */
async function earliestLock(repository: Repository, keys: readonly string[], signal: AbortSignal | undefined): Promise<number | undefined> {
	let earliestMs = Infinity;
	for (let start = 0; start < keys.length; start += AT_ONCE) {
		const locks = await Promise.all(keys.slice(start, start + AT_ONCE).map(async (key) => await repository.store.lockedUntil?.(key, signal)));
		for (const until of locks) {
			if (!until) return undefined;
			earliestMs = Math.min(earliestMs, until.getTime());
		}
	}
	return earliestMs;
}

interface Extension {
	nowMs: number;
	days: number;
	/** All are locked for the full time. Else only what has less than half of it left. */
	isRenewal: boolean;
}

async function extendAll(
	{ store }: Repository,
	keys: readonly string[],
	{ nowMs, days, isRenewal }: Extension,
	signal: AbortSignal | undefined,
): Promise<{ untilMs: number } | { problem: Failure }> {
	const target = new Date(nowMs + days * DAY_MS);
	const enoughMs = nowMs + (days * DAY_MS) / 2;
	const failures: { key: string; failure: Failure }[] = [];
	let earliestMs = Infinity;
	let done = 0;
	const left = [...keys].reverse();
	const work = async (): Promise<void> => {
		for (let key = left.pop(); key !== undefined && failures.length < MOST_FAILURES; key = left.pop()) {
			try {
				// A renewal does not ask before: a long lock of what somebody has put over the file says nothing of the file.
				const until = isRenewal ? null : await store.lockedUntil?.(key, signal);
				if (until && until.getTime() >= enoughMs) earliestMs = Math.min(earliestMs, until.getTime());
				else {
					await store.extendLock?.(key, target, signal);
					earliestMs = Math.min(earliestMs, target.getTime());
				}
				done++;
			} catch (error) {
				if (isFailure(error, 'cancelled')) throw error;
				failures.push({ key, failure: toFailure(error) });
			}
		}
	};
	await Promise.all(Array.from({ length: Math.min(AT_ONCE, keys.length) }, work));
	const [first] = failures;
	if (!first) return { untilMs: earliestMs };
	const open = keys.length - done;
	const { message, nextStep } = first.failure;
	const what = open === 1 ? `${first.key} could not be locked` : `${open} of ${keys.length} files could not be locked, among them ${first.key}`;
	return { problem: new Failure('invalid', `${what}: ${message}`, { code: 'notLocked', nextStep }) };
}

function notAll(what: string, nextStep?: string): string {
	return `${what}. What the newest snapshot needs is not immutable as long as that goes on; the next backup tries again.${nextStep === undefined ? '' : ` ${nextStep}`}`;
}

/**
 * The note, if it is one, of this place, and true: who can write into the storage could have changed it to stop the
 * renewal, but not the locks of two files that it speaks of.
 */
async function trusted({ repository, key, remembered, signal }: LockTask, newest: SnapshotRecord | null, nowMs: number): Promise<LockNote | undefined> {
	const note = readNote(remembered);
	if (!note || !isRunId(note.snapshot) || note.place !== placeOf(repository) || Date.parse(note.until) <= nowMs || !newest) return undefined;
	const base = newest.segments[0]?.name;
	const isOlder = base !== undefined && base.slice(0, note.snapshot.length) <= note.snapshot;
	for (const name of [recordName(note.snapshot, 'snapshot'), ...(isOlder ? [base] : [])]) {
		const until = await repository.store.lockedUntil?.(`${key}/${name}`, signal);
		if (!until || until.getTime() < Date.parse(note.until) - ROUNDING_MS) return undefined;
	}
	return note;
}

function readNote(value: JsonValue | undefined): LockNote | undefined {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
	const { place, snapshot, held, until } = value;
	if (typeof place !== 'string' || typeof snapshot !== 'string' || typeof until !== 'string' || Number.isNaN(Date.parse(until)) || !Array.isArray(held)) return undefined;
	return { place, snapshot, until, held: held.filter((id) => typeof id === 'string') };
}

function placeOf({ store }: Repository): string {
	return sha256(Buffer.from(store.label)).slice(0, 16);
}

/** Null for a record that is damaged or gone: prune and verify speak of it. */
async function readable(repository: Repository, key: string, id: string, signal: AbortSignal | undefined): Promise<SnapshotRecord | null> {
	try {
		return await repository.snapshot(key, id, signal);
	} catch (error) {
		if (isFailure(error, 'corrupt', 'notFound')) return null;
		throw error;
	}
}
