import { Failure, toFailure } from '../base/failure';
import { DAMAGED } from '../repository/bytes';
import { sourceKey } from '../repository/names';
import { readParent } from './back-up-foundation';
import type { BackUpOptions } from './back-up-options';
import { BackUpRun } from './back-up-run';
import type { BackUpSummary } from './back-up-summary';
import { conclude, finish, readCounters } from './conclude-back-up';
import { LOCKS_NOTE } from './cursor-notes';
import { keepLease } from './keep-lease';
import { takeLockStock, type LockStock } from './keep-locked';
import { notingWorkload } from './noting-workload';

const MINUTE_MS = 60_000;
/** A host clock farther off than this would give snapshots wrong times, and retention with it (DESIGN §3). */
const CLOCK_TOLERANCE_MS = 5 * MINUTE_MS;
/** What a cancelled run may take to keep what it has read. */
const CANCEL_COMMIT_MS = 20_000;

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

/** Damage that stops every later run, too, has a way out that the lower layers do not know of. */
function withWayOut(failure: Failure, options: BackUpOptions): Failure {
	// Only of the repository's own files: Graph, too, may call an item corrupt.
	if (failure.nextStep !== DAMAGED || options.fullResync === true) return failure;
	const { kind, message, code, cause } = failure;
	const nextStep =
		'Put an undamaged copy of the file back (Repository → Import Files). Without one, run the backup once with Full Resync: it fetches again what is lost, as far as it is still in Microsoft 365.';
	return new Failure(kind, message, { nextStep, code, cause });
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
