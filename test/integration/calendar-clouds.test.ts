import { afterEach, expect, it } from 'vitest';
import type { EventDocument } from '../../nodes/M365Backup/workloads/mailbox/calendar/event-document';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { CALENDAR, daily, meeting } from './calendar-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

it.each(['2020-01-05', '2026-06-05', '2099-01-05'])('a series is backed up where the cloud lists no exceptions, whenever it begins: %s', async (first) => {
	fixture = await mailboxFixture({ switches: { occurrenceListsInCloud: false } });
	const { calendar } = fixture.mailbox;
	const series = calendar.addEvent(calendar.default, meeting('Series', first, daily(first, { type: 'numbered', numberOfOccurrences: 5 })));
	const day = (number: number): string => `${first.slice(0, 8)}0${number}`;
	calendar.changeOccurrence(series, day(7), { subject: 'Another' });
	calendar.cancelOccurrence(series, day(8));
	const summary = await fixture.backUp({ content: CALENDAR });
	expect(summary.failures).toEqual([]);
	const [event] = [...(await fixture.entries()).values()].filter(({ type }) => type === 'event');
	const { exceptions, cancelled } = JSON.parse((await fixture.content(event!)).toString()) as EventDocument;
	// Of what ended years ago nothing is looked up.
	expect([(exceptions as typeof exceptions | undefined)?.map(({ subject }) => subject) ?? [], (cancelled as typeof cancelled | undefined) ?? []]).toEqual(first.startsWith('2020') ? [[], []] : [['Another'], [day(8)]]);
});
