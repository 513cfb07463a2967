import { isFailure } from '../../../base/failure';
import type { BatchRequest, GraphClient } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { calendarPath } from './calendar-context';
import { instantOf, seriesEnd } from './event-times';
import type { GraphEvent } from './graph-event';
import { isMaster } from './graph-event';

const DAY_MS = 86_400_000;
/** Of a series, so much from its first day on is looked through. */
const SERIES_WINDOW_MS = 800 * DAY_MS;
const PAGE = 100;

/**
 * In which of some calendars events are. An event does not say so itself, and with immutable ids one that was deleted may
 * still answer: what a calendar shows at the event's time decides.
 *
 * @returns Graph id of event → Graph id of calendar; `unknown` if a calendar could not be asked; absent: in none of them.
 */
export async function findInCalendars(
	context: { graph: GraphClient; userPath: string },
	events: readonly GraphEvent[],
	calendarIds: readonly string[],
	signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
	const places = new Map<string, string>();
	const byKey = new Map<string, { event: GraphEvent; calendarId: string }>();
	const requests: BatchRequest[] = [];
	for (const event of events) {
		const window = windowOf(event);
		for (const calendarId of calendarIds) {
			const key = String(requests.length);
			byKey.set(key, { event, calendarId });
			const path = `${calendarPath(context, calendarId)}/calendarView?startDateTime=${window.from}&endDateTime=${window.to}&$select=id,type,seriesMasterId&$top=${PAGE}`;
			requests.push({ id: key, method: 'GET', path });
		}
	}
	if (requests.length === 0) return places;
	const options = signal ? { signal } : {};
	for await (const answer of context.graph.batch(requests, options)) {
		const asked = byKey.get(answer.id);
		if (!asked) continue;
		const result = batchResult(answer);
		const { id } = asked.event;
		if (!result.ok) {
			if (isFailure(result.failure, 'cancelled')) throw result.failure;
			if (!places.has(id)) places.set(id, 'unknown');
			continue;
		}
		const page = result.body as { value?: GraphEvent[]; '@odata.nextLink'?: string };
		let isThere = holds(page.value ?? [], id);
		const next = page['@odata.nextLink'];
		if (!isThere && next !== undefined) {
			try {
				for await (const more of context.graph.pages<GraphEvent>({ path: next, ...options })) {
					isThere = holds(more, id);
					if (isThere) break;
				}
			} catch (error) {
				if (!isFailure(error) || isFailure(error, 'cancelled', 'defect')) throw error;
				if (!places.has(id)) places.set(id, 'unknown');
				continue;
			}
		}
		if (isThere) places.set(id, asked.calendarId);
	}
	return places;
}

function holds(shown: readonly GraphEvent[], id: string): boolean {
	return shown.some((one) => one.id === id || one.seriesMasterId === id);
}

function windowOf(event: GraphEvent): { from: string; to: string } {
	const startMs = instantOf(event.start)?.getTime() ?? 0;
	const endMs = instantOf(event.end)?.getTime() ?? startMs;
	// All-day events are where their owner is: up to a day away from UTC.
	const slackMs = event.isAllDay === true ? DAY_MS : 60_000;
	let toMs = endMs;
	if (isMaster(event)) {
		const lastMs = seriesEnd(event)?.getTime() ?? Number.POSITIVE_INFINITY;
		toMs = Math.min(Math.max(lastMs, endMs), startMs + SERIES_WINDOW_MS);
	}
	return { from: new Date(startMs - slackMs).toISOString(), to: new Date(toMs + slackMs).toISOString() };
}
