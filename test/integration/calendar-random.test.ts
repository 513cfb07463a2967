import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { EventDocument } from '../../nodes/M365Backup/workloads/mailbox/calendar/event-document';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { instancesBetween } from '../simulator/event-instance';
import type { EventRecord } from '../simulator/event-record';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { base64, CALENDAR, daily, everything, loseEverything, meeting, restoreCalendars } from './calendar-help';
import { failures } from './restore-help';
import { randomRuns } from '../support/random-runs';

let fixture: MailboxFixture | undefined;
afterEach(() => fixture?.stop());

/** What users do, each with numbers that say to what. */
const EDITS = ['add', 'addSeries', 'change', 'changeDay', 'cancelDay', 'attach', 'move', 'delete', 'purge', 'takeBack', 'addCalendar', 'deleteCalendar', 'renameCalendar', 'touch'] as const;

function edit(target: MailboxFixture, what: (typeof EDITS)[number], number: number, step: number): void {
	const { calendar } = target.mailbox;
	const own = [...calendar.calendars.values()].filter(({ kind }) => kind === 'own');
	const place = own[number % own.length]!;
	const events = calendar.events();
	const event = events[number % Math.max(1, events.length)];
	const series = events.filter(({ state }) => state.recurrence);
	const one = series[number % Math.max(1, series.length)];
	const day = one && instancesBetween(one, Date.parse('2099-01-01'), Date.parse('2099-03-01'))[number % 20]?.date;
	const deleted = calendar.deletedEvents();
	switch (what) {
		case 'add':
			calendar.addEvent(place, meeting(`Event ${step}`, '2099-01-10'));
			return;
		case 'addSeries':
			calendar.addEvent(place, meeting(`Series ${step}`, '2099-01-10', daily('2099-01-10')));
			return;
		case 'change':
			if (event) calendar.change(event, { subject: `Changed ${step}` });
			return;
		case 'changeDay':
			if (one && day !== undefined) calendar.changeOccurrence(one, day, { subject: `Day ${step}` });
			return;
		case 'cancelDay':
			if (one && day !== undefined) calendar.cancelOccurrence(one, day);
			return;
		case 'attach':
			if (event) calendar.addAttachment(event, { name: `${step}.txt`, contentType: 'text/plain', contentBytes: base64(`file ${step}`) });
			return;
		case 'move':
			if (event) calendar.moveToCalendar(event, place);
			return;
		case 'delete':
			if (event) calendar.deleteEvent(event);
			return;
		case 'purge':
			if (event) calendar.purgeEvent(event);
			return;
		case 'takeBack':
			if (deleted.length > 0) calendar.moveToCalendar(deleted[number % deleted.length]!, place);
			return;
		case 'addCalendar':
			calendar.addCalendar(`Calendar ${step}`);
			return;
		case 'deleteCalendar':
			if (!place.isDefault) calendar.deleteCalendar(place);
			return;
		case 'renameCalendar':
			calendar.renameCalendar(place, `Renamed ${step}`);
			return;
		case 'touch':
			if (event) calendar.touch({ record: event });
	}
}

/** An event as one line: where it is, what it says, its occurrences and files. */
function line(calendar: string, subject: string, changed: string[], cancelled: string[], files: string[]): string {
	return `${calendar} / ${subject} [${changed.sort().join()}] -[${cancelled.sort().join()}] (${files.sort().join()})`;
}

function living(target: MailboxFixture): string[] {
	const of = ({ calendar, state, exceptions, cancelledDates, attachments }: EventRecord): string => {
		const own = [...attachments, ...[...exceptions.values()].flatMap((one) => one.attachments)].map(({ name }) => name);
		return line(calendar?.name ?? '', state.subject ?? '', [...exceptions.values()].map(({ overrides }) => overrides.subject ?? state.subject ?? ''), [...cancelledDates], own);
	};
	return target.mailbox.calendar.events().map(of).sort();
}

async function stored(target: MailboxFixture): Promise<string[]> {
	const entries = await target.entries();
	const lines: string[] = [];
	for (const entry of entries.values()) {
		if (entry.type !== 'event') continue;
		const document = JSON.parse((await target.content(entry)).toString()) as Partial<EventDocument>;
		const files = (document.attachments ?? []).map(({ name }) => name);
		expect(entry.content).toHaveLength(1 + files.length);
		lines.push(line(entries.get(entry.parent ?? '')?.name ?? '?', entry.name, (document.exceptions ?? []).map(({ subject }) => subject ?? ''), [...(document.cancelled ?? [])], files));
	}
	return lines.sort();
}

describe('random edits of calendars', () => {
	it.each([true, false])('are in the next snapshot, and come back from it (a deleted event still answers: %s)', async (deletedEventsAnswer) => {
		await fc.assert(
			fc.asyncProperty(fc.array(fc.array(fc.tuple(fc.constantFrom(...EDITS), fc.nat(1000)), { maxLength: 12 }), { minLength: 2, maxLength: 4 }), async (rounds) => {
				fixture = await mailboxFixture({ switches: { deletedEventsAnswer } });
				try {
					let step = 0;
					for (const name of ['add', 'addSeries', 'addCalendar', 'addSeries', 'add'] as const) edit(fixture, name, ++step, step);
					for (const round of rounds) {
						for (const [what, number] of round) edit(fixture, what, number, ++step);
						expect((await fixture.backUp({ content: CALENDAR })).status).not.toBe('partial');
						expect(await stored(fixture)).toEqual(living(fixture));
					}
					expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
					const before = everything(fixture);
					loseEverything(fixture);
					expect(failures(await restoreCalendars(fixture))).toEqual([]);
					const after = everything(fixture);
					expect(after).toEqual(before);
					expect(fixture.sim.tenant.outbox).toEqual([]);
					expect(fixture.sim.misses).toEqual([]);
				} finally {
					await fixture.stop();
					fixture = undefined;
				}
			}),
			{ numRuns: randomRuns(20), endOnFailure: true },
		);
	});
});
