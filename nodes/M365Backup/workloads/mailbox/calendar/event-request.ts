import type { JsonObject, JsonValue } from '../../../base/json';
import { BODY_LIMIT_BYTES, jsonBytes } from '../restore/create-request';
import { meetingUrl, peopleAndLinks, withLines } from './event-text';
import type { EventZone } from './event-times';
import { allDayDate, instantOf, isLive, localDate, seriesEnd, wallTime, zoneOfEvent } from './event-times';
import { EVENT_NOTES } from './fidelity-notes';
import type { GraphDateTime, GraphEvent, GraphPattern, GraphRange } from './graph-event';
import { plainText } from './plain-text';
import { ianaZone, windowsZone } from './zones';

export interface EventRequest {
	/** Of `POST …/events`, without marker and attachments. */
	body: JsonObject;
	/** What it lacks, in plain sentences. */
	fidelity: string[];
	/** A text that is too long for a request, whole. */
	wholeText?: string;
}

/**
 * The JSON that makes an event anew. Nobody is named in it, so that Graph has nobody to invite (`POST …/events` always
 * invites attendees, microsoft-graph-docs #7483): people become text, online meetings links. What only Graph decides
 * (ids, organiser, transactionId) is left out.
 *
 * @param careful After Graph refused the full request: zones by their Windows names, places by their display name alone.
 */
export function eventRequest(event: GraphEvent, now: Date, careful = false): EventRequest {
	const zone = spelled(zoneOfEvent(event), careful);
	const fidelity = notesOf(event, zone);
	const text = bodyOf(event);
	if (text.wholeText !== undefined) fidelity.push(EVENT_NOTES.longText);
	const body: JsonObject = {
		subject: event.subject ?? '',
		body: text.body,
		...timesOf(event, zone, careful),
		...(careful ? placeName(event) : placesOf(event)),
		...plain('showAs', known(event.showAs, SHOW_AS)),
		importance: known(event.importance, ['low', 'normal', 'high']) ?? 'normal',
		sensitivity: known(event.sensitivity, ['normal', 'personal', 'private', 'confidential']) ?? 'normal',
		...(event.categories && event.categories.length > 0 ? { categories: event.categories } : {}),
		...reminderOf(event, now),
		responseRequested: false,
		...recurrenceOf(event, zone),
	};
	return { body, fidelity, ...(text.wholeText === undefined ? {} : { wholeText: text.wholeText }) };
}

const SHOW_AS = ['free', 'tentative', 'busy', 'oof', 'workingElsewhere'];

function known(value: string | null | undefined, allowed: readonly string[]): string | undefined {
	return value && allowed.includes(value) ? value : undefined;
}

function plain(key: string, value: JsonValue | undefined): JsonObject {
	return value === undefined ? {} : { [key]: value };
}

function bodyOf(event: GraphEvent): { body: JsonObject; wholeText?: string } {
	const contentType = event.body?.contentType === 'text' ? 'text' : 'html';
	const content = event.body?.content ?? '';
	// A Teams invitation has its link in the text already.
	const lines = peopleAndLinks(event).filter((line) => !(line.startsWith('Online meeting: ') && content.includes(meetingUrl(event) ?? '\0')));
	const whole = withLines({ contentType, content }, lines);
	if (jsonBytes(whole.content) <= BODY_LIMIT_BYTES) return { body: { ...whole } };
	const text = contentType === 'html' ? plainText(content) : content;
	// Four bytes a character at most, six where JSON escapes it.
	const cut = withLines({ contentType: 'text', content: text.slice(0, BODY_LIMIT_BYTES / 6) }, lines);
	return { body: { ...cut }, wholeText: content };
}

function spelled<T extends { name: string; iana: string }>(zone: T, careful: boolean): T {
	return careful ? { ...zone, name: windowsZone(zone.iana) } : zone;
}

function timesOf(event: GraphEvent, zone: EventZone, careful: boolean): JsonObject {
	if (event.isAllDay === true) {
		// Both must be midnight in one zone (docs of event, isAllDay).
		const timeZone = zone.isSubstitute ? 'UTC' : zone.name;
		return { isAllDay: true, start: midnight(event.start, timeZone), end: midnight(event.end, timeZone) };
	}
	const endName = event.recurrence ? null : event.originalEndTimeZone;
	const endIana = ianaZone(endName);
	const end = endName && endIana !== undefined ? spelled({ name: endIana === 'Etc/UTC' ? 'UTC' : endName, iana: endIana }, careful) : zone;
	return { isAllDay: false, start: timeIn(event.start, zone), end: timeIn(event.end, end) };
}

function midnight(value: GraphDateTime | null | undefined, timeZone: string): JsonObject {
	return { dateTime: `${allDayDate(value) ?? '1970-01-01'}T00:00:00`, timeZone };
}

/** A time as a request says it. */
export function timeIn(value: GraphDateTime | null | undefined, zone: { name: string; iana: string }): JsonObject {
	const instant = instantOf(value);
	return { dateTime: instant ? wallTime(instant, zone.iana) : (value?.dateTime ?? ''), timeZone: zone.name };
}

function placesOf(event: GraphEvent): JsonObject {
	const locations = (event.locations ?? []).map(placeOf).filter((place) => place !== undefined);
	if (locations.length > 0) return { locations };
	const location = event.location ? placeOf(event.location) : undefined;
	return location ? { location } : {};
}

function placeName(event: GraphEvent): JsonObject {
	const displayName = event.location?.['displayName'];
	return typeof displayName === 'string' && displayName !== '' ? { location: { displayName } } : {};
}

/** Ids of places are for Outlook's own use. */
function placeOf(place: JsonObject): JsonObject | undefined {
	const kept = Object.entries(place).filter(([key, value]) => !/^uniqueId/.test(key) && value !== null && value !== '' && !isEmpty(value));
	const found = Object.fromEntries(kept);
	return typeof found['displayName'] === 'string' || found['address'] !== undefined || found['coordinates'] !== undefined ? found : undefined;
}

function isEmpty(value: JsonValue): boolean {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((inner) => inner === null || inner === '');
}

/** A reminder whose time has come would ring at once: it is cleared. */
function reminderOf(event: GraphEvent, now: Date): JsonObject {
	const minutes = event.reminderMinutesBeforeStart ?? undefined;
	return { isReminderOn: event.isReminderOn === true && !isPast(event, now), ...plain('reminderMinutesBeforeStart', minutes) };
}

function isPast(event: GraphEvent, now: Date): boolean {
	if (event.recurrence) return !isLive(seriesEnd(event), now);
	const startMs = instantOf(event.start)?.getTime() ?? 0;
	return startMs - (event.reminderMinutesBeforeStart ?? 0) * 60_000 <= now.getTime();
}

function recurrenceOf(event: GraphEvent, zone: EventZone): JsonObject {
	const { pattern, range } = event.recurrence ?? {};
	if (!pattern || !range) return {};
	const start = instantOf(event.start);
	const first = event.isAllDay === true ? allDayDate(event.start) : start && localDate(start, zone.iana);
	return {
		recurrence: {
			pattern: patternOf(pattern),
			// Never empty: Graph shows old series without a zone and refuses them so (corso #2490).
			range: { ...rangeOf(range, first), recurrenceTimeZone: event.isAllDay === true && zone.isSubstitute ? 'UTC' : zone.name },
		},
	};
}

function patternOf(pattern: GraphPattern): JsonObject {
	const { type = 'daily', interval = 1, month, dayOfMonth, daysOfWeek, firstDayOfWeek, index } = pattern;
	const isYearly = /yearly$/i.test(type);
	const isRelative = /^relative/i.test(type);
	return {
		type,
		interval: Math.max(1, interval),
		...(isYearly && month ? { month } : {}),
		...(/^absolute/i.test(type) && dayOfMonth ? { dayOfMonth } : {}),
		...((isRelative || type === 'weekly') && daysOfWeek && daysOfWeek.length > 0 ? { daysOfWeek } : {}),
		...(type === 'weekly' && firstDayOfWeek ? { firstDayOfWeek } : {}),
		...(isRelative && index ? { index } : {}),
	};
}

function rangeOf(range: GraphRange, first: string | undefined): JsonObject {
	const startDate = first ?? range.startDate ?? '';
	if (range.type === 'endDate' && range.endDate) return { type: 'endDate', startDate, endDate: range.endDate };
	if (range.type === 'numbered') return { type: 'numbered', startDate, numberOfOccurrences: range.numberOfOccurrences ?? 1 };
	return { type: 'noEnd', startDate };
}

function notesOf(event: GraphEvent, zone: EventZone): string[] {
	const notes: string[] = [];
	if ((event.attendees ?? []).length > 0) notes.push(EVENT_NOTES.attendees);
	if (event.isOrganizer === false) notes.push(EVENT_NOTES.organizer);
	if (event.isOnlineMeeting === true || meetingUrl(event) !== undefined) notes.push(EVENT_NOTES.online);
	if (event.isCancelled === true) notes.push(EVENT_NOTES.cancelled);
	if (zone.isSubstitute && event.isAllDay !== true) notes.push(event.recurrence ? EVENT_NOTES.seriesZone(zone.name) : EVENT_NOTES.zone(zone.name));
	return notes;
}
