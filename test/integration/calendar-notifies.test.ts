import { afterEach, describe, expect, it } from 'vitest';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { CALENDAR, daily, meeting, restoreCalendars } from './calendar-help';
import { failures, outcomes } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	return fixture.stop();
});

const guest = { attendees: [{ type: 'required', emailAddress: { name: 'Ada', address: 'ada@fabrikam.example' } }] };

/** A series without guests, whose backup differs from what is there now. */
async function changedSeries(change: (mailbox: MailboxFixture['mailbox'], series: ReturnType<MailboxFixture['mailbox']['calendar']['addEvent']>) => void, switches = {}): Promise<void> {
	fixture = await mailboxFixture({ switches });
	const { calendar } = fixture.mailbox;
	const series = calendar.addEvent(calendar.default, meeting('Series', '2026-12-05', daily('2026-12-05', { type: 'numbered', numberOfOccurrences: 5 })));
	await fixture.backUp({ content: CALENDAR });
	change(fixture.mailbox, series);
}

describe('setting back never writes to anybody', () => {
	it.each([
		['while one of its days has a guest of its own', {}],
		['in a cloud that lists no exceptions', { occurrenceListsInCloud: false }],
	])('a series %s stays as it is', async (_name, switches) => {
		await changedSeries(({ calendar }, series) => {
			calendar.change(series, { subject: 'Spoilt' });
			calendar.changeOccurrence(series, '2026-12-07', guest);
		}, switches);
		const results = await restoreCalendars(fixture, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ skipped: 1 });
		expect(results[0]?.reason).toMatch(/would notify the other people/);
		expect(fixture.mailbox.calendar.events().map(({ state }) => state.subject)).toEqual(['Spoilt']);
	});

	it('not even where a restore was interrupted before it took the old one away, to which a guest came meanwhile', async () => {
		await changedSeries(({ calendar }, series) => calendar.change(series, { subject: 'Spoilt' }));
		fixture.sim.tenant.faults.script({ match: /^DELETE /, times: 100, do: { status: 504 } });
		expect(failures(await restoreCalendars(fixture, { conflictPolicy: 'replace' }))).toHaveLength(1);
		fixture.sim.tenant.faults.clear();
		const { calendar } = fixture.mailbox;
		const spoilt = calendar.events().find(({ state }) => state.subject === 'Spoilt')!;
		calendar.changeOccurrence(spoilt, '2026-12-07', guest);
		expect(outcomes(await restoreCalendars(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 1 });
		expect(calendar.events().map(({ state }) => state.subject).sort()).toEqual(['Series', 'Spoilt']);
	});

	it.each([
		['the whole series', undefined],
		['one of its days', '2026-12-06'],
	])('what an interrupted restore began stays as it is once its owner has invited somebody to %s', async (_name, day) => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const series = calendar.addEvent(calendar.default, meeting('Series', '2026-12-05', daily('2026-12-05', { type: 'numbered', numberOfOccurrences: 5 })));
		calendar.changeOccurrence(series, '2026-12-07', { subject: 'Another' });
		calendar.cancelOccurrence(series, '2026-12-08');
		await fixture.backUp({ content: CALENDAR });
		calendar.purgeEvent(series);
		fixture.sim.tenant.faults.script({ match: /^(PATCH|DELETE) \/users\/[^/]+\/events\//, times: 100, do: { status: 504 } });
		expect(failures(await restoreCalendars(fixture))).toHaveLength(1);
		fixture.sim.tenant.faults.clear();
		const [begun] = calendar.events();
		if (day === undefined) calendar.change(begun!, guest);
		else calendar.changeOccurrence(begun!, day, guest);
		const results = await restoreCalendars(fixture);
		expect(outcomes(results)).toEqual({ skipped: 1 });
		expect(results[0]?.reason).toMatch(/interrupted restore.*would notify the other people/);
		expect(calendar.events()).toHaveLength(1);
	});
});
