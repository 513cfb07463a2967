import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { RestoreContext } from '../restore/restore-context';
import { signalOf } from '../restore/restore-context';
import { eventPath } from './calendar-context';
import type { GraphEvent } from './graph-event';
import { LIST_SELECT } from './graph-event';
import { findInCalendars } from './whereabouts';

/** A living event and the Graph id of its calendar; `unknown`: nobody could tell; absent: in none (Deleted Items). */
export interface LivingEvent {
	event: GraphEvent;
	calendarId?: string;
}

/** The event, null if it is gone for good, or why nobody can tell. */
export type LivingAnswer = LivingEvent | null | Failure;

/** What became of events, by immutable id, twenty to a request. */
export async function findLivingEvents(context: RestoreContext, graphIds: readonly string[]): Promise<Map<string, LivingAnswer>> {
	const found = new Map<string, LivingAnswer>();
	const requests: BatchRequest[] = [...new Set(graphIds)].map((id) => ({
		id,
		method: 'GET',
		path: `${eventPath(context, id)}?$select=${LIST_SELECT},attendees,isOrganizer`,
	}));
	if (requests.length === 0) return found;
	for await (const answer of context.graph.batch(requests, signalOf(context))) {
		const result = batchResult(answer);
		if (result.ok) found.set(answer.id, { event: result.body as GraphEvent });
		else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else found.set(answer.id, isGone(result.failure) ? null : result.failure);
	}
	return found;
}

/**
 * Says of living events in which calendar they are: first those where they belong are asked, the others only for what is
 * not there.
 *
 * @param expected Graph id of event → calendar where it should be.
 */
export async function locate(
	context: RestoreContext,
	living: ReadonlyMap<string, LivingAnswer>,
	expected: ReadonlyMap<string, string>,
	all: () => Promise<string[]>,
): Promise<void> {
	const open = new Map<string, LivingEvent>();
	for (const [id, answer] of living) if (answer && !isFailure(answer)) open.set(id, answer);
	const byCalendar = new Map<string, LivingEvent[]>();
	for (const [id, answer] of open) {
		const calendar = expected.get(id);
		if (calendar !== undefined) byCalendar.set(calendar, [...(byCalendar.get(calendar) ?? []), answer]);
	}
	const take = async (answers: readonly LivingEvent[], calendars: readonly string[]): Promise<void> => {
		const places = await findInCalendars(context, answers.map(({ event }) => event), calendars, context.signal);
		for (const answer of answers) {
			const place = places.get(answer.event.id);
			if (place === undefined) continue;
			answer.calendarId = place;
			if (place !== 'unknown') open.delete(answer.event.id);
		}
	};
	for (const [calendar, answers] of byCalendar) await take(answers, [calendar]);
	const rest = [...open.values()].filter(({ calendarId }) => calendarId !== 'unknown');
	if (rest.length > 0) await take(rest, await all());
}

/** Whether other people would hear of a change: a meeting is never patched or deleted in place. */
export function concernsOthers(event: GraphEvent): boolean {
	return (event.attendees ?? []).length > 0 || event.isOrganizer === false;
}
