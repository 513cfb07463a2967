import { createHash } from 'node:crypto';
import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import { batchResult } from '../../../graph/client';
import type { BatchRequest } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { Change, ChangePage, KnownItem, KnownItems, ListingNews, ScopeNews } from '../../workload';
import type { BackedUpCalendar, CalendarContext } from './calendar-context';
import { calendarPath, scopedId } from './calendar-context';
import { decideEvent } from './decide-event';
import type { GraphEvent } from './graph-event';
import { LIST_SELECT } from './graph-event';
import { changedSeries } from './live-series';

/** Small pages: at `$top=1000` listings repeat some events and leave out others (graph-docs #16500). */
const PAGE_SIZE = 100;
/** Calendars in one round: what one `$batch` takes. */
const ROUND_SIZE = 20;

export interface EventEnumeration {
	context: CalendarContext;
	known: KnownItems;
	isFirst: boolean;
	/** Compare every calendar with the catalog, whatever the marks say. */
	compareAll: boolean;
	/** Scoped ids that failed before. Those that were seen are taken out. */
	retry: Set<string>;
	/** Which of four groups of living series is read again in this run. */
	turn: number;
	/** Graph id of a calendar → mark of the ids that it listed last, once nothing was missing. Changed in place. */
	idMarks: Map<string, string>;
	/** Graph ids of calendars whose listing repeated itself, even the second time. Filled here. */
	doubtful: Set<string>;
	signal: AbortSignal;
}

/** One calendar that is being listed. */
interface CalendarTask {
	calendar: BackedUpCalendar;
	path: string;
	/** Graph ids of all passes. */
	seen: Set<string>;
	seenInPass: Set<string>;
	/** Entries of this pass, repetitions included: where a next page would begin. */
	entries: number;
	pass: number;
	repeated: boolean;
}

interface Round {
	events: Map<string, { event: GraphEvent; calendar: BackedUpCalendar }>;
	listings: ListingNews[];
	scopes: ScopeNews[];
	queue: CalendarTask[];
}

/** All events of all calendars by pages of ids and change keys, twenty calendars a batch; each round is one page of changes. */
export async function* readEventChanges(run: EventEnumeration): AsyncGenerator<ChangePage> {
	const queue: CalendarTask[] = [...run.context.calendars.values()].map((calendar) => ({
		calendar,
		path: firstPage(run.context, calendar),
		seen: new Set(),
		seenInPass: new Set(),
		entries: 0,
		pass: 1,
		repeated: false,
	}));
	while (queue.length > 0) {
		const tasks = queue.splice(0, ROUND_SIZE);
		const round: Round = { events: new Map(), listings: [], scopes: [], queue };
		const byId = new Map(tasks.map((task) => [task.calendar.id, task]));
		const requests: BatchRequest[] = tasks.map((task) => ({ id: task.calendar.id, method: 'GET', path: task.path }));
		for await (const answer of run.context.graph.batch(requests, { signal: run.signal })) {
			const task = byId.get(answer.id);
			if (!task) continue;
			const result = batchResult(answer);
			if (result.ok) takePage(run, task, result.body as { value?: GraphEvent[]; '@odata.nextLink'?: string }, round);
			else takeFailure(task, result.failure, round);
		}
		const changes = await decide(run, round);
		yield { changes, listings: round.listings, scopes: round.scopes };
	}
}

function firstPage(context: CalendarContext, calendar: BackedUpCalendar): string {
	return `${calendarPath(context, calendar.id)}/events?$select=${LIST_SELECT}&$top=${PAGE_SIZE}`;
}

function takePage(run: EventEnumeration, task: CalendarTask, page: { value?: GraphEvent[]; '@odata.nextLink'?: string }, round: Round): void {
	const events = page.value ?? [];
	task.entries += events.length;
	for (const event of events) {
		// Only masters and single events are listed; should an occurrence turn up, its master is what counts.
		if (event.type === 'occurrence' || event.type === 'exception') continue;
		if (task.seenInPass.has(event.id)) task.repeated = true;
		task.seenInPass.add(event.id);
		task.seen.add(event.id);
		round.events.set(event.id, { event, calendar: task.calendar });
	}
	const next = nextPath(run, task, page, events.length);
	if (next !== undefined) {
		round.queue.push({ ...task, path: next });
		return;
	}
	if (task.repeated && task.pass === 1) {
		// Where some come twice, others are missing: what this listing lacks is looked for once more before anybody asks.
		round.queue.push({ ...task, path: firstPage(run.context, task.calendar), seenInPass: new Set(), entries: 0, pass: 2, repeated: false });
		return;
	}
	if (task.repeated) run.doubtful.add(task.calendar.id);
	finish(run, task, round);
}

/** A full page without a next link may be the last one, or Graph forgot the link (graph-docs #2153): one look behind it tells. */
function nextPath(run: EventEnumeration, task: CalendarTask, page: { '@odata.nextLink'?: string }, count: number): string | undefined {
	const link = page['@odata.nextLink'];
	if (link !== undefined && link !== task.path) return link;
	return count >= PAGE_SIZE ? `${firstPage(run.context, task.calendar)}&$skip=${task.entries}` : undefined;
}

/** The whole catalog is compared only where the ids are others than last time. */
function finish(run: EventEnumeration, task: CalendarTask, round: Round): void {
	const { id } = task.calendar;
	const mark = markOf(task.seen);
	const isNews = run.compareAll || run.idMarks.get(id) !== mark;
	run.idMarks.set(id, mark);
	if (run.isFirst || !isNews) return;
	const parent = scopedId(id);
	round.listings.push({ parent, type: 'event', state: 'restarted', seen: [] });
	round.listings.push({ parent, type: 'event', state: 'finished', seen: [...task.seen].map(scopedId) });
}

/** Of a set, whatever its order: count, and the exclusive or of hashes. */
export function markOf(ids: ReadonlySet<string>): string {
	let mark = 0n;
	for (const id of ids) mark ^= createHash('sha256').update(id).digest().readBigUInt64BE(0);
	return `${ids.size}-${mark.toString(16)}`;
}

function takeFailure(task: CalendarTask, failure: Failure, round: Round): void {
	if (isFailure(failure, 'cancelled')) throw failure;
	const { id, path } = task.calendar;
	if (isFailure(failure, 'notFound') && !isGone(failure)) throw failure;
	// The calendar keeps its last state and says so; the others go on. If it was deleted a moment ago, the next run finds out.
	const name = path.join('/');
	const reason = [`Calendar "${name}": ${failure.title ?? failure.message}`, failure.nextStep].filter((text) => text !== undefined).join('. ');
	round.scopes.push({ id: scopedId(id), name, state: failure.kind === 'denied' ? 'denied' : 'stale', reason });
}

async function decide(run: EventEnumeration, { events }: Round): Promise<Change[]> {
	const before = run.isFirst ? new Map<string, KnownItem>() : await run.known.lookUp([...events.keys()].map(scopedId));
	const series = await changedSeries(run, events, before);
	const changes: Change[] = [];
	for (const [graphId, { event, calendar }] of events) {
		const id = scopedId(graphId);
		const again = run.retry.delete(id) || series.has(graphId);
		const change = decideEvent(event, calendar, before.get(id), again);
		if (change) changes.push(change);
	}
	return changes;
}
