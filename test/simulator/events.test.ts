import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller } from './graph-caller';
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

const at = (dateTime: string, timeZone = 'UTC'): { dateTime: string; timeZone: string } => ({ dateTime, timeZone });
const hour = (subject: string, day = '2026-03-02'): Record<string, unknown> => ({ subject, start: at(`${day}T10:00:00`), end: at(`${day}T11:00:00`) });

describe('calendars', () => {
	it('are listed with the default one, others of one’s own, and those that Exchange fills', async () => {
		mailbox.calendar.addCalendar('Work', { color: 'lightBlue', group: mailbox.calendar.addGroup('Projects') });
		const { value } = (await graph.get(`${USER}/calendars`)).json;
		expect(value).toMatchObject([{ name: 'Calendar', isDefaultCalendar: true, canEdit: true }, { name: 'Birthdays', canEdit: false }, { name: 'Work', color: 'lightBlue', owner: { address: 'anna@contoso.example' } }]);
	});
});

describe('events', () => {
	it('are created, read, listed, changed and deleted', async () => {
		const { id } = mailbox.calendar.addCalendar('Work');
		const created = await graph.post(`${USER}/calendars/${id}/events`, { ...hour('One'), singleValueExtendedProperties: [{ id: MARK, value: 'aBc' }] });
		expect(created).toMatchObject({ status: 201, entity: { subject: 'One', type: 'singleInstance', start: { dateTime: '2026-03-02T10:00:00.0000000', timeZone: 'UTC' } } });
		const event = `${USER}/events/${created.entity.id}`;
		const { changeKey } = (await graph.get(event)).entity;
		const found = await graph.get(`${USER}/calendars/${id}/events?$filter=${encodeURIComponent(`singleValueExtendedProperties/any(ep:ep/id eq '${MARK}' and ep/value eq 'ABC')`)}&$select=id,changeKey`);
		expect(found.json.value).toMatchObject([{ id: created.entity.id, changeKey }]);
		expect(await graph.call('PATCH', event, { body: { subject: 'Two' } })).toMatchObject({ status: 200, entity: { subject: 'Two' } });
		expect((await graph.get(event)).entity.changeKey).not.toBe(changeKey);
		expect((await graph.call('DELETE', event)).status).toBe(204);
		expect((await graph.get(event)).status).toBe(404);
		expect((await graph.get(`${USER}/calendars/${id}/events`)).json.value).toEqual([]);
	});
});
