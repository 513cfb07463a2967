import { dateOfDay, dayNumber } from './calendar-recurrence';

/** Where the numbers of events, calendars and groups begin: far from those of messages and mail folders. */
export const FIRST_EVENT = 2 ** 36;
export const FIRST_CALENDAR = 2 ** 37;
export const FIRST_GROUP = 2 ** 38;

const SUFFIX = 'AAA=';
const OCCURRENCE = /FRAAg([A-Za-z0-9_-]{8})AAA=$/;

/** The id of one day of a series hangs on the series' id. It stays when the day becomes an exception. */
export function occurrenceId(seriesId: string, date: string): string {
	const bytes = Buffer.alloc(6);
	bytes.writeIntBE(dayNumber(date), 0, 6);
	return `${seriesId.slice(0, -SUFFIX.length)}FRAAg${bytes.toString('base64url')}${SUFFIX}`;
}

/** The id of an event taken apart: that of the series, and the day if it names one. */
export function splitEventId(id: string): { seriesId: string; date?: string } {
	const found = OCCURRENCE.exec(id);
	if (!found) return { seriesId: id };
	const bytes = Buffer.from(found[1]!, 'base64url');
	const day = bytes.readIntBE(0, 6);
	if (Math.abs(day) > 5_000_000) return { seriesId: id };
	return { seriesId: `${id.slice(0, found.index)}${SUFFIX}`, date: dateOfDay(day) };
}
