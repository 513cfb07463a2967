import type { CursorRecord } from './records';
import type { HoldRecord } from './prune-records';
import { applyRetention, type RetentionPolicy } from './retention';
import type { StoredSnapshot } from './snapshot-files';

/** A record goes only once a later complete one has existed so long, a file only when it is so old (DESIGN §3.5.5). */
export const PRUNE_GRACE_MS = 48 * 3_600_000;

export interface PlanInput {
	/** All of one source, oldest first. */
	snapshots: readonly StoredSnapshot[];
	/** When the store wrote each record, by its own clock; a copy that was brought back counts from then. */
	storedAt: ReadonlyMap<string, Date>;
	/** By snapshot id. */
	holds: ReadonlyMap<string, HoldRecord>;
	/** The cursor that counts. */
	cursor: CursorRecord | null;
	policy: RetentionPolicy;
	/** IANA name. */
	zone: string;
	now: Date;
}

export interface PlannedSnapshot {
	id: string;
	/** `finishedAt`. */
	time: string;
	status: 'complete' | 'partial';
}

/** What becomes of each snapshot of one source. Each stands in exactly one list, newest first. */
export interface SnapshotPlan {
	keep: (PlannedSnapshot & { reasons: string[] })[];
	/** The policy lets them go, but not before `until` (ISO 8601); `isLocked`: since the store would not delete them before. */
	waiting: (PlannedSnapshot & { until: string; reason: string; isLocked?: true })[];
	remove: (PlannedSnapshot & { reason: string })[];
}

/** Pure: the policy, and around it the rules that no policy can overrule (DESIGN §3.5.5). */
export function planSnapshots(input: PlanInput): SnapshotPlan {
	const { snapshots, policy, zone, now } = input;
	const reasons = reasonsToKeep(input);
	const plan: SnapshotPlan = { keep: [], waiting: [], remove: [] };
	// From the newest on: since when a later complete one has stood.
	let laterSince: number | undefined;
	for (const { record } of [...snapshots].reverse()) {
		const planned = { id: record.id, time: record.finishedAt, status: record.status };
		const kept = reasons.get(record.id);
		if (kept) plan.keep.push({ ...planned, reasons: kept });
		else if (laterSince === undefined) plan.keep.push({ ...planned, reasons: ['no complete snapshot after it yet'] });
		else if (laterSince + PRUNE_GRACE_MS > now.getTime()) {
			const until = new Date(laterSince + PRUNE_GRACE_MS).toISOString();
			plan.waiting.push({ ...planned, until, reason: 'a later complete snapshot must have existed for 48 hours' });
		} else plan.remove.push({ ...planned, reason: record.status === 'partial' ? 'partial, and a complete one came after it' : `not kept by ${sayPolicy(policy, zone)}` });
		if (record.status === 'complete') {
			const since = existsSince(input.storedAt, record.id, record.finishedAt);
			laterSince = laterSince === undefined ? since : Math.min(laterSince, since);
		}
	}
	return plan;
}

/** A host's clock that ran slow must not shorten the wait: the later of its time and the store's counts. */
function existsSince(storedAt: PlanInput['storedAt'], id: string, finishedAt: string): number {
	return Math.max(Date.parse(finishedAt), storedAt.get(id)?.getTime() ?? 0);
}

function reasonsToKeep(input: PlanInput): Map<string, string[]> {
	const { snapshots, holds, cursor, policy, zone, now } = input;
	const found = new Map<string, string[]>();
	const add = (id: string, reason: string): void => {
		found.set(id, [...(found.get(id) ?? []), reason]);
	};
	const complete = snapshots.filter(({ record }) => record.status === 'complete').map(({ record }) => record);
	const newest = complete.at(-1);
	if (newest) add(newest.id, 'newest complete snapshot');
	const times = complete.map(({ id, finishedAt }) => ({
		id,
		time: id === newest?.id && cursor?.snapshot === id && Date.parse(cursor.checkedAt) > Date.parse(finishedAt) ? cursor.checkedAt : finishedAt,
	}));
	const retained = applyRetention(times, policy, zone, now);
	for (const { id, reasons } of retained.keep) for (const reason of reasons) add(id, reason);
	if (policy.within !== undefined) {
		const within = new Set(retained.keep.filter(({ reasons }) => reasons.some((reason) => reason.startsWith('within'))).map(({ id }) => id));
		const before = [...times].sort((a, b) => Date.parse(b.time) - Date.parse(a.time)).find(({ id }) => !within.has(id));
		if (before) add(before.id, `state at the start of ${policy.within}`);
	}
	for (const { record } of snapshots) {
		const hold = holds.get(record.id);
		if (hold) add(record.id, sayHold(hold));
	}
	if (cursor) add(cursor.snapshot, 'the next backup builds upon it');
	return found;
}

/**
 * Pure: of a source that no longer exists all goes but what is held, also the newest complete snapshot. What is younger than
 * 48 hours waits all the same: to a wrong clock anything may look old.
 */
export function planGoneSource({ snapshots, storedAt, holds, now }: Pick<PlanInput, 'snapshots' | 'storedAt' | 'holds' | 'now'>, reason: string): SnapshotPlan {
	const plan: SnapshotPlan = { keep: [], waiting: [], remove: [] };
	for (const { record } of [...snapshots].reverse()) {
		const planned = { id: record.id, time: record.finishedAt, status: record.status };
		const hold = holds.get(record.id);
		const at = existsSince(storedAt, record.id, record.finishedAt) + PRUNE_GRACE_MS;
		if (hold) plan.keep.push({ ...planned, reasons: [sayHold(hold)] });
		else if (at > now.getTime()) plan.waiting.push({ ...planned, until: new Date(at).toISOString(), reason: `${reason}; stored less than 48 hours ago` });
		else plan.remove.push({ ...planned, reason });
	}
	return plan;
}

/**
 * Pure: what the store does not let go stays, record and files. `locks`: until when, by snapshot id; null where nobody knows,
 * as of a legal hold.
 */
export function keepLocked(plan: SnapshotPlan, locks: ReadonlyMap<string, Date | null>): SnapshotPlan {
	const kept: SnapshotPlan = { keep: [...plan.keep], waiting: [...plan.waiting], remove: [] };
	for (const snapshot of plan.remove) {
		const until = locks.get(snapshot.id);
		const { id, time, status } = snapshot;
		if (until === undefined) kept.remove.push(snapshot);
		else if (until === null) kept.keep.push({ id, time, status, reasons: ['locked in the storage, nobody knows until when (a legal hold?)'] });
		else kept.waiting.push({ id, time, status, until: until.toISOString(), reason: `locked until ${until.toISOString()}; ${snapshot.reason}`, isLocked: true });
	}
	for (const list of [kept.keep, kept.waiting]) list.sort((a, b) => (a.id < b.id ? 1 : -1));
	return kept;
}

function sayHold({ by, reason }: HoldRecord): string {
	return `held by ${by}: ${reason}`;
}

function sayPolicy(policy: RetentionPolicy, zone: string): string {
	const parts = Object.entries(policy).map(([kind, value]) => `${kind} ${String(value)}`);
	return `the policy (${parts.join(', ')}; ${zone})`;
}
