import ICAL from 'ical.js';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { eventIcs } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/event-ics';
import { occurrenceDates } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/recurrence-dates';
import { ianaZone } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/zones';

type Document = Parameters<typeof eventIcs>[0];

const none = new Map<string, never>();

async function icsOf(document: Document, parts: Parameters<typeof eventIcs>[1] = none): Promise<string> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of eventIcs(document, parts)) chunks.push(chunk);
	return Buffer.concat(chunks).toString('utf8');
}

function utc(local: string, zone: string): { dateTime: string; timeZone: string } {
	return { dateTime: DateTime.fromISO(local, { zone: ianaZone(zone) ?? 'utc' }).toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss.'0000000'"), timeZone: 'UTC' };
}

/** As Graph serves it: in UTC, with the zone beside it. */
function event(more: Record<string, unknown> = {}, zone = 'W. Europe Standard Time', start = '2026-03-27T10:00:00', end = '2026-03-27T11:00:00'): Document {
	return {
		id: 'AAMk',
		iCalUId: '0400',
		type: 'singleInstance',
		subject: 'Stand-up',
		createdDateTime: '2026-01-01T08:00:00Z',
		start: utc(start, zone),
		end: utc(end, zone),
		originalStartTimeZone: zone,
		originalEndTimeZone: zone,
		isAllDay: false,
		...more,
	};
}

function parse(ics: string): { calendar: ICAL.Component; events: ICAL.Event[] } {
	const calendar = new ICAL.Component(ICAL.parse(ics) as [string, unknown[], unknown[]]);
	for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
	const all = calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component));
	const [first, ...exceptions] = all;
	for (const exception of exceptions) if (exception.uid === first!.uid) first!.relateException(exception);
	return { calendar, events: all };
}

/** The instants at which the occurrences start that a calendar program would show. */
function shownStarts(ics: string, most: number): string[] {
	const { events } = parse(ics);
	const starts: string[] = [];
	const iterator = events[0]!.iterator();
	for (let next = iterator.next(); next && starts.length < most; next = iterator.next()) {
		const { startDate } = events[0]!.getOccurrenceDetails(next) as { startDate: ICAL.Time };
		starts.push(startDate.toJSDate().toISOString());
	}
	return starts;
}

describe('an event as an iCalendar file', () => {
	it('says what the event says', async () => {
		const ics = await icsOf({
			event: event({
				subject: 'Päivää, Ümlaut; back\\slash',
				body: { contentType: 'html', content: '<html><head><title>x</title></head><body><p>One &amp; two</p><p>Three<br>four</p></body></html>' },
				location: { displayName: 'Room 7, second floor' },
				categories: ['Red, very', 'Blue'],
				sensitivity: 'private',
				importance: 'high',
				showAs: 'free',
				isReminderOn: true,
				reminderMinutesBeforeStart: 30,
				organizer: { emailAddress: { name: 'Ada "Countess" Lovelace', address: 'ada@fabrikam.example' } },
				attendees: [
					{ type: 'required', status: { response: 'accepted' }, emailAddress: { name: 'Grace; Hopper', address: 'grace@fabrikam.example' } },
					{ type: 'optional', status: { response: 'none' }, emailAddress: { name: 'Alan', address: 'alan@fabrikam.example' } },
				],
				onlineMeeting: { joinUrl: 'https://teams.example/l/meetup-join/1' },
			}),
		});
		const { calendar, events } = parse(ics);
		expect(calendar.getFirstPropertyValue('method')).toBe('PUBLISH');
		const [one] = events;
		expect(one!.summary).toBe('Päivää, Ümlaut; back\\slash');
		expect(one!.description).toBe('One & two\nThree\nfour');
		expect(one!.location).toBe('Room 7, second floor');
		expect(one!.uid).toBe('0400');
		expect(one!.startDate.toJSDate().toISOString()).toBe('2026-03-27T09:00:00.000Z');
		expect(one!.endDate.toJSDate().toISOString()).toBe('2026-03-27T10:00:00.000Z');
		expect(one!.startDate.zone.tzid).toBe('Europe/Berlin');
		const property = (name: string): unknown => one!.component.getFirstPropertyValue(name);
		expect(one!.component.getFirstProperty('categories')!.getValues()).toEqual(['Red, very', 'Blue']);
		expect([property('class'), property('priority'), property('transp'), property('url')]).toEqual(['PRIVATE', 1, 'TRANSPARENT', 'https://teams.example/l/meetup-join/1']);
		expect(one!.organizer).toBe('mailto:ada@fabrikam.example');
		expect(one!.attendees.map((attendee) => [attendee.getFirstValue(), attendee.getParameter('cn'), attendee.getParameter('partstat'), attendee.getParameter('role')])).toEqual([
			['mailto:grace@fabrikam.example', 'Grace; Hopper', 'ACCEPTED', 'REQ-PARTICIPANT'],
			['mailto:alan@fabrikam.example', 'Alan', 'NEEDS-ACTION', 'OPT-PARTICIPANT'],
		]);
		const alarm = one!.component.getFirstSubcomponent('valarm')!;
		expect(String(alarm.getFirstPropertyValue('trigger'))).toBe('-PT30M');
		expect(ics.split('\r\n').every((line) => Buffer.byteLength(line) <= 75)).toBe(true);
		expect(ics).not.toMatch(/[^\r]\n/);
	});

	it('keeps the days of all-day events', async () => {
		const { events } = parse(await icsOf({ event: event({ isAllDay: true }, 'UTC', '2026-12-24T00:00:00', '2026-12-27T00:00:00') }));
		expect([events[0]!.startDate.toString(), events[0]!.endDate.toString(), events[0]!.startDate.isDate]).toEqual(['2026-12-24', '2026-12-27', true]);
	});

	it('holds attachments of any size, byte by byte', async () => {
		const files = [Buffer.from('x'), Buffer.alloc(200_001, 'some bytes 54 long'), Buffer.alloc(0)];
		const attachments = files.map((_file, index) => ({ of: 'AAMk', kind: 'file', name: `file; ${index}.bin`, contentType: 'application/octet-stream' }));
		const parts = new Map(files.map((file, index) => [`attachment-${index + 1}`, { sizeBytes: file.length, open: () => pieces(file) }]));
		const { events } = parse(await icsOf({ event: event(), attachments }, parts));
		const values = events[0]!.component.getAllProperties('attach');
		expect(values.map((one) => one.getParameter('filename'))).toEqual(['file; 0.bin', 'file; 1.bin', 'file; 2.bin']);
		const read = values.map((one) => Buffer.from((one.getFirstValue() as unknown as { value?: string }).value ?? '', 'base64'));
		expect(read.map((bytes, index) => bytes.equals(files[index]!))).toEqual([true, true, true]);
	});

	it('says in UTC what the rules of today would get wrong', async () => {
		// São Paulo had summer time until 2019; in Berlin the hour from two to three came twice on 25 October 2026.
		for (const [zone, start] of [['E. South America Standard Time', '2018-01-10T10:00:00'], ['W. Europe Standard Time', '2026-10-25T02:30:00']] as const) {
			const first = utc(start, zone);
			const second = new Date(Date.parse(`${first.dateTime.slice(0, 19)}Z`) + 3_600_000);
			for (const instant of [new Date(`${first.dateTime.slice(0, 19)}Z`), second]) {
				const time = { dateTime: `${instant.toISOString().slice(0, 19)}.0000000`, timeZone: 'UTC' };
				const { events } = parse(await icsOf({ event: event({ start: time, end: time }, zone) }));
				expect(events[0]!.startDate.toJSDate().toISOString()).toBe(instant.toISOString());
			}
		}
	});

	it('shows a series with cancelled and changed occurrences as the mailbox did', async () => {
		const ics = await icsOf({
			event: event({
				type: 'seriesMaster',
				recurrence: { pattern: { type: 'daily', interval: 1 }, range: { type: 'numbered', startDate: '2026-03-27', numberOfOccurrences: 6, recurrenceTimeZone: 'W. Europe Standard Time' } },
			}),
			cancelled: ['2026-03-28'],
			exceptions: [
				{
					...event({}, 'W. Europe Standard Time', '2026-03-30T15:00:00', '2026-03-30T16:00:00'),
					id: 'AAMk.2',
					type: 'exception',
					subject: 'Moved',
					originalStart: '2026-03-30T08:00:00Z',
				},
			],
		});
		// Summer time begins on the 29th.
		expect(shownStarts(ics, 20)).toEqual([
			'2026-03-27T09:00:00.000Z',
			'2026-03-29T08:00:00.000Z',
			'2026-03-30T13:00:00.000Z',
			'2026-03-31T08:00:00.000Z',
			'2026-04-01T08:00:00.000Z',
		]);
		expect(ics.match(/BEGIN:VTIMEZONE/g)).toHaveLength(1);
	});

	const zones = ['W. Europe Standard Time', 'Pacific Standard Time', 'India Standard Time', 'Europe/Berlin', 'UTC', 'AUS Eastern Standard Time'];
	const patterns = [
		['daily', { type: 'daily', interval: 2 }, '2026-03-01'],
		['weekly', { type: 'weekly', interval: 2, daysOfWeek: ['monday', 'saturday'], firstDayOfWeek: 'monday' }, '2026-03-02'],
		['day 15 of a month', { type: 'absoluteMonthly', interval: 1, dayOfMonth: 15 }, '2026-01-15'],
		['day 31 of a month', { type: 'absoluteMonthly', interval: 1, dayOfMonth: 31 }, '2026-01-31'],
		['day 30 of a month', { type: 'absoluteMonthly', interval: 1, dayOfMonth: 30 }, '2026-01-30'],
		['second Thursday', { type: 'relativeMonthly', interval: 1, daysOfWeek: ['thursday'], index: 'second' }, '2026-01-08'],
		['last working day', { type: 'relativeMonthly', interval: 3, daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'], index: 'last' }, '2026-01-30'],
		['29 February', { type: 'absoluteYearly', interval: 1, month: 2, dayOfMonth: 29 }, '2024-02-29'],
		['last Sunday in March', { type: 'relativeYearly', interval: 1, month: 3, daysOfWeek: ['sunday'], index: 'last' }, '2026-03-29'],
	] as const;
	it.each(patterns.flatMap(([name, pattern, startDate]) => zones.map((zone) => ({ name, pattern, startDate, zone }))))('repeats on the right days: $name, $zone', async ({ pattern, startDate, zone }) => {
		for (const range of [{ type: 'numbered', numberOfOccurrences: 9 }, { type: 'noEnd' }, { type: 'endDate', endDate: '2029-03-29' }]) {
			const recurrence = { pattern: { ...pattern, daysOfWeek: 'daysOfWeek' in pattern ? [...pattern.daysOfWeek] : [] }, range: { ...range, startDate, recurrenceTimeZone: zone } };
			const ics = await icsOf({ event: event({ type: 'seriesMaster', recurrence }, zone, `${startDate}T22:15:00`, `${startDate}T23:00:00`) });
			const days = [...occurrenceDates(recurrence, '2029-12-31')].slice(0, 9);
			const expected = days.map((day) => DateTime.fromISO(`${day}T22:15:00`, { zone: ianaZone(zone) ?? 'utc' }).toJSDate().toISOString());
			expect(shownStarts(ics, days.length)).toEqual(expected);
			if (range.type === 'endDate') expect(shownStarts(ics, 1000)).toHaveLength([...occurrenceDates(recurrence)].length);
		}
	});
});

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
	for (let start = 0; start < bytes.length; start += 1001) yield bytes.subarray(start, start + 1001);
}

it('loses no changed occurrence, even if nothing says which day it comes from', async () => {
	const recurrence = { pattern: { type: 'daily', interval: 1 }, range: { type: 'numbered', startDate: '2026-03-27', numberOfOccurrences: 5, recurrenceTimeZone: 'W. Europe Standard Time' } };
	const exception = { ...event({ id: 'EX', type: 'exception', subject: 'Moved' }, 'W. Europe Standard Time', '2026-03-30T15:00:00', '2026-03-30T16:00:00') };
	const { events } = parse(await icsOf({ event: event({ type: 'seriesMaster', recurrence }), exceptions: [exception] }));
	expect(events.map(({ summary }) => summary).sort()).toEqual(['Moved', 'Stand-up']);
	expect(new Set(events.map(({ uid }) => uid)).size).toBe(2);
});
