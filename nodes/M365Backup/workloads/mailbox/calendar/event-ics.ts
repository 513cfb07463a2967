import { DateTime } from 'luxon';
import type { JsonObject } from '../../../base/json';
import type { EventDocument } from './event-document';
import { documentOf, partName } from './event-document';
import { meetingUrl } from './event-text';
import { allDayDate, instantOf, wallTime, zoneOfEvent } from './event-times';
import type { GraphAttendee, GraphDateTime, GraphEvent, GraphPerson } from './graph-event';
import { icsBinary, icsLine, icsText } from './ics-lines';
import { extraDays, recurrenceRule } from './ics-recurrence';
import type { IcsZone } from './ics-zone';
import { icsZone, isTrueIn } from './ics-zone';
import { plainText } from './plain-text';
import { planRepair } from './series-repair';
import { ianaZone } from './zones';

type Parts = ReadonlyMap<string, { sizeBytes: number; open(): AsyncIterable<Uint8Array> }>;

/**
 * An event of a backup as an iCalendar file (RFC 5545) that any calendar opens: with its time zones, a series with its rule,
 * cancelled days and changed occurrences, attachments inside. `METHOD:PUBLISH`: importing it asks nobody for an answer.
 *
 * @param event The main content: `{event, exceptions, cancelled, attachments}`.
 * @param parts Attachments by part name.
 */
export async function* eventIcs(event: JsonObject, parts: Parts): AsyncGenerator<Uint8Array> {
	const document = documentOf(event);
	const master = document.event;
	const zones = new Zones();
	const uid = master.iCalUId ?? master.id;
	const plan = master.recurrence ? planRepair(document) : undefined;
	const head = [...describe(master, uid, zones), ...seriesLines(master, plan?.cancelled ?? [], zones)];
	const exceptions = [...(plan?.exceptions ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
	const changed = exceptions.map(([day, exception]) => ({
		exception,
		lines: [...describe(exception, uid, zones), dayLine('RECURRENCE-ID', master, [day], zones)],
	}));
	// Of which day they take the place nobody knows: events of their own are better than none.
	const placeless = (plan?.placeless ?? []).map((exception) => ({ exception, lines: describe(exception, `${uid}-${exception.id}`, zones) }));

	yield bytes(['BEGIN:VCALENDAR\r\n', 'VERSION:2.0\r\n', 'PRODID:-//n8n-nodes-m365-backup//EN\r\n', 'METHOD:PUBLISH\r\n', ...zones.components()]);
	yield* component(head, document, master, parts);
	for (const { exception, lines } of [...changed, ...placeless]) yield* component(lines, document, exception, parts);
	yield bytes(['END:VCALENDAR\r\n']);
}

async function* component(lines: readonly string[], document: EventDocument, owner: GraphEvent, parts: Parts): AsyncGenerator<Uint8Array> {
	yield bytes(['BEGIN:VEVENT\r\n', ...lines]);
	for (const [index, { of, name, contentType }] of document.attachments.entries()) {
		const part = of === owner.id ? parts.get(partName(index)) : undefined;
		// Both are what programs look for; neither is in the RFC's first edition.
		if (part) yield* icsBinary('ATTACH', { FMTTYPE: contentType, FILENAME: name, 'X-FILENAME': name }, part.open());
	}
	yield bytes([...alarm(owner), 'END:VEVENT\r\n']);
}

function bytes(lines: readonly string[]): Uint8Array {
	return Buffer.from(lines.join(''));
}

/** The zones that a file uses, each once. */
class Zones {
	private readonly used = new Map<string, IcsZone>();

	/** Parameter and value of a time in a zone; in UTC where the zone's component would say another time. */
	time(instant: Date, iana: string, isSeries: boolean): [Record<string, string>, string] {
		const zone = this.used.get(iana) ?? icsZone(iana);
		if (!zone || !(isSeries || isTrueIn(zone, instant))) return [{}, utc(instant)];
		this.used.set(iana, zone);
		return [{ TZID: zone.tzid }, wall(instant, iana)];
	}

	/** A wall clock time of a series. */
	wall(local: DateTime, iana: string): [Record<string, string>, string] {
		const zone = this.used.get(iana) ?? icsZone(iana);
		if (!zone) return [{}, utc(local.toJSDate())];
		this.used.set(iana, zone);
		return [{ TZID: zone.tzid }, local.toFormat("yyyyMMdd'T'HHmmss")];
	}

	components(): string[] {
		const byTzid = new Map([...this.used.values()].map((zone) => [zone.tzid, zone.component]));
		return [...byTzid.values()];
	}
}

function utc(instant: Date): string {
	return `${instant.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function wall(instant: Date, iana: string): string {
	return wallTime(instant, iana).replace(/[-:]/g, '');
}

function timeLine(name: string, event: GraphEvent, value: GraphDateTime | null | undefined, iana: string, zones: Zones): string {
	if (event.isAllDay === true) return icsLine(name, (allDayDate(value) ?? '').replaceAll('-', ''), { VALUE: 'DATE' });
	const instant = instantOf(value);
	if (!instant) return '';
	const [parameters, text] = zones.time(instant, iana, Boolean(event.recurrence));
	return icsLine(name, text, parameters);
}

/** Days of a series as it would have had them, for EXDATE and RECURRENCE-ID. */
function dayLine(name: string, master: GraphEvent, days: readonly string[], zones: Zones): string {
	if (master.isAllDay === true) return icsLine(name, days.map((day) => day.replaceAll('-', '')).join(','), { VALUE: 'DATE' });
	const { iana } = zoneOfEvent(master);
	const start = DateTime.fromJSDate(instantOf(master.start) ?? new Date(0), { zone: iana });
	const times = days.map((day) => {
		const local = DateTime.fromISO(day, { zone: iana }).set({ hour: start.hour, minute: start.minute, second: start.second });
		return zones.wall(local, iana);
	});
	return icsLine(name, times.map(([, text]) => text).join(','), times[0]?.[0] ?? {});
}

function seriesLines(master: GraphEvent, cancelled: readonly string[], zones: Zones): string[] {
	if (!master.recurrence) return [];
	const rule = recurrenceRule(master.recurrence, master.isAllDay === true ? undefined : zoneOfEvent(master).iana);
	if (rule === undefined) return [];
	const extra = extraDays(master.recurrence);
	return [
		icsLine('RRULE', rule),
		...(extra.length > 0 ? [dayLine('RDATE', master, extra, zones)] : []),
		...(cancelled.length > 0 ? [dayLine('EXDATE', master, [...cancelled].sort(), zones)] : []),
	];
}

const CLASSES: Readonly<Record<string, string>> = { private: 'PRIVATE', personal: 'PRIVATE', confidential: 'CONFIDENTIAL' };
const PRIORITIES: Readonly<Record<string, string>> = { high: '1', low: '9' };
const BUSY: Readonly<Record<string, string>> = { free: 'FREE', tentative: 'TENTATIVE', busy: 'BUSY', oof: 'OOF', workingElsewhere: 'WORKINGELSEWHERE' };

function describe(event: GraphEvent, uid: string, zones: Zones): string[] {
	const { iana } = zoneOfEvent(event);
	const endIana = event.recurrence ? iana : (ianaZone(event.originalEndTimeZone) ?? iana);
	const isHtml = event.body?.contentType !== 'text';
	const content = event.body?.content ?? '';
	const text = isHtml ? plainText(content) : content.trim();
	const stamp = event.createdDateTime ? new Date(event.createdDateTime) : (instantOf(event.start) ?? new Date(0));
	const place = event.location?.['displayName'];
	const url = meetingUrl(event);
	const lines = [
		icsLine('UID', icsText(uid)),
		icsLine('DTSTAMP', utc(stamp)),
		timeLine('DTSTART', event, event.start, iana, zones),
		timeLine('DTEND', event, event.end, endIana, zones),
		icsLine('SUMMARY', icsText(event.subject ?? '')),
		text === '' ? '' : icsLine('DESCRIPTION', icsText(text)),
		isHtml && text !== '' ? icsLine('X-ALT-DESC', icsText(content), { FMTTYPE: 'text/html' }) : '',
		typeof place === 'string' && place !== '' ? icsLine('LOCATION', icsText(place)) : '',
		url === undefined ? '' : icsLine('URL', url.replace(/[\u0000-\u0020]/g, '')),
		event.categories && event.categories.length > 0 ? icsLine('CATEGORIES', event.categories.map(icsText).join(',')) : '',
		icsLine('CLASS', CLASSES[event.sensitivity ?? ''] ?? 'PUBLIC'),
		icsLine('PRIORITY', PRIORITIES[event.importance ?? ''] ?? '5'),
		icsLine('STATUS', event.isCancelled === true ? 'CANCELLED' : event.showAs === 'tentative' ? 'TENTATIVE' : 'CONFIRMED'),
		icsLine('TRANSP', event.showAs === 'free' ? 'TRANSPARENT' : 'OPAQUE'),
		BUSY[event.showAs ?? ''] === undefined ? '' : icsLine('X-MICROSOFT-CDO-BUSYSTATUS', BUSY[event.showAs ?? ''] ?? ''),
		...peopleLines(event),
	];
	return lines.filter((line) => line !== '');
}

const ROLES: Readonly<Record<string, string>> = { required: 'REQ-PARTICIPANT', optional: 'OPT-PARTICIPANT', resource: 'NON-PARTICIPANT' };
const ANSWERS: Readonly<Record<string, string>> = { accepted: 'ACCEPTED', organizer: 'ACCEPTED', tentativelyAccepted: 'TENTATIVE', declined: 'DECLINED' };

function peopleLines(event: GraphEvent): string[] {
	const attendees = event.attendees ?? [];
	if (attendees.length === 0) return [];
	return [personLine('ORGANIZER', event.organizer, {}), ...attendees.map((attendee: GraphAttendee) =>
		personLine('ATTENDEE', attendee, {
			CUTYPE: attendee.type === 'resource' ? 'RESOURCE' : undefined,
			ROLE: ROLES[attendee.type ?? 'required'] ?? 'REQ-PARTICIPANT',
			PARTSTAT: ANSWERS[attendee.status?.response ?? ''] ?? 'NEEDS-ACTION',
		}),
	)];
}

function personLine(name: string, person: GraphPerson | null | undefined, parameters: Record<string, string | undefined>): string {
	const { name: shown, address } = person?.emailAddress ?? {};
	if (!address) return '';
	return icsLine(name, `mailto:${address.replace(/[\u0000-\u0020]/g, '')}`, { ...parameters, CN: shown ?? undefined });
}

function alarm(event: GraphEvent): string[] {
	if (event.isReminderOn !== true) return [];
	const minutes = event.reminderMinutesBeforeStart ?? 15;
	return ['BEGIN:VALARM\r\n', 'ACTION:DISPLAY\r\n', icsLine('DESCRIPTION', icsText(event.subject ?? '')), `TRIGGER:-PT${Math.max(0, minutes)}M\r\n`, 'END:VALARM\r\n'];
}
