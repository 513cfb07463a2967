import type { Ambient } from '../base/ambient';
import { Failure, toFailure } from '../base/failure';
import { parseRepositoryKey, sourceKey } from '../repository/names';
import type { CursorRecord, SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { DAMAGED } from '../repository/bytes';
import { dropLostContents } from '../repository/drop-lost-contents';
import { rewriteBase } from '../repository/rewrite-base';
import { listSource } from '../repository/snapshot-files';
import type { Workload } from '../workloads/workload';
import { BackUpRun } from './back-up-run';
import type { BackUpSummary, GraphCounters } from './back-up-summary';
import { noChanges, summaryFailures, summaryMessage } from './back-up-summary';
import { LOCKS_NOTE } from './cursor-notes';
import { holdSnapshot } from './hold';
import { keepLease } from './keep-lease';
import { immutableUntil, takeLockStock, type LockStock } from './keep-locked';
import { notingWorkload } from './noting-workload';
import { sameScopes } from './scope-states';
import { askTimeLeft, type SourceQuotas, type TimeLeft } from './time-left';

const MINUTE_MS = 60_000;
/** A host clock farther off than this would give snapshots wrong times, and retention with it (DESIGN §3). */
const CLOCK_TOLERANCE_MS = 5 * MINUTE_MS;
/** What a cancelled run may take to keep what it has read. */
const CANCEL_COMMIT_MS = 20_000;

export interface BackUpOptions {
	repository: Repository;
	source: SourceRef;
	workload: Workload;
	ambient: Ambient;
	/** Cancels: what has been read is committed within 20 s and the summary says so. */
	signal?: AbortSignal | undefined;
	stopAfter?: { ms?: number | undefined; bytes?: number | undefined } | undefined;
	/** Default: 10 minutes or 1 GB (DESIGN §3.5.1). */
	commitEvery?: { ms?: number | undefined; bytes?: number | undefined } | undefined;
	fullResync?: boolean | undefined;
	tag?: string | undefined;
	/** Also write a snapshot when nothing has changed. */
	alwaysRecord?: boolean | undefined;
	/** Counters of the workload's client; read at the start and at the end. */
	graph?: GraphCounters | undefined;
	/** For an estimate of what is left where a limit stops the run. */
	quotas?: SourceQuotas | undefined;
	/** Host clock minus the service's clock; undefined before its first answer. */
	clockSkewMs?: (() => number | undefined) | undefined;
	/** For the lease, e.g. `n8n execution 4711`. */
	leaseHolder?: string | undefined;
	volumeBytes?: number | undefined;
	/** Where the run does not fit the history of its source, the newest snapshot from before it is held. */
	holdWhenUnusual?: boolean | undefined;
}

/**
 * Backs up one source: takes the lease, goes on from the newest cursor that counts, commits at least every 10 minutes,
 * and leaves a snapshot or, if nothing has changed, a newer `checkedAt`.
 *
 * @throws Failure when the source cannot be read at all or the repository not be written; what was read before is
 * committed first where that is possible.
 */
export async function backUp(options: BackUpOptions): Promise<BackUpSummary> {
	const { repository, source, ambient } = options;
	const key = sourceKey(source);
	const startedAt = ambient.now();
	const countersBefore = { ...readCounters(options.graph) };
	// Without the user's signal: a cancelled run must still be able to give its lease back.
	const lease = await repository.acquireLease(key, { holder: options.leaseHolder ?? 'n8n-nodes-m365-backup' });
	if (!lease) {
		return finish(options, countersBefore, startedAt, { status: 'alreadyRunning', run: null, newest: await repository.latest(key, options.signal) });
	}
	const { parent, cursor, warnings, isNewCatalog } = await readParent(options, key).catch(async (error: unknown) => {
		// Nothing has begun: whoever tries again must not be told that a backup is running.
		await lease.release();
		throw error;
	});
	const stop = new AbortController();
	const onCancel = (): void => stop.abort(options.signal?.reason);
	options.signal?.addEventListener('abort', onCancel, { once: true });
	if (options.signal?.aborted) onCancel();
	const writing = new AbortController();
	const writer = repository.startRun(source, parent, {
		signal: writing.signal,
		...(options.volumeBytes === undefined ? {} : { volumeBytes: options.volumeBytes }),
	});
	let stock: LockStock | undefined;
	const { [LOCKS_NOTE]: remembered, ...notes } = cursor?.notes ?? {};
	const run = new BackUpRun({
		repository,
		workload: notingWorkload(options.workload, LOCKS_NOTE, () => stock?.note && { ...stock.note }),
		writer,
		parent,
		cursor: cursor && { ...cursor, notes },
		fullResync: options.fullResync ?? false,
		ambient,
		signal: stop.signal,
		limits: {
			commitEveryMs: options.commitEvery?.ms ?? 10 * MINUTE_MS,
			commitEveryBytes: options.commitEvery?.bytes ?? 1e9,
			stopAtMs: startedAt.getTime() + (options.stopAfter?.ms ?? Infinity),
			stopAfterBytes: options.stopAfter?.bytes ?? Infinity,
		},
		tag: options.tag ?? null,
		startedAt,
	});
	for (const warning of warnings) run.warnings.add(warning);
	const renewal = keepLease(lease, ambient, stop);
	try {
		stock = await takeLockStock({ repository, key, remembered, signal: stop.signal });
		if (stock.warning !== undefined) run.warnings.add(stock.warning);
		await run.resume(key);
		await run.enumerate(() => checkClock(options));
		// A catalog that begins anew takes the place of one that cannot be read, even if there is nothing in it.
		return await conclude(isNewCatalog ? { ...options, alwaysRecord: true } : options, { run, parent, stock, countersBefore, startedAt });
	} catch (error) {
		const cancelled = options.signal?.aborted === true;
		// A lost lease stops the run through the same signal: then the reason is the error to report.
		const failure = withWayOut(toFailure(stop.signal.aborted && !cancelled ? stop.signal.reason : error), options);
		const timer = setTimeout(() => writing.abort(), CANCEL_COMMIT_MS);
		try {
			if (run.hasNews && isClockRight(options)) await run.commit(false);
			else await writer.abandon();
		} catch (commitError) {
			if (!cancelled) {
				const also = toFailure(commitError);
				if (also.message === failure.message) throw failure;
				throw new Failure(failure.kind, `${failure.message}. What had been read could not be kept: ${also.message}`, {
					title: failure.title,
					nextStep: failure.nextStep ?? also.nextStep,
					code: failure.code,
					cause: error,
				});
			}
			run.warnings.add(`What had been read since the last commit could not be kept: ${toFailure(commitError).message}`);
		} finally {
			clearTimeout(timer);
		}
		if (!cancelled) throw failure;
		return finish(options, countersBefore, startedAt, { status: 'partial', run, newest: run.newest, stoppedBy: 'cancellation' });
	} finally {
		options.signal?.removeEventListener('abort', onCancel);
		await renewal.end();
	}
}

interface Foundation {
	parent: SnapshotRecord | null;
	cursor: CursorRecord | null;
	warnings: string[];
	/** The parent's list of items cannot be read: the run begins one of its own. */
	isNewCatalog: boolean;
}

/**
 * What the run builds upon: the newest snapshot that can be read, and the cursor that belongs to it. A full resync also
 * looks whether all its files are there, and makes good what is lost.
 */
async function readParent(options: BackUpOptions, key: string): Promise<Foundation> {
	const { repository, signal } = options;
	const { record: parent, damaged } = await repository.latestReadable(key, signal);
	const warnings = damaged.length > 0 ? [sayDamaged(damaged, parent)] : [];
	if (!parent) warnings.push(...(await sayLostCatalog(repository, key, signal)));
	const read = async (newest: SnapshotRecord | null): Promise<Foundation> => ({
		parent: newest,
		cursor: newest ? await repository.cursor(key, signal) : null,
		warnings,
		isNewCatalog: false,
	});
	if (!parent || options.fullResync !== true) return await read(parent);
	const health = await dropLostContents(repository, parent, signal);
	switch (health.state) {
		case 'sound':
			return await read(parent);
		case 'mended':
			warnings.push(
				`${health.archives.join(', ')} ${health.archives.length === 1 ? 'is' : 'are'} missing or damaged: ${health.lostItems} items were fetched again where Microsoft 365 still has them. ` +
					'Older snapshots lack them until the files are put back (Repository → Import Files).',
			);
			return await read(health.snapshot);
		case 'unreadable':
			warnings.push(`${health.reason}. The list of items began anew and everything was fetched again; older snapshots that need the file stay damaged until it is put back.`);
			return { parent: { ...parent, segments: [], totals: { items: 0, bytes: 0 }, failures: [] }, cursor: null, warnings, isNewCatalog: true };
	}
}

/** Damage that stops every later run, too, has a way out that the lower layers do not know of. */
function withWayOut(failure: Failure, options: BackUpOptions): Failure {
	// Only of the repository's own files: Graph, too, may call an item corrupt.
	if (failure.nextStep !== DAMAGED || options.fullResync === true) return failure;
	const { kind, message, code, cause } = failure;
	const nextStep =
		'Put an undamaged copy of the file back (Repository → Import Files). Without one, run the backup once with Full Resync: it fetches again what is lost, as far as it is still in Microsoft 365.';
	return new Failure(kind, message, { nextStep, code, cause });
}

function sayDamaged(damaged: readonly string[], parent: SnapshotRecord | null): string {
	const what = damaged.length === 1 ? `The newest snapshot (${damaged.join()}) is` : `The newest ${damaged.length} snapshots (${damaged.join(', ')}) are`;
	const then = parent ? `this backup builds upon the one before, ${parent.id}` : 'no other can be read either, so everything was fetched again';
	return (
		`${what} damaged and cannot be restored from; ${then}. ` +
		'What was deleted from Microsoft 365 since then may be held only there: put an undamaged copy of the file back (Repository → Import Files).'
	);
}

/**
 * A first backup beside archives: of a history whose records are lost, or of first runs that broke off. A single run that
 * broke off is nothing to alarm anybody with; `cursor.json` is written after a snapshot only.
 */
async function sayLostCatalog(repository: Repository, key: string, signal: AbortSignal | undefined): Promise<string[]> {
	const files = [...(await listSource(repository.store, key, signal)).keys()].map((name) => parseRepositoryKey(`${key}/${name}`));
	const archives = files.filter(({ kind }) => kind === 'archive');
	const isOneRun = new Set(archives.map(({ runId }) => runId)).size <= 1 && !files.some(({ kind }) => kind === 'currentCursor');
	if (archives.length === 0 || isOneRun) return [];
	return [
		`There ${archives.length === 1 ? 'is 1 archive' : `are ${archives.length} archives`} of earlier backups in ${key}, and no snapshot: this backup began anew. ` +
			'If there were snapshots before, their files are lost: put them back (Repository → Import Files), or get what the archives hold (Repository → Rebuild Catalog with Rebuild Anyway).',
	];
}

/** The workload has no more to say, or a limit was reached: the last commit, or none if nothing has changed. */
async function conclude(
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

function isClockRight(options: BackUpOptions): boolean {
	return Math.abs(options.clockSkewMs?.() ?? 0) <= CLOCK_TOLERANCE_MS;
}

function checkClock(options: BackUpOptions): void {
	if (isClockRight(options)) return;
	const minutes = Math.round((options.clockSkewMs?.() ?? 0) / MINUTE_MS);
	throw new Failure('invalid', `This machine's clock is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'ahead of' : 'behind'} Microsoft's`, {
		nextStep: 'Set the clock (switch on time synchronisation) and run the backup again; nothing was written.',
	});
}

function readCounters(graph: GraphCounters | undefined): GraphCounters {
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

function finish(options: BackUpOptions, before: GraphCounters, startedAt: Date, outcome: Outcome): BackUpSummary {
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
