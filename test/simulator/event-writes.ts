import { attachmentFromJson } from './attachment-writes';
import type { CalendarRecord } from './calendar-record';
import type { MailboxCalendar } from './calendar-store';
import { exceptionOf, stateOf, type EventInstance } from './event-instance';
import { changesFrom, emptyState, extendedPropertiesFrom, guestsOf, refuseUnknownProperties, setProperties } from './event-input';
import { eventId, eventJson, selectedEventProperties } from './event-json';
import type { EventState, Json } from './event-record';
import type { GraphAnswer, GraphRequest } from './exchange';
import { checkPropertyId } from './extended-properties';
import { accessDenied, badRequest } from './graph-error';
import { jsonBody } from './json-body';
import { contextUrl } from './paging';
import type { OutboxEntry } from './tenant';

/** What Graph would send about a meeting. */
export function notify(request: GraphRequest, store: MailboxCalendar, kind: OutboxEntry['kind'], subject: string, recipients: string[]): void {
	store.mailbox.tenant.outbox.push({ kind, mailbox: store.mailbox.user.userPrincipalName, subject, recipients, request: `${request.method} ${request.url}` });
}

/** POST: into the calendar, with invitations to whoever is named in it (user-post-events: no way to leave them out). */
export async function createEvent(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord): Promise<GraphAnswer> {
	const body = jsonBody(request);
	refuseUnknownProperties(body);
	if (!calendar.canEdit) throw accessDenied();
	const properties = extendedPropertiesFrom(body.singleValueExtendedProperties, checkPropertyId);
	const { mailbox } = store;
	const nowMs = mailbox.tenant.clock.nowMs();
	const attachments = ((body.attachments ?? []) as Json[]).map((json, index) => attachmentFromJson(json, index + 1, nowMs));
	if (typeof body.transactionId === 'string') {
		const known = store.madeBy(body.transactionId);
		if (known) {
			if (request.tenant.switches.repeatedTransactionId === 'existing') return entity(request, { record: known }, 201);
			const message = 'Your request can\'t be completed. The TransactionId specified in the request has already been used to create a different event.';
			return { status: 409, json: { error: { code: 'ErrorDuplicateTransactionId', message, '@event.existingEventId': eventId({ record: known }, request.prefer) } } };
		}
	}
	const state = emptyState({ name: mailbox.user.displayName, address: mailbox.user.userPrincipalName });
	if (body.start === undefined || body.end === undefined) throw badRequest('At least one property failed validation. An event needs start and end.', 'ErrorPropertyValidationFailure');
	Object.assign(state, changesFrom(body, state));
	if (state.isOnlineMeeting) store.giveMeetingLink(state);
	const record = store.add(calendar, state);
	setProperties(record, properties);
	record.attachments.push(...attachments);
	record.notFoundTimes = request.tenant.switches.newMessageNotFoundTimes;
	if (state.transactionId !== null) store.rememberTransaction(state.transactionId, record);
	if (state.attendees.length) notify(request, store, 'invitation', state.subject ?? '', guestsOf(state));
	return entity(request, { record }, 201);
}

/** PATCH: the organiser's guests are told; of what others organise only one's own copy changes. */
export async function patchEvent(request: GraphRequest, store: MailboxCalendar, instance: EventInstance): Promise<GraphAnswer> {
	const body = jsonBody(request);
	refuseUnknownProperties(body);
	if (instance.record.calendar?.canEdit === false) throw accessDenied();
	if (body.attachments !== undefined) throw badRequest('Attachments cannot be updated with PATCH.', 'ErrorInvalidPropertySet');
	const before = stateOf(instance);
	if (body.transactionId !== undefined && body.transactionId !== before.transactionId) throw badRequest('transactionId can only be set when an event is created.', 'ErrorInvalidPropertySet');
	const properties = extendedPropertiesFrom(body.singleValueExtendedProperties, checkPropertyId);
	const guestsBefore = allGuestsOf(instance);
	store.change(instance, writable(body));
	setProperties(exceptionOf(instance) ?? instance.record, properties);
	const after = stateOf(instance);
	if (after.isOnlineMeeting && !after.onlineMeeting) {
		const linked: Pick<EventState, 'onlineMeeting' | 'onlineMeetingProvider'> & EventState = { ...after };
		store.giveMeetingLink(linked);
		store.change(instance, { onlineMeeting: linked.onlineMeeting, onlineMeetingProvider: linked.onlineMeetingProvider });
	}
	const told = [...new Set([...guestsBefore, ...guestsOf(after)])];
	if (after.isOrganizer && told.length) notify(request, store, 'update', after.subject ?? '', told);
	return entity(request, instance, 200);
}

/** Without what only Graph decides, as `change` takes it from tests. */
function writable(body: Json): Json {
	const { organizer: _a, isOrganizer: _b, responseStatus: _c, isCancelled: _d, isDraft: _e, onlineMeeting: _f, onlineMeetingUrl: _g, ...rest } = body;
	return rest;
}

/** Of a series also those who were asked to some of its days only. */
function allGuestsOf({ record, date }: EventInstance): string[] {
	const days = date === undefined ? [...record.exceptions.keys()].flatMap((day) => guestsOf(stateOf({ record, date: day }))) : [];
	return [...new Set([...guestsOf(stateOf({ record, ...(date === undefined ? {} : { date }) })), ...days])];
}

/** DELETE: the organiser's guests are told; the day of a series is cancelled. */
export function deleteEvent(request: GraphRequest, store: MailboxCalendar, instance: EventInstance, forGood: boolean): void {
	if (instance.record.calendar?.canEdit === false) throw accessDenied();
	const state = stateOf(instance);
	const guests = allGuestsOf(instance);
	if (state.isOrganizer && guests.length && instance.record.calendar) notify(request, store, 'cancellation', state.subject ?? '', guests);
	if (forGood && instance.date === undefined) store.purgeEvent(instance.record);
	else store.deleteInstance(instance);
}

async function entity(request: GraphRequest, instance: EventInstance, status: number): Promise<GraphAnswer> {
	const { properties } = selectedEventProperties(request.query.select, request.tenant.switches.occurrenceListsInCloud);
	const json = await eventJson(instance, { properties, prefer: request.prefer, expand: request.query.expand });
	return { status, json: { '@odata.context': contextUrl(request, "users('…')/events/$entity"), ...json } };
}
