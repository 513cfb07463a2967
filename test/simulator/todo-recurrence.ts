import type { Json } from './message-json';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const DAY_MS = 86_400_000;

/** The day on which a task that was due on `day` is due next, or null if its range is over. */
export function nextDueDate(day: string, recurrence: Json): string | null {
	const pattern = recurrence.pattern as { type?: string; interval?: number; daysOfWeek?: string[] };
	const range = recurrence.range as { type?: string; endDate?: string } | undefined;
	const next = shown(step(day, pattern.type ?? 'daily', pattern.interval ?? 1, pattern.daysOfWeek ?? []));
	return range?.type === 'endDate' && range.endDate !== undefined && next > range.endDate ? null : next;
}

function step(day: string, type: string, interval: number, daysOfWeek: readonly string[]): Date {
	const date = new Date(`${day}T00:00:00Z`);
	if (/monthly/i.test(type)) date.setUTCMonth(date.getUTCMonth() + interval);
	else if (/yearly/i.test(type)) date.setUTCFullYear(date.getUTCFullYear() + interval);
	else if (type === 'weekly' && daysOfWeek.length > 0) return nextWeekday(date, interval, daysOfWeek);
	else date.setTime(date.getTime() + interval * (type === 'weekly' ? 7 : 1) * DAY_MS);
	return date;
}

/** The next of the weekdays; beyond Saturday the interval counts. */
function nextWeekday(from: Date, interval: number, daysOfWeek: readonly string[]): Date {
	for (let days = 1; days <= 7; days++) {
		const date = new Date(from.getTime() + days * DAY_MS);
		if (!daysOfWeek.includes(WEEKDAYS[date.getUTCDay()]!)) continue;
		const isNextWeek = date.getUTCDay() <= from.getUTCDay();
		return isNextWeek ? new Date(date.getTime() + (interval - 1) * 7 * DAY_MS) : date;
	}
	return from;
}

function shown(date: Date): string {
	return date.toISOString().slice(0, 10);
}
