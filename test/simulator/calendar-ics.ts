import ICAL from 'ical.js';
import type { CalendarRecord } from './calendar-record';
import { DAY_MS, findZone } from './calendar-time-zones';
import type { Json } from './event-record';
import type { Mailbox } from './mailbox';

const DAYS: Record<string, string> = { SU: 'sunday', MO: 'monday', TU: 'tuesday', WE: 'wednesday', TH: 'thursday', FR: 'friday', SA: 'saturday' };
const INDEXES: Record<number, string> = { 1: 'first', 2: 'second', 3: 'third', 4: 'fourth', [-1]: 'last' };

/** Adds the events of an iCalendar file: single ones and series that Graph has a pattern for, with what is cancelled or moved. */
export function loadIcs(mailbox: Mailbox, calendar: CalendarRecord, text: string): void {
	const root = new ICAL.Component(ICAL.parse(text) as unknown[]);
	const events = root.getAllSubcomponents('vevent');
	for (const component of events.filter((one) => !one.hasProperty('recurrence-id'))) {
		const json = eventFrom(component);
		const record = mailbox.calendar.addEvent(calendar, json);
		if (!json.recurrence) continue;
		for (const property of component.getAllProperties('exdate')) for (const value of property.getValues()) mailbox.calendar.cancelOccurrence(record, dayOf(value as ICAL.Time));
		const uid = component.getFirstPropertyValue('uid');
		for (const changed of events.filter((one) => one.hasProperty('recurrence-id') && one.getFirstPropertyValue('uid') === uid)) {
			mailbox.calendar.changeOccurrence(record, dayOf(changed.getFirstPropertyValue('recurrence-id') as ICAL.Time), eventFrom(changed));
		}
	}
}

function dayOf(time: ICAL.Time): string {
	return time.toString().slice(0, 10);
}

function eventFrom(component: ICAL.Component): Json {
	const text = (name: string): string => {
		const value = component.getFirstPropertyValue(name);
		return typeof value === 'string' ? value : '';
	};
	const event = new ICAL.Event(component);
	const isAllDay = event.startDate.isDate;
	const zone = zoneName(component);
	const json: Json = {
		subject: text('summary'),
		body: { contentType: 'text', content: text('description') },
		location: { displayName: text('location') },
		isAllDay,
		start: moment(event.startDate, zone),
		end: moment(event.endDate, zone),
		isReminderOn: component.getAllSubcomponents('valarm').length > 0,
	};
	if (isAllDay && event.endDate.compare(event.startDate) <= 0) json.end = { dateTime: new Date(Date.parse(dayOf(event.startDate)) + DAY_MS).toISOString().slice(0, 19), timeZone: 'UTC' };
	if (text('uid') !== '') json.iCalUId = text('uid');
	const attendees = component.getAllProperties('attendee').map((property) => addressOf(property)).filter(({ emailAddress }) => emailAddress.address.includes('@'));
	if (attendees.length) json.attendees = attendees.map((one) => ({ type: 'required', ...one }));
	const recurrence = component.getFirstPropertyValue('rrule');
	if (recurrence instanceof ICAL.Recur) {
		const mapped = recurrenceFrom(recurrence, event.startDate, zone);
		if (mapped) json.recurrence = mapped;
	}
	return json;
}

function addressOf(property: ICAL.Property): { emailAddress: { name: string; address: string } } {
	const address = String(property.getFirstValue()).replace(/^mailto:/i, '');
	const name = property.getFirstParameter('cn');
	return { emailAddress: { name: typeof name === 'string' && name !== '' ? name : address, address } };
}

/** The zone that the start is told in, if Exchange knows it. */
function zoneName(component: ICAL.Component): string {
	const name = component.getFirstProperty('dtstart')?.getFirstParameter('tzid');
	return typeof name === 'string' && findZone(name) ? name : 'UTC';
}

function moment(time: ICAL.Time, zone: string): Json {
	const text = time.toString();
	if (time.isDate) return { dateTime: `${text.slice(0, 10)}T00:00:00`, timeZone: 'UTC' };
	return { dateTime: text.slice(0, 19), timeZone: text.endsWith('Z') ? 'UTC' : zone };
}

/** undefined: Graph has no pattern for it. */
function recurrenceFrom(recur: ICAL.Recur, start: ICAL.Time, zone: string): Json | undefined {
	const days = (recur.parts.BYDAY ?? []).map((day) => /^([+-]?\d+)?(SU|MO|TU|WE|TH|FR|SA)$/.exec(day));
	const daysOfWeek = days.map((day) => DAYS[day?.[2] ?? '']).filter((day) => day !== undefined);
	const setPosition = recur.parts.BYSETPOS?.[0] ?? (days[0]?.[1] === undefined ? undefined : Number(days[0][1]));
	const month = recur.parts.BYMONTH?.[0] ?? start.month;
	const relative = setPosition === undefined ? undefined : { daysOfWeek, index: INDEXES[setPosition] };
	const absolute = { dayOfMonth: recur.parts.BYMONTHDAY?.[0] ?? start.day };
	if ((relative && relative.index === undefined) || absolute.dayOfMonth < 1) return undefined;
	const ownDay = Object.values(DAYS)[start.dayOfWeek() - 1];
	const patterns: Record<string, Json> = {
		DAILY: { type: 'daily' },
		WEEKLY: { type: 'weekly', daysOfWeek: daysOfWeek.length ? daysOfWeek : [ownDay], firstDayOfWeek: Object.values(DAYS)[recur.wkst - 1] ?? 'monday' },
		MONTHLY: relative ? { type: 'relativeMonthly', ...relative } : { type: 'absoluteMonthly', ...absolute },
		YEARLY: relative ? { type: 'relativeYearly', month, ...relative } : { type: 'absoluteYearly', month, ...absolute },
	};
	const pattern = patterns[recur.freq];
	if (!pattern) return undefined;
	const until = recur.until;
	const end = recur.count ? { type: 'numbered', numberOfOccurrences: recur.count } : until ? { type: 'endDate', endDate: dayOf(until) } : { type: 'noEnd' };
	return { pattern: { ...pattern, interval: recur.interval }, range: { startDate: dayOf(start), recurrenceTimeZone: zone, ...end } };
}
