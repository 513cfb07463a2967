import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller } from './graph-caller';
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

const hour = (subject: string): Record<string, unknown> => ({ subject, start: { dateTime: '2026-03-02T10:00:00', timeZone: 'UTC' }, end: { dateTime: '2026-03-02T11:00:00', timeZone: 'UTC' } });

describe('calendars', () => {
	it('are listed with the default one, others of one’s own, shared ones and those that Exchange fills', async () => {
		mailbox.calendar.addCalendar('Work', { color: 'lightBlue', group: mailbox.calendar.addGroup('Projects') });
		mailbox.calendar.addCalendar('Bruno', { kind: 'shared', owner: { name: 'Bruno', address: 'bruno@contoso.example' } });
		mailbox.calendar.addCalendar('Holidays in Germany', { kind: 'holidays' });
		const { value } = (await graph.get(`${USER}/calendars`)).json;
		expect(value).toMatchObject([
			{ name: 'Calendar', isDefaultCalendar: true, canEdit: true, isRemovable: false },
			{ name: 'Birthdays', canEdit: false },
			{ name: 'Work', color: 'lightBlue', owner: { address: 'anna@contoso.example' } },
			{ name: 'Bruno', canEdit: false, owner: { address: 'bruno@contoso.example' } },
			{ name: 'Holidays in Germany', canEdit: false },
		]);
		expect((await graph.get(`${USER}/calendar`)).entity.id).toBe(value[0]!.id);
		expect((await graph.get(`${USER}/calendars?$top=2`)).json).toMatchObject({ value: [{}, {}], '@odata.nextLink': expect.stringContaining('skip=2') as string });
		expect((await graph.get(`${USER}/calendars?$filter=name eq 'work'&$select=name`)).json.value).toEqual([{ id: value[2]!.id, name: 'Work' }]);
	});

	it('stand in groups', async () => {
		const group = await graph.post(`${USER}/calendarGroups`, { name: 'Projects' });
		expect(group.status).toBe(201);
		const path = `${USER}/calendarGroups/${group.entity.id}`;
		const created = await graph.post(`${path}/calendars`, { name: 'Apollo' });
		expect((await graph.get(`${path}/calendars`)).json.value.map(({ id }) => id)).toEqual([created.entity.id]);
		mailbox.calendar.addEvent('Apollo', hour('Launch'));
		expect((await graph.get(`${path}/calendars/${created.entity.id}/events`)).json.value).toMatchObject([{ subject: 'Launch' }]);
		expect((await graph.get(`${USER}/calendarGroups`)).json.value.map(({ name }) => name)).toEqual(['My Calendars', 'Other Calendars', 'Projects']);
		expect((await graph.call('DELETE', path)).status).toBe(400);
		expect((await graph.call('PATCH', path, { body: { name: 'Missions' } })).entity.name).toBe('Missions');
		expect((await graph.call('DELETE', `${path}/calendars/${created.entity.id}`)).status).toBe(204);
		expect((await graph.call('DELETE', path)).status).toBe(204);
		expect((await graph.get(path)).status).toBe(404);
	});

	it('refuse a name that is taken, in any case', async () => {
		expect((await graph.post(`${USER}/calendars`, { name: 'Work', color: 'lightRed' })).entity).toMatchObject({ name: 'Work', color: 'lightRed' });
		expect(await graph.post(`${USER}/calendars`, { name: 'WORK' })).toMatchObject({ status: 409, json: { error: { code: 'ErrorFolderExists' } } });
		expect((await graph.post(`${USER}/calendars`, { name: 'x', color: 'pink' })).status).toBe(400);
	});

	it('are renamed and deleted, with their events; the default one and those of Exchange stay', async () => {
		const work = mailbox.calendar.addCalendar('Work');
		const event = mailbox.calendar.addEvent(work, hour('x'));
		expect((await graph.call('PATCH', `${USER}/calendars/${work.id}`, { body: { name: 'Old' } })).entity.name).toBe('Old');
		expect((await graph.call('DELETE', `${USER}/calendars/${work.id}`)).status).toBe(204);
		expect((await graph.get(`${USER}/events/${event.id}`)).status).toBe(404);
		expect(mailbox.calendar.deletedEvents()).toEqual([event]);
		expect((await graph.call('DELETE', `${USER}/calendar`)).status).toBe(403);
		expect((await graph.call('DELETE', `${USER}/calendars/${mailbox.calendar.calendar('Birthdays').id}`)).status).toBe(403);
		const gone = mailbox.calendar.addCalendar('Gone');
		mailbox.calendar.addEvent(gone, hour('y'));
		expect((await graph.call('POST', `${USER}/calendars/${gone.id}/permanentDelete`)).status).toBe(204);
		expect(mailbox.calendar.deletedEvents()).toEqual([event]);
	});

	it('take nothing new where they cannot be edited', async () => {
		const holidays = mailbox.calendar.addCalendar('Holidays', { kind: 'holidays' });
		const event = mailbox.calendar.addEvent(holidays, hour('Ostern'));
		expect((await graph.post(`${USER}/calendars/${holidays.id}/events`, hour('x'))).status).toBe(403);
		expect((await graph.call('PATCH', `${USER}/events/${event.id}`, { body: { subject: 'x' } })).status).toBe(403);
		expect((await graph.call('DELETE', `${USER}/events/${event.id}`)).status).toBe(403);
		expect((await graph.get(`${USER}/calendars/${holidays.id}/events`)).json.value).toHaveLength(1);
	});

	it('need their permissions, can be forbidden, and can be broken for good', async () => {
		const work = mailbox.calendar.addCalendar('Work');
		const event = mailbox.calendar.addEvent(work, hour('x'));
		const status = async (path: string, method = 'GET', body?: unknown): Promise<number> => (await graph.call(method, `${USER}/${path}`, { body })).status;
		mailbox.calendar.forbid(work);
		expect([await status(`calendars/${work.id}/events`), await status(`events/${event.id}`), await status('calendars')]).toEqual([403, 403, 200]);
		mailbox.calendar.forbid(work, false);
		mailbox.calendar.break(work);
		expect([await status(`calendars/${work.id}/events`), await status(`events/${event.id}`), await status(`calendars/${work.id}`), await status('calendar/events')]).toEqual([503, 503, 200, 200]);
		mailbox.calendar.break(work, null);
		simulator.tenant.roles.set('Calendars.Read');
		expect([await status(`calendars/${work.id}/events`), await status('calendars', 'POST', { name: 'New' })]).toEqual([200, 403]);
		simulator.tenant.roles.set('Mail.ReadWrite');
		expect([await status('calendars'), await status('calendarGroups'), await status(`events/${event.id}`), await status(`calendars/${work.id}/events`)]).toEqual([403, 403, 403, 403]);
	});

	it('answer 404 for what is gone and 400 for what is no id', async () => {
		const work = mailbox.calendar.addCalendar('Work');
		mailbox.calendar.deleteCalendar(work);
		expect((await graph.get(`${USER}/calendars/${work.id}/events`)).status).toBe(404);
		expect((await graph.get(`${USER}/calendars/abc`)).status).toBe(400);
		expect((await graph.get(`${USER}/mailFolders/${mailbox.calendar.default.id}`)).status).toBe(404);
	});
});
