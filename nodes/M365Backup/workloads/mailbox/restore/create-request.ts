import type { JsonObject, JsonValue } from '../../../base/json';
import type { MessageAddress, MessageMeta } from '../message-meta';
import type { Marker } from './marker';
import { markerProperty } from './marker';
import type { MessageOutline } from './message-outline';
import type { MimeHeader } from './mime-parts';

/** Graph's REST limit is 4 MB a request; the body may have most of it. */
export const BODY_LIMIT_BYTES = 3_000_000;

/** Graph takes at most five, and only names that begin with `x-` (freescout-mail365 PR#7, msgraph-sdk-dotnet#2208). */
const HEADER_LIMIT = 5;

export interface CreateInput {
	meta: MessageMeta;
	outline: MessageOutline;
	marker: Marker;
	asDraft: boolean;
	/** After Graph refused the full request: without headers, reply-to and addresses that are none. */
	careful?: boolean;
}

/**
 * The JSON that creates the message in its folder, without attachments.
 *
 * A message counts as received or sent, not as a draft, only if its MAPI flags say so in this very request: they cannot
 * be changed afterwards (microsoft-graph-docs#14829, #14843; what Corso does in mail_restore.go). 0x0E07 is
 * PidTagMessageFlags (1 read, 4 unmodified; without 8, unsent), 0x0039 the submit and 0x0E06 the delivery time. Nothing in it asks
 * anybody for a receipt, and nothing is sent: creating is not sending.
 */
export function createMessageRequest(input: CreateInput): JsonObject {
	const { meta, outline, asDraft, careful = false } = input;
	const people = (of: MessageAddress[] | undefined): JsonValue[] => recipients(of, careful);
	const headers = careful ? [] : restorableHeaders(outline.headers);
	const replyTo = careful ? [] : recipients(meta.replyTo, true);
	return {
		subject: meta.subject ?? '',
		body: { contentType: outline.body.contentType, content: outline.body.content },
		...optional('from', meta.from && recipient(meta.from, careful)),
		...optional('sender', meta.from && recipient(meta.sender ?? meta.from, careful)),
		toRecipients: people(meta.to),
		ccRecipients: people(meta.cc),
		bccRecipients: people(meta.bcc),
		...(replyTo.length > 0 ? { replyTo } : {}),
		importance: meta.importance ?? 'normal',
		...(meta.categories && meta.categories.length > 0 ? { categories: meta.categories } : {}),
		...(meta.flag ? { flag: flagRequest(meta.flag) } : {}),
		isRead: meta.read ?? false,
		...optional('internetMessageId', meta.internetMessageId),
		inferenceClassification: meta.inference ?? 'focused',
		...(headers.length > 0 ? { internetMessageHeaders: headers.map(({ name, value }) => ({ name, value })) } : {}),
		isReadReceiptRequested: false,
		isDeliveryReceiptRequested: false,
		singleValueExtendedProperties: [...mapiProperties(meta, asDraft), markerProperty(input.marker)],
	};
}

function mapiProperties(meta: MessageMeta, asDraft: boolean): { id: string; value: string }[] {
	const sent = meta.sent ?? meta.received ?? meta.created;
	const received = meta.received ?? meta.sent ?? meta.created;
	return [
		...(asDraft ? [] : [{ id: 'Integer 0x0E07', value: meta.read ? '1' : '4' }]),
		...(sent === undefined ? [] : [{ id: 'SystemTime 0x0039', value: sent }]),
		...(received === undefined ? [] : [{ id: 'SystemTime 0x0E06', value: received }]),
	];
}

/** `flag` as Graph accepts it: a due date only together with a start date, and no dates where there is no flag. */
export function flagRequest(flag: NonNullable<MessageMeta['flag']>): JsonObject {
	if (flag.status === 'notFlagged') return { flagStatus: 'notFlagged' };
	if (flag.status === 'complete') {
		return { flagStatus: 'complete', ...optional('completedDateTime', flag.completed) };
	}
	const start = flag.start ?? flag.due;
	return {
		flagStatus: 'flagged',
		...(start === undefined ? {} : { startDateTime: { ...start }, dueDateTime: { ...(flag.due ?? start) } }),
	};
}

function recipients(of: MessageAddress[] | undefined, onlyValid: boolean): JsonObject[] {
	return (of ?? []).map((one) => recipient(one, onlyValid)).filter((one) => one !== undefined);
}

/** An address that is none (`undisclosed-recipients:;`, a lost Exchange DN) keeps at least its name, unless Graph refused that. */
function recipient(of: MessageAddress, onlyValid: boolean): JsonObject | undefined {
	const isValid = /^[^\s@]+@[^\s@]+$/.test(of.address) || of.address.startsWith('/');
	if (onlyValid && !isValid) return undefined;
	if (of.address === '' && of.name === '') return undefined;
	return { emailAddress: { ...(of.name === '' ? {} : { name: of.name }), address: of.address } };
}

/** The first five `x-` headers of the sender; those that Exchange itself adds on the way say nothing about the message. */
export function restorableHeaders(headers: readonly MimeHeader[]): MimeHeader[] {
	const own = headers.filter(
		({ name, value }) =>
			/^x-[\x21-\x7e]+$/.test(name) &&
			!/^x-(ms-(exchange|office365|has-attach|tnef|publictraffictype|traffictypediagnostic)|microsoft-antispam|forefront|eop|originatororg)/.test(name) &&
			value.length > 0 && value.length < 900 && /^[\x20-\x7e]*$/.test(value),
	);
	const byName = new Map(own.map((header) => [header.name, header]));
	return [...byName.values()].slice(0, HEADER_LIMIT);
}

/** Bytes of a string inside a JSON request. */
export function jsonBytes(text: string): number {
	return Buffer.byteLength(JSON.stringify(text));
}

function optional(key: string, value: JsonValue | undefined | object): JsonObject {
	return value === undefined ? {} : { [key]: value as JsonValue };
}
