import { toFailure } from '../base/failure';
import { sourceKey } from '../repository/names';
import type { SnapshotRecord } from '../repository/records';
import { rewriteBase } from '../repository/rewrite-base';
import type { BackUpOptions } from './back-up-options';
import type { BackUpRun } from './back-up-run';
import type { BackUpSummary, GraphCounters } from './back-up-summary';
import { summaryFailures, summaryMessage } from './back-up-summary';
import { holdSnapshot } from './hold';
import { immutableUntil, type LockStock } from './keep-locked';
import { sameScopes } from './scope-states';
import { noChanges } from './tally';
import { askTimeLeft, type TimeLeft } from './time-left';

/** The workload has no more to say, or a limit was reached: the last commit, or none if nothing has changed. */
export async function conclude(
	options: BackUpOptions,
	{ run, parent, stock, countersBefore, startedAt }: { run: BackUpRun; parent: SnapshotRecord | null; stock: LockStock; countersBefore: GraphCounters; startedAt: Date },
): Promise<BackUpSummary> {
	const finished = !run.limitReached;
	const newest = run.newest;
	const status = run.status(finished);
	if (finished && newest && newest === parent && !run.hasNews && !options.alwaysRecord && !options.tag && isSame(run, newest, status)) {
		await options.repository.writeCurrentCursor(sourceKey(options.source), run.quietCursor(newest));
		const said = status === 'complete' ? 'unchanged' : 'partial';
		const immutable = await sayImmutable(options, run, stock);
		return finish(options, countersBefore, startedAt, { status: said, run, newest, ...immutable });
	}
	const record = await run.commit(finished);
	const held = await holdLastGood(options, run, startedAt);
	if (finished) await tidy(options, run, record);
	const immutable = await sayImmutable(options, run, stock);
	const left = finished ? null : await timeLeftOf(options, run, parent, countersBefore, startedAt);
	return finish(options, countersBefore, startedAt, {
		status: record.status,
		run,
		newest: record,
		...immutable,
		...(held === undefined ? {} : { held }),
		...(left === null ? {} : { timeLeft: left }),
		...(finished ? {} : { stoppedBy: 'limit' as const }),
	});
}

async function timeLeftOf(options: BackUpOptions, run: BackUpRun, parent: SnapshotRecord | null, before: GraphCounters, startedAt: Date): Promise<TimeLeft | null> {
	const { workload, quotas, ambient, signal } = options;
	const unit = quotas?.countedIn ?? 'requests';
	const soFar = {
		before: parent?.totals ?? { items: 0, bytes: 0 },
		now: run.tally.totals,
		durationMs: ambient.now().getTime() - startedAt.getTime(),
		cost: (readCounters(options.graph)[unit] ?? 0) - (before[unit] ?? 0),
	};
	return await askTimeLeft(workload, soFar, quotas?.costs ?? [], signal);
}

/** Only what was read back as locked is called immutable. That it could not be asked for is no fault of the backup. */
async function sayImmutable(options: BackUpOptions, run: BackUpRun, stock: LockStock): Promise<Pick<Outcome, 'immutableUntil'>> {
	const { repository, source, signal } = options;
	if (stock.untilMs === undefined) return {};
	try {
		const newest = await repository.newest(sourceKey(source), signal ? { signal } : {});
		const until = await immutableUntil(repository, stock, newest && !newest.isPartial ? newest.snapshot : null, signal);
		return until ? { immutableUntil: until.toISOString() } : {};
	} catch (error) {
		const failure = toFailure(error);
		if (failure.kind !== 'cancelled') run.warnings.add(`Until when the backup is immutable could not be asked: ${failure.message}`);
		return {};
	}
}

/** @returns the id of the snapshot from before the run if it is held now. */
async function holdLastGood(options: BackUpOptions, run: BackUpRun, startedAt: Date): Promise<string | undefined> {
	const { flagged, reasons } = run.anomaly();
	if (!flagged || options.holdWhenUnusual !== true) return undefined;
	const { repository } = options;
	const key = sourceKey(options.source);
	try {
		const good = await repository.newest(key, { asOf: startedAt });
		if (!good) return undefined;
		await holdSnapshot(repository, { key, id: good.snapshot.id, by: 'M365 Backup', reason: `Unusual changes after it: ${reasons.join('; ')}` });
		return good.snapshot.id;
	} catch (error) {
		run.warnings.add(`The snapshot from before the unusual changes could not be held: ${toFailure(error).message}. Hold it by hand (Snapshot → Hold).`);
		return undefined;
	}
}

/** The catalog's base and small archives are written anew when it is time, as a commit of its own. The backup stands without. */
async function tidy(options: BackUpOptions, run: BackUpRun, record: SnapshotRecord): Promise<void> {
	try {
		await rewriteBase(options.repository, record, {
			...(options.signal ? { signal: options.signal } : {}),
			...(options.volumeBytes === undefined ? {} : { volumeBytes: options.volumeBytes }),
		});
	} catch (error) {
		const failure = toFailure(error);
		if (failure.kind !== 'cancelled') run.warnings.add(`The backup is complete, but its files could not be tidied up: ${failure.message}`);
	}
}

function isSame(run: BackUpRun, newest: SnapshotRecord, status: SnapshotRecord['status']): boolean {
	return (
		newest.status === status &&
		sameScopes(newest.scopes, run.scopes.records('-')) &&
		JSON.stringify(newest.failures.map(({ id }) => id)) === JSON.stringify(run.failures.records.map(({ id }) => id))
	);
}

export function readCounters(graph: GraphCounters | undefined): GraphCounters {
	const { requests = 0, calls = 0, throttledMs = 0, retries = 0, resourceUnits = 0 } = graph ?? {};
	return { requests, calls, throttledMs, retries, resourceUnits };
}

interface Outcome {
	status: BackUpSummary['status'];
	run: BackUpRun | null;
	newest: SnapshotRecord | null;
	stoppedBy?: 'limit' | 'cancellation';
	/** The snapshot from before, held since the run looks unusual. */
	held?: string;
	timeLeft?: TimeLeft;
	immutableUntil?: string;
}

/** What the user is told at the end, however it came. */
export function finish(options: BackUpOptions, before: GraphCounters, startedAt: Date, outcome: Outcome): BackUpSummary {
	const { run, newest } = outcome;
	const now = readCounters(options.graph);
	const summary: Omit<BackUpSummary, 'message'> = {
		status: outcome.status,
		source: options.source,
		snapshot: newest ? { id: newest.id, time: newest.finishedAt } : null,
		changes: run ? { ...run.tally.sinceStart } : noChanges(),
		totals: run ? { ...run.tally.totals } : (newest?.totals ?? { items: 0, bytes: 0 }),
		...(outcome.immutableUntil === undefined ? {} : { immutableUntil: outcome.immutableUntil }),
		stored: run?.stored ?? { files: 0, bytes: 0 },
		failures: summaryFailures(run?.failures.records ?? []),
		warnings: run ? [...run.warnings, ...run.scopes.warnings()] : [],
		anomaly: { ...(run?.anomaly() ?? { flagged: false, reasons: [] }), ...(outcome.held === undefined ? {} : { held: outcome.held }) },
		graph: {
			requests: now.requests - before.requests,
			calls: now.calls - before.calls,
			throttledSeconds: Math.round((now.throttledMs - before.throttledMs) / 1000),
			retries: now.retries - before.retries,
		},
		durationSeconds: Math.round((options.ambient.now().getTime() - startedAt.getTime()) / 100) / 10,
		hasMore: outcome.stoppedBy !== undefined,
		stoppedBy: outcome.stoppedBy ?? null,
		...(outcome.timeLeft === undefined ? {} : { timeLeft: outcome.timeLeft }),
	};
	const { status, ...rest } = summary;
	return { status, message: summaryMessage(summary), ...rest };
}
