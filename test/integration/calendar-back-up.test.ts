import { afterEach, describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../nodes/M365Backup/repository/records';
import type { EventDocument } from '../../nodes/M365Backup/workloads/mailbox/calendar/event-document';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { at, CALENDAR, daily, meeting } from './calendar-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function named(name: string): Promise<CatalogEntry> {
	const found = [...(await fixture.entries()).values()].find((entry) => entry.name === name);
	if (!found) throw new Error(`No line of ${name}`);
	return found;
}

async function documentOf(name: string): Promise<EventDocument> {
	return JSON.parse((await fixture.content(await named(name))).toString()) as EventDocument;
}

describe('backing up calendars', () => {
	it('stores events with folders, paths, meta and content', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const group = calendar.addGroup('Clients');
		const work = calendar.addCalendar('Work', { group, color: 'lightBlue' });
		calendar.addEvent(work, meeting('Stand-up', '2026-11-24', {
			body: { contentType: 'html', content: '<p>Bring <b>coffee</b></p>' },
			location: { displayName: 'Room 7' },
			categories: ['Red'],
			attendees: [{ type: 'required', emailAddress: { name: 'Ada', address: 'ada@fabrikam.example' } }],
		}));
		calendar.addEvent(calendar.default, { subject: 'Holiday', isAllDay: true, start: at('2026-12-24T00:00:00', 'UTC'), end: at('2026-12-27T00:00:00', 'UTC') });
		const summary = await fixture.backUp({ content: CALENDAR });
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 2, failed: 0 }, warnings: [] });
		const entries = await fixture.entries();
		const path = (id: string | undefined): string[] => (id === undefined ? [] : [...path(entries.get(id)?.parent), entries.get(id)?.name ?? '?']);
		const standUp = await named('Stand-up');
		expect(path(standUp.id)).toEqual(['Calendars', 'Clients', 'Work', 'Stand-up']);
		expect(path((await named('Holiday')).id)).toEqual(['Calendars', 'Kalender', 'Holiday']);
		expect(standUp).toMatchObject({
			type: 'event',
			meta: {
				kind: 'single',
				subject: 'Stand-up',
				preview: expect.stringContaining('Bring coffee'),
				start: '2026-11-24T09:00:00.000Z',
				end: '2026-11-24T10:00:00.000Z',
				location: 'Room 7',
				categories: ['Red'],
				organizer: { name: 'Adele Vance' },
				attendees: [{ name: 'Ada', address: 'ada@fabrikam.example' }],
			},
		});
		expect(standUp.content?.[0]?.entry).toMatch(/^Calendars\/Clients\/Work\/2026-11-24 Stand-up \[.*\]\.json$/);
		expect((await named('Holiday')).meta).toMatchObject({ allDay: true });
		expect(entries.get(standUp.parent!)?.meta).toEqual({ kind: 'calendar', color: 'lightBlue' });
		expect((await named('Kalender')).meta).toMatchObject({ kind: 'calendar', isDefault: true });
		expect((await fixture.repository.latest(fixture.key))?.scopes.filter(({ state }) => state === 'complete').map(({ name }) => name)).toEqual(
			expect.arrayContaining(['Calendars/Kalender', 'Calendars/Clients/Work']),
		);
		expect(entries.has('calendar/root')).toBe(true);
		expect(fixture.sim.misses).toEqual([]);
	});

	it('stores a series with its exceptions, cancelled days and attachments', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-11-24', daily()));
		calendar.changeOccurrence(series, '2026-11-26', { subject: 'Another' });
		calendar.cancelOccurrence(series, '2026-11-27');
		calendar.addAttachment(series, { name: 'plan.txt', contentType: 'text/plain', contentBytes: Buffer.from('the plan').toString('base64') });
		calendar.addAttachment({ record: series, date: '2026-11-26' }, { name: 'other.txt', contentType: 'text/plain', contentBytes: Buffer.from('other').toString('base64') });
		await fixture.backUp({ content: CALENDAR });
		const document = await documentOf('Series');
		expect(document.exceptions).toMatchObject([{ subject: 'Another', originalStart: expect.stringContaining('2026-11-26') }]);
		expect(document.cancelled).toEqual(['2026-11-27']);
		expect(document.attachments.map(({ name }) => name)).toEqual(expect.arrayContaining(['plan.txt', 'other.txt']));
		const entry = await named('Series');
		expect(entry.content?.map(({ part }) => part)).toEqual([undefined, 'attachment-1', 'attachment-2']);
		expect(entry.content?.[1]?.entry).toMatch(/2026-11-24 Series, plan \[.*\]\.txt$/);
		expect(entry.meta).toMatchObject({ kind: 'series', endless: true, attachments: true, start: '2026-11-24T09:00:00.000Z' });
		expect(fixture.sim.misses).toEqual([]);
	});

	it('takes one request an event, twenty to a call', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		for (let index = 0; index < 90; index += 1) calendar.addEvent(calendar.default, meeting(`Event ${index}`, '2026-11-24', index % 3 === 0 ? daily() : {}));
		await fixture.backUp({ content: CALENDAR });
		// Calendars, groups, two groups' calendars, a page of ids, each event.
		expect(fixture.sim.requestLog.requests).toBe(2 + 2 + 1 + 90);
		expect(fixture.sim.requestLog.calls).toBeLessThanOrEqual(1 + 1 + 1 + 5);
	});

	it('reads nothing but ids in a quiet run, and records none', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		for (let index = 0; index < 250; index += 1) calendar.addEvent(calendar.default, meeting(`Event ${index}`));
		calendar.addCalendar('Second');
		await fixture.backUp({ content: CALENDAR });
		for (let run = 0; run < 5; run += 1) {
			fixture.sim.requestLog.reset();
			expect((await fixture.backUp({ content: CALENDAR })).status).toBe('unchanged');
			expect(fixture.sim.requestLog.count('GET /users/{id}/events/{id}')).toBe(0);
			// Calendars and groups, two groups' calendars, three pages and one.
			expect(fixture.sim.requestLog.requests).toBe(2 + 2 + 3 + 1);
		}
	});

	it('follows changes, moves and deletions', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const other = calendar.addCalendar('Other');
		const [one, two, three, four] = ['One', 'Two', 'Three', 'Four'].map((subject) => calendar.addEvent(calendar.default, meeting(subject)));
		await fixture.backUp({ content: CALENDAR });
		calendar.change(one!, { subject: 'One changed' });
		calendar.moveToCalendar(two!, other);
		calendar.deleteEvent(three!);
		calendar.purgeEvent(four!);
		calendar.addEvent(other, meeting('Five'));
		const summary = await fixture.backUp({ content: CALENDAR });
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 1, updated: 2, deleted: 2, failed: 0 } });
		const entries = [...(await fixture.entries()).values()].filter(({ type }) => type === 'event');
		expect(entries.map(({ name, parent }) => `${name} ${parent === `calendar/${other.id}` ? 'Other' : 'Kalender'}`).sort()).toEqual(['Five Other', 'One changed Kalender', 'Two Other']);
		expect((await fixture.backUp({ content: CALENDAR })).status).toBe('unchanged');
	});
});
