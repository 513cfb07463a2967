import type { JsonObject, JsonValue } from '../../../base/json';
import type { EventDocument } from './event-document';
import { eventRequest } from './event-request';
import { allDayDate, instantOf, localDate, zoneOfEvent } from './event-times';
import type { GraphEvent } from './graph-event';
import { dayInSeries } from './instances-window';
import { occurrenceDates } from './recurrence-dates';

const DAY_MS = 86_400_000;
/** Days that far apart are asked for in windows of their own. */
const GAP_DAYS = 31;

export interface InstanceWindow {
	/** ISO UTC. */
	from: string;
	to: string;
}

/** What a freshly made series lacks: days to delete and occurrences to change, and where to look for them. */
export interface RepairPlan {
	cancelled: string[];
	/** By the day of the series that each comes from. */
	exceptions: Map<string, GraphEvent>;
	windows: InstanceWindow[];
	/** Exceptions of which nothing says from which day they come. */
	placeless: GraphEvent[];
}

/** Plans the repair of a series from its backup alone. */
export function planRepair({ event, exceptions, cancelled }: EventDocument): RepairPlan {
	const plan: RepairPlan = { cancelled: [], exceptions: new Map(), windows: [], placeless: [] };
	const last = [...cancelled, ...exceptions.map((one) => one.originalStart?.slice(0, 10) ?? one.start?.dateTime.slice(0, 10) ?? '')].sort().at(-1);
	const expected = new Set(event.recurrence && last !== undefined ? occurrenceDates(event.recurrence, dayAfter(last, 2)) : []);
	for (const date of cancelled) plan.cancelled.push(seriesDay(event, date, expected));
	for (const exception of exceptions) {
		const day = dayOfException(event, exception);
		if (day === undefined) plan.placeless.push(exception);
		else plan.exceptions.set(day, exception);
	}
	const moved = [...plan.exceptions.values()].map((one) => one.start?.dateTime.slice(0, 10) ?? '').filter((day) => day !== '');
	plan.windows = windowsOf([...plan.cancelled, ...plan.exceptions.keys(), ...moved]);
	return plan;
}

/**
 * Graph names cancelled days without saying in which zone. The series' own is meant as far as anybody saw; should the day be
 * none of the series, the one whose occurrence is on that day in UTC is.
 */
function seriesDay(event: GraphEvent, date: string, expected: ReadonlySet<string>): string {
	if (expected.size === 0 || expected.has(date) || event.isAllDay === true) return date;
	const start = instantOf(event.start);
	if (!start) return date;
	const shift = Math.round((Date.parse(localDate(start, zoneOfEvent(event).iana)) - Date.parse(start.toISOString().slice(0, 10))) / DAY_MS);
	const neighbour = dayAfter(date, shift);
	return expected.has(neighbour) ? neighbour : date;
}

function dayOfException(event: GraphEvent, exception: GraphEvent): string | undefined {
	if (exception.originalStart) return dayInSeries(event, exception);
	// `OID.<id>.2024-05-01`, in some answers where originalStart is missing.
	const { occurrenceId } = exception as { occurrenceId?: string };
	return /\.(\d{4}-\d\d-\d\d)$/.exec(occurrenceId ?? '')?.[1];
}

/** The fewest windows, none with long stretches that nobody asked about: a daily series has many occurrences. */
function windowsOf(days: readonly string[]): InstanceWindow[] {
	const windows: InstanceWindow[] = [];
	const sorted = [...new Set(days)].sort();
	let from: string | undefined;
	let to = '';
	const close = (): void => {
		if (from !== undefined) windows.push({ from: `${dayAfter(from, -2)}T00:00:00Z`, to: `${dayAfter(to, 3)}T00:00:00Z` });
	};
	for (const day of sorted) {
		if (from !== undefined && Date.parse(day) - Date.parse(to) > GAP_DAYS * DAY_MS) {
			close();
			from = day;
		}
		from ??= day;
		to = day;
	}
	close();
	return windows;
}

function dayAfter(date: string, days: number): string {
	return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export interface RepairSteps {
	/** Graph ids of occurrences to delete. */
	deletions: string[];
	changes: { day: string; instanceId: string; exception: GraphEvent; /** null: it is as it should be. */ patch: JsonObject | null }[];
	/** Days of exceptions that the new series does not have. */
	missing: string[];
}

/**
 * Holds the occurrences of the new series against the plan.
 *
 * @param instances Those of the plan's windows, in UTC as Graph shows them.
 */
export function repairSteps(document: EventDocument, plan: RepairPlan, instances: readonly GraphEvent[], now: Date): RepairSteps {
	const byDay = new Map<string, GraphEvent>();
	for (const instance of instances) {
		const day = dayInSeries(document.event, instance);
		if (day !== undefined) byDay.set(day, instance);
	}
	const steps: RepairSteps = { deletions: [], changes: [], missing: [] };
	for (const day of plan.cancelled) {
		const instance = byDay.get(day);
		if (instance && !plan.exceptions.has(day)) steps.deletions.push(instance.id);
	}
	for (const [day, exception] of [...plan.exceptions].sort(([a], [b]) => (a < b ? -1 : 1))) {
		const instance = byDay.get(day);
		if (!instance) steps.missing.push(day);
		else steps.changes.push({ day, instanceId: instance.id, exception, patch: exceptionPatch(document.event, exception, instance, now) });
	}
	return steps;
}

/** What may differ from occurrence to occurrence, besides place, time and reminder, and what it is where Graph shows none. */
const OWN: Readonly<Record<string, JsonValue>> = { subject: '', body: '', showAs: 'busy', importance: 'normal', sensitivity: 'normal', categories: [] };

/** Only what differs from the series is set, so that later changes of the series still reach the rest of the occurrence. */
function exceptionPatch(master: GraphEvent, exception: GraphEvent, instance: GraphEvent, now: Date): JsonObject | null {
	const whole = eventRequest(master, now).body;
	const own = eventRequest({ ...exception, recurrence: null }, now).body;
	const patch: JsonObject = {};
	for (const [key, none] of Object.entries(OWN)) if (!same(whole[key], own[key])) patch[key] = own[key] ?? none;
	if (!same(placeIn(whole), placeIn(own))) Object.assign(patch, placeIn(own));
	if (exception.isReminderOn !== master.isReminderOn || exception.reminderMinutesBeforeStart !== master.reminderMinutesBeforeStart) {
		patch['isReminderOn'] = own['isReminderOn'] ?? false;
		if (own['reminderMinutesBeforeStart'] !== undefined) patch['reminderMinutesBeforeStart'] = own['reminderMinutesBeforeStart'];
	}
	if (!sameTimes(exception, instance)) {
		for (const key of ['isAllDay', 'start', 'end']) patch[key] = own[key] ?? null;
		if (exception.isAllDay === instance.isAllDay) delete patch['isAllDay'];
	}
	return Object.keys(patch).length > 0 ? patch : null;
}

function placeIn({ locations, location }: JsonObject): JsonObject {
	if (locations !== undefined) return { locations };
	return { location: location ?? { displayName: '' } };
}

function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
	return JSON.stringify(a) === JSON.stringify(b);
}

function sameTimes(a: GraphEvent, b: GraphEvent): boolean {
	if ((a.isAllDay === true) !== (b.isAllDay === true)) return false;
	if (a.isAllDay === true) return allDayDate(a.start) === allDayDate(b.start) && allDayDate(a.end) === allDayDate(b.end);
	return instantOf(a.start)?.getTime() === instantOf(b.start)?.getTime() && instantOf(a.end)?.getTime() === instantOf(b.end)?.getTime();
}
