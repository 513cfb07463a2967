import ICAL from 'ical.js';
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../nodes/M365Backup/base/json';
import { eventIcs } from '../../nodes/M365Backup/workloads/mailbox/calendar/event-ics';
import type { EventRecord } from '../simulator/event-record';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { instancesBetween, stateOf } from '../simulator/event-instance';
import { at, CALENDAR, everything, loseEverything, restoreCalendars } from './calendar-help';
import { failures } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

interface Sample {
	pattern: Record<string, unknown>;
	startDate: string;
}

const PATTERNS: readonly Sample[] = [
	{ pattern: { type: 'daily', interval: 1 }, startDate: '2026-03-20' },
	{ pattern: { type: 'daily', interval: 3 }, startDate: '2026-10-10' },
	{ pattern: { type: 'weekly', interval: 1, daysOfWeek: ['monday', 'wednesday', 'friday'], firstDayOfWeek: 'monday' }, startDate: '2026-03-02' },
	{ pattern: { type: 'weekly', interval: 2, daysOfWeek: ['sunday', 'tuesday'], firstDayOfWeek: 'sunday' }, startDate: '2026-09-06' },
	{ pattern: { type: 'absoluteMonthly', interval: 1, dayOfMonth: 15 }, startDate: '2026-01-15' },
	{ pattern: { type: 'absoluteMonthly', interval: 1, dayOfMonth: 31 }, startDate: '2026-01-31' },
	{ pattern: { type: 'relativeMonthly', interval: 1, daysOfWeek: ['thursday'], index: 'second' }, startDate: '2026-01-08' },
	{ pattern: { type: 'relativeMonthly', interval: 2, daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'], index: 'last' }, startDate: '2026-01-30' },
	{ pattern: { type: 'absoluteYearly', interval: 1, month: 4, dayOfMonth: 1 }, startDate: '2025-04-01' },
	{ pattern: { type: 'relativeYearly', interval: 1, month: 11, daysOfWeek: ['thursday'], index: 'fourth' }, startDate: '2025-11-27' },
];

const RANGES: readonly Record<string, unknown>[] = [{ type: 'noEnd' }, { type: 'numbered', numberOfOccurrences: 12 }, { type: 'endDate', endDate: '2031-06-30' }];

/** Zone, start and end of day: near midnight, an occurrence's day in UTC is another one than its own. */
const CLOCKS: readonly { zone: string; start: string; end: string; allDay?: true }[] = [
	{ zone: 'W. Europe Standard Time', start: '00:30:00', end: '01:15:00' },
	{ zone: 'Pacific Standard Time', start: '22:00:00', end: '23:30:00' },
	{ zone: 'Tokyo Standard Time', start: '08:00:00', end: '09:00:00' },
	{ zone: 'UTC', start: '00:00:00', end: '00:00:00', allDay: true },
	{ zone: 'Europe/Berlin', start: '02:30:00', end: '03:00:00' },
	{ zone: 'India Standard Time', start: '04:00:00', end: '04:20:00' },
];

function nextDay(date: string, days = 1): string {
	return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Sixty series: each pattern with each range, in two zones. Every one has changed, moved and cancelled occurrences. */
function addSeries(target: MailboxFixture): EventRecord[] {
	const { calendar } = target.mailbox;
	const made: EventRecord[] = [];
	PATTERNS.forEach(({ pattern, startDate }, patternIndex) => {
		RANGES.forEach((range, rangeIndex) => {
			for (const shift of [0, 3]) {
				const clock = CLOCKS[(patternIndex + rangeIndex + shift) % CLOCKS.length]!;
				const lastDay = clock.allDay ? nextDay(startDate) : startDate;
				const record = calendar.addEvent(calendar.default, {
					subject: `${JSON.stringify(pattern)} ${String(range['type'])} ${clock.zone}`,
					start: at(`${startDate}T${clock.start}`, clock.zone),
					end: at(`${lastDay}T${clock.end}`, clock.zone),
					isAllDay: clock.allDay === true,
					body: { contentType: 'html', content: '<p>As every time</p>' },
					location: { displayName: 'Room 1' },
					recurrence: { pattern, range: { ...range, startDate, recurrenceTimeZone: clock.zone } },
				});
				made.push(record);
				const days = instancesBetween(record, Date.parse('2025-01-01'), Date.parse('2032-01-01')).map(({ date }) => date!);
				const [, second, third, fourth, fifth] = days;
				calendar.cancelOccurrence(record, second!);
				if (third) calendar.changeOccurrence(record, third, { subject: 'Another subject', body: { contentType: 'html', content: '<p>Not as every time</p>' }, categories: ['Red'] });
				if (fourth) {
					const moved = clock.allDay
						? { start: at(`${fourth}T00:00:00`, 'UTC'), end: at(`${nextDay(fourth, 2)}T00:00:00`, 'UTC') }
						: { start: at(`${fourth}T12:00:00`, clock.zone), end: at(`${fourth}T12:45:00`, clock.zone), location: { displayName: '' } };
					calendar.changeOccurrence(record, fourth, { showAs: 'free', ...moved });
				}
				if (fifth) calendar.cancelOccurrence(record, fifth);
			}
		});
	});
	return made;
}

describe('series of every pattern', () => {
	it('come back occurrence by occurrence, and tell nobody', async () => {
		fixture = await mailboxFixture();
		const made = addSeries(fixture);
		expect(made.length).toBeGreaterThanOrEqual(40);
		expect((await fixture.backUp({ content: CALENDAR })).changes).toMatchObject({ added: made.length, failed: 0 });
		const before = everything(fixture);
		loseEverything(fixture);
		const results = await restoreCalendars(fixture);
		expect(failures(results)).toEqual([]);
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual([]);
		const after = everything(fixture);
		expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
		for (const [key, original] of Object.entries(before)) expect(after[key], key).toEqual(original.map((one) => ({ ...one, reminder: expect.anything() as unknown })));
		expect(fixture.sim.tenant.outbox).toEqual([]);
		expect(fixture.sim.misses).toEqual([]);
		// The whole of it once more changes nothing.
		const again = await restoreCalendars(fixture);
		expect(new Set(again.map(({ outcome }) => outcome))).toEqual(new Set(['skipped']));
		expect(everything(fixture)).toEqual(after);
	});

	it('are the same occurrences to another calendar program that opens them as a file', async () => {
		fixture = await mailboxFixture();
		const made = addSeries(fixture);
		await fixture.backUp({ content: CALENDAR });
		const entries = await fixture.entries();
		for (const record of made) {
			const document = JSON.parse((await fixture.content(entries.get(`calendar/${record.id}`)!)).toString()) as JsonObject;
			const shown = (startMs: number, isAllDay: boolean, subject: string | null): string => `${new Date(startMs).toISOString().slice(0, isAllDay ? 10 : 16)} ${subject === record.state.subject ? 'as ever' : (subject ?? '')}`;
			const expected = instancesBetween(record, Date.parse('2025-01-01'), Date.parse('2032-01-01'))
				.slice(0, 40)
				.map((instance) => stateOf(instance))
				.map(({ startMs, isAllDay, subject }) => shown(startMs, isAllDay, subject));
			// Half past two does not exist on the day on which summer time begins: the RFC and Exchange take an hour later, ical.js an earlier one.
			const outsideGaps = (ones: string[]): string[] => ones.filter((one) => record.state.originalStartTimeZone !== 'Europe/Berlin' || !/-03-(2[5-9]|3[01])T0[01]:30/.test(one));
			expect(outsideGaps(await occurrencesIn(document, expected.length, shown)), record.state.subject ?? '').toEqual(outsideGaps(expected));
		}
	});
});

async function occurrencesIn(document: JsonObject, most: number, shown: (startMs: number, isAllDay: boolean, subject: string | null) => string): Promise<string[]> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of eventIcs(document, new Map())) chunks.push(chunk);
	const file = new ICAL.Component(ICAL.parse(Buffer.concat(chunks).toString('utf8')) as unknown[]);
	for (const zone of file.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
	const [master, ...exceptions] = file.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one));
	for (const exception of exceptions) master!.relateException(exception);
	const found: string[] = [];
	const iterator = master!.iterator();
	for (let next = iterator.next(); next && found.length < most; next = iterator.next()) {
		const { startDate, item } = master!.getOccurrenceDetails(next) as { startDate: ICAL.Time; item: ICAL.Event };
		found.push(shown(startDate.isDate ? Date.parse(startDate.toString()) : startDate.toUnixTime() * 1000, startDate.isDate, item.summary));
	}
	return found;
}
