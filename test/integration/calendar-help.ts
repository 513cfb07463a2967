import { instancesBetween, stateOf, type EventInstance } from '../simulator/event-instance';
import { attachmentsOf } from '../simulator/event-json';
import type { EventRecord, EventState } from '../simulator/event-record';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mailbox';
import type { RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { restoreAll, type RestoreCall } from './restore-help';

export const CALENDAR = ['calendar' as const];

export function at(dateTime: string, timeZone = 'Europe/Berlin'): { dateTime: string; timeZone: string } {
	return { dateTime, timeZone };
}

/** An hour at ten in Berlin. */
export function meeting(subject: string, day = '2026-11-24', more: Record<string, unknown> = {}): Record<string, unknown> {
	return { subject, start: at(`${day}T10:00:00`), end: at(`${day}T11:00:00`), ...more };
}

export function daily(startDate = '2026-11-24', range: Record<string, unknown> = { type: 'noEnd' }): Record<string, unknown> {
	return { recurrence: { pattern: { type: 'daily', interval: 1 }, range: { startDate, recurrenceTimeZone: 'Europe/Berlin', ...range } } };
}

export function base64(text: string): string {
	return Buffer.from(text).toString('base64');
}

/** Restores as the node would, whatever the snapshot has. */
export async function restoreCalendars(fixture: MailboxFixture, options: RestoreCall = {}): Promise<RestoreResult[]> {
	const graph = options.graph ?? fixture.client();
	const mailboxId = options.mailboxId ?? fixture.source.id;
	return restoreAll(fixture, { ...options, graph, restorer: mailboxRestorer({ graph, mailboxId, ambient: fixture.ambient, source: fixture.source }) });
}

/** What a user sees of an event or of one occurrence, as the fidelity table promises it. */
export interface Portrait {
	subject: string | null;
	body: string;
	start: string;
	end: string;
	isAllDay: boolean;
	zones: string[];
	recurrence: unknown;
	locations: unknown[];
	categories: string[];
	importance: string;
	sensitivity: string;
	showAs: string;
	reminder: unknown;
	attachments: { name: string; contentType: string | null; isInline: boolean; bytes: string }[];
}

export function portrait(instance: EventInstance): Portrait {
	const state: EventState = stateOf(instance);
	return {
		subject: state.subject,
		body: `${state.body.contentType}: ${state.body.content}`,
		start: new Date(state.startMs).toISOString(),
		end: new Date(state.endMs).toISOString(),
		isAllDay: state.isAllDay,
		zones: [state.originalStartTimeZone, state.originalEndTimeZone],
		recurrence: state.recurrence,
		locations: state.locations,
		categories: state.categories,
		importance: state.importance,
		sensitivity: state.sensitivity,
		showAs: state.showAs,
		reminder: [state.isReminderOn, state.reminderMinutesBeforeStart],
		attachments: attachmentsOf(instance).map(({ name, contentType, isInline, content }) => ({ name, contentType, isInline, bytes: content.toString('base64') })),
	};
}

/** All occurrences of a series within some years, and the series itself. */
export function seriesPortrait(record: EventRecord, from = '2025-01-01', to = '2032-01-01'): Portrait[] {
	return [portrait({ record }), ...instancesBetween(record, Date.parse(from), Date.parse(to)).map(portrait)];
}

/** Every event by calendar and subject, series with all their occurrences. */
export function everything(fixture: MailboxFixture): Record<string, Portrait[]> {
	const found: Record<string, Portrait[]> = {};
	for (const record of fixture.mailbox.calendar.events()) {
		let key = `${record.calendar?.name ?? ''} / ${record.state.subject ?? ''}`;
		while (found[key]) key += ' again';
		found[key] = record.state.recurrence ? seriesPortrait(record) : [portrait({ record })];
	}
	return found;
}

export function loseEverything(fixture: MailboxFixture): void {
	for (const record of [...fixture.mailbox.calendar.events()]) fixture.mailbox.calendar.purgeEvent(record);
}
