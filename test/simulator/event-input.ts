import type { Zone } from 'luxon';
import { recurrenceFrom, dayNumber } from './calendar-recurrence';
import { CUSTOM_ZONE, DAY_MS, utcToWall, wallToUtc, zoneOf } from './calendar-time-zones';
import type { EventRecord, EventState, Json } from './event-record';
import { badRequest } from './graph-error';

/** Properties that Graph accepts in a body but decides by itself. */
const IGNORED = new Set(['id', 'createdDateTime', 'lastModifiedDateTime', 'changeKey', 'iCalUId', 'hasAttachments', 'bodyPreview', 'isOrganizer', 'isCancelled', 'isDraft', 'organizer', 'responseStatus', 'seriesMasterId', 'type', 'webLink', 'originalStart', 'originalStartTimeZone', 'originalEndTimeZone', 'onlineMeeting', 'onlineMeetingUrl', 'cancelledOccurrences', 'calendar', 'extensions', 'instances', 'exceptionOccurrences']);
const PLAIN = ['subject', 'importance', 'sensitivity', 'showAs', 'isReminderOn', 'reminderMinutesBeforeStart', 'categories', 'allowNewTimeProposals', 'hideAttendees', 'responseRequested'] as const;
const OTHER = new Set(['body', 'start', 'end', 'isAllDay', 'location', 'locations', 'attendees', 'recurrence', 'isOnlineMeeting', 'onlineMeetingProvider', 'transactionId', 'attachments', 'singleValueExtendedProperties', 'multiValueExtendedProperties']);

const ENUMS: Record<string, readonly string[]> = {
	importance: ['low', 'normal', 'high'],
	sensitivity: ['normal', 'personal', 'private', 'confidential'],
	showAs: ['unknown', 'free', 'tentative', 'busy', 'oof', 'workingElsewhere'],
};
const LARGEST_MEETING = 500;
export const NEVER = '0001-01-01T00:00:00Z';

/** @throws GraphError 400 for properties that events do not have */
export function refuseUnknownProperties(body: Json): void {
	for (const name of Object.keys(body)) {
		if (name.startsWith('@') || name.includes('@odata.') || IGNORED.has(name) || OTHER.has(name) || (PLAIN as readonly string[]).includes(name)) continue;
		throw badRequest(`The property '${name}' does not exist on type 'Microsoft.OutlookServices.Event'. Make sure to only use property names that are defined by the type.`, 'RequestBodyRead');
	}
}

/** An event that says nothing yet. */
export function emptyState(owner: { name: string; address: string }): EventState {
	return {
		subject: '',
		body: { contentType: 'html', content: '' },
		startMs: 0,
		endMs: 0,
		isAllDay: false,
		originalStartTimeZone: 'UTC',
		originalEndTimeZone: 'UTC',
		recurrence: null,
		location: { displayName: '', locationType: 'default', uniqueIdType: 'unknown', address: {}, coordinates: {} },
		locations: [],
		attendees: [],
		organizer: { emailAddress: { name: owner.name, address: owner.address } },
		isOrganizer: true,
		responseStatus: { response: 'organizer', time: NEVER },
		categories: [],
		importance: 'normal',
		sensitivity: 'normal',
		showAs: 'busy',
		isReminderOn: true,
		reminderMinutesBeforeStart: 15,
		isOnlineMeeting: false,
		onlineMeetingProvider: 'unknown',
		onlineMeeting: null,
		onlineMeetingUrl: null,
		allowNewTimeProposals: true,
		hideAttendees: false,
		responseRequested: true,
		isCancelled: false,
		isDraft: false,
		transactionId: null,
	};
}

/**
 * What a body changes. `before` is what the event says so far.
 *
 * @param customZone the rules behind `tzone://Microsoft/Custom`; without them nobody can use that name
 * @throws GraphError 400
 */
export function changesFrom(body: Json, before: EventState, customZone?: Zone): Partial<EventState> {
	const changes: Partial<EventState> = {};
	for (const name of PLAIN) {
		const value = body[name];
		if (value === undefined) continue;
		const allowed = ENUMS[name];
		if (allowed && !(allowed as readonly unknown[]).includes(value)) throw badRequest(`Cannot convert the literal '${JSON.stringify(value)}' to the expected type of ${name}.`, 'RequestBodyRead');
		Object.assign(changes, { [name]: value });
	}
	if (body.body !== undefined) {
		const { contentType, content } = (body.body ?? {}) as { contentType?: string; content?: string };
		changes.body = { contentType: contentType?.toLowerCase() === 'html' ? 'html' : 'text', content: content ?? '' };
	}
	placesInto(changes, body);
	if (body.attendees !== undefined) changes.attendees = attendeesFrom(body.attendees);
	if (body.isOnlineMeeting !== undefined) changes.isOnlineMeeting = body.isOnlineMeeting === true;
	if (typeof body.onlineMeetingProvider === 'string') changes.onlineMeetingProvider = body.onlineMeetingProvider;
	if (typeof body.transactionId === 'string') changes.transactionId = body.transactionId;
	if (body.isAllDay !== undefined) changes.isAllDay = body.isAllDay === true;
	timesInto(changes, body, before, customZone);
	return changes;
}

function placesInto(changes: Partial<EventState>, body: Json): void {
	const complete = (place: Json): Json => ({ locationType: 'default', uniqueId: typeof place.displayName === 'string' ? place.displayName : '', uniqueIdType: 'private', ...place });
	if (Array.isArray(body.locations)) {
		changes.locations = (body.locations as Json[]).map(complete);
		changes.location = changes.locations[0] ?? { displayName: '', locationType: 'default', uniqueIdType: 'unknown', address: {}, coordinates: {} };
	} else if (body.location !== undefined) {
		const place = (body.location ?? { displayName: '' }) as Json;
		changes.location = complete(place);
		changes.locations = place.displayName === '' || place.displayName === undefined ? [] : [changes.location];
	}
}

function attendeesFrom(value: unknown): Json[] {
	if (!Array.isArray(value)) throw badRequest('Attendees must be a collection.', 'RequestBodyRead');
	if (value.length > LARGEST_MEETING) throw badRequest(`The number of attendees exceeds the maximum of ${LARGEST_MEETING}.`, 'ErrorExceededMaxRecipientLimit');
	return (value as Json[]).map((attendee) => {
		const { name, address } = (attendee.emailAddress ?? {}) as { name?: string; address?: string };
		if (address === undefined || !/^[^\s@]+@[^\s@]+$/.test(address)) throw badRequest('At least one recipient is not valid.', 'ErrorInvalidRecipients');
		return { type: attendee.type ?? 'required', status: attendee.status ?? { response: 'none', time: NEVER }, emailAddress: { name: name ?? address, address } };
	});
}

interface Moment {
	ms: number;
	zone: string;
}

/** @throws GraphError 400 */
function momentFrom(value: unknown, what: string, isAllDay: boolean, customZone: Zone | undefined): Moment {
	const { dateTime, timeZone } = (value ?? {}) as { dateTime?: unknown; timeZone?: unknown };
	const parts = typeof dateTime === 'string' ? /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(dateTime) : null;
	if (!parts) throw badRequest(`The ${what} must have a dateTime such as 2024-05-01T12:00:00.`, 'ErrorPropertyValidationFailure');
	const zone = typeof timeZone === 'string' && timeZone !== '' ? timeZone : 'UTC';
	const rules = zone === CUSTOM_ZONE && customZone ? customZone : zoneOf(zone);
	const wallMs = Date.parse(`${parts[1]!}T${parts[2] ?? '00:00'}:${parts[3] ?? '00'}Z`);
	if (Number.isNaN(wallMs)) throw badRequest(`The ${what} is no date.`, 'ErrorPropertyValidationFailure');
	if (isAllDay) {
		if (wallMs % DAY_MS !== 0) throw badRequest(`The Event.${what} property for an all-day event needs to be set to midnight.`, 'ErrorPropertyValidationFailure');
		return { ms: wallMs, zone };
	}
	if (parts[5] !== undefined) return { ms: Date.parse(`${parts[1]!}T${parts[2] ?? '00:00'}:${parts[3] ?? '00'}${parts[5]}`), zone };
	return { ms: wallToUtc(wallMs, rules), zone };
}

function timesInto(changes: Partial<EventState>, body: Json, before: EventState, customZone: Zone | undefined): void {
	const isAllDay = changes.isAllDay ?? before.isAllDay;
	if (body.start !== undefined) {
		const { ms, zone } = momentFrom(body.start, 'Start', isAllDay, customZone);
		Object.assign(changes, { startMs: ms, originalStartTimeZone: zone });
	}
	if (body.end !== undefined) {
		const { ms, zone } = momentFrom(body.end, 'End', isAllDay, customZone);
		Object.assign(changes, { endMs: ms, originalEndTimeZone: zone });
	}
	const startMs = changes.startMs ?? before.startMs;
	const endMs = changes.endMs ?? before.endMs;
	if (endMs < startMs) throw badRequest('End date and time must be after the start date and time.', 'ErrorCalendarEndDateIsEarlierThanStartDate');
	if (isAllDay && (startMs % DAY_MS !== 0 || endMs % DAY_MS !== 0 || endMs - startMs < DAY_MS)) {
		throw badRequest('The duration of an event marked as All day must be at least 24 hours, from midnight to midnight.', 'ErrorPropertyValidationFailure');
	}
	if (body.recurrence === undefined) return;
	changes.recurrence = body.recurrence === null ? null : recurrenceFrom(body.recurrence);
	if (!changes.recurrence) return;
	const { range } = changes.recurrence;
	const own = changes.originalStartTimeZone ?? before.originalStartTimeZone;
	if (range.recurrenceTimeZone === '') range.recurrenceTimeZone = own;
	if (isAllDay) refuseOtherStart(range.startDate, [startMs]);
	else {
		const zones = [range.recurrenceTimeZone, own].map((name) => (name === CUSTOM_ZONE && customZone ? customZone : zoneOf(name)));
		refuseOtherStart(range.startDate, zones.map((zone) => utcToWall(startMs, zone)));
	}
}

/** `startDate` must be the day of `start` (docs of recurrenceRange). */
function refuseOtherStart(startDate: string, walls: readonly number[]): void {
	if (!walls.some((wallMs) => Math.floor(wallMs / DAY_MS) === dayNumber(startDate))) {
		throw badRequest('At least one property failed validation. The start of the recurrence must be the day of the event\'s start.', 'ErrorPropertyValidationFailure');
	}
}

/** Attendees' addresses. */
export function guestsOf(state: EventState): string[] {
	return state.attendees.map((attendee) => ((attendee.emailAddress ?? {}) as { address?: string }).address ?? '');
}

export function extendedPropertiesFrom(value: unknown, check: (id: string) => void): Map<string, string> | undefined {
	if (value === undefined) return undefined;
	if (!Array.isArray(value)) throw badRequest('singleValueExtendedProperties must be a collection.', 'RequestBodyRead');
	const found = new Map<string, string>();
	for (const property of value as { id?: unknown; value?: unknown }[]) {
		if (typeof property.id !== 'string' || typeof property.value !== 'string') throw badRequest('An extended property needs an id and a value, both text.', 'RequestBodyRead');
		check(property.id);
		found.set(property.id, property.value);
	}
	return found;
}

/** Same values in the record's map, others added or replaced. */
export function setProperties(record: Pick<EventRecord, 'singleValueProperties'>, properties: ReadonlyMap<string, string> | undefined): void {
	if (!properties?.size) return;
	record.singleValueProperties ??= new Map();
	for (const [id, value] of properties) record.singleValueProperties.set(id, value);
}
