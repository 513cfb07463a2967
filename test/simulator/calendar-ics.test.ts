import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GraphCaller } from './graph-caller';
import { startSimulator } from './start';

const TEAM = [
	'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN',
	'BEGIN:VEVENT', 'UID:one', 'DTSTAMP:20260101T000000Z', 'SUMMARY:Kick-off', 'DTSTART;TZID=Europe/Berlin:20260302T100000', 'DTEND;TZID=Europe/Berlin:20260302T113000', 'LOCATION:Raum 1', 'ATTENDEE;CN=Bruno:mailto:bruno@fabrikam.example', 'END:VEVENT',
	'BEGIN:VEVENT', 'UID:two', 'DTSTAMP:20260101T000000Z', 'SUMMARY:Stand-up', 'DTSTART;TZID=Europe/Berlin:20260302T090000', 'DURATION:PT15M', 'RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5', 'EXDATE;TZID=Europe/Berlin:20260304T090000', 'END:VEVENT',
	'BEGIN:VEVENT', 'UID:two', 'DTSTAMP:20260101T000000Z', 'RECURRENCE-ID;TZID=Europe/Berlin:20260309T090000', 'SUMMARY:Stand-up (late)', 'DTSTART;TZID=Europe/Berlin:20260309T120000', 'DTEND;TZID=Europe/Berlin:20260309T121500', 'END:VEVENT',
	'BEGIN:VEVENT', 'UID:three', 'DTSTAMP:20260101T000000Z', 'SUMMARY:Fair', 'DTSTART;VALUE=DATE:20260310', 'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2TU;UNTIL=20290101', 'END:VEVENT',
	'END:VCALENDAR', '',
].join('\r\n');

describe('.ics files', () => {
	it('become events: those at the top of the default calendar, others of one with their folder’s name', async () => {
		const dir = await mkdtemp(join(tmpdir(), 'simulator-ics-'));
		try {
			await mkdir(join(dir, 'Team'));
			await writeFile(join(dir, 'Team', 'team.ics'), TEAM);
			await writeFile(join(dir, 'own.ics'), TEAM.replace('Kick-off', 'Mine'));
			const simulator = await startSimulator({ http: true, dataDir: dir });
			const [user] = simulator.tenant.users;
			const graph = new GraphCaller(simulator);
			const team = user!.mailbox!.calendar.calendar('Team');
			const { value } = (await graph.get(`/users/${user!.id}/calendars/${team.id}/events`)).json;
			expect(value).toMatchObject([
				{ subject: 'Kick-off', iCalUId: 'one', start: { dateTime: '2026-03-02T09:00:00.0000000' }, location: { displayName: 'Raum 1' }, attendees: [{ emailAddress: { name: 'Bruno', address: 'bruno@fabrikam.example' } }] },
				{ subject: 'Stand-up', type: 'seriesMaster' },
				{ subject: 'Fair', isAllDay: true, end: { dateTime: '2026-03-11T00:00:00.0000000' }, recurrence: { pattern: { type: 'relativeYearly', index: 'second', month: 3, daysOfWeek: ['tuesday'] }, range: { endDate: '2029-01-01' } } },
			]);
			const days = (await graph.get(`/users/${user!.id}/events/${value[1]!.id}/instances?startDateTime=2026-01-01&endDateTime=2027-01-01`)).json.value;
			expect(days.map(({ subject, start }) => [subject, (start as { dateTime: string }).dateTime.slice(5, 16)])).toEqual([['Stand-up', '03-02T08:00'], ['Stand-up (late)', '03-09T11:00'], ['Stand-up', '03-11T08:00'], ['Stand-up', '03-16T08:00']]);
			expect((await graph.get(`/users/${user!.id}/calendar/events?$select=subject`)).json.value.map(({ subject }) => subject)).toEqual(['Mine', 'Stand-up', 'Fair']);
			expect(simulator.tenant.outbox).toEqual([]);
			await simulator.stop();
		} finally {
			await rm(dir, { recursive: true });
		}
	});
});
