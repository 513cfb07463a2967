import type { Zone } from 'luxon';
import { DAY_MS, CUSTOM_ZONE, findZone, utcToWall, wallToUtc } from './calendar-time-zones';
import { dateOfDay, dayNumber, seriesDays } from './calendar-recurrence';
import type { EventException, EventRecord, EventState } from './event-record';
import { FixedOffsetZone } from 'luxon';

/** What Graph calls an event: a single one, a series (`date` absent), or one day of a series. */
export interface EventInstance {
	record: EventRecord;
	/** The day of the series, `2024-05-01` in its time zone. */
	date?: string;
}

export function exceptionOf({ record, date }: EventInstance): EventException | undefined {
	return date === undefined ? undefined : record.exceptions.get(date);
}

export function typeOf(instance: EventInstance): 'singleInstance' | 'seriesMaster' | 'occurrence' | 'exception' {
	if (instance.date !== undefined) return exceptionOf(instance) ? 'exception' : 'occurrence';
	return instance.record.state.recurrence ? 'seriesMaster' : 'singleInstance';
}

/** The zone in which a series repeats: its recurrence's, else its start's. */
export function seriesZone(record: EventRecord): Zone {
	const { state } = record;
	if (state.isAllDay) return FixedOffsetZone.utcInstance;
	const named = state.recurrence?.range.recurrenceTimeZone ?? '';
	const name = named === '' ? state.originalStartTimeZone : named;
	return (name === CUSTOM_ZONE ? record.customZone : findZone(name)) ?? FixedOffsetZone.utcInstance;
}

/** When the series has its occurrence of that day: the same wall clock time in summer and winter, UTC milliseconds. */
export function occurrenceStartMs(record: EventRecord, date: string, zone = seriesZone(record)): number {
	const timeOfDay = mod(utcToWall(record.state.startMs, zone), DAY_MS);
	return wallToUtc(dayNumber(date) * DAY_MS + timeOfDay, zone);
}

function mod(value: number, by: number): number {
	return ((value % by) + by) % by;
}

/** What an instance says: of a day in a series the series' words, its own time, and what is different about it. */
export function stateOf(instance: EventInstance): EventState {
	const { record, date } = instance;
	if (date === undefined) return record.state;
	const startMs = occurrenceStartMs(record, date);
	return { ...record.state, recurrence: null, startMs, endMs: startMs + record.state.endMs - record.state.startMs, ...exceptionOf(instance)?.overrides };
}

/** Whether the series has an occurrence on that day, cancelled or not. */
export function hasOccurrence(record: EventRecord, date: string): boolean {
	const { recurrence } = record.state;
	if (!recurrence) return false;
	const wanted = dayNumber(date);
	for (const day of seriesDays(recurrence, wanted)) if (day === wanted) return true;
	return false;
}

/** The living occurrences and exceptions that overlap [fromMs, toMs), by their own times, in the order of the series. */
export function instancesBetween(record: EventRecord, fromMs: number, toMs: number): EventInstance[] {
	const { recurrence, startMs, endMs } = record.state;
	if (!recurrence) return [];
	const zone = seriesZone(record);
	const found: EventInstance[] = [];
	const lengthMs = endMs - startMs;
	const firstDay = Math.floor((fromMs - lengthMs) / DAY_MS) - 2;
	// Exceptions may have been moved into the window from beyond its end.
	let lastDay = Math.floor(toMs / DAY_MS) + 2;
	for (const date of record.exceptions.keys()) lastDay = Math.max(lastDay, dayNumber(date));
	for (const day of seriesDays(recurrence, lastDay)) {
		const isFar = day < firstDay || day * DAY_MS > toMs + 2 * DAY_MS;
		if (isFar && record.exceptions.size === 0) continue;
		const date = dateOfDay(day);
		const exception = record.exceptions.get(date);
		if ((isFar && !exception) || record.cancelledDates.has(date)) continue;
		const start = exception?.overrides.startMs ?? occurrenceStartMs(record, date, zone);
		const end = exception?.overrides.endMs ?? start + lengthMs;
		if (start < toMs && (end > fromMs || (end === start && start >= fromMs))) found.push({ record, date });
	}
	return found;
}

/** `OID.<id of the series>.2024-05-01` (Corso's mock of Graph). */
export function occurrenceOid(seriesId: string, date: string): string {
	return `OID.${seriesId}.${date}`;
}
