import type { GraphPattern, GraphRecurrence } from './graph-event';

const DAY_MS = 86_400_000;
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
/** In Outlook's own counting no series goes further; it also ends what a broken pattern would let run for ever. */
const LAST_YEAR = 4500;
const MOST_DATES = 20_000;

/**
 * The days of a series, from its range's start on, cancelled ones included, as Exchange counts them: a 31st becomes the
 * last day of a shorter month ([MS-OXOCAL] 2.2.1.44.1). Endless ones end after 20,000 days.
 *
 * @param until The last day of interest, `2026-12-31`.
 * @param from The first one: earlier days are passed over without being worked out, unless they must be counted.
 */
export function* occurrenceDates(recurrence: GraphRecurrence, until?: string, from?: string): Generator<string> {
	const { pattern, range } = recurrence;
	if (!pattern?.type || !range?.startDate) return;
	const start = dayOf(range.startDate);
	const first = from === undefined || range.type === 'numbered' ? start : Math.max(start, dayOf(from));
	const end = Math.min(
		range.type === 'endDate' && range.endDate ? dayOf(range.endDate) : Number.POSITIVE_INFINITY,
		until === undefined ? Number.POSITIVE_INFINITY : dayOf(until),
	);
	const most = range.type === 'numbered' ? (range.numberOfOccurrences ?? 0) : MOST_DATES;
	let count = 0;
	for (const day of days(pattern, start, first)) {
		if (day < first) continue;
		if (day > end || count >= Math.min(most, MOST_DATES)) return;
		yield dateOf(day);
		count += 1;
	}
}

function dayOf(date: string): number {
	return Math.floor(Date.parse(`${date.slice(0, 10)}T00:00:00Z`) / DAY_MS);
}

function dateOf(day: number): string {
	return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Days from `start` on, those some time before `first` left out. */
function* days(pattern: GraphPattern, start: number, first: number): Generator<number> {
	const interval = Math.max(1, pattern.interval ?? 1);
	const inMonth: InMonth = pattern.type?.startsWith('absolute') === true
		? (year, month) => [nearestDay(year, month, pattern.dayOfMonth ?? 1)]
		: (year, month) => relativeDay(pattern, year, month);
	switch (pattern.type) {
		case 'daily':
			for (let day = skipTo(start, first, interval); ; day += interval) yield day;
		case 'weekly':
			yield* weeks(pattern, start, first, interval);
			return;
		case 'absoluteMonthly':
		case 'relativeMonthly':
			yield* months(monthOf(start), monthOf(first), interval, inMonth);
			return;
		case 'absoluteYearly':
		case 'relativeYearly': {
			const month = Math.max(1, pattern.month ?? 1) - 1;
			const yearStart = (day: number): number => Math.floor(monthOf(day) / 12) * 12 + month;
			yield* months(yearStart(start), yearStart(first), interval * 12, inMonth);
			return;
		}
		default:
			return;
	}
}

/** The last of start, start + step, … that is not behind `first`. */
function skipTo(start: number, first: number, step: number): number {
	return start + Math.max(0, Math.floor((first - start) / step)) * step;
}

function* weeks(pattern: GraphPattern, start: number, first: number, interval: number): Generator<number> {
	const firstDay = Math.max(0, WEEKDAYS.indexOf((pattern.firstDayOfWeek ?? 'sunday').toLowerCase()));
	const wanted = weekdaysOf(pattern);
	if (wanted.size === 0) return;
	const weekStart = start - mod(weekday(start) - firstDay, 7);
	for (let week = skipTo(weekStart, first, 7 * interval); ; week += 7 * interval) {
		for (let offset = 0; offset < 7; offset += 1) if (wanted.has(weekday(week + offset))) yield week + offset;
	}
}

type InMonth = (year: number, month: number) => number[];

/** Months count from the year 0. */
function monthOf(day: number): number {
	const date = new Date(day * DAY_MS);
	return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function* months(start: number, first: number, interval: number, inMonth: InMonth): Generator<number> {
	for (let month = skipTo(start, first, interval); month < LAST_YEAR * 12; month += interval) yield* inMonth(Math.floor(month / 12), month % 12);
}

function nearestDay(year: number, month: number, dayOfMonth: number): number {
	return dayNumber(year, month, Math.min(dayOfMonth, daysIn(year, month)));
}

function relativeDay(pattern: GraphPattern, year: number, month: number): number[] {
	const wanted = weekdaysOf(pattern);
	const matching: number[] = [];
	for (let day = 1; day <= daysIn(year, month); day += 1) {
		const number = dayNumber(year, month, day);
		if (wanted.has(weekday(number))) matching.push(number);
	}
	const index = ['first', 'second', 'third', 'fourth'].indexOf(pattern.index ?? 'first');
	const found = index < 0 ? matching.at(-1) : matching[index];
	return found === undefined ? [] : [found];
}

function weekdaysOf(pattern: GraphPattern): Set<number> {
	return new Set((pattern.daysOfWeek ?? []).map((day) => WEEKDAYS.indexOf(day.toLowerCase())).filter((day) => day >= 0));
}

/** 0 is Sunday; 1 January 1970 was a Thursday. */
function weekday(day: number): number {
	return mod(day + 4, 7);
}

function dayNumber(year: number, month: number, day: number): number {
	return Math.floor(Date.UTC(year, month, day) / DAY_MS);
}

function daysIn(year: number, month: number): number {
	return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}

function mod(value: number, by: number): number {
	return ((value % by) + by) % by;
}
