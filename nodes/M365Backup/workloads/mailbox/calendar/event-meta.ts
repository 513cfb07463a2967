import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../../base/json';
import { instantOf, seriesEnd } from './event-times';
import type { GraphEvent, GraphPerson } from './graph-event';
import { changeKeyOf, isMaster } from './graph-event';

/** What search and lists show of an event; absent means empty or false. Those that only the content tells come with it. */
export function eventMeta(event: GraphEvent): JsonObject {
	const meta: JsonObject = { kind: isMaster(event) ? 'series' : 'single' };
	if (event.subject) meta['subject'] = event.subject;
	if (event.bodyPreview) meta['preview'] = event.bodyPreview.slice(0, 255);
	const start = instantOf(event.start);
	if (start) meta['start'] = start.toISOString();
	const end = isMaster(event) ? seriesEnd(event) : instantOf(event.end);
	if (end === null) meta['endless'] = true;
	else if (end) meta['end'] = end.toISOString();
	if (event.isAllDay === true) meta['allDay'] = true;
	const place = event.location?.['displayName'];
	if (typeof place === 'string' && place !== '') meta['location'] = place;
	const organizer = person(event.organizer);
	if (organizer) meta['organizer'] = organizer;
	const attendees = (event.attendees ?? []).map(person).filter((one) => one !== undefined);
	if (attendees.length > 0) meta['attendees'] = attendees;
	if (event.isOnlineMeeting === true) meta['online'] = true;
	if (event.isCancelled === true) meta['cancelled'] = true;
	if (event.categories && event.categories.length > 0) meta['categories'] = event.categories;
	if (event.hasAttachments === true) meta['attachments'] = true;
	return meta;
}

function person(of: GraphPerson | null | undefined): JsonObject | undefined {
	const email = of?.emailAddress;
	if (!email?.address && !email?.name) return undefined;
	return { name: email.name ?? '', address: email.address ?? '' };
}

/**
 * Stands for a series' exceptions and cancelled days, in `meta.occurrences`: whether an exception changes its master's
 * change key is documented nowhere, so that living series are compared by this.
 */
export function occurrencesMark(exceptions: readonly GraphEvent[], cancelled: readonly string[]): string {
	const lines = [...exceptions.map((one) => `${one.id} ${changeKeyOf(one) ?? ''}`).sort(), ...cancelled.map((date) => `-${date}`).sort()];
	return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}

/** Meta fields that only the content tells: a listing keeps what is there. */
const FROM_CONTENT = ['preview', 'organizer', 'attendees', 'occurrences', 'incomplete'];

/** A listing's meta, with what the catalog knows from the content. */
export function withKnown(meta: JsonObject, known: JsonObject | undefined): JsonObject {
	const kept: JsonObject = {};
	for (const key of FROM_CONTENT) {
		const value: JsonValue | undefined = known?.[key];
		if (value !== undefined) kept[key] = value;
	}
	return { ...kept, ...meta };
}
