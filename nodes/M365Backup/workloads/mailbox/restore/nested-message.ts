import type { AddressObject, HeaderValue, Headers } from 'mailparser';
import { MailParser } from 'mailparser';
import type { JsonObject } from '../../../base/json';
import { BodyBlocks, type MessageBody } from './body-blocks';
import { mimeParts } from './mime-parts';

export interface NestedMessage {
	/** `item` of a Graph itemAttachment. */
	item: JsonObject;
	subject: string;
	/** Attachments of its own cannot be nested in one request, nor added later: they are lost. */
	hasAttachments: boolean;
}

/** A message attached to a message, as Graph nests it. Its dates cannot be set; its text, subject and people can. */
export async function nestedMessage(mime: Buffer): Promise<NestedMessage> {
	const blocks = new BodyBlocks();
	let hasAttachments = false;
	let header: Buffer = Buffer.alloc(0);
	const once = async function* (): AsyncGenerator<Buffer> {
		yield await Promise.resolve(mime);
	};
	for await (const part of mimeParts(once(), { onHeaders: (_headers, bytes) => (header = bytes) })) {
		if (blocks.wants(part)) await blocks.add(part);
		else hasAttachments = true;
	}
	const body: MessageBody = blocks.body();
	const headers = await decodeHeaders(header);
	const subject = textOf(headers.get('subject'));
	const from = addressesOf(headers.get('from'))[0];
	const messageId = textOf(headers.get('message-id'));
	return {
		subject,
		hasAttachments,
		item: {
			'@odata.type': '#microsoft.graph.message',
			subject,
			body: { contentType: body.contentType, content: body.content },
			...(from ? { from, sender: from } : {}),
			toRecipients: addressesOf(headers.get('to')),
			ccRecipients: addressesOf(headers.get('cc')),
			...(messageId === '' ? {} : { internetMessageId: messageId }),
			...datesOf(headers.get('date')),
		},
	};
}

/** mailparser knows encoded words in names, groups, and the tricks played with both. Only the header goes through it. */
function decodeHeaders(header: Buffer): Promise<Headers> {
	return new Promise((resolve, reject) => {
		const parser = new MailParser();
		parser.on('headers', resolve);
		parser.on('error', reject);
		parser.on('end', () => resolve(new Map()));
		parser.resume();
		parser.end(header.length === 0 ? Buffer.from('\r\n') : header);
	});
}

function textOf(value: HeaderValue | undefined): string {
	return typeof value === 'string' ? value : '';
}

function datesOf(value: HeaderValue | undefined): JsonObject {
	if (!(value instanceof Date) || Number.isNaN(value.getTime())) return {};
	const time = value.toISOString();
	return {
		singleValueExtendedProperties: [
			{ id: 'Integer 0x0E07', value: '1' },
			{ id: 'SystemTime 0x0039', value: time },
			{ id: 'SystemTime 0x0E06', value: time },
		],
	};
}

function addressesOf(value: HeaderValue | undefined): JsonObject[] {
	if (value === undefined) return [];
	const objects = (Array.isArray(value) ? value : [value]) as (AddressObject | string)[];
	return objects
		.flatMap((one) => (typeof one === 'object' && 'value' in one ? one.value : []))
		.flatMap((one) => one.group ?? [one])
		.filter((one) => (one.address ?? '').includes('@'))
		.map((one) => ({ emailAddress: { name: one.name === '' ? (one.address ?? '') : one.name, address: one.address ?? '' } }));
}
