import type { JsonValue } from '../base/json';
import type { CatalogEntry } from '../repository/records';

/** From `after` on (included) until `before` (excluded), in ms since 1970; an absent end is open. */
export interface TimeRange {
	after?: number | undefined;
	before?: number | undefined;
}

/**
 * Whether an item belongs to a time: a message by when it was received (else sent, else changed), an event if any of its
 * time from start to end lies in it (a series from its first start to its last end, one without end for ever), a task if
 * it is due or was created then, everything else by when it was changed. What has no time at all belongs to none.
 */
export function isInTime(entry: CatalogEntry, range: TimeRange): boolean {
	if (range.after === undefined && range.before === undefined) return true;
	const { meta } = entry;
	switch (entry.type) {
		case 'event':
			return eventOverlaps(entry, range);
		case 'task': {
			const times = [time(meta['due']), time(meta['created'])].filter((one) => one !== undefined);
			return (times.length > 0 ? times : [time(entry.modified)]).some((one) => isWithin(one, range));
		}
		default:
			return isWithin(time(meta['received']) ?? time(meta['sent']) ?? time(entry.modified), range);
	}
}

function eventOverlaps(entry: CatalogEntry, { after, before }: TimeRange): boolean {
	const { meta } = entry;
	const start = time(meta['start']);
	if (start === undefined) return isWithin(time(entry.modified), { after, before });
	if (before !== undefined && start >= before) return false;
	if (after === undefined || meta['endless'] === true) return true;
	// An event without duration takes place at its start; what ends as the range begins is over.
	const end = time(meta['end']) ?? start;
	return end > after || (end === start && start >= after);
}

function isWithin(at: number | undefined, { after, before }: TimeRange): boolean {
	if (at === undefined) return false;
	return (after === undefined || at >= after) && (before === undefined || at < before);
}

function time(value: JsonValue | undefined): number | undefined {
	if (typeof value !== 'string') return undefined;
	// Due dates may come without a zone; they must not mean something else on each machine.
	const parsed = Date.parse(/T[\d:.]+$/.test(value) ? `${value}Z` : value);
	return Number.isNaN(parsed) ? undefined : parsed;
}
