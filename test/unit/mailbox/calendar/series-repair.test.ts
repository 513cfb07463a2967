import { describe, expect, it } from 'vitest';
import type { EventDocument } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/event-document';
import type { GraphEvent } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/graph-event';
import { planRepair, repairSteps } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/series-repair';

const now = new Date('2026-11-22T12:00:00Z');
const utc = (dateTime: string): { dateTime: string; timeZone: string } => ({ dateTime: `${dateTime}.0000000`, timeZone: 'UTC' });

/** Daily at half past midnight in Berlin: in UTC that is the day before. */
const master: GraphEvent = {
	id: 'M',
	type: 'seriesMaster',
	subject: 'Series',
	body: { contentType: 'html', content: '<p>x</p>' },
	start: utc('2026-11-30T23:30:00'),
	end: utc('2026-12-01T00:00:00'),
	originalStartTimeZone: 'Europe/Berlin',
	location: { displayName: 'Room 1' },
	recurrence: { pattern: { type: 'daily', interval: 2 }, range: { type: 'noEnd', startDate: '2026-12-01', recurrenceTimeZone: 'Europe/Berlin' } },
};

/** The occurrence of a day in Berlin. */
function occurrence(day: string, more: Partial<GraphEvent> = {}): GraphEvent {
	const start = new Date(Date.parse(`${day}T00:30:00+01:00`));
	const text = (time: Date): string => time.toISOString().slice(0, 19);
	return { ...master, recurrence: null, id: `new ${day}`, type: 'occurrence', start: utc(text(start)), end: utc(text(new Date(start.getTime() + 1_800_000))), ...more };
}

function exception(day: string, more: Partial<GraphEvent>): GraphEvent {
	return { ...occurrence(day), id: `old ${day}`, type: 'exception', originalStart: new Date(Date.parse(`${day}T00:30:00+01:00`)).toISOString(), ...more };
}

const document = (more: Partial<EventDocument>): EventDocument => ({ event: master, exceptions: [], cancelled: [], attachments: [], ...more });

describe('the repair of a series', () => {
	it('finds occurrences by their day in the series, whatever day that is in UTC', () => {
		const backup = document({ cancelled: ['2026-12-03'], exceptions: [exception('2026-12-05', { subject: 'Another' })] });
		const plan = planRepair(backup);
		expect(plan.windows).toEqual([{ from: '2026-12-01T00:00:00Z', to: '2026-12-08T00:00:00Z' }]);
		const steps = repairSteps(backup, plan, ['2026-12-01', '2026-12-03', '2026-12-05', '2026-12-07'].map((day) => occurrence(day)), now);
		expect(steps).toEqual({ deletions: ['new 2026-12-03'], changes: [expect.objectContaining({ day: '2026-12-05', instanceId: 'new 2026-12-05', patch: { subject: 'Another' } })], missing: [] });
	});

	it('takes cancelled days that are named in UTC for what they mean', () => {
		// Every other day: the 4th is none of the series, but the UTC day of the 5th.
		expect(planRepair(document({ cancelled: ['2026-12-04'] })).cancelled).toEqual(['2026-12-05']);
	});

	it('asks for windows, not for years', () => {
		const plan = planRepair(document({ cancelled: ['2026-12-03', '2027-06-01', '2027-06-21'], exceptions: [exception('2026-12-05', { start: utc('2029-01-01T10:00:00') })] }));
		expect(plan.windows).toEqual([
			{ from: '2026-12-01T00:00:00Z', to: '2026-12-08T00:00:00Z' },
			{ from: '2027-05-30T00:00:00Z', to: '2027-06-24T00:00:00Z' },
			{ from: '2028-12-30T00:00:00Z', to: '2029-01-04T00:00:00Z' },
		]);
	});

	it('sets only what differs from the series', () => {
		const moved = exception('2026-12-05', { start: utc('2026-12-05T12:00:00'), end: utc('2026-12-05T13:00:00'), originalStartTimeZone: 'Europe/Berlin', location: { displayName: '' }, isReminderOn: true, reminderMinutesBeforeStart: 5 });
		const backup = document({ exceptions: [moved, exception('2026-12-07', {})] });
		const steps = repairSteps(backup, planRepair(backup), ['2026-12-05', '2026-12-07'].map((day) => occurrence(day)), now);
		expect(steps.changes.map(({ patch }) => patch)).toEqual([
			{
				location: { displayName: '' },
				isReminderOn: true,
				reminderMinutesBeforeStart: 5,
				start: { dateTime: '2026-12-05T13:00:00', timeZone: 'Europe/Berlin' },
				end: { dateTime: '2026-12-05T14:00:00', timeZone: 'Europe/Berlin' },
			},
			null,
		]);
	});

	it('says which changed days the new series does not have, and which have no day', () => {
		const { originalStart: _gone, ...placeless } = exception('2026-12-05', {});
		const backup = document({ exceptions: [placeless, exception('2026-12-09', {})] });
		const plan = planRepair(backup);
		expect(plan.placeless).toEqual([placeless]);
		expect(repairSteps(backup, plan, [occurrence('2026-12-07')], now).missing).toEqual(['2026-12-09']);
		// Some answers have an occurrenceId instead.
		expect([...planRepair(document({ exceptions: [{ ...placeless, occurrenceId: 'OID.M.2026-12-05' } as GraphEvent] })).exceptions.keys()]).toEqual(['2026-12-05']);
	});
});
