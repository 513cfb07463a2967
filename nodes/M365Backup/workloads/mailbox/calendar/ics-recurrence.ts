import { DateTime } from 'luxon';
import type { GraphPattern, GraphRecurrence } from './graph-event';
import { occurrenceDates } from './recurrence-dates';

const DAYS: Readonly<Record<string, string>> = { sunday: 'SU', monday: 'MO', tuesday: 'TU', wednesday: 'WE', thursday: 'TH', friday: 'FR', saturday: 'SA' };
const POSITIONS: Readonly<Record<string, string>> = { first: '1', second: '2', third: '3', fourth: '4', last: '-1' };

/**
 * Graph's recurrence as an RRULE (RFC 5545, 3.3.10); undefined for patterns that nobody knows.
 *
 * @param iana The zone of the series; undefined for all-day ones, whose UNTIL is a date.
 */
export function recurrenceRule(recurrence: GraphRecurrence, iana: string | undefined): string | undefined {
	const { pattern, range } = recurrence;
	const rule = pattern && frequency(pattern);
	if (!pattern || !rule) return undefined;
	const interval = (pattern.interval ?? 1) > 1 ? `;INTERVAL=${pattern.interval ?? 1}` : '';
	const parts = `${rule[0]}${interval}${rule[1]}`;
	if (range?.type === 'numbered') return `${parts};COUNT=${(range.numberOfOccurrences ?? 1) - extraDays(recurrence).length}`;
	if (range?.type === 'endDate' && range.endDate) return `${parts};UNTIL=${until(range.endDate, iana)}`;
	return parts;
}

/** How far a series without an end gets days that its rule cannot name. */
const EXTRA_YEARS = 30;

/**
 * Days of a series that its RRULE leaves out: a monthly 29th or 30th is on the last day of a short February. The RFC could
 * say so by BYMONTHDAY and BYSETPOS together, which calendar programs read in different ways; RDATE they all know.
 */
export function extraDays(recurrence: GraphRecurrence): string[] {
	const { pattern, range } = recurrence;
	const { dayOfMonth = 1, type } = pattern ?? {};
	if (type !== 'absoluteMonthly' || dayOfMonth < 29 || dayOfMonth > 30 || !range?.startDate) return [];
	const last = `${Number(range.startDate.slice(0, 4)) + EXTRA_YEARS}-12-31`;
	return [...occurrenceDates(recurrence, last)].slice(1).filter((date) => Number(date.slice(8)) < dayOfMonth);
}

/** The last day is part of the series; where DTSTART has a zone, UNTIL is in UTC. */
function until(endDate: string, iana: string | undefined): string {
	if (iana === undefined) return endDate.replaceAll('-', '');
	return DateTime.fromISO(endDate, { zone: iana }).endOf('day').toUTC().toFormat("yyyyMMdd'T'HHmmss'Z'");
}

function frequency(pattern: GraphPattern): [string, string] | undefined {
	const month = `;BYMONTH=${Math.max(1, pattern.month ?? 1)}`;
	switch (pattern.type) {
		case 'daily':
			return ['FREQ=DAILY', ''];
		case 'weekly':
			return ['FREQ=WEEKLY', `;BYDAY=${days(pattern)};WKST=${DAYS[pattern.firstDayOfWeek ?? 'sunday'] ?? 'SU'}`];
		case 'absoluteMonthly':
			return ['FREQ=MONTHLY', monthDay(pattern)];
		case 'relativeMonthly':
			return ['FREQ=MONTHLY', position(pattern)];
		case 'absoluteYearly':
			return ['FREQ=YEARLY', month + monthDay(pattern)];
		case 'relativeYearly':
			return ['FREQ=YEARLY', month + position(pattern)];
		default:
			return undefined;
	}
}

/** Exchange takes the last day of a month that has no 31st; BYMONTHDAY alone would leave the month out. */
function monthDay({ type, dayOfMonth = 1, month }: GraphPattern): string {
	if (dayOfMonth <= 28) return `;BYMONTHDAY=${dayOfMonth}`;
	if (type === 'absoluteYearly') return `;BYMONTHDAY=${month === 2 ? -1 : dayOfMonth}`;
	return dayOfMonth === 31 ? ';BYMONTHDAY=-1' : `;BYMONTHDAY=${dayOfMonth}`;
}

/** One weekday with its number, which every program knows; several with BYSETPOS. */
function position(pattern: GraphPattern): string {
	const place = POSITIONS[pattern.index ?? 'first'] ?? '1';
	const listed = days(pattern);
	return listed.includes(',') ? `;BYDAY=${listed};BYSETPOS=${place}` : `;BYDAY=${place}${listed}`;
}

function days(pattern: GraphPattern): string {
	return (pattern.daysOfWeek ?? []).map((day) => DAYS[day.toLowerCase()]).filter((day) => day !== undefined).join(',');
}
