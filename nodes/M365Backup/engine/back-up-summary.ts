import type { FailureRecord, SnapshotChanges, SnapshotTotals, SourceRef } from '../repository/records';
import { sayDuration } from '../base/time-at-quotas';
import type { Anomaly } from './anomaly';
import type { TimeLeft } from './time-left';

/** What a source's requests cost; the workload's client counts them. */
export interface GraphCounters {
	readonly requests: number;
	readonly calls: number;
	readonly throttledMs: number;
	readonly retries: number;
	/** What SharePoint charged. */
	readonly resourceUnits?: number;
}

/** One item for the next node (DESIGN §5): never a list of all items. */
export interface BackUpSummary {
	status: 'complete' | 'partial' | 'unchanged' | 'alreadyRunning';
	/** One line, ready for a chat. */
	message: string;
	source: SourceRef;
	/** The newest snapshot, which for `unchanged` is an earlier one; null if there is none. */
	snapshot: { id: string; time: string } | null;
	changes: SnapshotChanges;
	totals: SnapshotTotals;
	/** ISO 8601: until then nothing can be deleted that the newest complete snapshot needs. Absent where not all of it is locked. */
	immutableUntil?: string;
	stored: { files: number; bytes: number };
	/** At most 20. */
	failures: { name: string; reason: string; since: string; attempts: number }[];
	warnings: string[];
	/** What does not fit the history of the source, as after a mass deletion or encryption; `held` is the snapshot kept for it. */
	anomaly: Anomaly & { held?: string };
	graph: { requests: number; calls: number; throttledSeconds: number; retries: number };
	durationSeconds: number;
	/** Stopped before its end by a limit or by the user; the next run goes on from here. */
	hasMore: boolean;
	/** Why it ended early, for the caller's decision whether that is worth an alarm. */
	stoppedBy: 'limit' | 'cancellation' | null;
	/** Where a limit stopped it before all was stored: an estimate of the rest, if one can be made. */
	timeLeft?: TimeLeft;
}

const SUMMARY_FAILURES = 20;

export function summaryFailures(failures: readonly FailureRecord[]): BackUpSummary['failures'] {
	return failures
		.slice(0, SUMMARY_FAILURES)
		.map(({ name, reason, since, attempts }) => ({ name, reason, since, attempts }));
}

/** Bytes as a person says them, in powers of 1000. */
export function sayBytes(bytes: number): string {
	const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
	let value = bytes;
	let unit = 0;
	while (value >= 999.5 && unit < units.length - 1) {
		value /= 1000;
		unit += 1;
	}
	const digits = unit === 0 || value >= 99.5 ? 0 : 1;
	return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

function count(of: number, singular: string): string {
	return `${of.toLocaleString('en-US')} ${of === 1 ? singular : `${singular}s`}`;
}

/** The line for a chat: what happened, what is protected, what is wrong. */
export function summaryMessage(summary: Omit<BackUpSummary, 'message'>): string {
	return `${sayOutcome(summary)}${sayAnomaly(summary.anomaly)}`;
}

/** Last in the line, and in capitals: nobody must overlook it. */
function sayAnomaly({ flagged, reasons, held }: BackUpSummary['anomaly']): string {
	if (!flagged) return '';
	return `; UNUSUAL: ${reasons.join('; ')}${held === undefined ? '' : `; the snapshot ${held} from before is held`}`;
}

function sayOutcome(summary: Omit<BackUpSummary, 'message'>): string {
	const { source, changes, totals, stored } = summary;
	const held = `${count(totals.items, 'item')} (${sayBytes(totals.bytes)}) protected`;
	switch (summary.status) {
		case 'alreadyRunning':
			return `${source.name}: another backup of this ${source.workload} is running, so this one did nothing`;
		case 'unchanged':
			return `${source.name}: nothing has changed; ${held}${sayWarnings(summary.warnings)}`;
		case 'complete':
			return `${source.name}: backed up; ${sayChanges(changes)}; ${held}; ${sayBytes(stored.bytes)} stored${sayWarnings(summary.warnings)}`;
		case 'partial':
			return summary.hasMore
				? `${source.name}: not finished yet; ${sayChanges(changes)} so far; ${held}${sayTimeLeft(summary.timeLeft)}; the next run goes on from here`
				: `${source.name}: INCOMPLETE; ${sayChanges(changes)}; ${held}; ${sayTrouble(summary)}`;
	}
}

function sayTimeLeft(left: TimeLeft | undefined): string {
	return left === undefined ? '' : `; about ${sayDuration(left.seconds * 1000)} of running left at this tenant's quotas`;
}

function sayChanges(changes: SnapshotChanges): string {
	const parts = [
		[changes.added, 'added'],
		[changes.updated, 'updated'],
		[changes.deleted, 'deleted'],
		[changes.failed, 'failed'],
		[changes.skipped, 'skipped'],
	] as const;
	const said = parts.filter(([of]) => of > 0).map(([of, what]) => `${of.toLocaleString('en-US')} ${what}`);
	return said.length > 0 ? said.join(', ') : 'no items changed';
}

/** Complete, and still something that the user should know: a part that may not be read is not protected. */
function sayWarnings([first, ...others]: readonly string[]): string {
	if (first === undefined) return '';
	return others.length === 0 ? `; WARNING: ${first}` : `; ${count(others.length + 1, 'WARNING')}, the first: ${first}`;
}

function sayTrouble(summary: Omit<BackUpSummary, 'message'>): string {
	const first = summary.warnings[0] ?? summary.failures[0]?.reason ?? 'a part could not be read';
	return summary.failures.length > 0 ? `${count(summary.failures.length, 'item')} could not be read; ${first}` : first;
}
