import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, type Entity } from './graph-caller';
import type { EventRecord } from './event-record';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';

let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
	graph = new GraphCaller(simulator);
});

afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	await simulator.stop();
});

type Json = Record<string, unknown>;
const BERLIN = 'W. Europe Standard Time';

function series(day: string, pattern: Json, range: Json, zone = BERLIN): Json {
	const at = (time: string): Json => ({ dateTime: `${day}T${time}`, timeZone: zone });
	return { subject: 'Series', start: at('10:00:00'), end: at('11:00:00'), recurrence: { pattern: { interval: 1, ...pattern }, range: { startDate: day, recurrenceTimeZone: zone, ...range } } };
}

async function instances(id: string, from = '2020-01-01', to = '2032-01-01'): Promise<Entity[]> {
	return (await graph.round(`${USER}/events/${id}/instances?startDateTime=${from}T00:00:00Z&endDateTime=${to}T00:00:00Z`, { maxPageSize: 100 })).entries;
}

async function days(pattern: Json, range: Json, day = '2026-01-05'): Promise<string[]> {
	const created = await graph.post(`${USER}/events`, series(day, pattern, range));
	expect(created.status, created.text).toBe(201);
	return (await instances(created.entity.id)).map(({ start }) => (start as { dateTime: string }).dateTime.slice(0, 10));
}

describe('series', () => {
	// Days worked out by hand from a calendar of 2026.
	it.each<[string, Json, Json, string[]]>([
		['every third day', { type: 'daily', interval: 3 }, { type: 'numbered', numberOfOccurrences: 4 }, ['2026-01-05', '2026-01-08', '2026-01-11', '2026-01-14']],
		['until a day, with it', { type: 'daily' }, { type: 'endDate', endDate: '2026-01-07' }, ['2026-01-05', '2026-01-06', '2026-01-07']],
		['two days each week', { type: 'weekly', daysOfWeek: ['friday', 'monday'] }, { type: 'numbered', numberOfOccurrences: 4 }, ['2026-01-05', '2026-01-09', '2026-01-12', '2026-01-16']],
		['every other week from Sunday', { type: 'weekly', interval: 2, daysOfWeek: ['sunday', 'monday'], firstDayOfWeek: 'sunday' }, { type: 'numbered', numberOfOccurrences: 4 }, ['2026-01-05', '2026-01-18', '2026-01-19', '2026-02-01']],
		['every other week from Monday', { type: 'weekly', interval: 2, daysOfWeek: ['sunday', 'monday'], firstDayOfWeek: 'monday' }, { type: 'numbered', numberOfOccurrences: 4 }, ['2026-01-05', '2026-01-11', '2026-01-19', '2026-01-25']],
		['a day of the month', { type: 'absoluteMonthly', interval: 2, dayOfMonth: 5 }, { type: 'numbered', numberOfOccurrences: 3 }, ['2026-01-05', '2026-03-05', '2026-05-05']],
		['the 31st, or the last day there is', { type: 'absoluteMonthly', dayOfMonth: 31 }, { type: 'numbered', numberOfOccurrences: 3 }, ['2026-01-31', '2026-02-28', '2026-03-31']],
		['the first Monday', { type: 'relativeMonthly', daysOfWeek: ['monday'], index: 'first' }, { type: 'numbered', numberOfOccurrences: 3 }, ['2026-01-05', '2026-02-02', '2026-03-02']],
		['the last working day', { type: 'relativeMonthly', daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'], index: 'last' }, { type: 'numbered', numberOfOccurrences: 3 }, ['2026-01-30', '2026-02-27', '2026-03-31']],
		['the fourth Thursday of November', { type: 'relativeYearly', daysOfWeek: ['thursday'], index: 'fourth', month: 11 }, { type: 'numbered', numberOfOccurrences: 2 }, ['2026-11-26', '2027-11-25']],
		['a day of the year', { type: 'absoluteYearly', dayOfMonth: 29, month: 2 }, { type: 'numbered', numberOfOccurrences: 3 }, ['2026-02-28', '2027-02-28', '2028-02-29']],
	])('repeat on %s', async (_name, pattern, range, expected) => {
		expect(await days(pattern, range)).toEqual(expected);
	});

	it('have no end where none is said, and show what is in the window', async () => {
		const { id } = mailbox.calendar.addEvent('Calendar', series('2020-01-06', { type: 'weekly', daysOfWeek: ['monday'] }, { type: 'noEnd' }));
		expect(await instances(id, '2031-06-01', '2031-06-15')).toHaveLength(2);
		expect((await graph.get(`${USER}/events/${id}`)).entity).toMatchObject({ type: 'seriesMaster', recurrence: { pattern: { type: 'weekly', interval: 1, month: 0, dayOfMonth: 0, daysOfWeek: ['monday'], firstDayOfWeek: 'sunday', index: 'first' }, range: { type: 'noEnd', startDate: '2020-01-06', endDate: '0001-01-01', recurrenceTimeZone: BERLIN, numberOfOccurrences: 0 } } });
	});

	it('keep their time of day when the clocks change', async () => {
		const { id } = mailbox.calendar.addEvent('Calendar', series('2026-03-28', { type: 'daily' }, { type: 'numbered', numberOfOccurrences: 2 }));
		expect((await instances(id)).map(({ start }) => (start as Json).dateTime)).toEqual(['2026-03-28T09:00:00.0000000', '2026-03-29T08:00:00.0000000']);
		const there = await graph.get(`${USER}/events/${id}/instances?startDateTime=2026-03-01&endDateTime=2026-04-01`, { headers: { prefer: 'IdType="ImmutableId", outlook.timezone="Tokyo Standard Time"' } });
		expect(there.json.value.map(({ start }) => start)).toEqual([{ dateTime: '2026-03-28T18:00:00.0000000', timeZone: 'Tokyo Standard Time' }, { dateTime: '2026-03-29T17:00:00.0000000', timeZone: 'Tokyo Standard Time' }]);
	});

	it('repeat by the time zone of the recurrence, or by that of the event where it is empty', async () => {
		const custom = series('2026-03-28', { type: 'daily' }, { type: 'numbered', numberOfOccurrences: 2, recurrenceTimeZone: '' }, 'tzone://Microsoft/Custom');
		const { id } = mailbox.calendar.addEvent('Calendar', { ...custom, customTimeZone: 'Europe/Berlin' });
		expect((await graph.get(`${USER}/events/${id}`)).entity).toMatchObject({ originalStartTimeZone: 'tzone://Microsoft/Custom', recurrence: { range: { recurrenceTimeZone: '' } } });
		expect((await instances(id)).map(({ start }) => (start as Json).dateTime)).toEqual(['2026-03-28T09:00:00.0000000', '2026-03-29T08:00:00.0000000']);
		expect((await graph.post(`${USER}/events`, custom)).status).toBe(400);
	});

	it('stay midnight to midnight when they last whole days', async () => {
		const day = (date: string): Json => ({ dateTime: `${date}T00:00:00`, timeZone: BERLIN });
		const created = await graph.post(`${USER}/events`, { subject: 'Fair', isAllDay: true, start: day('2026-03-28'), end: day('2026-03-29'), recurrence: { pattern: { type: 'daily', interval: 1 }, range: { type: 'numbered', numberOfOccurrences: 2, startDate: '2026-03-28' } } });
		expect((await instances(created.entity.id)).map(({ start, end }) => [(start as Json).dateTime, (end as Json).dateTime])).toEqual([
			['2026-03-28T00:00:00.0000000', '2026-03-29T00:00:00.0000000'],
			['2026-03-29T00:00:00.0000000', '2026-03-30T00:00:00.0000000'],
		]);
	});

	it.each<[string, Json, string]>([
		['an empty time zone', series('2026-01-05', { type: 'daily' }, { type: 'noEnd', recurrenceTimeZone: '' }), 'TimeZoneNotSupportedException'],
		['an unknown time zone', series('2026-01-05', { type: 'daily' }, { type: 'noEnd', recurrenceTimeZone: 'Moon Standard Time' }), 'TimeZoneNotSupportedException'],
		['a start that is another day', series('2026-01-05', { type: 'daily' }, { type: 'noEnd', startDate: '2026-01-06' }), 'ErrorPropertyValidationFailure'],
		['an end before the start', series('2026-01-05', { type: 'daily' }, { type: 'endDate', endDate: '2026-01-04' }), 'ErrorPropertyValidationFailure'],
		['a week without days', series('2026-01-05', { type: 'weekly' }, { type: 'noEnd' }), 'ErrorPropertyValidationFailure'],
		['a month without a day', series('2026-01-05', { type: 'absoluteMonthly' }, { type: 'noEnd' }), 'ErrorPropertyValidationFailure'],
		['a pattern that nobody knows', series('2026-01-05', { type: 'hourly' }, { type: 'noEnd' }), 'ErrorPropertyValidationFailure'],
		['none of the numbered days', series('2026-01-05', { type: 'daily' }, { type: 'numbered', numberOfOccurrences: 0 }), 'ErrorPropertyValidationFailure'],
	])('are refused with %s', async (_name, body, code) => {
		expect(await graph.post(`${USER}/events`, body)).toMatchObject({ status: 400, json: { error: { code } } });
	});
});

describe('the days of a series', () => {
	let master: EventRecord;

	beforeEach(() => {
		master = mailbox.calendar.addEvent('Calendar', series('2026-11-03', { type: 'weekly', daysOfWeek: ['tuesday'] }, { type: 'numbered', numberOfOccurrences: 5 }));
	});

	const one = async (): Promise<Entity> => (await graph.get(`${USER}/events/${master.id}?$select=subject,cancelledOccurrences,exceptionOccurrences&$expand=exceptionOccurrences`)).entity;

	it('have ids of their own, which stay when a PATCH makes them exceptions', async () => {
		const second = (await instances(master.id))[1]!;
		expect(second).toMatchObject({ type: 'occurrence', seriesMasterId: master.id, subject: 'Series', originalStart: '2026-11-10T09:00:00Z', recurrence: null });
		const patched = await graph.call('PATCH', `${USER}/events/${second.id}`, { body: { subject: 'Moved', start: { dateTime: '2026-11-11T12:00:00', timeZone: BERLIN }, end: { dateTime: '2026-11-11T13:00:00', timeZone: BERLIN } } });
		expect(patched).toMatchObject({ status: 200, entity: { id: second.id, type: 'exception', subject: 'Moved', seriesMasterId: master.id, start: { dateTime: '2026-11-11T11:00:00.0000000' } } });
		expect((await instances(master.id)).map(({ type, subject }) => [type, subject])).toEqual([['occurrence', 'Series'], ['exception', 'Moved'], ['occurrence', 'Series'], ['occurrence', 'Series'], ['occurrence', 'Series']]);
		expect((await one()).exceptionOccurrences).toMatchObject([{ id: second.id, subject: 'Moved' }]);
	});

	it('take over what changes in the series, but for what is their own', async () => {
		mailbox.calendar.changeOccurrence(master, '2026-11-24', { subject: 'Own' });
		mailbox.calendar.change(master, { subject: 'New', location: { displayName: 'Hall' } });
		expect((await instances(master.id)).map(({ subject, location }) => [subject, (location as Json).displayName])).toEqual([['New', 'Hall'], ['New', 'Hall'], ['New', 'Hall'], ['Own', 'Hall'], ['New', 'Hall']]);
		await graph.call('PATCH', `${USER}/events/${master.id}`, { body: { end: { dateTime: '2026-11-03T12:00:00', timeZone: BERLIN } } });
		expect((await instances(master.id)).map(({ type }) => type)).not.toContain('exception');
	});

	it('are cancelled by DELETE, and told of with a GET of the master that selects them, only', async () => {
		const third = (await instances(master.id))[2]!;
		expect((await graph.call('DELETE', `${USER}/events/${third.id}`)).status).toBe(204);
		mailbox.calendar.cancelOccurrence(master, '2026-12-01');
		expect((await graph.get(`${USER}/events/${third.id}`)).status).toBe(404);
		expect(await instances(master.id)).toHaveLength(3);
		expect((await one()).cancelledOccurrences).toEqual([`OID.${master.id}.2026-11-17`, `OID.${master.id}.2026-12-01`]);
		expect((await graph.get(`${USER}/events/${master.id}`)).entity).not.toHaveProperty('cancelledOccurrences');
		const listed = await graph.get(`${USER}/events?$select=subject,cancelledOccurrences,exceptionOccurrences&$expand=exceptionOccurrences`);
		expect(listed.json.value).toEqual([{ '@odata.etag': expect.any(String) as string, id: master.id, subject: 'Series' }]);
	});

	it('are in no cloud that does not know those lists', async () => {
		simulator.tenant.switches.occurrenceListsInCloud = false;
		for (const query of ['$select=cancelledOccurrences', '$select=exceptionOccurrences', '$expand=exceptionOccurrences']) expect((await graph.get(`${USER}/events/${master.id}?${query}`)).status).toBe(400);
		expect((await graph.get(`${USER}/events/${master.id}`)).status).toBe(200);
	});

	it('do not skip over each other', async () => {
		const second = (await instances(master.id))[1]!;
		const to = (day: string): Json => ({ start: { dateTime: `${day}T10:00:00`, timeZone: BERLIN }, end: { dateTime: `${day}T11:00:00`, timeZone: BERLIN } });
		expect(await graph.call('PATCH', `${USER}/events/${second.id}`, { body: to('2026-11-18') })).toMatchObject({ status: 400, json: { error: { code: 'ErrorOccurrenceCrossingBoundary' } } });
		expect((await graph.call('PATCH', `${USER}/events/${second.id}`, { body: to('2026-11-16') })).status).toBe(200);
		expect((await graph.call('PATCH', `${USER}/events/${second.id}`, { body: { recurrence: { pattern: {}, range: {} } } })).status).toBe(400);
	});

	it('change the changeKey of the series, too, or not', async () => {
		const key = async (): Promise<unknown> => (await graph.get(`${USER}/events/${master.id}`)).entity.changeKey;
		const before = await key();
		mailbox.calendar.changeOccurrence(master, '2026-11-10', { subject: 'a' });
		const after = await key();
		expect(after).not.toBe(before);
		simulator.tenant.switches.exceptionChangesMaster = false;
		mailbox.calendar.changeOccurrence(master, '2026-11-10', { subject: 'b' });
		expect(await key()).toBe(after);
		expect((await one()).exceptionOccurrences).toMatchObject([{ subject: 'b' }]);
	});

	it('are not there on other days', async () => {
		expect(() => mailbox.calendar.cancelOccurrence(master, '2026-11-11')).toThrow('no occurrence');
		expect((await graph.get(`${USER}/events/${master.id}/instances`)).status).toBe(400);
		const single = mailbox.calendar.addEvent('Calendar', { subject: 'x', start: { dateTime: '2026-11-03T10:00:00', timeZone: 'UTC' }, end: { dateTime: '2026-11-03T10:00:00', timeZone: 'UTC' } });
		expect((await graph.get(`${USER}/events/${single.id}/instances?startDateTime=2026-01-01&endDateTime=2027-01-01`)).status).toBe(400);
	});

	it('keep their ids apart for clients without ImmutableId', async () => {
		const [first] = await instances(master.id);
		const mutable = (await graph.get(`${USER}/events/${first!.id}`, { mutable: true })).entity;
		expect(mutable.id).not.toBe(first!.id);
		mailbox.calendar.moveToCalendar(master, mailbox.calendar.addCalendar('Other'));
		expect((await graph.get(`${USER}/events/${mutable.id}`, { mutable: true })).status).toBe(404);
		expect((await graph.get(`${USER}/events/${first!.id}`)).status).toBe(200);
	});
});
