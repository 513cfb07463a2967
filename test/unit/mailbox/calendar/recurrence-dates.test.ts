import { describe, expect, it } from 'vitest';
import { recurrenceRule } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/ics-recurrence';
import { occurrenceDates } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/recurrence-dates';

const first = (pattern: Record<string, unknown>, range: Record<string, unknown>, most = 5): string[] => [...occurrenceDates({ pattern, range: { type: 'noEnd', ...range } }, '2040-01-01')].slice(0, most);

describe('the days of a series', () => {
	it.each([
		['every third day', { type: 'daily', interval: 3 }, '2026-02-27', ['2026-02-27', '2026-03-02', '2026-03-05', '2026-03-08', '2026-03-11']],
		['every other week, from its second day on', { type: 'weekly', interval: 2, daysOfWeek: ['monday', 'wednesday'], firstDayOfWeek: 'monday' }, '2026-11-25', ['2026-11-25', '2026-12-07', '2026-12-09', '2026-12-21', '2026-12-23']],
		['weeks that begin on Sunday', { type: 'weekly', interval: 2, daysOfWeek: ['sunday', 'saturday'], firstDayOfWeek: 'sunday' }, '2026-11-28', ['2026-11-28', '2026-12-06', '2026-12-12', '2026-12-20', '2026-12-26']],
		['weeks that begin on Monday', { type: 'weekly', interval: 2, daysOfWeek: ['sunday', 'saturday'], firstDayOfWeek: 'monday' }, '2026-11-28', ['2026-11-28', '2026-11-29', '2026-12-12', '2026-12-13', '2026-12-26']],
		['31st of each month', { type: 'absoluteMonthly', interval: 1, dayOfMonth: 31 }, '2027-12-31', ['2027-12-31', '2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30']],
		['third Tuesday', { type: 'relativeMonthly', interval: 1, daysOfWeek: ['tuesday'], index: 'third' }, '2026-01-20', ['2026-01-20', '2026-02-17', '2026-03-17', '2026-04-21', '2026-05-19']],
		['first weekend day of every second month', { type: 'relativeMonthly', interval: 2, daysOfWeek: ['saturday', 'sunday'], index: 'first' }, '2026-01-03', ['2026-01-03', '2026-03-01', '2026-05-02', '2026-07-04', '2026-09-05']],
		['29 February', { type: 'absoluteYearly', interval: 1, month: 2, dayOfMonth: 29 }, '2024-02-29', ['2024-02-29', '2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']],
		['fourth Thursday in November', { type: 'relativeYearly', interval: 1, month: 11, daysOfWeek: ['thursday'], index: 'fourth' }, '2026-11-26', ['2026-11-26', '2027-11-25', '2028-11-23', '2029-11-22', '2030-11-28']],
	])('%s', (_name, pattern, startDate, expected) => {
		expect(first(pattern, { startDate })).toEqual(expected);
	});

	it('end where the range does', () => {
		const pattern = { type: 'daily', interval: 1 };
		expect(first(pattern, { type: 'endDate', startDate: '2026-01-30', endDate: '2026-02-01' })).toEqual(['2026-01-30', '2026-01-31', '2026-02-01']);
		expect(first(pattern, { type: 'numbered', startDate: '2026-01-30', numberOfOccurrences: 2 })).toEqual(['2026-01-30', '2026-01-31']);
		expect([...occurrenceDates({ pattern: { type: 'weekly', daysOfWeek: [] }, range: { type: 'noEnd', startDate: '2026-01-30' } })]).toEqual([]);
		expect([...occurrenceDates({ pattern, range: { type: 'noEnd', startDate: '2026-01-30' } })].length).toBe(20_000);
	});

	it('have a rule that calendars know', () => {
		const rule = (pattern: Record<string, unknown>, range: Record<string, unknown> = {}): string | undefined => recurrenceRule({ pattern, range }, 'Europe/Berlin');
		expect(rule({ type: 'weekly', interval: 2, daysOfWeek: ['monday'], firstDayOfWeek: 'monday' }, { type: 'endDate', endDate: '2026-06-30' })).toBe('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=MO;UNTIL=20260630T215959Z');
		expect(rule({ type: 'relativeYearly', month: 3, daysOfWeek: ['sunday'], index: 'last' }, { type: 'numbered', numberOfOccurrences: 4 })).toBe('FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;COUNT=4');
		expect(rule({ type: 'absoluteMonthly', dayOfMonth: 31 })).toBe('FREQ=MONTHLY;BYMONTHDAY=-1');
		expect(rule({ type: 'hijri' })).toBeUndefined();
	});
});
