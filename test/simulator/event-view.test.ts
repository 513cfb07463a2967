import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventRecord } from './event-record';
import { GraphCaller, type Entity } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
const NOVEMBER = 'startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z';

let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;
let series: EventRecord;
let single: EventRecord;

type Json = Record<string, unknown>;
const hour = (subject: string, day: string): Json => ({ subject, start: { dateTime: `${day}T10:00:00`, timeZone: 'UTC' }, end: { dateTime: `${day}T11:00:00`, timeZone: 'UTC' } });

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
	graph = new GraphCaller(simulator);
	series = mailbox.calendar.addEvent('Calendar', { ...hour('Weekly', '2026-10-27'), recurrence: { pattern: { type: 'weekly', interval: 1, daysOfWeek: ['tuesday'] }, range: { type: 'noEnd', startDate: '2026-10-27' } } });
	single = mailbox.calendar.addEvent('Calendar', hour('Single', '2026-11-12'));
	mailbox.calendar.addEvent('Calendar', hour('Past', '2026-01-12'));
});

afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	await simulator.stop();
});

const shown = (entries: readonly Entity[]): string[] => entries.map((entry) => (entry['@removed'] ? `removed ${entry.id === single.id ? 'single' : entry.id === series.id ? 'series' : 'other'}` : `${String(entry.type)} ${(entry.start as { dateTime: string }).dateTime.slice(5, 10)}`));

describe('calendarView', () => {
	it('shows what happens in a window, by start, exceptions where they are now', async () => {
		mailbox.calendar.cancelOccurrence(series, '2026-11-03');
		mailbox.calendar.changeOccurrence(series, '2026-11-17', hour('Moved', '2026-11-19'));
		const view = (await graph.round(`${USER}/calendar/calendarView?${NOVEMBER}`)).entries;
		expect(shown(view)).toEqual(['occurrence 11-10', 'singleInstance 11-12', 'exception 11-19', 'occurrence 11-24']);
		expect((await graph.get(`${USER}/calendarView?${NOVEMBER}&$top=1&$select=subject`)).json).toMatchObject({ value: [{ subject: 'Weekly' }], '@odata.nextLink': expect.any(String) as string });
		mailbox.calendar.changeOccurrence(series, '2026-12-01', hour('Earlier', '2026-11-30'));
		expect(shown((await graph.round(`${USER}/calendarView?${NOVEMBER}`)).entries).at(-1)).toBe('exception 11-30');
		expect((await graph.get(`${USER}/calendarView`)).status).toBe(400);
		expect((await graph.get(`${USER}/calendarView?startDateTime=yesterday&endDateTime=2026-01-01`)).status).toBe(400);
	});
});

describe('calendarView delta', () => {
	const start = `${USER}/calendars/CAL/calendarView/delta?${NOVEMBER}`;
	const first = (path = start): string => path.replace('CAL', mailbox.calendar.default.id);

	it('tells first what there is, a series by its master and short days', async () => {
		const round = await graph.round(first(), { maxPageSize: 2 });
		expect(round.pages).toBe(3);
		expect(shown(round.entries)).toEqual(['seriesMaster 10-27', 'occurrence 11-03', 'occurrence 11-10', 'singleInstance 11-12', 'occurrence 11-17', 'occurrence 11-24']);
		expect(Object.keys(round.entries[1]!).sort()).toEqual(['@odata.etag', '@odata.type', 'end', 'id', 'seriesMasterId', 'start', 'type']);
		expect((await graph.round(round.deltaLink)).entries).toEqual([]);
	});

	it('tells then what changed, what left the window, and of events that were never in it', async () => {
		const { deltaLink } = await graph.round(first());
		mailbox.calendar.change(single, hour('Single', '2026-12-12'));
		const far = mailbox.calendar.addEvent('Calendar', hour('Far', '2027-01-01'));
		const near = mailbox.calendar.addEvent('Calendar', hour('Near', '2026-11-29'));
		mailbox.calendar.addEvent(mailbox.calendar.addCalendar('Other'), hour('Elsewhere', '2026-11-29'));
		const second = await graph.round(deltaLink);
		expect(second.entries.map(({ id, '@removed': removed }) => [id, removed?.reason])).toEqual([[single.id, 'deleted'], [far.id, 'deleted'], [near.id, undefined]]);
		mailbox.calendar.deleteEvent(series);
		mailbox.calendar.moveToCalendar(near, 'Other');
		const third = await graph.round(second.deltaLink);
		expect(third.entries.map(({ id, '@removed': removed }) => [id, removed?.reason])).toEqual([[series.id, 'deleted'], [near.id, 'deleted']]);
		expect((await graph.round(third.deltaLink)).entries).toEqual([]);
	});

	it('takes no query options, expires, and fails over quota', async () => {
		for (const option of ['$select=subject', '$filter=isAllDay eq true', '$expand=attachments', '$orderby=subject', '$search=x']) expect((await graph.get(`${first()}&${option}`)).status, option).toBe(400);
		expect((await graph.get(first(start.split('?')[0]))).status).toBe(400);
		const { deltaLink } = await graph.round(first());
		simulator.tenant.expireDelta(mailbox);
		expect(await graph.get(deltaLink)).toMatchObject({ status: 410, json: { error: { code: 'SyncStateNotFound' } } });
		expect((await graph.get(first().replace(/\?.*/, '?$deltatoken=nonsense'))).status).toBe(400);
		mailbox.isOverQuota = true;
		expect((await graph.get(first())).status).toBe(403);
	});

	it('is the only delta of events: without a window there is none in v1.0', async () => {
		expect((await graph.get(`${USER}/calendar/events/delta`)).status).toBe(400);
		expect((await graph.get(`${USER}/events/delta()`)).status).toBe(400);
	});
});
