import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillCalendars } from './event-generate';
import { GraphCaller, type Answer } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
const MARK = 'String {00020329-0000-0000-C000-000000000046} Name mark';

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
const at = (dateTime: string, timeZone = 'UTC'): { dateTime: string; timeZone: string } => ({ dateTime, timeZone });
const hour = (subject: string, day = '2026-03-02'): Json => ({ subject, start: at(`${day}T10:00:00`), end: at(`${day}T11:00:00`) });
const guests = (...addresses: string[]): Json[] => addresses.map((address) => ({ type: 'required', emailAddress: { address } }));
const create = (body: Json): Promise<Answer> => graph.post(`${USER}/events`, body);

describe('events', () => {
	it('are created, read, listed, changed and deleted', async () => {
		const { id } = mailbox.calendar.addCalendar('Work');
		const created = await graph.post(`${USER}/calendars/${id}/events`, hour('One'));
		expect(created).toMatchObject({ status: 201, entity: { subject: 'One', type: 'singleInstance', start: { dateTime: '2026-03-02T10:00:00.0000000', timeZone: 'UTC' }, isOrganizer: true } });
		const event = `${USER}/events/${created.entity.id}`;
		const { changeKey } = (await graph.get(event)).entity;
		expect((await graph.get(`${USER}/calendars/${id}/events?$select=changeKey`)).json.value).toMatchObject([{ id: created.entity.id, changeKey }]);
		expect(await graph.call('PATCH', event, { body: { subject: 'Two' } })).toMatchObject({ status: 200, entity: { subject: 'Two' } });
		expect((await graph.get(event)).entity.changeKey).not.toBe(changeKey);
		expect((await graph.call('DELETE', event)).status).toBe(204);
		expect((await graph.get(event)).status).toBe(404);
		expect((await graph.get(`${USER}/calendars/${id}/events`)).json.value).toEqual([]);
	});

	it('come back as they were written', async () => {
		const [start, end] = [at('2026-03-02T10:00:00'), at('2026-03-02T11:00:00')];
		const location = { displayName: 'Raum 1', address: { city: 'Berlin' } };
		const rest = {
			subject: 'Alles',
			body: { contentType: 'html', content: '<p>Grüße</p>' },
			attendees: [{ type: 'optional', status: { response: 'accepted', time: '2026-01-01T00:00:00Z' }, emailAddress: { name: 'B', address: 'b@x.example' } }],
			categories: ['Red'], importance: 'high', sensitivity: 'private', showAs: 'oof', isReminderOn: false, reminderMinutesBeforeStart: 5, allowNewTimeProposals: false, hideAttendees: true, responseRequested: false, transactionId: 't-1',
		};
		const { id } = (await create({ ...rest, start, end, location })).entity;
		const { entity } = await graph.get(`${USER}/events/${id}`);
		expect(entity).toMatchObject(rest);
		expect(entity).toMatchObject({ start: at(`${start.dateTime}.0000000`), end: at(`${end.dateTime}.0000000`), location: { ...location, locationType: 'default' }, locations: [{ displayName: 'Raum 1' }], originalStartTimeZone: 'UTC', bodyPreview: 'Grüße' });
	});

	it('tell their times in UTC, or as preferred; whole days are midnights everywhere', async () => {
		const berlin = await create({ subject: 'Berlin', start: at('2026-07-01T10:00:00', 'Europe/Berlin'), end: at('2026-07-01T11:00:00', 'W. Europe Standard Time') });
		expect(berlin.entity).toMatchObject({ start: at('2026-07-01T08:00:00.0000000'), end: at('2026-07-01T09:00:00.0000000'), originalStartTimeZone: 'Europe/Berlin', originalEndTimeZone: 'W. Europe Standard Time' });
		const day = await create({ subject: 'Day', isAllDay: true, start: at('2026-07-01T00:00:00', 'Europe/Berlin'), end: at('2026-07-02T00:00:00', 'Europe/Berlin') });
		expect(day.entity.start).toEqual(at('2026-07-01T00:00:00.0000000'));
		const inNewYork = (id: string): Promise<Answer> => graph.get(`${USER}/events/${id}`, { headers: { prefer: 'IdType="ImmutableId", outlook.timezone="Eastern Standard Time"' } });
		expect((await inNewYork(berlin.entity.id)).entity.start).toEqual(at('2026-07-01T04:00:00.0000000', 'Eastern Standard Time'));
		expect((await inNewYork(day.entity.id)).entity.start).toEqual(at('2026-07-01T00:00:00.0000000', 'Eastern Standard Time'));
		expect((await graph.get(`${USER}/events`, { headers: { prefer: 'outlook.timezone="Nowhere"' } })).status).toBe(400);
	});

	it.each<[string, Json, number]>([
		['no start', { subject: 'x' }, 400],
		['an end before the start', { ...hour('x'), end: at('2026-03-01T10:00:00') }, 400],
		['a whole day that begins at ten', { ...hour('x'), isAllDay: true }, 400],
		['a whole day without length', { isAllDay: true, start: at('2026-03-02T00:00:00'), end: at('2026-03-02T00:00:00') }, 400],
		['an unknown time zone', { ...hour('x'), start: at('2026-03-02T10:00:00', 'Moon') }, 400],
		['more than 500 attendees', { ...hour('x'), attendees: guests(...Array.from({ length: 501 }, (_, n) => `g${n}@x.example`)) }, 400],
		['an attendee without an address', { ...hour('x'), attendees: [{ emailAddress: { name: 'Nobody' } }] }, 400],
		['unknown properties', { ...hour('x'), subjekt: 'x' }, 400],
		['an unknown importance', { ...hour('x'), importance: 'urgent' }, 400],
		['a broken property id', { ...hour('x'), singleValueExtendedProperties: [{ id: 'mark', value: 'x' }] }, 400],
		['500 attendees', { ...hour('x'), attendees: guests(...Array.from({ length: 500 }, (_, n) => `g${n}@x.example`)) }, 201],
	])('with %s: %#', async (_name, body, status) => {
		expect((await create(body)).status).toBe(status);
	});

	it('are found by filter, order and extended property, values without regard to case', async () => {
		await create(hour('B', '2026-03-03'));
		await create({ ...hour('A', '2026-03-05'), singleValueExtendedProperties: [{ id: MARK, value: 'aBc' }] });
		const found = async (query: string): Promise<unknown> => (await graph.get(`${USER}/calendar/events?${query}`)).json.value.map(({ subject }) => subject);
		const filter = (text: string): string => `$filter=${encodeURIComponent(text)}`;
		expect(await found(filter(`singleValueExtendedProperties/Any(ep: ep/id eq '${MARK}' and ep/value eq 'ABC')`))).toEqual(['A']);
		expect(await found(filter(`singleValueExtendedProperties/any(ep:ep/id eq '${MARK}' and ep/value eq 'zzz')`))).toEqual([]);
		expect(await found(filter(`start/dateTime ge '2026-03-04T00:00'`))).toEqual(['A']);
		expect(await found(filter(`lastModifiedDateTime lt 2020-01-01T00:00:00Z`))).toEqual([]);
		expect(await found(filter(`startswith(subject,'b')`))).toEqual(['B']);
		expect(await found('$orderby=start/dateTime desc')).toEqual(['A', 'B']);
		expect(await found('$orderby=subject')).toEqual(['A', 'B']);
		expect((await graph.get(`${USER}/events?$orderby=webLink`)).status).toBe(400);
		expect((await graph.get(`${USER}/events?$select=nonsense`)).status).toBe(400);
		const expanded = await graph.get(`${USER}/events?$select=subject&$expand=${encodeURIComponent(`singleValueExtendedProperties($filter=id eq '${MARK}')`)}`);
		expect(expanded.json.value.map(({ singleValueExtendedProperties }) => singleValueExtendedProperties)).toEqual([undefined, [{ id: MARK, value: 'aBc' }]]);
	});

	it('come in pages; very large ones leave some out and show others twice, and a link may be missing', async () => {
		fillCalendars(mailbox, { events: 1200, seed: 3 });
		const all = new Set(mailbox.calendar.events().map(({ id }) => id));
		const listed = async (query: string): Promise<string[]> => (await graph.round(`${USER}/events?$select=id&${query}`)).entries.map(({ id }) => id);
		expect((await graph.get(`${USER}/events`)).json.value).toHaveLength(10);
		expect(new Set(await listed('$top=500'))).toEqual(all);
		const slipped = await listed('$top=1000');
		expect(slipped).toHaveLength(1200);
		expect(new Set(slipped).size).toBeLessThan(1200);
		simulator.tenant.switches.eventPagesSlipFrom = Infinity;
		expect(new Set(await listed('$top=1000'))).toEqual(all);
		simulator.tenant.switches.eventNextLinkGoesMissing = true;
		expect(await listed('$top=100')).toHaveLength(200);
		expect((await graph.get(`${USER}/events?$top=1001`)).status).toBe(400);
	});

	it('go to Deleted Items, where nobody lists them, and whence Outlook can take them back', async () => {
		const { id } = (await create(hour('x'))).entity;
		const [event] = mailbox.calendar.events();
		await graph.call('DELETE', `${USER}/events/${id}`);
		expect((await graph.get(`${USER}/events`)).json.value).toEqual([]);
		simulator.tenant.switches.deletedEventsAnswer = true;
		expect((await graph.get(`${USER}/events/${id}`)).status).toBe(200);
		expect((await graph.get(`${USER}/calendar/events/${id}`)).status).toBe(404);
		mailbox.calendar.moveToCalendar(event!, 'Calendar');
		expect((await graph.get(`${USER}/calendar/events/${id}`)).entity.subject).toBe('x');
		expect((await graph.call('POST', `${USER}/events/${id}/permanentDelete`)).status).toBe(204);
		expect((await graph.get(`${USER}/events/${id}`)).status).toBe(404);
		expect(mailbox.calendar.deletedEvents()).toEqual([]);
	});

	it('keep their immutable id in another calendar, and change the other one', async () => {
		const work = mailbox.calendar.addCalendar('Work');
		const event = mailbox.calendar.addEvent('Calendar', hour('x'));
		const { id, mutableId } = event;
		mailbox.calendar.moveToCalendar(event, work);
		expect((await graph.get(`${USER}/calendars/${work.id}/events/${id}`)).status).toBe(200);
		expect((await graph.get(`${USER}/calendar/events/${id}`)).status).toBe(404);
		expect((await graph.get(`${USER}/events/${mutableId}`, { mutable: true })).status).toBe(404);
		expect((await graph.get(`${USER}/messages/${id}`)).status).toBe(404);
		expect((await graph.get(`${USER}/events/abc`)).status).toBe(400);
	});

	it('are made once for a transactionId, for a while', async () => {
		const body = { ...hour('x'), transactionId: 'abc' };
		const { id } = (await create(body)).entity;
		expect(await create(body)).toMatchObject({ status: 409, json: { error: { code: 'ErrorDuplicateTransactionId', '@event.existingEventId': id } } });
		simulator.tenant.switches.repeatedTransactionId = 'existing';
		expect(await create(body)).toMatchObject({ status: 201, entity: { id } });
		expect((await graph.call('PATCH', `${USER}/events/${id}`, { body: { transactionId: 'other' } })).status).toBe(400);
		simulator.tenant.clock.advance(2 * 3_600_000);
		expect((await create(body)).entity.id).not.toBe(id);
	});

	it('may be corrupt, or not found for a while after they were made', async () => {
		const event = mailbox.calendar.addEvent('Calendar', hour('x'));
		mailbox.calendar.corrupt(event);
		expect(await graph.get(`${USER}/events/${event.id}`)).toMatchObject({ status: 500, json: { error: { code: 'ErrorCorruptData' } } });
		expect((await graph.get(`${USER}/events/${event.id}/attachments`)).status).toBe(500);
		simulator.tenant.switches.newMessageNotFoundTimes = 1;
		const { id } = (await create(hour('y'))).entity;
		expect([(await graph.get(`${USER}/events/${id}`)).status, (await graph.get(`${USER}/events/${id}`)).status]).toEqual([404, 200]);
	});

	it('are read in batches', async () => {
		const event = mailbox.calendar.addEvent('Calendar', hour('x'));
		const { responses } = (await graph.post('/$batch', { requests: [{ id: '1', method: 'GET', url: `${USER}/events/${event.id}` }, { id: '2', method: 'GET', url: `${USER}/calendars` }] })).json;
		expect(responses.map(({ status }) => status)).toEqual([200, 200]);
		expect(simulator.requestLog.count('GET /users/{id}/events/{id}')).toBe(1);
	});
});

describe('meetings', () => {
	const outbox = (): unknown[] => simulator.tenant.outbox.map(({ kind, recipients }) => [kind, ...recipients]);

	it('tell everybody whatever the organiser does', async () => {
		const { id } = (await create({ ...hour('Plan'), attendees: guests('b@x.example', 'c@x.example') })).entity;
		await graph.call('PATCH', `${USER}/events/${id}`, { body: { attendees: guests('c@x.example', 'd@x.example') } });
		await graph.call('PATCH', `${USER}/events/${id}`, { body: { categories: ['Red'] } });
		await graph.post(`${USER}/events/${id}/forward`, { ToRecipients: [{ emailAddress: { address: 'e@x.example' } }] });
		await graph.call('DELETE', `${USER}/events/${id}`);
		const second = (await create({ ...hour('Plan'), attendees: guests('b@x.example') })).entity.id;
		expect((await graph.post(`${USER}/events/${second}/cancel`, { Comment: 'Sorry' })).status).toBe(202);
		expect(outbox()).toEqual([
			['invitation', 'b@x.example', 'c@x.example'],
			['update', 'b@x.example', 'c@x.example', 'd@x.example'],
			['update', 'c@x.example', 'd@x.example'],
			['invitation', 'e@x.example'],
			['cancellation', 'c@x.example', 'd@x.example'],
			['invitation', 'b@x.example'],
			['cancellation', 'b@x.example'],
		]);
		expect((await graph.get(`${USER}/events`)).json.value).toEqual([]);
	});

	it('that others organise tell nobody but for a response', async () => {
		const received = { ...hour('Theirs'), attendees: guests('anna@contoso.example'), isOrganizer: false, organizer: { emailAddress: { name: 'B', address: 'b@x.example' } }, responseStatus: { response: 'notResponded', time: '0001-01-01T00:00:00Z' } };
		const [one, two] = [mailbox.calendar.addEvent('Calendar', received), mailbox.calendar.addEvent('Calendar', received)];
		expect((await graph.get(`${USER}/events/${one.id}`)).entity).toMatchObject({ isOrganizer: false, organizer: { emailAddress: { address: 'b@x.example' } } });
		expect((await graph.post(`${USER}/events/${one.id}/accept`, { SendResponse: false })).status).toBe(202);
		expect((await graph.get(`${USER}/events/${one.id}`)).entity.responseStatus).toMatchObject({ response: 'accepted' });
		await graph.call('PATCH', `${USER}/events/${one.id}`, { body: { showAs: 'free' } });
		await graph.call('DELETE', `${USER}/events/${one.id}`);
		expect((await graph.post(`${USER}/events/${two.id}/cancel`, {})).status).toBe(400);
		expect(outbox()).toEqual([]);
		await graph.post(`${USER}/events/${two.id}/tentativelyAccept`, { Comment: 'Maybe' });
		await graph.post(`${USER}/events/${two.id}/decline`, {});
		expect(outbox()).toEqual([['response', 'b@x.example'], ['response', 'b@x.example']]);
		expect(mailbox.calendar.events()).toEqual([]);
	});

	it('without guests tell nobody', async () => {
		const { id } = (await create(hour('Mine'))).entity;
		await graph.call('PATCH', `${USER}/events/${id}`, { body: { subject: 'Still mine' } });
		await graph.call('DELETE', `${USER}/events/${id}`);
		expect(outbox()).toEqual([]);
	});

	it('get a link of their own when they are online, whatever was written', async () => {
		const { entity } = await create({ ...hour('Call'), isOnlineMeeting: true, onlineMeetingProvider: 'teamsForBusiness', onlineMeeting: { joinUrl: 'https://teams.example/old' } });
		expect(entity).toMatchObject({ isOnlineMeeting: true, onlineMeetingProvider: 'teamsForBusiness', onlineMeeting: { joinUrl: expect.stringMatching(/^https:\/\/teams\.microsoft\.com\/l\/meetup-join\//) as string } });
		const event = mailbox.calendar.addEvent('Calendar', { ...hour('Old call'), isOnlineMeeting: true, onlineMeeting: { joinUrl: 'https://teams.example/kept' } });
		expect((await graph.get(`${USER}/events/${event.id}`)).entity.onlineMeeting).toEqual({ joinUrl: 'https://teams.example/kept' });
	});
});
