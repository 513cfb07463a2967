import { isFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import { itemReason } from '../../item-reason';
import type { Change, KnownItem } from '../../workload';
import type { CalendarContext } from './calendar-context';
import { eventPath, graphIdOf, scopedId } from './calendar-context';
import { decideEvent } from './decide-event';
import type { GraphEvent } from './graph-event';
import { LIST_SELECT } from './graph-event';
import { findInCalendars } from './whereabouts';

/** Where a deleted event lives on, as its tombstone says. */
const ELSEWHERE = 'Deleted Items';

export interface Asked {
	changes: Change[];
	/** Graph ids of calendars that hold something which their listing did not show. */
	incomplete: Set<string>;
}

/**
 * What became of events that a complete listing did not show, one GET each, twenty to a batch: gone (404), or alive. With
 * immutable ids a deleted event may still answer from Deleted Items, so that a living one is looked for in the calendars
 * before it counts as such.
 *
 * @param doubtful Graph ids of calendars whose listings repeat themselves: there nothing that is alive counts as deleted.
 */
export async function askEvents(
	context: CalendarContext,
	known: ReadonlyMap<string, KnownItem>,
	doubtful: ReadonlySet<string>,
	signal: AbortSignal,
): Promise<Asked> {
	const asked: Asked = { changes: [], incomplete: new Set() };
	const alive: GraphEvent[] = [];
	const requests: BatchRequest[] = [...known.keys()].map((id) => ({
		id,
		method: 'GET',
		path: `${eventPath(context, graphIdOf(id))}?$select=${LIST_SELECT}`,
	}));
	if (requests.length === 0) return asked;
	for await (const answer of context.graph.batch(requests, { signal })) {
		const before = known.get(answer.id);
		if (!before) continue;
		const result = batchResult(answer);
		if (result.ok) alive.push(result.body as GraphEvent);
		else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else if (isGone(result.failure)) asked.changes.push({ kind: 'gone', id: before.id });
		else {
			asked.incomplete.add(graphIdOf(before.parent ?? ''));
			asked.changes.push({ kind: 'failed', id: before.id, type: 'event', name: before.name, reason: itemReason(result.failure), failure: result.failure, ...(before.parent === undefined ? {} : { parent: before.parent }) });
		}
	}
	await decideAlive(context, alive, known, doubtful, asked, signal);
	return asked;
}

async function decideAlive(
	context: CalendarContext,
	alive: readonly GraphEvent[],
	known: ReadonlyMap<string, KnownItem>,
	doubtful: ReadonlySet<string>,
	asked: Asked,
	signal: AbortSignal,
): Promise<void> {
	const places = await findInCalendars(context, alive, [...context.calendars.keys()], signal);
	for (const event of alive) {
		const before = known.get(scopedId(event.id));
		if (!before) continue;
		const parent = graphIdOf(before.parent ?? '');
		const place = places.get(event.id);
		const calendar = place === undefined || place === 'unknown' ? undefined : context.calendars.get(place);
		if (calendar) {
			const change = decideEvent(event, calendar, before, before.failedAttempts > 0);
			if (change) asked.changes.push(change);
			asked.incomplete.add(calendar.id);
		} else if (place === 'unknown' || doubtful.has(parent)) asked.incomplete.add(parent);
		else asked.changes.push({ kind: 'gone', id: before.id, movedTo: ELSEWHERE });
	}
}
