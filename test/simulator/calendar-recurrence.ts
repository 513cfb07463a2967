import { badRequest } from './graph-error';
import { DAY_MS } from './calendar-time-zones';

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const INDEXES = ['first', 'second', 'third', 'fourth', 'last'] as const;
const PATTERNS = ['daily', 'weekly', 'absoluteMonthly', 'relativeMonthly', 'absoluteYearly', 'relativeYearly'] as const;
const RANGES = ['endDate', 'noEnd', 'numbered'] as const;

type PatternType = (typeof PATTERNS)[number];

/** As Graph writes it. Days are named, months count from 1. */
export interface Recurrence {
	pattern: { type: PatternType; interval: number; month: number; dayOfMonth: number; daysOfWeek?: string[]; firstDayOfWeek: string; index: string };
	/** `recurrenceTimeZone` empty: that of the event. */
	range: { type: (typeof RANGES)[number]; startDate: string; endDate: string; recurrenceTimeZone: string; numberOfOccurrences: number };
}

function failed(what: string): never {
	throw badRequest(`At least one property failed validation. ${what}`, 'ErrorPropertyValidationFailure');
}

function oneOf<T extends string>(values: readonly T[], value: unknown, what: string): T {
	const found = values.find((one) => one.toLowerCase() === String(value).toLowerCase());
	return found ?? failed(`${what} '${String(value)}' is not known.`);
}

/**
 * The recurrence of a request body, completed as Graph completes it.
 *
 * @throws GraphError 400
 */
export function recurrenceFrom(json: unknown): Recurrence {
	const { pattern, range } = json as { pattern?: Record<string, unknown>; range?: Record<string, unknown> };
	if (!pattern || !range) failed('A recurrence needs a pattern and a range.');
	const type = oneOf(PATTERNS, pattern.type, 'The pattern');
	const interval = Number(pattern.interval ?? 1);
	if (!Number.isInteger(interval) || interval < 1 || interval > 999) failed('The interval must be between 1 and 999.');
	const needsDays = type === 'weekly' || type.startsWith('relative');
	const given = Array.isArray(pattern.daysOfWeek) ? pattern.daysOfWeek.map((day) => oneOf(DAYS, day, 'The day')) : [];
	if (needsDays && given.length === 0) failed('The pattern needs daysOfWeek.');
	const dayOfMonth = Number(pattern.dayOfMonth ?? 0);
	if (type.startsWith('absolute') && (dayOfMonth < 1 || dayOfMonth > 31)) failed('The pattern needs a dayOfMonth.');
	const month = Number(pattern.month ?? 0);
	if (type.endsWith('Yearly') && (month < 1 || month > 12)) failed('The pattern needs a month.');
	const rangeType = oneOf(RANGES, range.type, 'The range');
	const date = (value: unknown): string => (/^\d{4}-\d\d-\d\d$/.test(String(value)) ? String(value) : failed(`'${String(value)}' is no date.`));
	const numberOfOccurrences = Number(range.numberOfOccurrences ?? 0);
	if (rangeType === 'numbered' && (numberOfOccurrences < 1 || numberOfOccurrences > 999)) failed('numberOfOccurrences must be between 1 and 999.');
	const startDate = date(range.startDate);
	const endDate = rangeType === 'endDate' ? date(range.endDate) : '0001-01-01';
	if (rangeType === 'endDate' && endDate < startDate) failed('The end date lies before the start date.');
	if (range.recurrenceTimeZone === '') throw badRequest('A valid TimeZone value must be specified. The following TimeZone value is not supported: \'\'.', 'TimeZoneNotSupportedException');
	return {
		pattern: {
			type,
			interval,
			month: type.endsWith('Yearly') ? month : 0,
			dayOfMonth: type.startsWith('absolute') ? dayOfMonth : 0,
			...(needsDays ? { daysOfWeek: given } : {}),
			firstDayOfWeek: pattern.firstDayOfWeek === undefined || pattern.firstDayOfWeek === null ? 'sunday' : oneOf(DAYS, pattern.firstDayOfWeek, 'The day'),
			index: pattern.index === undefined || pattern.index === null ? 'first' : oneOf(INDEXES, pattern.index, 'The index'),
		},
		range: {
			type: rangeType,
			startDate,
			endDate,
			recurrenceTimeZone: typeof range.recurrenceTimeZone === 'string' ? range.recurrenceTimeZone : '',
			numberOfOccurrences: rangeType === 'numbered' ? numberOfOccurrences : 0,
		},
	};
}

/** Days since 1970. */
export function dayNumber(date: string): number {
	return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

export function dateOfDay(day: number): string {
	return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The days of a series in order, cancelled ones included, up to and with `lastDay`: days since 1970. */
export function* seriesDays({ pattern, range }: Recurrence, lastDay: number): Generator<number> {
	const first = dayNumber(range.startDate);
	const last = range.type === 'endDate' ? Math.min(lastDay, dayNumber(range.endDate)) : lastDay;
	let left = range.type === 'numbered' ? range.numberOfOccurrences : Number.POSITIVE_INFINITY;
	for (let step = 0; left > 0; step++) {
		const { days, from } = period(pattern, first, step);
		if (from > last) return;
		for (const day of days) {
			if (day < first) continue;
			if (day > last || left <= 0) return;
			left--;
			yield day;
		}
	}
}

type Pattern = Recurrence['pattern'];

/** The days of the step-th day, week, month or year that counts; `from`: where that one begins. */
function period(pattern: Pattern, first: number, step: number): { days: number[]; from: number } {
	if (pattern.type === 'daily') {
		const day = first + step * pattern.interval;
		return { days: [day], from: day };
	}
	if (pattern.type === 'weekly') {
		const begins = DAYS.indexOf(pattern.firstDayOfWeek as (typeof DAYS)[number]);
		const week = first - ((weekday(first) - begins + 7) % 7) + step * 7 * pattern.interval;
		const offsets = (pattern.daysOfWeek ?? []).map((day) => (DAYS.indexOf(day as (typeof DAYS)[number]) - begins + 7) % 7);
		return { days: offsets.sort((a, b) => a - b).map((offset) => week + offset), from: week };
	}
	const start = new Date(first * DAY_MS);
	const isYearly = pattern.type.endsWith('Yearly');
	const months = isYearly ? (start.getUTCFullYear() + step * pattern.interval) * 12 + pattern.month - 1 : start.getUTCFullYear() * 12 + start.getUTCMonth() + step * pattern.interval;
	const from = Math.floor(Date.UTC(Math.floor(months / 12), months % 12, 1) / DAY_MS);
	const length = new Date(Date.UTC(Math.floor(months / 12), (months % 12) + 1, 0)).getUTCDate();
	return { days: [pattern.type.startsWith('absolute') ? from + Math.min(pattern.dayOfMonth, length) - 1 : relativeDay(pattern, from, length)], from };
}

/** The n-th (last) day of a month that is one of the pattern's days of the week. */
function relativeDay(pattern: Pattern, from: number, length: number): number {
	const fitting: number[] = [];
	for (let day = from; day < from + length; day++) if (pattern.daysOfWeek?.includes(DAYS[weekday(day)]!)) fitting.push(day);
	return pattern.index === 'last' ? fitting.at(-1)! : fitting[INDEXES.indexOf(pattern.index as (typeof INDEXES)[number])]!;
}

function weekday(day: number): number {
	return (((day + 4) % 7) + 7) % 7;
}
