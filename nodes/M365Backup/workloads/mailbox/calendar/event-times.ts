import { DateTime } from 'luxon';
import type { GraphDateTime, GraphEvent, GraphRecurrence } from './graph-event';
import { occurrenceDates } from './recurrence-dates';
import { ianaZone } from './zones';

/** The instant behind a time of Graph's; undefined if it says none. */
export function instantOf(value: GraphDateTime | null | undefined): Date | undefined {
	if (!value?.dateTime) return undefined;
	const zone = ianaZone(value.timeZone) ?? 'Etc/UTC';
	const time = DateTime.fromISO(value.dateTime, { zone });
	return time.isValid ? time.toJSDate() : undefined;
}

export interface EventZone {
	/** As Graph takes it: a Windows or IANA name. */
	name: string;
	iana: string;
	/** The event's own zone is none that Graph takes. */
	isSubstitute: boolean;
}

/**
 * The zone in whose wall clock an event lives. All-day events live on days, wherever one is. Custom zones, whose rules
 * Graph does not show, are replaced by a fixed offset in which the series still begins on its day.
 */
export function zoneOfEvent(event: GraphEvent): EventZone {
	const range = event.recurrence?.range;
	for (const name of [range?.recurrenceTimeZone, event.originalStartTimeZone]) {
		const iana = ianaZone(name);
		if (name && iana !== undefined) return { name: nameFor(name), iana, isSubstitute: false };
	}
	const start = instantOf(event.start);
	const isNamed = Boolean(range?.recurrenceTimeZone) || Boolean(event.originalStartTimeZone);
	const utc = { name: 'UTC', iana: 'Etc/UTC', isSubstitute: isNamed };
	if (!start || !range?.startDate || event.isAllDay === true) return utc;
	const candidates = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8, 9, -9, 10, -10, 11, -11, 12, -12];
	const hours = candidates.find((offset) => new Date(start.getTime() + offset * 3_600_000).toISOString().startsWith(range.startDate ?? '-'));
	if (hours === undefined || hours === 0) return utc;
	// POSIX signs: Etc/GMT-2 is two hours east of Greenwich.
	const name = `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
	return { name, iana: name, isSubstitute: true };
}

function nameFor(name: string): string {
	return ianaZone(name) === 'Etc/UTC' ? 'UTC' : name;
}

/** Wall clock in a zone, as Graph takes it: `2026-03-01T09:00:00`. */
export function wallTime(instant: Date, iana: string): string {
	return DateTime.fromJSDate(instant, { zone: iana }).toFormat("yyyy-MM-dd'T'HH:mm:ss");
}

/** The day on which something is, in a zone: `2026-03-01`. */
export function localDate(instant: Date, iana: string): string {
	return wallTime(instant, iana).slice(0, 10);
}

/** The day of an event's start as its owner sees it. */
export function startDate(event: GraphEvent): string | undefined {
	const start = instantOf(event.start);
	if (!start) return undefined;
	return event.isAllDay === true ? allDayDate(event.start) : localDate(start, zoneOfEvent(event).iana);
}

/**
 * The date that an all-day event's start or end means. Graph shows midnight in whatever zone it is asked for; should it
 * ever show another hour, the nearest midnight is meant.
 */
export function allDayDate(value: GraphDateTime | null | undefined): string | undefined {
	const match = /^(\d{4}-\d\d-\d\d)T(\d\d)/.exec(value?.dateTime ?? '');
	if (!match?.[1]) return undefined;
	if (Number(match[2]) < 12) return match[1];
	return DateTime.fromISO(match[1], { zone: 'utc' }).plus({ days: 1 }).toFormat('yyyy-MM-dd');
}

/** When the last occurrence of a series ends; null: never; undefined: it cannot be told. */
export function seriesEnd(event: GraphEvent): Date | null | undefined {
	const { recurrence } = event;
	const start = instantOf(event.start);
	const end = instantOf(event.end);
	if (!recurrence?.pattern || !recurrence.range || !start || !end) return undefined;
	if (recurrence.range.type === 'noEnd') return null;
	const last = lastDate(recurrence);
	if (last === undefined) return end;
	const { iana } = event.isAllDay === true ? { iana: 'Etc/UTC' } : zoneOfEvent(event);
	const first = DateTime.fromJSDate(start, { zone: iana });
	const day = DateTime.fromISO(last, { zone: iana });
	const lastStart = day.set({ hour: first.hour, minute: first.minute, second: first.second });
	return new Date(lastStart.toMillis() + end.getTime() - start.getTime());
}

/** Of a series that ends. Most of a long one is passed over: what is near its end tells. */
function lastDate(recurrence: GraphRecurrence): string | undefined {
	const { pattern, range } = recurrence;
	const unitDays = /yearly$/i.test(pattern?.type ?? '') ? 366 : /monthly$/i.test(pattern?.type ?? '') ? 31 : 7;
	const spanMs = (2 * unitDays * Math.max(1, pattern?.interval ?? 1) + 31) * 86_400_000;
	const from = range?.type === 'endDate' && range.endDate ? new Date(Date.parse(range.endDate) - spanMs).toISOString().slice(0, 10) : undefined;
	let last: string | undefined;
	for (const date of occurrenceDates(recurrence, undefined, from)) last = date;
	return last;
}

/** Whether a series still goes on at a time. */
export function isLive(end: Date | null | undefined, now: Date): boolean {
	return end === null || end === undefined || end.getTime() > now.getTime();
}
