import type { Change, ContentRequest, KnownItem } from '../../workload';
import type { BackedUpCalendar } from './calendar-context';
import { scopedId } from './calendar-context';
import { eventMeta } from './event-meta';
import { startDate } from './event-times';
import type { GraphEvent } from './graph-event';
import { changeKeyOf, isMaster } from './graph-event';

/** A catalog line takes no longer names; its meta has the whole subject. */
const MAX_NAME_CHARS = 1000;
const MAX_TITLE_CHARS = 120;

/**
 * What a listed event means for the catalog; null: it is as it was.
 *
 * @param again Its content is to be read in any case: it failed before, or its occurrences have changed.
 */
export function decideEvent(event: GraphEvent, calendar: BackedUpCalendar, before: KnownItem | undefined, again: boolean): Change | null {
	const parent = scopedId(calendar.id);
	const etag = changeKeyOf(event);
	if (!before?.hasContent || again || before.etag !== etag || before.meta['kind'] !== (isMaster(event) ? 'series' : 'single')) {
		return {
			kind: 'item',
			id: scopedId(event.id),
			type: 'event',
			parent,
			name: (event.subject ?? '').slice(0, MAX_NAME_CHARS),
			...(event.lastModifiedDateTime ? { modified: event.lastModifiedDateTime } : {}),
			...(etag === undefined ? {} : { etag }),
			meta: eventMeta(event),
			fetch: contentRequest(event, calendar, etag, (before?.failedAttempts ?? 0) > 0),
			isNew: !before,
		};
	}
	return before.parent === parent ? null : { kind: 'patch', id: before.id, type: 'event', parent };
}

function contentRequest(event: GraphEvent, calendar: BackedUpCalendar, etag: string | undefined, failedBefore: boolean): ContentRequest {
	const subject = (event.subject ?? '').trim().slice(0, MAX_TITLE_CHARS) || '(no subject)';
	return {
		id: scopedId(event.id),
		folderPath: calendar.path,
		title: [startDate(event), subject].filter(Boolean).join(' '),
		extension: '.json',
		version: etag ?? event.lastModifiedDateTime ?? '',
		hints: { ...(isMaster(event) ? { series: true } : {}), ...(failedBefore ? { failedBefore } : {}) },
	};
}
