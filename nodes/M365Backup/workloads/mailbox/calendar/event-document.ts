import { Buffer } from 'node:buffer';
import type { JsonObject, JsonValue } from '../../../base/json';
import type { GraphEvent } from './graph-event';

/** An attachment as the document lists it: the n-th one's bytes are the part `attachment-<n>`. */
export interface EventAttachment {
	/** Graph id of the event or exception that has it. */
	of: string;
	/** `file`, `item` (an Outlook item, its bytes as MIME, iCalendar or vCard) or `reference` (a link, without bytes). */
	kind: 'file' | 'item' | 'reference';
	name: string;
	contentType?: string;
	/** As Graph says, which counts a little more than the bytes. */
	size?: number;
	isInline?: true;
	contentId?: string;
}

/** The main content of an event in the archive. */
export interface EventDocument {
	event: GraphEvent;
	/** Occurrences that differ from their series, by their original start. */
	exceptions: GraphEvent[];
	/** Days of the series that were deleted: `2024-05-01` in its time zone. */
	cancelled: string[];
	attachments: EventAttachment[];
	/** Where the cloud shows exceptions only by instances: those between these times. */
	window?: { from: string; to: string };
}

/** Changes with each touch, even a dismissed reminder: the catalog's line keeps them, the document does not. */
const VOLATILE = new Set(['changeKey', 'lastModifiedDateTime', 'cancelledOccurrences', 'exceptionOccurrences', 'attachments']);

/** What a person looks for first. */
const FIRST = ['id', 'type', 'subject', 'start', 'end', 'isAllDay', 'location', 'organizer', 'attendees', 'recurrence', 'body'];

/** The same state gives the same bytes: keys in an order of ours, nothing that changes by itself. */
export function documentBytes(document: EventDocument): Buffer {
	const plain: JsonObject = {
		event: stripped(document.event),
		...(document.exceptions.length > 0 ? { exceptions: [...document.exceptions].sort(byOriginalStart).map(stripped) } : {}),
		...(document.cancelled.length > 0 ? { cancelled: [...document.cancelled].sort() } : {}),
		...(document.window ? { window: { ...document.window } } : {}),
		...(document.attachments.length > 0 ? { attachments: document.attachments.map((one) => ({ ...one })) } : {}),
	};
	return Buffer.from(`${JSON.stringify(plain, null, 2)}\n`);
}

/** @throws SyntaxError if it is no JSON. */
export function parseDocument(text: string): EventDocument {
	return documentOf(JSON.parse(text) as JsonObject);
}

/** The document with its lists in place, even if they are empty and so left out. */
export function documentOf(plain: JsonObject): EventDocument {
	const { event, exceptions, cancelled, attachments, window } = plain;
	return {
		event: (event ?? {}) as unknown as GraphEvent,
		exceptions: (exceptions ?? []) as unknown as GraphEvent[],
		cancelled: (cancelled ?? []) as string[],
		attachments: (attachments ?? []) as unknown as EventAttachment[],
		...(window ? { window: window as { from: string; to: string } } : {}),
	};
}

export function partName(index: number): string {
	return `attachment-${index + 1}`;
}

function byOriginalStart(a: GraphEvent, b: GraphEvent): number {
	const [first, second] = [a, b].map((one) => `${one.originalStart ?? one.start?.dateTime ?? ''} ${one.id}`);
	return (first ?? '') < (second ?? '') ? -1 : 1;
}

function stripped(event: GraphEvent): JsonObject {
	const source = event as unknown as JsonObject;
	const keys = Object.keys(source).filter((key) => !VOLATILE.has(key) && !key.includes('@odata.'));
	const rank = (key: string): number => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
	keys.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
	const found: JsonObject = {};
	for (const key of keys) {
		const value = source[key];
		if (value !== undefined) found[key] = plainValue(value);
	}
	return found;
}

function plainValue(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(plainValue);
	if (value === null || typeof value !== 'object') return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([key]) => !key.includes('@odata.'))
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([key, inner]) => [key, plainValue(inner)]),
	);
}
