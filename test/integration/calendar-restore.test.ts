import { afterEach, describe, expect, it } from 'vitest';
import type { RestoreResult } from '../../nodes/M365Backup/engine/restore';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { at, base64, CALENDAR, daily, everything, loseEverything, meeting, portrait, restoreCalendars, seriesPortrait } from './calendar-help';
import { failures, outcomes } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	return fixture.stop();
});

/** Meetings whose creation by a test is no notification. */
const people = { attendees: [{ type: 'required', status: { response: 'accepted', time: '2026-11-01T08:00:00Z' }, emailAddress: { name: 'Ada', address: 'ada@fabrikam.example' } }, { type: 'optional', emailAddress: { name: 'Grace', address: 'grace@fabrikam.example' } }] };

const back = (): ReturnType<MailboxFixture['backUp']> => fixture.backUp({ content: CALENDAR });

function subjects(): string[] {
	return fixture.mailbox.calendar.events().map(({ calendar, state }) => `${calendar?.name ?? ''}/${state.subject ?? ''}`).sort();
}

function resultOf(results: readonly RestoreResult[], name: string): RestoreResult {
	const found = results.find((result) => result.name === name);
	if (!found) throw new Error(`No result of ${name}`);
	return found;
}

/** Everything that Graph lets people set, each in its own event. The clock stands at some time in 2026. */
function fillWithAll(): void {
	const { calendar } = fixture.mailbox;
	const work = calendar.addCalendar('Work', { group: calendar.addGroup('Clients'), color: 'lightGreen' });
	const add = (subject: string, more: Record<string, unknown>): ReturnType<typeof calendar.addEvent> => calendar.addEvent(work, meeting(subject, '2099-11-24', more));
	add('html', { body: { contentType: 'html', content: '<html><body><p>Käse &amp; Brot</p></body></html>' } });
	add('text', { body: { contentType: 'text', content: 'Plain\r\ntext' } });
	add('places', { locations: [{ displayName: 'Room 1', locationType: 'conferenceRoom', address: { city: 'Bern', street: 'Gasse 1' } }, { displayName: 'Room 2' }] });
	add('place', { location: { displayName: 'Café' } });
	for (const showAs of ['free', 'tentative', 'busy', 'oof', 'workingElsewhere']) add(`showAs ${showAs}`, { showAs });
	for (const importance of ['low', 'high']) add(`importance ${importance}`, { importance });
	for (const sensitivity of ['personal', 'private', 'confidential']) add(`sensitivity ${sensitivity}`, { sensitivity });
	add('categories', { categories: ['Red', 'Grün, hell'] });
	add('reminder', { isReminderOn: true, reminderMinutesBeforeStart: 45 });
	add('no reminder', { isReminderOn: false, reminderMinutesBeforeStart: 0 });
	add('two zones', { start: at('2099-11-24T10:00:00', 'W. Europe Standard Time'), end: at('2099-11-24T10:00:00', 'Pacific Standard Time') });
	add('UTC', { start: at('2099-11-24T10:00:00', 'UTC'), end: at('2099-11-24T10:00:00', 'UTC') });
	add('night', { start: at('2099-11-24T23:30:00', 'Asia/Tokyo'), end: at('2099-11-25T00:30:00', 'Asia/Tokyo') });
	add('all day', { isAllDay: true, start: at('2099-12-24T00:00:00', 'Pacific Standard Time'), end: at('2099-12-27T00:00:00', 'Pacific Standard Time') });
	add('', {});
	calendar.addAttachment(add('files', {}), { name: 'a.txt', contentType: 'text/plain', contentBytes: base64('a') });
	const inline = add('inline', { body: { contentType: 'html', content: '<img src="cid:pic@x">' } });
	calendar.addAttachment(inline, { name: 'pic.png', contentType: 'image/png', isInline: true, contentId: 'pic@x', contentBytes: base64('png') });
	const large = add('large files', {});
	for (const sizeBytes of [3 * 1024 * 1024 + 5, 10, 7 * 1024 * 1024]) calendar.addAttachment(large, { name: `${sizeBytes}.bin`, contentType: 'application/octet-stream', contentBytes: Buffer.alloc(sizeBytes, `${sizeBytes} `).toString('base64') });
	const series = add('series with files', daily('2099-11-24', { type: 'numbered', numberOfOccurrences: 8 }));
	calendar.addAttachment(series, { name: 'all.txt', contentType: 'text/plain', contentBytes: base64('all') });
	calendar.changeOccurrence(series, '2099-11-26', { subject: 'with another file' });
	calendar.addAttachment({ record: series, date: '2099-11-26' }, { name: 'own.txt', contentType: 'text/plain', contentBytes: base64('own') });
}

describe('restoring calendars', () => {
	it('gives every property back, as the table promises', async () => {
		fixture = await mailboxFixture();
		fillWithAll();
		await back();
		const before = everything(fixture);
		loseEverything(fixture);
		const results = await restoreCalendars(fixture);
		expect(failures(results)).toEqual([]);
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual([]);
		const after = everything(fixture);
		expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
		for (const [key, original] of Object.entries(before)) {
			// Ids inside of places are Outlook's own.
			const plain = (ones: typeof original): unknown => JSON.parse(JSON.stringify(ones, (name, value: unknown) => (name.startsWith('uniqueId') ? undefined : value)));
			expect(plain(after[key]!), key).toEqual(plain(original));
		}
		expect(new Set((await restoreCalendars(fixture)).map(({ outcome }) => outcome))).toEqual(new Set(['skipped']));
		expect(everything(fixture)).toEqual(after);
	});

	it.each(['skip', 'replace', 'keepBoth'] as const)('never tells anybody of a meeting (%s): people and links become text', async (conflictPolicy) => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const online = { isOnlineMeeting: true, onlineMeetingProvider: 'teamsForBusiness' };
		const own = calendar.addEvent(calendar.default, meeting('Own', '2026-12-24', { ...people, ...online, body: { contentType: 'html', content: '<html><body><p>Agenda</p></body></html>' } }));
		const theirs = calendar.addEvent(calendar.default, meeting('Theirs', '2026-12-24', { ...people, isOrganizer: false, organizer: { emailAddress: { name: 'Bob <b>', address: 'bob@fabrikam.example' } }, responseStatus: { response: 'tentativelyAccepted', time: '2026-11-01T08:00:00Z' }, body: { contentType: 'text', content: 'Agenda' } }));
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-12-24', { ...people, ...daily('2026-12-24') }));
		calendar.cancelOccurrence(series, '2026-12-26');
		calendar.changeOccurrence(series, '2026-12-27', { subject: 'Series, another' });
		const called = calendar.addEvent(calendar.default, meeting('Called off', '2026-12-24', { ...people, isOrganizer: false, isCancelled: true }));
		await back();
		for (const one of [own, theirs, series, called]) calendar.purgeEvent(one);
		const results = await restoreCalendars(fixture, { conflictPolicy });
		expect(outcomes(results)).toEqual({ created: 4 });
		const restored = new Map(calendar.events().map((one) => [one.state.subject, one]));
		for (const { state } of restored.values()) expect(state).toMatchObject({ attendees: [], isOrganizer: true, isOnlineMeeting: false, responseRequested: false });
		expect(restored.get('Own')?.state.body.content).toMatch(/<p>Agenda<\/p><hr><p>Organizer: Adele Vance &lt;.*&gt;<br>Attendees: Ada &lt;ada@fabrikam\.example&gt; \(accepted\); Grace &lt;grace@fabrikam\.example&gt; \(optional, no answer\)<br>Online meeting: https:.*<\/p><\/body>/);
		expect(restored.get('Theirs')?.state.body).toEqual({ contentType: 'text', content: expect.stringContaining('Agenda\n\nOrganizer: Bob <b> <bob@fabrikam.example>\nAttendees: Ada') });
		expect(restored.get('Theirs')?.state.body.content).toContain('Own answer: tentative');
		expect([...restored.get('Series')!.exceptions.keys()]).toEqual(['2026-12-27']);
		expect([...restored.get('Series')!.cancelledDates]).toEqual(['2026-12-26']);
		// The series' people stand in the series; the occurrence differs in its subject alone.
		expect(restored.get('Series')!.exceptions.get('2026-12-27')?.overrides).toEqual(expect.objectContaining({ subject: 'Series, another' }));
		expect(resultOf(results, 'Own').fidelity.join(' ')).toMatch(/not invited again.*link to it is in the text/);
		expect(resultOf(results, 'Theirs').fidelity.join(' ')).toMatch(/Somebody else organised it/);
		expect(resultOf(results, 'Called off').fidelity.join(' ')).toMatch(/cancelled/);
	});

	it('leaves what is in its place, and what is in another calendar', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const other = calendar.addCalendar('Other');
		calendar.addEvent(calendar.default, meeting('In place'));
		const moved = calendar.addEvent(calendar.default, meeting('Moved'));
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-11-24', daily()));
		await back();
		calendar.moveToCalendar(moved, other);
		calendar.cancelOccurrence(series, '2026-11-25');
		const results = await restoreCalendars(fixture);
		expect(outcomes(results)).toEqual({ skipped: 3 });
		expect(resultOf(results, 'In place').reason).toBe('It is in its place');
		expect(resultOf(results, 'Moved').reason).toMatch(/calendar "Other" now/);
		expect(subjects()).toEqual(['Kalender/In place', 'Kalender/Series', 'Other/Moved']);
	});

	it.each([true, false])('makes anew what lies in Deleted Items (Graph still answers for it: %s)', async (deletedEventsAnswer) => {
		fixture = await mailboxFixture({ switches: { deletedEventsAnswer } });
		const { calendar } = fixture.mailbox;
		calendar.deleteEvent(await (async () => {
			const event = calendar.addEvent(calendar.default, meeting('Deleted'));
			await back();
			return event;
		})());
		const results = await restoreCalendars(fixture);
		expect(outcomes(results)).toEqual({ created: 1 });
		if (deletedEventsAnswer) expect(results[0]?.reason).toMatch(/Deleted Items/);
		expect(subjects()).toEqual(['Kalender/Deleted']);
		expect(outcomes(await restoreCalendars(fixture))).toEqual({ skipped: 1 });
	});

	it('replaces what was changed, and only that; meetings stay as they are', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Same', '2026-12-24', { body: { contentType: 'html', content: '<p>x</p>' } }));
		const touched = calendar.addEvent(calendar.default, meeting('Touched'));
		const changed = calendar.addEvent(calendar.default, meeting('Changed', '2026-12-24', { body: { contentType: 'text', content: 'As it was' } }));
		calendar.addAttachment(changed, { name: 'a.txt', contentType: 'text/plain', contentBytes: base64('a') });
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-12-24', daily('2026-12-24')));
		const met = calendar.addEvent(calendar.default, meeting('Meeting', '2026-12-24', people));
		await back();
		const before = [portrait({ record: changed }), seriesPortrait(series)];
		calendar.touch({ record: touched });
		calendar.change(changed, { body: { contentType: 'text', content: 'Spoilt' } });
		calendar.cancelOccurrence(series, '2026-12-25');
		calendar.change(met, { subject: 'Meeting, changed' });
		const preview = await restoreCalendars(fixture, { conflictPolicy: 'replace', mode: 'preview' });
		const results = await restoreCalendars(fixture, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ skipped: 3, replaced: 2 });
		expect(preview.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual(results.map(({ name, outcome }) => `${name} ${outcome}`).sort());
		expect(resultOf(results, 'Meeting').reason).toMatch(/would notify the other people/);
		const now = new Map(calendar.events().map((one) => [one.state.subject, one]));
		expect([portrait({ record: now.get('Changed')! }), seriesPortrait(now.get('Series')!)]).toEqual(before);
		expect(calendar.deletedEvents().map(({ state }) => state.body.content || state.subject).sort()).toEqual(['Series', 'Spoilt']);
		expect(calendar.events()).toHaveLength(5);
		expect(outcomes(await restoreCalendars(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 5 });
		expect(calendar.events()).toHaveLength(5);
	});

	it('does not say that an event is as it was whose content could never be read', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Unread'));
		fixture.sim.tenant.faults.script({ match: /^GET \/users\/[^/]+\/events\/[^/?]+$/, times: 100, do: { status: 500, body: { error: { code: 'ErrorCorruptData', message: 'x' } } } });
		await fixture.backUp({ content: CALENDAR });
		fixture.sim.tenant.faults.clear();
		const results = await restoreCalendars(fixture, { conflictPolicy: 'replace' });
		expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([['failed', 'The backup holds no content of this event']]);
		expect(outcomes(await restoreCalendars(fixture))).toEqual({ skipped: 1 });
	});

	it('keeps both, once', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Event'));
		await back();
		expect(outcomes(await restoreCalendars(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ created: 1 });
		expect(outcomes(await restoreCalendars(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: 1 });
		expect(subjects()).toEqual(['Kalender/Event', 'Kalender/Event']);
	});

	it('makes calendars anew in their groups, with their colours; uses renamed ones', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const group = calendar.addGroup('Clients');
		const work = calendar.addCalendar('Work', { group, color: 'lightRed' });
		const kept = calendar.addCalendar('Kept');
		const empty = calendar.addCalendar('Empty', { group });
		calendar.addEvent(work, meeting('At work'));
		const lost = calendar.addEvent(kept, meeting('Lost'));
		await back();
		calendar.deleteCalendar(work, true);
		calendar.deleteCalendar(empty, true);
		calendar.deleteGroup(group);
		calendar.purgeEvent(lost);
		calendar.renameCalendar(kept, 'Renamed');
		const results = await restoreCalendars(fixture);
		expect(failures(results)).toEqual([]);
		expect(results.filter(({ outcome }) => outcome === 'folderCreated').map(({ targetPath }) => targetPath).sort()).toEqual(['Calendars/Clients', 'Calendars/Clients/Empty', 'Calendars/Clients/Work']);
		expect(subjects()).toEqual(['Renamed/Lost', 'Work/At work']);
		expect(calendar.calendar('Work')).toMatchObject({ color: 'lightRed', group: { name: 'Clients' } });
		expect(calendar.calendar('Empty').group.name).toBe('Clients');
		expect(new Set((await restoreCalendars(fixture)).map(({ outcome }) => outcome))).toEqual(new Set(['skipped']));
	});

	it('restores into another mailbox and below a path', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Event'));
		calendar.addEvent(calendar.addCalendar('Work', { color: 'lightRed' }), meeting('At work'));
		await back();
		const other = fixture.sim.tenant.addUser({ displayName: 'Bob', locale: 'en' });
		const there = fixture.sim.tenant.mailbox(other.id).calendar;
		expect(failures(await restoreCalendars(fixture, { mailboxId: other.id }))).toEqual([]);
		expect(there.events().map(({ calendar: one, state }) => `${one?.name ?? ''}/${state.subject ?? ''}`).sort()).toEqual(['Calendar/Event', 'Work/At work']);
		const results = await restoreCalendars(fixture, { destination: { kind: 'folder', path: ['Restored', '2026'] } });
		expect(failures(results)).toEqual([]);
		expect(subjects()).toEqual(['Kalender/Event', 'Restored - 2026 - Kalender/Event', 'Restored - 2026 - Work/At work', 'Work/At work']);
		expect(outcomes(await restoreCalendars(fixture, { destination: { kind: 'folder', path: ['Restored', '2026'] } }))).toEqual({ skipped: 2 });
		expect(calendar.events()).toHaveLength(4);
	});

	it('writes nothing in a preview, and says what a restore then does', async () => {
		fixture = await mailboxFixture();
		fillWithAll();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Meeting', '2026-12-24', people));
		await back();
		loseEverything(fixture);
		calendar.deleteCalendar(calendar.calendar('Work'), true);
		fixture.sim.requestLog.reset();
		const preview = await restoreCalendars(fixture, { mode: 'preview' });
		expect([...fixture.sim.requestLog.byRoute.keys()].filter((route) => !/^(GET|POST \/\$batch)/.test(route))).toEqual([]);
		expect(calendar.events()).toEqual([]);
		const results = await restoreCalendars(fixture);
		const said = (ones: readonly RestoreResult[]): string[] => ones.map(({ name, outcome, targetPath }) => `${targetPath} ${name} ${outcome}`).sort();
		expect(said(preview)).toEqual(said(results));
		expect(resultOf(preview, 'Meeting').fidelity).toEqual(resultOf(results, 'Meeting').fidelity);
	});

	it('clears reminders whose time has come, and keeps the others', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const reminder = { isReminderOn: true, reminderMinutesBeforeStart: 15 };
		calendar.addEvent(calendar.default, meeting('Past', '2020-01-01', reminder));
		calendar.addEvent(calendar.default, meeting('Future', '2099-01-01', reminder));
		calendar.addEvent(calendar.default, meeting('Over', '2020-01-01', { ...reminder, ...daily('2020-01-01', { type: 'endDate', endDate: '2020-02-01' }) }));
		const going = calendar.addEvent(calendar.default, meeting('Going on', '2020-01-01', { ...reminder, ...daily('2020-01-01') }));
		calendar.changeOccurrence(going, '2020-01-05', { subject: 'Past occurrence' });
		await back();
		loseEverything(fixture);
		expect(failures(await restoreCalendars(fixture))).toEqual([]);
		const on = Object.fromEntries(calendar.events().map(({ state }) => [state.subject, state.isReminderOn]));
		expect(on).toEqual({ Past: false, Future: true, Over: false, 'Going on': true });
	});

	it('replaces custom time zones, fills in missing ones, and says what that means', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const zone = 'tzone://Microsoft/Custom';
		const custom = { customTimeZone: 'Europe/Berlin' };
		calendar.addEvent(calendar.default, { subject: 'Single', start: at('2026-07-24T10:00:00', zone), end: at('2026-07-24T11:00:00', zone), ...custom });
		// Just after midnight: in UTC it is still the day before.
		const night = { start: at('2026-07-24T00:30:00', zone), end: at('2026-07-24T01:00:00', zone), ...custom };
		calendar.addEvent(calendar.default, { subject: 'Series', ...night, recurrence: { pattern: { type: 'weekly', interval: 1, daysOfWeek: ['friday'] }, range: { type: 'numbered', startDate: '2026-07-24', numberOfOccurrences: 4, recurrenceTimeZone: zone } } });
		calendar.addEvent(calendar.default, meeting('Zoneless', '2026-07-24', { recurrence: { pattern: { type: 'daily', interval: 1 }, range: { type: 'noEnd', startDate: '2026-07-24', recurrenceTimeZone: '' } } }));
		await back();
		const starts = (name: string): string[] => {
			const record = calendar.events().find(({ state }) => state.subject === name)!;
			return (record.state.recurrence ? seriesPortrait(record, '2026-07-01', '2026-09-01') : [portrait({ record })]).map(({ start }) => start);
		};
		const before = ['Single', 'Series', 'Zoneless'].map(starts);
		loseEverything(fixture);
		const results = await restoreCalendars(fixture);
		expect(failures(results)).toEqual([]);
		expect(['Single', 'Series', 'Zoneless'].map(starts)).toEqual(before);
		expect(resultOf(results, 'Single').fidelity).toEqual([expect.stringMatching(/shown in UTC/)]);
		expect(resultOf(results, 'Series').fidelity).toEqual([expect.stringMatching(/an hour off/)]);
		expect(resultOf(results, 'Zoneless').fidelity).toEqual([]);
	});

	it('says what of the attachments cannot come back, and brings Outlook items as files', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const event = calendar.addEvent(calendar.default, meeting('Attached'));
		calendar.addAttachment(event, { '@odata.type': '#microsoft.graph.referenceAttachment', name: 'Plan.xlsx', sourceUrl: 'https://contoso.sharepoint.example/Plan.xlsx', providerType: 'oneDriveBusiness' });
		calendar.addAttachment(event, { '@odata.type': '#microsoft.graph.itemAttachment', name: 'A mail', item: { '@odata.type': '#microsoft.graph.message', subject: 'A mail', body: { contentType: 'text', content: 'Hello' } } });
		await back();
		loseEverything(fixture);
		const results = await restoreCalendars(fixture);
		expect(results[0]?.fidelity).toEqual([expect.stringContaining('Plan.xlsx'), expect.stringContaining('A mail')]);
		expect(calendar.events()[0]?.attachments.map(({ name, kind }) => [name, kind])).toEqual([['A mail.eml', 'file']]);
	});

	it('restores from a cloud that lists no exceptions what it could read, and says between which days', async () => {
		fixture = await mailboxFixture({ switches: { occurrenceListsInCloud: false } });
		const { calendar } = fixture.mailbox;
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-11-24', daily()));
		calendar.changeOccurrence(series, '2026-11-26', { subject: 'Changed' });
		calendar.cancelOccurrence(series, '2026-11-27');
		await back();
		const before = seriesPortrait(series, '2026-01-01', '2027-06-01');
		loseEverything(fixture);
		const results = await restoreCalendars(fixture);
		expect(resultOf(results, 'Series').fidelity).toEqual([expect.stringMatching(/from 2026-11-\d\d to 2028-11-\d\d only/)]);
		const [restored] = calendar.events();
		const bare = (ones: typeof before): unknown[] => ones.map((one) => ({ ...one, reminder: null }));
		expect(bare(seriesPortrait(restored!, '2026-01-01', '2027-06-01'))).toEqual(bare(before));
	});
});
