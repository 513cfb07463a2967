import { afterEach, describe, expect, it } from 'vitest';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { at, base64, CALENDAR, daily, everything, loseEverything, meeting, restoreCalendars } from './calendar-help';
import { failures, outcomes } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	return fixture.stop();
});

const CALLS = [
	['calendars are listed', /^GET \/users\/[^/]+\/calendars\?/],
	['a group is made', /^POST \/users\/[^/]+\/calendarGroups$/],
	['a calendar is made', /^POST \/users\/[^/]+\/calendarGroups\/[^/]+\/calendars$/],
	['marks are looked for', /^GET \/users\/[^/]+\/calendars\/[^/]+\/events\?/],
	['an event is made', /^POST \/users\/[^/]+\/calendars\/[^/]+\/events$/],
	['occurrences are listed', /^GET \/users\/[^/]+\/events\/[^/]+\/instances/],
	['an occurrence is deleted', /^DELETE \/users\/[^/]+\/events\/[^/]+$/],
	['an occurrence is changed', /^PATCH \/users\/[^/]+\/events\/[^/]+$/],
	['a file is attached', /^POST \/users\/[^/]+\/events\/[^/]+\/attachments$/],
	['a large file is announced', /\/createUploadSession$/],
	['a large file is sent', /^PUT /],
] as const;

/** A calendar in a group with a series of everything, whose calendar is then lost. */
async function lostSeries(options: Parameters<typeof mailboxFixture>[0] & { keepCalendar?: boolean; alone?: boolean } = {}): Promise<ReturnType<typeof everything>> {
	fixture = await mailboxFixture(options);
	const { calendar } = fixture.mailbox;
	const group = calendar.addGroup('Clients');
	const work = calendar.addCalendar('Work', { group, color: 'lightRed' });
	const series = calendar.addEvent(work, meeting('Series', '2099-01-05', daily('2099-01-05', { type: 'numbered', numberOfOccurrences: 10 })));
	calendar.addAttachment(series, { name: 'small.txt', contentType: 'text/plain', contentBytes: base64('small') });
	calendar.addAttachment(series, { name: 'large.bin', contentType: 'application/octet-stream', contentBytes: Buffer.alloc(5 * 1024 * 1024, 'large ').toString('base64') });
	calendar.changeOccurrence(series, '2099-01-07', { subject: 'Another' });
	calendar.changeOccurrence(series, '2099-01-09', { start: at('2099-01-09T15:00:00'), end: at('2099-01-09T16:00:00') });
	calendar.addAttachment({ record: series, date: '2099-01-09' }, { name: 'own.txt', contentType: 'text/plain', contentBytes: base64('own') });
	calendar.cancelOccurrence(series, '2099-01-08');
	if (!options.alone) calendar.addEvent(work, meeting('Single', '2099-01-05'));
	await fixture.backUp({ content: CALENDAR });
	const before = everything(fixture);
	loseEverything(fixture);
	if (options.keepCalendar) return before;
	calendar.deleteCalendar(work, true);
	calendar.deleteGroup(group);
	return before;
}

describe('restoring a calendar when answers get lost', () => {
	it.each(CALLS.flatMap(([what, match]) => (['before', 'after'] as const).map((when) => ({ what, match, when }))))('makes everything once: connection lost $when $what', async ({ what, match, when }) => {
		const before = await lostSeries({ keepCalendar: what.startsWith('marks') });
		fixture.sim.tenant.faults.script({ match, when, times: 2, do: { reset: true } });
		const results = await restoreCalendars(fixture);
		expect(fixture.sim.tenant.faults.struck).toBeGreaterThan(0);
		expect(failures(results)).toEqual([]);
		expect(everything(fixture)).toEqual(before);
		expect(outcomes(await restoreCalendars(fixture))).toEqual({ skipped: 2 });
		expect(everything(fixture)).toEqual(before);
		expect([...fixture.mailbox.calendar.groups.values()].filter(({ name }) => name === 'Clients')).toHaveLength(1);
	});

	it.each(CALLS.filter(([what]) => !/calendars are listed|group|calendar is made|marks/.test(what)))('completes in the next restore what could not be finished: %s fails for long', async (_what, match) => {
		const before = await lostSeries();
		fixture.sim.tenant.faults.script({ match, times: 100, do: { status: 504 } });
		expect(failures(await restoreCalendars(fixture)).length).toBeGreaterThan(0);
		fixture.sim.tenant.faults.clear();
		const results = await restoreCalendars(fixture);
		expect(failures(results)).toEqual([]);
		expect(everything(fixture)).toEqual(before);
		expect(fixture.mailbox.calendar.events()).toHaveLength(2);
		expect(outcomes(await restoreCalendars(fixture))).toEqual({ skipped: 2 });
	});

	it('waits for events that are not found everywhere at once', async () => {
		const before = await lostSeries({ switches: { newMessageNotFoundTimes: 2 } });
		expect(failures(await restoreCalendars(fixture))).toEqual([]);
		expect(everything(fixture)).toEqual(before);
	});

	it('finishes a replacement that was interrupted before the old event was deleted', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const event = calendar.addEvent(calendar.default, meeting('Event', '2099-01-05'));
		await fixture.backUp({ content: CALENDAR });
		calendar.change(event, { subject: 'Spoilt' });
		fixture.sim.tenant.faults.script({ match: /^DELETE /, times: 100, do: { status: 504 } });
		expect(failures(await restoreCalendars(fixture, { conflictPolicy: 'replace' }))).toHaveLength(1);
		fixture.sim.tenant.faults.clear();
		expect(calendar.events()).toHaveLength(2);
		expect(outcomes(await restoreCalendars(fixture, { conflictPolicy: 'replace' }))).toEqual({ replaced: 1 });
		expect(calendar.events().map(({ state }) => state.subject)).toEqual(['Event']);
		expect(outcomes(await restoreCalendars(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 1 });
	});

	it('goes on where one occurrence is refused, and says which', async () => {
		await lostSeries({ alone: true });
		fixture.sim.tenant.faults.script({ match: /^PATCH \/users\/[^/]+\/events\/[^/]+$/, times: 1, do: { status: 400, body: { error: { code: 'ErrorOccurrenceCrossingBoundary', message: 'x' } } } });
		expect((await restoreCalendars(fixture)).flatMap(({ fidelity }) => fidelity)).toEqual([]);
		loseEverything(fixture);
		const refusedId = /^PATCH \/users\/[^/]+\/events\/[^/]+$/;
		let first: string | undefined;
		fixture.sim.tenant.faults.script({
			match: (method, path) => {
				const [bare = ''] = path.split('?');
				if (!refusedId.test(`${method} ${bare}`)) return false;
				first ??= bare;
				return bare === first;
			},
			times: Number.POSITIVE_INFINITY,
			do: { status: 400, body: { error: { code: 'ErrorOccurrenceCrossingBoundary', message: 'x' } } },
		});
		const results = await restoreCalendars(fixture);
		expect(failures(results)).toEqual([]);
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual([expect.stringMatching(/2099-01-07/)]);
	});

	it('asks for less where the full request is refused, and says so', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		calendar.addEvent(calendar.default, meeting('Event', '2099-01-05', { locations: [{ displayName: 'Room 1', address: { city: 'Bern' } }] }));
		await fixture.backUp({ content: CALENDAR });
		loseEverything(fixture);
		const refused = { status: 400, body: { error: { code: 'TimeZoneNotSupportedException', message: 'x' } } };
		fixture.sim.tenant.faults.script({ match: /^POST \/users\/[^/]+\/calendars\/[^/]+\/events$/, do: refused });
		const results = await restoreCalendars(fixture);
		expect(outcomes(results)).toEqual({ created: 1 });
		expect(results[0]?.fidelity).toEqual([expect.stringMatching(/TimeZoneNotSupportedException.*Windows names/)]);
		const [event] = calendar.events();
		expect(event?.state).toMatchObject({ startMs: Date.parse('2099-01-05T09:00:00Z'), originalStartTimeZone: 'W. Europe Standard Time', location: { displayName: 'Room 1' } });
		fixture.sim.tenant.faults.script({ match: /^POST \/users\/[^/]+\/calendars\/[^/]+\/events$/, times: 10, do: refused });
		loseEverything(fixture);
		expect(failures(await restoreCalendars(fixture))).toHaveLength(1);
	});

	it('stops when it is told to, and a second restore goes on', async () => {
		const before = await lostSeries();
		const stop = new AbortController();
		fixture.sim.tenant.faults.script({ match: (method) => { if (method === 'PATCH') stop.abort(); return false; }, do: { delayMs: 0 } });
		await expect(restoreCalendars(fixture, { signal: stop.signal })).rejects.toMatchObject({ kind: 'cancelled' });
		fixture.sim.tenant.faults.clear();
		expect(failures(await restoreCalendars(fixture))).toEqual([]);
		expect(everything(fixture)).toEqual(before);
	});

	it('names the permission that is missing', async () => {
		await lostSeries();
		fixture.sim.tenant.roles.revoke('Calendars.ReadWrite');
		fixture.sim.tenant.roles.grant('Calendars.Read');
		const failed = failures(await restoreCalendars(fixture));
		expect(failed.length).toBeGreaterThan(0);
		expect(failed[0]?.nextStep).toMatch(/Calendars\.ReadWrite/);
	});
});
