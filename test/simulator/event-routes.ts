import type { CalendarRecord } from './calendar-record';
import type { MailboxCalendar } from './calendar-store';
import { answerInvitation } from './event-actions';
import { eventAttachments } from './event-attachments';
import { eventViewDelta } from './event-delta';
import { hasOccurrence, type EventInstance } from './event-instance';
import { eventJson, selectedEventProperties } from './event-json';
import { listEvents, listInstances, listView } from './event-list';
import { createEvent, deleteEvent, patchEvent } from './event-writes';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { accessDenied, GraphError, itemNotFound, malformedId } from './graph-error';
import { looksLikeExchangeId } from './ids';
import { contextUrl } from './paging';
import { need } from './permissions';

/**
 * `events…` and `calendarView…` of one calendar, or (calendar undefined) of the mailbox; `segments[0]` is that word.
 *
 * @param route what stands before it
 */
export async function eventCollection(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord | undefined, segments: readonly string[], route: string): Promise<GraphAnswer> {
	const isView = segments[0]!.toLowerCase() === 'calendarview';
	const below = `${route}/${isView ? 'calendarView' : 'events'}`;
	const named = (tail: string, answer: GraphAnswer): GraphAnswer => ({ ...answer, route: answer.route ?? `${request.method} ${below}${tail}` });
	const rest = segments.slice(1);
	if (rest.length === 0) {
		if (request.method === 'GET') {
			need(request, 'readCalendars');
			return named('', isView ? await listView(request, unlessInTrouble(calendar ?? store.default)) : await listEvents(request, store, calendar));
		}
		if (request.method !== 'POST' || isView) return miss();
		need(request, 'writeCalendars');
		return named('', await createEvent(request, store, unlessInTrouble(calendar ?? store.default)));
	}
	if (/^(microsoft\.graph\.)?delta(\(\))?$/i.test(rest[0]!) && rest.length === 1 && request.method === 'GET') {
		need(request, 'readCalendars');
		// Without a window only /beta can do it (docs of event: delta).
		if (!isView) throw new GraphError(400, 'ErrorInvalidRequest', 'Change tracking is not supported without a range of time.');
		return named('/delta', await eventViewDelta(request, store, unlessInTrouble(calendar ?? store.default)));
	}
	if (rest[0] === '$count') return miss();
	const instance = instanceOf(request, store, calendar, rest[0]!);
	return oneEvent(request, store, instance, rest.slice(1), `${below}/{id}`);
}

/** @throws GraphError if the calendar is forbidden or broken */
export function unlessInTrouble(calendar: CalendarRecord): CalendarRecord {
	if (calendar.isForbidden) throw accessDenied();
	if (calendar.brokenStatus !== undefined) throw new GraphError(calendar.brokenStatus, 'ErrorInternalServerTransientError', 'An internal server error occurred. Try again later.');
	return calendar;
}

/** @throws GraphError 404 for events that are not (any more) there, 400 for what is no id, 403 in forbidden calendars */
function instanceOf(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord | undefined, id: string): EventInstance {
	const instance = store.findInstance(id);
	if (!instance) throw looksLikeExchangeId(id) ? itemNotFound() : malformedId();
	const { record, date } = instance;
	const isFindable = record.calendar !== null || (calendar === undefined && request.tenant.switches.deletedEventsAnswer);
	if (!isFindable || (calendar && record.calendar !== calendar)) throw itemNotFound();
	if (record.calendar) unlessInTrouble(record.calendar);
	if (date !== undefined && (record.cancelledDates.has(date) || !hasOccurrence(record, date))) throw itemNotFound();
	if (record.notFoundTimes > 0) {
		record.notFoundTimes--;
		throw itemNotFound();
	}
	return instance;
}

async function oneEvent(request: GraphRequest, store: MailboxCalendar, instance: EventInstance, rest: readonly string[], route: string): Promise<GraphAnswer> {
	const named = (tail: string, answer: GraphAnswer): GraphAnswer => ({ ...answer, route: answer.route ?? `${request.method} ${route}${tail}` });
	const tail = rest[0]?.toLowerCase();
	if (tail === undefined) return named('', await single(request, store, instance));
	if (tail === 'attachments') return eventAttachments(request, store, instance, rest.slice(1), `${route}/attachments`);
	if (tail === 'instances' && request.method === 'GET') {
		need(request, 'readCalendars');
		refuseCorrupt(instance);
		if (rest.length === 1) return named('/instances', await listInstances(request, instance));
		const wanted = store.findInstance(rest[1]!);
		if (rest.length !== 2 || wanted?.record !== instance.record || wanted.date === undefined) throw itemNotFound();
		return named('/instances/{id}', await single(request, store, wanted));
	}
	if (rest.length > 1 || request.method !== 'POST') return miss();
	if (tail === 'permanentdelete') {
		need(request, 'writeCalendars');
		deleteEvent(request, store, instance, true);
		return named('/permanentDelete', { status: 204 });
	}
	return answerInvitation(request, store, instance, tail, named);
}

export function refuseCorrupt({ record }: EventInstance): void {
	if (record.corruptCode) throw new GraphError(500, record.corruptCode, 'Data is corrupt.');
}

async function single(request: GraphRequest, store: MailboxCalendar, instance: EventInstance): Promise<GraphAnswer> {
	switch (request.method) {
		case 'GET': {
			need(request, 'readCalendars');
			refuseCorrupt(instance);
			const hasThem = request.tenant.switches.occurrenceListsInCloud;
			const { properties, lists } = selectedEventProperties(request.query.select, hasThem);
			const json = await eventJson(instance, { properties, prefer: request.prefer, expand: request.query.expand, lists: { ...lists, hasThem } });
			return { status: 200, json: { '@odata.context': contextUrl(request, "users('…')/events/$entity"), ...json } };
		}
		case 'PATCH':
			need(request, 'writeCalendars');
			return patchEvent(request, store, instance);
		case 'DELETE':
			need(request, 'writeCalendars');
			deleteEvent(request, store, instance, false);
			return { status: 204 };
		default:
			return miss();
	}
}
