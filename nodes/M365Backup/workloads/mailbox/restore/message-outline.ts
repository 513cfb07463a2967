import { isFailure } from '../../../base/failure';
import { BodyBlocks, type MessageBody } from './body-blocks';
import { extensionFor } from './file-extension';
import type { MimeHeader, MimePart } from './mime-parts';
import { mimeParts } from './mime-parts';
import { nestedMessage } from './nested-message';

/** An attachment as pass one found it; its bytes are read again when it is uploaded, unless they were few. */
export interface OutlinedAttachment {
	/** `MimePart.index`. */
	part: number;
	kind: 'file' | 'message';
	name: string;
	contentType: string;
	/** Decoded. */
	sizeBytes: number;
	isInline: boolean;
	contentId?: string;
	/** Kept if small. */
	bytes?: Buffer;
}

/** Why a rebuilt message is less than the original. Each but `unknownCharset` brings `original.eml` with it. */
export type Shortfall =
	| 'signed'
	| 'encrypted'
	| 'meeting'
	| 'report'
	| 'tnef'
	| 'brokenMime'
	| 'bodyTooLong'
	| 'nestedAttachments'
	| 'nestedTooLong'
	| 'unknownCharset';

/** What one pass over a message's MIME tells about rebuilding it. */
export interface MessageOutline {
	body: MessageBody;
	attachments: OutlinedAttachment[];
	headers: MimeHeader[];
	shortfalls: Set<Shortfall>;
}

/** Bytes of attachments that are kept from the first pass, for each message in flight. */
const KEPT_BYTES = 3 * 1024 * 1024;

/** A nested message beyond this size does not fit into one JSON request (REST limit 4 MB) and comes as a file. */
export const NESTED_LIMIT_BYTES = 2.5 * 1024 * 1024;

/**
 * Reads a message to its end (which proves its hash) and says what it is made of.
 *
 * @throws the source's Failure: `corrupt` if the bytes are not what was backed up.
 */
export async function outlineMessage(content: { open(): AsyncIterable<Uint8Array> }): Promise<MessageOutline> {
	const outline: MessageOutline = {
		body: { contentType: 'text', content: '' },
		attachments: [],
		headers: [],
		shortfalls: new Set(),
	};
	const blocks = new BodyBlocks();
	let keptBytes = 0;
	let parts = 0;
	const onHeaders = (headers: MimeHeader[]): void => {
		outline.headers = headers;
	};
	try {
		for await (const part of mimeParts(content.open(), { onHeaders })) {
			parts += 1;
			noteNature(part, outline.shortfalls);
			if (blocks.wants(part)) {
				await blocks.add(part);
				continue;
			}
			if (isMeetingPart(part) || isStatusPart(part)) continue;
			const place = outline.attachments.length;
			const room = KEPT_BYTES - keptBytes;
			const attachment = isMessagePart(part)
				? await outlineNested(part, place, room, outline.shortfalls)
				: await outlineFile(part, place, room);
			keptBytes += attachment.bytes?.length ?? 0;
			outline.attachments.push(attachment);
		}
	} catch (error) {
		if (!isFailure(error, 'corrupt') || error.cause === undefined) throw error;
		// The splitter gave up, the bytes themselves may be right: prove that before anything is made of them.
		await readToEnd(content.open());
		return { ...outline, attachments: [], body: blocks.body(), shortfalls: new Set(['brokenMime']) };
	}
	if (parts === 0 || outline.headers.length === 0) outline.shortfalls.add('brokenMime');
	if (blocks.unknownCharset !== undefined) outline.shortfalls.add('unknownCharset');
	if (blocks.overflowed) outline.shortfalls.add('bodyTooLong');
	outline.body = blocks.body();
	markInline(outline);
	return outline;
}

function noteNature(part: MimePart, shortfalls: Set<Shortfall>): void {
	const type = part.contentType;
	if (part.ancestors.includes('multipart/encrypted')) shortfalls.add('encrypted');
	else if (part.ancestors.includes('multipart/signed')) shortfalls.add('signed');
	else if (/^application\/(x-)?pkcs7-mime$/.test(type)) {
		shortfalls.add(part.typeParameters.get('smime-type') === 'signed-data' ? 'signed' : 'encrypted');
	} else if (/^application\/(x-)?pkcs7-signature$/.test(type)) shortfalls.add('signed');
	else if (isMeetingPart(part)) shortfalls.add('meeting');
	if (isInReport(part)) shortfalls.add('report');
	if (/^application\/(vnd\.)?ms-tnef$/.test(type)) shortfalls.add('tnef');
}

/** The machine-readable alternative of an invitation, as opposed to an attached calendar file. */
function isMeetingPart(part: MimePart): boolean {
	if (part.contentType !== 'text/calendar' || part.disposition === 'attachment') return false;
	return part.ancestors.length === 0 || part.ancestors.at(-1) === 'multipart/alternative';
}

/** Of delivery reports and read receipts (RFC 6522). */
function isInReport(part: MimePart): boolean {
	return part.ancestors.includes('multipart/report');
}

/** What programs read of a report: Exchange makes properties of it that nobody can set (MS-OXCMAIL 2.2.3.7). */
function isStatusPart(part: MimePart): boolean {
	return isInReport(part) && /^message\/(global-)?(delivery-status|disposition-notification)$/.test(part.contentType);
}

function isMessagePart(part: MimePart): boolean {
	return part.contentType === 'message/rfc822' || part.contentType === 'message/global';
}

async function outlineFile(part: MimePart, place: number, room: number): Promise<OutlinedAttachment> {
	const { sizeBytes, bytes } = await readUpTo(part, room);
	return {
		part: part.index,
		kind: 'file',
		name: attachmentName(part, `ATT${String(place + 1).padStart(5, '0')}${extensionFor(part.contentType)}`),
		contentType: part.contentType,
		sizeBytes,
		isInline: isInlinePart(part),
		...(part.contentId === undefined ? {} : { contentId: part.contentId }),
		...(bytes === undefined ? {} : { bytes }),
	};
}

async function outlineNested(
	part: MimePart,
	place: number,
	room: number,
	shortfalls: Set<Shortfall>,
): Promise<OutlinedAttachment> {
	const { sizeBytes, bytes } = await readUpTo(part, NESTED_LIMIT_BYTES);
	const unnamed = `ATT${String(place + 1).padStart(5, '0')}`;
	const common = { part: part.index, contentType: 'message/rfc822', sizeBytes, isInline: false };
	if (bytes === undefined) {
		shortfalls.add('nestedTooLong');
		return { ...common, kind: 'file', name: withEml(attachmentName(part, unnamed)) };
	}
	const nested = await nestedMessage(bytes);
	if (nested.hasAttachments) shortfalls.add('nestedAttachments');
	return {
		...common,
		kind: 'message',
		name: attachmentName(part, nested.subject.trim() || unnamed),
		...(bytes.length > room ? {} : { bytes }),
	};
}

function withEml(name: string): string {
	return /\.eml$/i.test(name) ? name : `${name.slice(0, 251)}.eml`;
}

/** The size of a part, and its bytes if they are not more than `limit`. */
async function readUpTo(part: MimePart, limit: number): Promise<{ sizeBytes: number; bytes?: Buffer }> {
	let sizeBytes = 0;
	let chunks: Uint8Array[] | undefined = [];
	for await (const chunk of part.content) {
		sizeBytes += chunk.length;
		if (sizeBytes > limit) chunks = undefined;
		chunks?.push(chunk);
	}
	return { sizeBytes, ...(chunks === undefined ? {} : { bytes: Buffer.concat(chunks) }) };
}

function isInlinePart(part: MimePart): boolean {
	if (part.contentId === undefined || part.disposition === 'attachment') return false;
	return part.disposition === 'inline' || part.ancestors.includes('multipart/related');
}

/** A picture that the body shows is inline, whatever its disposition says: that is how Exchange shows it, too. */
function markInline(outline: MessageOutline): void {
	if (outline.body.contentType !== 'html') return;
	for (const attachment of outline.attachments) {
		const { contentId } = attachment;
		if (contentId === undefined || attachment.isInline) continue;
		attachment.isInline = outline.body.content.includes(`cid:${contentId}`);
	}
}

async function readToEnd(bytes: AsyncIterable<Uint8Array>): Promise<number> {
	let sizeBytes = 0;
	for await (const chunk of bytes) sizeBytes += chunk.length;
	return sizeBytes;
}

/** Control characters and line ends have no place in a name; Graph would refuse them. */
function attachmentName(part: MimePart, otherwise: string): string {
	const name = (part.fileName ?? '').replace(/[\p{Cc}]+/gu, ' ').trim();
	return (name === '' ? otherwise.replace(/[\p{Cc}]+/gu, ' ') : name).slice(0, 255);
}
