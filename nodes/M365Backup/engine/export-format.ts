import type { JsonObject } from '../base/json';
import type { CatalogEntry, ItemType } from '../repository/records';
import { eventIcs } from '../workloads/mailbox/calendar/event-ics';
import { contactVcf } from '../workloads/mailbox/contacts/contact-vcf';
import { taskIcs } from '../workloads/mailbox/tasks/task-ics';

/**
 * - `standard`: what other programs open: messages as .eml, events and tasks as .ics, contacts as .vcf, files as they are
 * - `original`: exactly what the backup holds: messages as .eml, everything else as JSON with its attachments beside it
 */
export type ExportFormat = 'standard' | 'original';

/** A content beside an item's main one, by name, as the converters read it. */
export type ContentParts = ReadonlyMap<string, { sizeBytes: number; open(): AsyncIterable<Uint8Array> }>;

/** How an item becomes a file. */
export interface FileKind {
	extension: string;
	mimeType: string;
	/** Makes the file of the stored JSON document; absent where the stored bytes are the file. */
	convert?: (document: JsonObject, parts: ContentParts) => AsyncIterable<Uint8Array>;
}

const JSON_FILE: FileKind = { extension: '.json', mimeType: 'application/json' };
const EML_FILE: FileKind = { extension: '.eml', mimeType: 'message/rfc822' };

const STANDARD: Partial<Record<ItemType, FileKind>> = {
	contact: { extension: '.vcf', mimeType: 'text/vcard', convert: contactVcf },
	event: { extension: '.ics', mimeType: 'text/calendar', convert: eventIcs },
	task: { extension: '.ics', mimeType: 'text/calendar', convert: taskIcs },
};

/** A file of a drive keeps its own extension. */
export function fileKind(entry: CatalogEntry, format: ExportFormat): FileKind {
	if (entry.type === 'message') return EML_FILE;
	if (entry.type === 'file') return { extension: extensionOf(entry.name), mimeType: mimeTypeOf(entry) };
	return (format === 'standard' ? STANDARD[entry.type] : undefined) ?? JSON_FILE;
}

/** `2026-11-22 Stand-up`: the name of the file without its extension. */
export function exportTitle(entry: CatalogEntry): string {
	if (entry.type === 'file') return entry.name.slice(0, entry.name.length - extensionOf(entry.name).length);
	const date = KNOWN_BY_NAME.has(entry.type) ? undefined : exportDate(entry);
	const name = entry.name.trim() || (entry.type === 'message' ? '(no subject)' : '(untitled)');
	return date === undefined ? name : `${date.slice(0, 10)} ${name}`;
}

/** Nobody looks for these by the day of their last change. */
const KNOWN_BY_NAME: ReadonlySet<ItemType> = new Set<ItemType>(['listItem', 'page', 'site']);

/** As Microsoft told it; what is no MIME type would end up in a header of whoever hands the file on. */
function mimeTypeOf({ meta }: CatalogEntry): string {
	const { mimeType } = meta;
	return typeof mimeType === 'string' && /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(mimeType) ? mimeType : 'application/octet-stream';
}

/** ISO 8601: the time that a person knows the item by. Undefined for contacts, settings and sites, which are no events in time. */
export function exportDate({ type, meta, modified }: CatalogEntry): string | undefined {
	switch (type) {
		case 'event':
			return firstText(meta['start']);
		case 'task':
			return firstText(meta['due']);
		case 'contact':
		case 'setting':
		case 'site':
			return undefined;
		default:
			return firstText(meta['received'], meta['sent'], modified);
	}
}

export function extensionOf(name: string): string {
	return /(?<=.)\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? '';
}

function firstText(...values: unknown[]): string | undefined {
	return values.find((value) => typeof value === 'string');
}
