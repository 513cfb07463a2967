import { createHash } from 'node:crypto';
import { isFailure, toFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import type { KnownItem } from '../../workload';
import type { CalendarContext } from './calendar-context';
import { eventPath, scopedId } from './calendar-context';
import { occurrencesMark } from './event-meta';
import { isLive, seriesEnd } from './event-times';
import type { GraphEvent } from './graph-event';
import { cancelledDate, changeKeyOf, isMaster, OCCURRENCES_QUERY } from './graph-event';
import { readInstances } from './instances-window';
import { allExceptions } from './load-events';

/** Every living series is read again in one run out of four, a quarter of them each time. */
export const TURNS = 4;

/**
 * Graph ids of series whose exceptions or cancelled days have changed although their change key has not: nothing documents
 * that an exception changes its master's. Only living series are asked, and only those whose turn it is; when everything
 * is compared, all of them, those that have ended, too: people still write notes into meetings that are over. What could
 * not be read whole before (`meta.incomplete`) is due with them.
 */
export async function changedSeries(
	run: { context: CalendarContext; turn: number; /** All are due, whoever's turn it is, ended or not. */ compareAll: boolean; signal: AbortSignal },
	events: ReadonlyMap<string, { event: GraphEvent }>,
	before: ReadonlyMap<string, KnownItem>,
): Promise<Set<string>> {
	const changed = new Set<string>();
	const due: GraphEvent[] = [];
	const now = run.context.ambient.now();
	for (const [id, { event }] of events) {
		const known = before.get(scopedId(id));
		if (!known?.hasContent || known.etag !== changeKeyOf(event) || (!run.compareAll && turnOf(id) !== run.turn % TURNS)) continue;
		if (known.meta['incomplete'] === true) changed.add(id);
		else if (isMaster(event) && (run.compareAll || isLive(seriesEnd(event), now))) due.push(event);
	}
	const marks = run.context.lacksExceptions ? await marksByInstances(run, due) : await marksByLists(run, due);
	for (const [id, mark] of marks) if (mark !== before.get(scopedId(id))?.meta['occurrences']) changed.add(id);
	return changed;
}

function turnOf(graphId: string): number {
	return (createHash('sha256').update(graphId).digest()[0] ?? 0) % TURNS;
}

interface SeriesRun {
	context: CalendarContext;
	signal: AbortSignal;
}

async function marksByLists(run: SeriesRun, due: readonly GraphEvent[]): Promise<Map<string, string>> {
	const marks = new Map<string, string>();
	const without: GraphEvent[] = [];
	const byId = new Map(due.map((event) => [event.id, event]));
	const requests: BatchRequest[] = due.map(({ id }) => ({ id, method: 'GET', path: `${eventPath(run.context, id)}?${OCCURRENCES_QUERY}` }));
	if (requests.length === 0) return marks;
	for await (const answer of run.context.graph.batch(requests, { signal: run.signal })) {
		const event = byId.get(answer.id);
		if (!event) continue;
		const result = batchResult(answer);
		if (!result.ok) {
			if (isFailure(result.failure, 'cancelled')) throw result.failure;
			if (isFailure(result.failure, 'invalid')) without.push(event);
			// Any other trouble: its turn comes again.
			continue;
		}
		const master = result.body as GraphEvent;
		if (master.exceptionOccurrences === undefined && master.cancelledOccurrences === undefined) without.push(event);
		else await unlessInTrouble(async () => {
			marks.set(event.id, occurrencesMark(await allExceptions(run.context, master, run.signal), datesOf(master.cancelledOccurrences ?? [])));
		});
	}
	if (without.length > 0) run.context.lacksExceptions = true;
	for (const [id, mark] of await marksByInstances(run, without)) marks.set(id, mark);
	return marks;
}

function datesOf(cancelled: readonly string[]): string[] {
	return cancelled.map(cancelledDate).filter((date) => date !== undefined);
}

async function marksByInstances(run: SeriesRun, due: readonly GraphEvent[]): Promise<Map<string, string>> {
	const marks = new Map<string, string>();
	const now = run.context.ambient.now();
	for (const event of due) {
		// One that has ended moves out of the window of instances: less would be seen of it each month, and be kept of it.
		if (!isLive(seriesEnd(event), now)) continue;
		await unlessInTrouble(async () => {
			const { exceptions, cancelled } = await readInstances(run.context, event, run.signal);
			marks.set(event.id, occurrencesMark(exceptions, cancelled));
		});
	}
	return marks;
}

/** Trouble with one series is no reason to stop: its turn comes again. */
async function unlessInTrouble(work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		const failure = toFailure(error);
		if (!isFailure(failure, 'notFound', 'denied', 'transient', 'throttled', 'corrupt', 'invalid')) throw failure;
	}
}
