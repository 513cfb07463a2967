import { afterEach, describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../nodes/M365Backup/repository/records';
import type { EventDocument } from '../../nodes/M365Backup/workloads/mailbox/calendar/event-document';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { at, base64, CALENDAR, daily, meeting } from './calendar-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function events(): Promise<CatalogEntry[]> {
	return [...(await fixture.entries()).values()].filter(({ type }) => type === 'event');
}

async function names(): Promise<string[]> {
	return (await events()).map(({ name }) => name).sort();
}

async function named(name: string): Promise<CatalogEntry> {
	const found = (await events()).find((entry) => entry.name === name);
	if (!found) throw new Error(`No line of ${name}`);
	return found;
}

async function documentOf(name: string): Promise<EventDocument> {
	return JSON.parse((await fixture.content(await named(name))).toString()) as EventDocument;
}

const back = (): ReturnType<MailboxFixture['backUp']> => fixture.backUp({ content: CALENDAR });

/** A page of the listing as the service sent it, changed on its way. */
async function listed(change: (value: { id: string }[]) => unknown[]): Promise<{ status: number; body: unknown }> {
	const { calendar } = fixture.mailbox;
	const path = `/users/${fixture.source.id}/calendars/${calendar.default.id}/events?$select=id,changeKey,lastModifiedDateTime,type,subject,start,end,isAllDay,recurrence&$top=100`;
	const page = await fixture.client().json<{ value: { id: string }[] }>({ path });
	return { status: 200, body: { value: change(page.value) } };
}

const LIST = /^GET \/users\/[^/]+\/calendars\/[^/]+\/events\?/;

describe('what counts as deleted', () => {
	it.each([true, false])('events in Deleted Items are, whether Graph still answers for them (%s) or not', async (deletedEventsAnswer) => {
		fixture = await mailboxFixture({ switches: { deletedEventsAnswer } });
		const { calendar } = fixture.mailbox;
		const one = calendar.addEvent(calendar.default, meeting('Single'));
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-11-24', daily()));
		const days = calendar.addEvent(calendar.default, { subject: 'All day', isAllDay: true, start: at('2026-12-24T00:00:00', 'UTC'), end: at('2026-12-25T00:00:00', 'UTC') });
		calendar.addEvent(calendar.default, meeting('Stays'));
		await back();
		for (const event of [one, series, days]) calendar.deleteEvent(event);
		expect((await back()).changes).toMatchObject({ deleted: 3 });
		expect(await names()).toEqual(['Stays']);
		expect((await back()).status).toBe('unchanged');
		// Taken out again, they are back.
		calendar.moveToCalendar(series, calendar.default);
		expect((await back()).changes).toMatchObject({ added: 1 });
	});

	it('is asked only after a second look where a listing repeats itself', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		for (const subject of ['One', 'Two', 'Three']) calendar.addEvent(calendar.default, meeting(subject));
		await back();
		// Two comes twice, Three not at all.
		const broken = await listed(([one, two]) => [one, two, two]);
		fixture.sim.tenant.faults.script({ match: LIST, do: broken });
		fixture.sim.requestLog.reset();
		expect(await back()).toMatchObject({ status: 'unchanged' });
		expect(fixture.sim.requestLog.count('GET /users/{id}/events/{id}')).toBe(0);
		expect(await names()).toEqual(['One', 'Three', 'Two']);
	});

	it('is never what is alive, however often a listing leaves it out; a real deletion is noticed all the same', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const [, , three] = ['One', 'Two', 'Three'].map((subject) => calendar.addEvent(calendar.default, meeting(subject)));
		await back();
		const without = await listed(([one, two]) => [one, two]);
		for (let run = 0; run < 3; run += 1) {
			fixture.sim.tenant.faults.script({ match: LIST, do: without });
			await back();
			expect(await names()).toEqual(['One', 'Three', 'Two']);
		}
		fixture.sim.tenant.faults.script({ match: LIST, times: 1, do: without });
		calendar.purgeEvent(three!);
		expect((await back()).changes).toMatchObject({ deleted: 1 });
		expect(await names()).toEqual(['One', 'Two']);
	});

	it('is not what new events are that a listing forgot: they come with a later run', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('One'));
		await back();
		const old = await listed((value) => value);
		calendar.addEvent(calendar.default, meeting('Two'));
		fixture.sim.tenant.faults.script({ match: LIST, do: old });
		await back();
		expect(await names()).toEqual(['One']);
		await back();
		expect(await names()).toEqual(['One', 'Two']);
	});

	it.each([200, 450])('listings whose next links go missing are read to their end (%i events)', async (count) => {
		fixture = await mailboxFixture({ switches: { eventNextLinkGoesMissing: true } });
		const { calendar } = fixture.mailbox;
		for (let index = 0; index < count; index += 1) calendar.addEvent(calendar.default, meeting(`Event ${index}`));
		expect((await back()).changes).toMatchObject({ added: count });
		expect(await back()).toMatchObject({ status: 'unchanged' });
	});

	it('is a calendar with all that is in it, once Graph says so', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const work = calendar.addCalendar('Work');
		calendar.addEvent(work, meeting('At work'));
		const moved = calendar.addEvent(work, meeting('Moved before'));
		calendar.addEvent(calendar.default, meeting('Stays'));
		await back();
		calendar.moveToCalendar(moved, calendar.default);
		calendar.deleteCalendar(work);
		expect(await back()).toMatchObject({ status: 'complete', changes: { deleted: 1, updated: 1 } });
		expect(await names()).toEqual(['Moved before', 'Stays']);
		expect([...(await fixture.entries()).values()].some(({ name }) => name === 'Work')).toBe(false);
		expect((await fixture.repository.latest(fixture.key))?.scopes.some(({ name }) => name === 'Calendars/Work')).toBe(false);
	});
});

describe('trouble with a calendar', () => {
	it.each([
		['for good', 503, 'break'],
		['forbidden', 403, 'forbid'],
	] as const)('leaves the others alone and what is stored as it was: %s', async (_what, _status, how) => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const work = calendar.addCalendar('Work');
		const event = calendar.addEvent(work, meeting('At work'));
		await back();
		calendar[how](work);
		calendar.change(event, { subject: 'Changed meanwhile' });
		calendar.addEvent(calendar.default, meeting('Elsewhere'));
		const summary = await back();
		expect(summary).toMatchObject({ status: 'partial', changes: { added: 1, deleted: 0 } });
		expect(summary.warnings.join('\n')).toMatch(/Calendar "Calendars\/Work"/);
		if (how === 'forbid') expect(summary.warnings.join('\n')).toMatch(/Calendars\.Read/);
		expect(await names()).toEqual(['At work', 'Elsewhere']);
		const states = (await fixture.repository.latest(fixture.key))?.scopes.map(({ name, state }) => `${name} ${state}`);
		expect(states).toEqual(expect.arrayContaining(['Calendars/Work stale', 'Calendars/Kalender complete']));
		if (how === 'break') {
			calendar.break(work, null);
			expect(await back()).toMatchObject({ status: 'complete' });
			expect(await names()).toEqual(['Changed meanwhile', 'Elsewhere']);
		}
	});

	it('is no part of the backup where it was refused from the start', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Elsewhere'));
		calendar.forbid(calendar.addCalendar('Secret'));
		expect(await back()).toMatchObject({ status: 'complete', changes: { added: 1 } });
		expect((await fixture.repository.latest(fixture.key))?.scopes).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'Calendars/Secret', state: 'excluded' })]));
	});

	it('names the permission where none can be read', async () => {
		fixture = await mailboxFixture();
		fixture.mailbox.addMime('inbox', 'Subject: x\r\n\r\nx');
		fixture.sim.tenant.roles.revoke('Calendars.Read');
		fixture.sim.tenant.roles.revoke('Calendars.ReadWrite');
		const summary = await fixture.backUp({ content: ['calendar', 'mail'] });
		expect(summary.warnings.join('\n')).toMatch(/Calendars.*Calendars\.Read/s);
		expect(summary.changes.added).toBe(1);
	});

	it('is not that others own some, or that Exchange fills some: those are left out, said once', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const team = calendar.addCalendar('Team', { kind: 'shared', owner: { name: 'Bob', address: 'bob@contoso.example' } });
		calendar.addEvent(team, meeting('Not ours'));
		calendar.addEvent(calendar.addCalendar('Feiertage', { kind: 'holidays' }), meeting('New Year'));
		const editable = calendar.addCalendar('Theirs, editable', { kind: 'shared', owner: { name: 'Eve', address: 'eve@contoso.example' }, canEdit: true });
		calendar.addEvent(editable, meeting('Not ours either'));
		calendar.addEvent(calendar.default, meeting('Ours'));
		const first = await back();
		expect(first).toMatchObject({ status: 'complete', changes: { added: 1 } });
		expect(first.warnings.join('\n')).toMatch(/"Team" belongs to Bob/);
		expect(first.warnings.join('\n')).not.toMatch(/Feiertage|Geburtstage/);
		expect(await back()).toMatchObject({ status: 'unchanged', warnings: [] });
		const excluded = (await fixture.repository.latest(fixture.key))?.scopes.filter(({ state, id }) => state === 'excluded' && id.startsWith('calendar/')).map(({ name }) => name);
		expect(excluded?.sort()).toEqual(['Calendars/Feiertage', 'Calendars/Geburtstage', 'Calendars/Team', 'Calendars/Theirs, editable']);
	});
});

describe('trouble with an event', () => {
	it('that Exchange cannot read is a failed item, stored once it can be', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const bad = calendar.addEvent(calendar.default, meeting('Bad'));
		calendar.addEvent(calendar.default, meeting('Good'));
		calendar.corrupt(bad);
		expect(await back()).toMatchObject({ changes: { failed: 1 }, failures: [{ name: 'Bad', reason: expect.stringContaining('ErrorCorruptData') }] });
		expect((await named('Bad')).meta).toMatchObject({ subject: 'Bad', start: '2026-11-24T09:00:00.000Z' });
		expect((await back()).changes).toMatchObject({ failed: 1 });
		calendar.corrupt(bad, null);
		expect(await back()).toMatchObject({ failures: [] });
		expect((await documentOf('Bad')).event.subject).toBe('Bad');
		calendar.corrupt(bad);
		calendar.change(bad, { subject: 'Bad again' });
		await back();
		calendar.purgeEvent(bad);
		expect(await back()).toMatchObject({ changes: { deleted: 1 }, failures: [] });
	});

	it('that is deleted between its listing and its reading is skipped', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Fleeting'));
		fixture.sim.tenant.faults.script({ match: /^GET \/users\/[^/]+\/events\/[^/]+$/, do: { status: 404 } });
		expect(await back()).toMatchObject({ status: 'complete', changes: { added: 0, failed: 0, skipped: 1 } });
		expect((await back()).changes).toMatchObject({ added: 1 });
	});

	it('one unreadable attachment does not keep the event away', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const event = calendar.addEvent(calendar.default, meeting('With files'));
		for (const name of ['one.txt', 'two.txt']) calendar.addAttachment(event, { name, contentBytes: base64(name) });
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/$value', times: 1, do: { status: 500, body: { error: { code: 'ErrorCorruptData', message: 'x' } } } });
		const summary = await back();
		expect(summary.changes).toMatchObject({ added: 1, failed: 0 });
		expect(summary.warnings.join()).toMatch(/one\.txt/);
		expect((await named('With files')).content?.map(({ part }) => part)).toEqual([undefined, 'attachment-2']);
		// Its turn comes within four runs.
		for (let run = 0; run < 4; run += 1) await back();
		expect((await named('With files')).content?.map(({ part }) => part)).toEqual([undefined, 'attachment-1', 'attachment-2']);
		expect((await named('With files')).meta['incomplete']).toBeUndefined();
	});

	it('an attachment that is not found is asked for again, and left out only the second time', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const event = calendar.addEvent(calendar.default, meeting('With file'));
		calendar.addAttachment(event, { name: 'a.txt', contentBytes: base64('a') });
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/$value', times: 1, do: { status: 404 } });
		expect((await back()).changes).toMatchObject({ failed: 1, skipped: 0 });
		expect(await back()).toMatchObject({ changes: { failed: 0 }, failures: [] });
		expect((await named('With file')).content).toHaveLength(2);
		calendar.change(event, { subject: 'With no file' });
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/$value', times: 2, do: { status: 404 } });
		// What was stored stays while nobody knows.
		await back();
		expect((await named('With file')).content).toHaveLength(2);
		expect((await back()).warnings.join()).toMatch(/a\.txt/);
		expect((await named('With no file')).content).toHaveLength(1);
	});

	it('is no reason to take it for deleted where the whole mailbox does not answer', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const work = calendar.addCalendar('Work');
		const inWork = calendar.addEvent(work, meeting('At work'));
		const gone = calendar.addEvent(calendar.default, meeting('Gone'));
		fixture.mailbox.addMime('inbox', 'Subject: x\r\n\r\nx');
		const all = (): ReturnType<MailboxFixture['backUp']> => fixture.backUp({ content: ['calendar', 'mail'] });
		await all();
		calendar.purgeEvent(gone);
		calendar.purgeEvent(inWork);
		calendar.deleteCalendar(work, true);
		calendar.addEvent(calendar.default, meeting('New'));
		const lost = { status: 404, body: { error: { code: 'MailboxNotEnabledForRESTAPI', message: 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.' } } };
		for (const match of [/^GET \/users\/[^/]+\/events\/[^/?]+/, /^GET \/users\/[^/]+\/calendars\/[^/?]+(\?|$)/]) fixture.sim.tenant.faults.script({ match, times: Infinity, do: lost });
		const summary = await all();
		expect(summary.changes).toMatchObject({ deleted: 0, skipped: 0 });
		expect([...(await fixture.entries()).values()].some(({ name }) => name === 'Work')).toBe(true);
		fixture.sim.tenant.faults.clear();
		expect(await all()).toMatchObject({ status: 'complete', failures: [] });
		expect(await names()).toEqual(['New']);
		expect([...(await fixture.entries()).values()].some(({ name }) => name === 'Work')).toBe(false);
	});

	it('or a calendar that answers 404 for its events alone keeps what it had', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Here'));
		await back();
		fixture.sim.tenant.faults.script({ match: LIST, do: { status: 404 } });
		expect(await back()).toMatchObject({ status: 'partial', changes: { deleted: 0 } });
		expect(await names()).toEqual(['Here']);
		expect((await back()).status).toBe('complete');
	});

	it('an attachment that breaks off is fetched again', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const event = calendar.addEvent(calendar.default, meeting('With file'));
		calendar.addAttachment(event, { name: 'large.bin', contentBytes: Buffer.alloc(400_000, 7).toString('base64') });
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/$value', times: 2, do: { truncateAtByte: 1000 } });
		expect(await back()).toMatchObject({ status: 'complete', changes: { added: 1, failed: 0 } });
		expect((await named('With file')).content?.[1]?.size).toBe(400_000);
	});
});

describe('changes of series', () => {
	it('are found within four runs, although the master does not say so, and nothing else is read', async () => {
		fixture = await mailboxFixture({ switches: { exceptionChangesMaster: false } });
		const { calendar } = fixture.mailbox;
		const series = Array.from({ length: 6 }, (_none, index) => calendar.addEvent(calendar.default, meeting(`Series ${index}`, '2026-11-24', daily())));
		calendar.addEvent(calendar.default, meeting('Over', '2020-01-01', daily('2020-01-01', { type: 'numbered', numberOfOccurrences: 5 })));
		await back();
		calendar.changeOccurrence(series[0]!, '2026-11-26', { subject: 'Changed' });
		calendar.cancelOccurrence(series[1]!, '2026-11-27');
		let updated = 0;
		fixture.sim.requestLog.reset();
		for (let run = 0; run < 4; run += 1) updated += (await back()).changes.updated;
		expect(updated).toBe(2);
		// Each living series once, the two changed ones once more for their content.
		expect(fixture.sim.requestLog.count('GET /users/{id}/events/{id}')).toBe(6 + 2);
		expect((await documentOf('Series 0')).exceptions).toMatchObject([{ subject: 'Changed' }]);
		expect((await documentOf('Series 1')).cancelled).toEqual(['2026-11-27']);
		for (let run = 0; run < 4; run += 1) expect((await back()).status).toBe('unchanged');
	});

	it('are read from instances where the cloud does not list them', async () => {
		fixture = await mailboxFixture({ switches: { occurrenceListsInCloud: false } });
		const { calendar } = fixture.mailbox;
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-11-24', daily()));
		const days = calendar.addEvent(calendar.default, { subject: 'Days', isAllDay: true, start: at('2026-12-01T00:00:00', 'UTC'), end: at('2026-12-02T00:00:00', 'UTC'), ...daily('2026-12-01') });
		calendar.changeOccurrence(series, '2026-11-26', { subject: 'Changed', start: at('2026-11-26T23:30:00'), end: at('2026-11-26T23:45:00') });
		calendar.cancelOccurrence(series, '2026-11-27');
		calendar.cancelOccurrence(days, '2026-12-04');
		const summary = await back();
		expect(summary.warnings.join()).toMatch(/one year back to two years ahead/);
		const now = fixture.sim.tenant.clock.now();
		const twoYearsOn = new Date(Date.UTC(now.getUTCFullYear() + 2, now.getUTCMonth())).toISOString().slice(0, 7);
		expect(await documentOf('Series')).toMatchObject({ exceptions: [{ subject: 'Changed' }], cancelled: ['2026-11-27'], window: { to: expect.stringMatching(`^${twoYearsOn}`) } });
		expect((await documentOf('Days')).cancelled).toEqual(['2026-12-04']);
		for (let run = 0; run < 4; run += 1) expect((await back()).status).toBe('unchanged');
	});
});

describe('what is stored', () => {
	it('is not stored again where only the change key moved', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const event = calendar.addEvent(calendar.default, meeting('Reminded'));
		calendar.addAttachment(event, { name: 'a.txt', contentBytes: base64('a') });
		await back();
		const before = await named('Reminded');
		// As when somebody dismisses a reminder.
		calendar.touch({ record: event });
		expect((await back()).changes).toMatchObject({ updated: 1 });
		const after = await named('Reminded');
		expect(after.content).toEqual(before.content);
		expect(after.etag).not.toBe(before.etag);
	});

	it('keeps custom time zones and HTML as they are', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const html = '<html><body><p onclick="x()">Hello</p><script>evil()</script></body></html>';
		calendar.addEvent(calendar.default, { ...meeting('Old', '2026-11-24'), start: at('2026-11-24T10:00:00', 'tzone://Microsoft/Custom'), end: at('2026-11-24T11:00:00', 'tzone://Microsoft/Custom'), customTimeZone: 'Europe/Berlin', body: { contentType: 'html', content: html } });
		await back();
		const { event } = await documentOf('Old');
		expect(event).toMatchObject({ originalStartTimeZone: 'tzone://Microsoft/Custom', start: { dateTime: '2026-11-24T09:00:00.0000000', timeZone: 'UTC' }, body: { content: html } });
		expect((await named('Old')).meta).toMatchObject({ start: '2026-11-24T09:00:00.000Z' });
	});

	it('follows a renamed calendar without reading its events again', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const work = calendar.addCalendar('Work');
		calendar.addEvent(work, meeting('At work'));
		await back();
		calendar.renameCalendar(work, 'Office');
		fixture.sim.requestLog.reset();
		expect((await back()).status).toBe('complete');
		expect(fixture.sim.requestLog.count('GET /users/{id}/events/{id}')).toBe(0);
		expect((await fixture.entries()).get(`calendar/${work.id}`)?.name).toBe('Office');
		expect((await fixture.repository.latest(fixture.key))?.scopes.map(({ name }) => name)).toContain('Calendars/Office');
	});

	it('is compared in full after the cursor was lost', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const work = calendar.addCalendar('Work');
		calendar.addEvent(work, meeting('At work'));
		const gone = calendar.addEvent(calendar.default, meeting('Gone'));
		await back();
		calendar.purgeEvent(gone);
		calendar.deleteCalendar(work, true);
		const summary = await fixture.backUp({ content: CALENDAR, fullResync: true });
		expect(summary).toMatchObject({ status: 'complete', changes: { deleted: 2, added: 0 } });
		expect(await names()).toEqual([]);
	});
});
