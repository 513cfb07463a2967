import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { UploadAnswer, UploadChunk } from '../../../graph/client';
import type { OutlinedAttachment } from './message-outline';
import { NESTED_LIMIT_BYTES } from './message-outline';
import { mimeParts } from './mime-parts';
import { nestedMessage } from './nested-message';
import type { RestoreContext } from './restore-context';
import { signalOf, stopIfCancelled } from './restore-context';
import { zipWrap } from './zip-wrap';

/** The whole MIME as an attachment of its own. */
export interface OriginalAttachment {
	kind: 'original';
	name: string;
	sizeBytes: number;
}

export type PlannedAttachment = OutlinedAttachment | OriginalAttachment;

/** Below 3 MB an attachment is one POST, from there on an upload session (outlook-large-attachments). */
const SESSION_FROM_BYTES = 3 * 1024 * 1024;
/** REST limit of a request, JSON and base64 together. */
const REQUEST_LIMIT_BYTES = 4 * 1024 * 1024;
/** Pieces of an upload session: multiples of 320 KiB, at most 4 MB. */
const PIECE_BYTES = 12 * 327_680;

const TRIES = 4;

/**
 * Gives a message its attachments, one by one and in order, so that the number of those that are there tells where to
 * go on: after a passing fault, or after the process died.
 *
 * @param from How many of `attachments` are there already.
 */
export async function attachAll(
	context: RestoreContext,
	messageId: string,
	attachments: readonly PlannedAttachment[],
	content: { open(): AsyncIterable<Uint8Array> },
	from: number,
): Promise<void> {
	let done = from;
	for (let tries = 1; done < attachments.length; tries += 1) {
		try {
			await attachFrom(context, messageId, attachments, content, done, () => (done += 1));
		} catch (error) {
			// A message made a moment ago may not be found everywhere at once (Corso retries this 404, too).
			const passing = isFailure(error, 'transient', 'throttled') || (isFailure(error, 'notFound') && tries < TRIES);
			if (!passing || tries >= TRIES) throw error;
			await context.ambient.sleep(1_000 * tries, context.signal);
			const there = await countAttachments(context, messageId).catch((failure: unknown) => {
				if (isFailure(failure, 'notFound')) return done;
				throw failure;
			});
			if (there > done) tries = 0;
			done = Math.max(done, there);
		}
	}
}

/** How many attachments a message has, inline ones included. */
export async function countAttachments(context: RestoreContext, messageId: string): Promise<number> {
	let count = 0;
	const path = `${pathOf(context, messageId)}/attachments?$select=id&$top=100`;
	for await (const page of context.graph.pages<{ id: string }>({ path, ...signalOf(context) })) count += page.length;
	return count;
}

async function attachFrom(
	context: RestoreContext,
	messageId: string,
	attachments: readonly PlannedAttachment[],
	content: { open(): AsyncIterable<Uint8Array> },
	from: number,
	onDone: () => void,
): Promise<void> {
	const path = pathOf(context, messageId);
	const waiting = attachments.slice(from);
	const inMime = waiting.filter((one) => one.kind !== 'original');
	if (inMime.every((one) => one.bytes !== undefined)) {
		for (const attachment of inMime) {
			await attachOne(context, path, attachment, oneChunk(attachment.bytes ?? Buffer.alloc(0)));
			onDone();
		}
	} else {
		await context.largeUploads.run(() => attachBySecondPass(context, path, inMime, content, onDone));
	}
	for (const attachment of waiting) {
		if (attachment.kind !== 'original') continue;
		const attach = (): Promise<void> => attachOne(context, path, attachment, content.open());
		await (attachment.sizeBytes < SESSION_FROM_BYTES ? attach() : context.largeUploads.run(attach));
		onDone();
	}
}

/** The parts come in the order in which they were outlined. */
async function attachBySecondPass(
	context: RestoreContext,
	path: string,
	attachments: readonly OutlinedAttachment[],
	content: { open(): AsyncIterable<Uint8Array> },
	onDone: () => void,
): Promise<void> {
	stopIfCancelled(context);
	let next = 0;
	for await (const part of mimeParts(content.open())) {
		const attachment = attachments[next];
		if (!attachment) break;
		if (part.index !== attachment.part) continue;
		await attachOne(context, path, attachment, part.content);
		onDone();
		next += 1;
	}
	if (next < attachments.length) throw new Failure('corrupt', 'The message in the backup changed while it was read');
}

function pathOf(context: RestoreContext, messageId: string): string {
	return `${context.userPath}/messages/${encodeURIComponent(messageId)}`;
}

/**
 * One file to whatever takes attachments as messages do.
 *
 * @param path Of its owner: `/users/…/events/…`.
 */
export async function attachFile(
	context: RestoreContext,
	path: string,
	file: Omit<OutlinedAttachment, 'part' | 'kind'>,
	bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
	await attachOne(context, path, { ...file, part: -1, kind: 'file' }, bytes);
}

async function attachOne(
	context: RestoreContext,
	path: string,
	attachment: PlannedAttachment,
	bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
	if (attachment.kind === 'message') await attachNested(context, path, attachment, await collect(bytes, NESTED_LIMIT_BYTES));
	else if (fitsPost(attachment)) await postFile(context, path, attachment, await collect(bytes, SESSION_FROM_BYTES));
	else if (isBetweenLimits(attachment)) await attachZipped(context, path, attachment, await collect(bytes, SESSION_FROM_BYTES));
	else await uploadFile(context, path, attachment, bytes);
}

/**
 * True a few hundred bytes below 3 MB: base64 makes 4 MB of 3 MB, so that its JSON is beyond the REST limit, while an
 * upload session takes nothing below 3 MB (outlook-large-attachments). Such a file comes in a ZIP file that is larger.
 */
export function isBetweenLimits(attachment: PlannedAttachment): boolean {
	return attachment.kind !== 'message' && attachment.sizeBytes < SESSION_FROM_BYTES && !fitsPost(attachment);
}

function fitsPost(attachment: PlannedAttachment): boolean {
	if (attachment.sizeBytes >= SESSION_FROM_BYTES) return false;
	const json = Buffer.byteLength(JSON.stringify(fileRequest(attachment, '')));
	return json + 4 * Math.ceil(attachment.sizeBytes / 3) <= REQUEST_LIMIT_BYTES;
}

function fileRequest(attachment: PlannedAttachment, contentBytes: string): JsonObject {
	return { '@odata.type': '#microsoft.graph.fileAttachment', ...describe(attachment), contentBytes };
}

async function postFile(context: RestoreContext, path: string, attachment: PlannedAttachment, bytes: Buffer): Promise<void> {
	if (bytes.length !== attachment.sizeBytes) throw new Failure('corrupt', `${attachment.name} changed while it was read`);
	await post(context, path, fileRequest(attachment, bytes.toString('base64')));
}

async function attachZipped(context: RestoreContext, path: string, attachment: PlannedAttachment, bytes: Buffer): Promise<void> {
	if (bytes.length !== attachment.sizeBytes) throw new Failure('corrupt', `${attachment.name} changed while it was read`);
	const zip = await zipWrap(attachment.name, bytes, SESSION_FROM_BYTES);
	const wrapped: OutlinedAttachment = {
		kind: 'file',
		part: -1,
		name: `${attachment.name.slice(0, 251)}.zip`,
		contentType: 'application/zip',
		sizeBytes: zip.length,
		isInline: false,
	};
	if (fitsPost(wrapped)) await postFile(context, path, wrapped, zip);
	else await uploadFile(context, path, wrapped, oneChunk(zip));
}

/** As a message within the message; if Graph refuses that, as a file, which loses nothing. */
async function attachNested(
	context: RestoreContext,
	path: string,
	attachment: OutlinedAttachment,
	bytes: Buffer,
): Promise<void> {
	const { item } = await nestedMessage(bytes);
	try {
		await post(context, path, { '@odata.type': '#microsoft.graph.itemAttachment', name: attachment.name, item });
	} catch (error) {
		if (!isFailure(error, 'invalid', 'corrupt')) throw error;
		const name = /\.eml$/i.test(attachment.name) ? attachment.name : `${attachment.name}.eml`;
		await postFile(context, path, { ...attachment, kind: 'file', name, contentType: 'message/rfc822' }, bytes);
	}
}

async function post(context: RestoreContext, path: string, body: JsonObject): Promise<void> {
	await context.graph.json({ method: 'POST', path: `${path}/attachments`, body, ...signalOf(context) });
}

async function uploadFile(
	context: RestoreContext,
	path: string,
	attachment: PlannedAttachment,
	bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
	const { sizeBytes } = attachment;
	const session = await context.graph.json<{ uploadUrl: string }>({
		method: 'POST',
		path: `${path}/attachments/createUploadSession`,
		body: { AttachmentItem: { attachmentType: 'file', ...describe(attachment), size: sizeBytes } },
		...signalOf(context),
	});
	let offset = 0;
	for await (const piece of pieces(bytes, PIECE_BYTES)) {
		if (offset + piece.length > sizeBytes) break;
		let sent = 0;
		while (sent < piece.length) {
			const answer = await upload(context, session.uploadUrl, {
				offset: offset + sent,
				bytes: piece.subarray(sent),
				totalBytes: sizeBytes,
			});
			if (answer.done) {
				if (offset + piece.length === sizeBytes) return;
				throw new Failure('transient', `The upload of ${attachment.name} ended too early`);
			}
			const next = answer.nextOffset - offset;
			if (next <= sent) throw new Failure('transient', `The upload of ${attachment.name} makes no progress`);
			sent = Math.min(next, piece.length);
		}
		offset += piece.length;
	}
	throw new Failure('corrupt', `${attachment.name} changed while it was read, or its upload was not completed`);
}

/**
 * A session may be gone, or have got a piece already whose answer was lost (416). Either way this session is over: whether
 * the attachment is there decides what comes next, so that it counts as a passing fault.
 */
async function upload(context: RestoreContext, url: string, chunk: UploadChunk): Promise<UploadAnswer> {
	try {
		return await context.graph.upload(url, chunk, { mailbox: context.mailboxId, ...signalOf(context) });
	} catch (error) {
		if (!isFailure(error, 'invalid', 'notFound', 'conflict', 'expiredCursor')) throw error;
		throw new Failure('transient', error.message, { cause: error, status: error.status, code: error.code });
	}
}

function describe(attachment: PlannedAttachment): JsonObject {
	if (attachment.kind === 'original') return { name: attachment.name, contentType: 'message/rfc822', isInline: false };
	return {
		name: attachment.name,
		contentType: attachment.contentType,
		isInline: attachment.isInline,
		...(attachment.contentId === undefined ? {} : { contentId: attachment.contentId }),
	};
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(bytes);
}

async function collect(bytes: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	for await (const chunk of bytes) {
		sizeBytes += chunk.length;
		if (sizeBytes > limit) throw new Failure('corrupt', 'An attachment changed while it was read');
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

/** Pieces of exactly `size` bytes; the last one may be shorter. */
export async function* pieces(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
	let waiting: Uint8Array[] = [];
	let length = 0;
	for await (const chunk of bytes) {
		let rest = chunk;
		while (length + rest.length >= size) {
			waiting.push(rest.subarray(0, size - length));
			rest = rest.subarray(size - length);
			yield Buffer.concat(waiting);
			waiting = [];
			length = 0;
		}
		if (rest.length > 0) {
			waiting.push(rest);
			length += rest.length;
		}
	}
	if (length > 0) yield Buffer.concat(waiting);
}
