import { DateTime } from 'luxon';
import type { CalendarContext } from './calendar-context';
import { EVENT_HEADERS, eventPath } from './calendar-context';
import { allDayDate, instantOf, localDate, zoneOfEvent } from './event-times';
import type { GraphEvent } from './graph-event';
import { occurrenceDates } from './recurrence-dates';

const PAGE = 100;

/**
 * Exceptions and cancelled days of a series where the cloud does not list them: read from its instances, one year back
 * and two years ahead, since a series without an end has no last one. A day that the pattern has and that no instance
 * comes from was cancelled.
 *
 * @throws Failure of the listing.
 */
export async function readInstances(
	context: Pick<CalendarContext, 'graph' | 'userPath' | 'ambient'>,
	master: GraphEvent,
	signal: AbortSignal | undefined,
): Promise<{ exceptions: GraphEvent[]; cancelled: string[]; window: { from: string; to: string }; warning: string }> {
	// Whole months, so that a window is the same for all runs of a month.
	const month = DateTime.fromJSDate(context.ambient.now(), { zone: 'utc' }).startOf('month');
	const earliest = month.minus({ years: 1 });
	const first = instantOf(master.start);
	const from = first && first.getTime() > earliest.toMillis() ? DateTime.fromJSDate(first, { zone: 'utc' }).minus({ days: 1 }) : earliest;
	// Of a series that begins later still, two years from there.
	const latest = DateTime.max(month, from.startOf('month')).plus({ years: 2 });
	const window = { from: iso(from), to: iso(latest) };
	const path = `${eventPath(context, master.id)}/instances?startDateTime=${window.from}&endDateTime=${window.to}&$top=${PAGE}`;
	const exceptions = new Map<string, GraphEvent>();
	const present = new Set<string>();
	for await (const page of context.graph.pages<GraphEvent>({ path, headers: { ...EVENT_HEADERS }, ...(signal ? { signal } : {}) })) {
		for (const instance of page) {
			if (instance.type === 'exception') exceptions.set(instance.id, instance);
			const date = dayInSeries(master, instance);
			if (date !== undefined) present.add(date);
		}
	}
	const [fromDay, toDay] = [window.from.slice(0, 10), window.to.slice(0, 10)];
	const expected = master.recurrence ? [...occurrenceDates(master.recurrence, toDay)] : [];
	return {
		exceptions: [...exceptions.values()],
		// The days at the edges may be cut by the window's hours.
		cancelled: expected.filter((date) => date > fromDay && date < toDay && !present.has(date)),
		window,
		warning:
			'This Microsoft cloud does not tell the exceptions and cancelled occurrences of recurring events: they were read from one year back to two years ahead only',
	};
}

/** The day of the series that an occurrence or an exception comes from. */
export function dayInSeries(master: GraphEvent, instance: GraphEvent): string | undefined {
	const original = instance.originalStart ? new Date(instance.originalStart) : instantOf(instance.start);
	if (!original) return undefined;
	if (master.isAllDay === true) return instance.originalStart ? original.toISOString().slice(0, 10) : allDayDate(instance.start);
	return localDate(original, zoneOfEvent(master).iana);
}

function iso(time: DateTime): string {
	return time.toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
