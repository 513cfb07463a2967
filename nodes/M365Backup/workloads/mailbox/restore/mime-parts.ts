import type { SplitterChunk } from '@zone-eu/mailsplit';
import { Splitter } from '@zone-eu/mailsplit';
import FlowedDecoder from '@zone-eu/mailsplit/lib/flowed-decoder';
import { PassThrough, pipeline, Readable, type Transform } from 'node:stream';
import { Failure, toFailure } from '../../../base/failure';

/** A header field as it stands in the message: lower-case name, value unfolded but not decoded. */
export interface MimeHeader {
	name: string;
	value: string;
}

/** A part as the splitter reports it (its type, not the class of the same name). */
type MimeNode = Extract<SplitterChunk, { type: 'node' }>;

/** One part without parts of its own. Nested messages are such parts: their bytes are their content. */
export interface MimePart {
	/** Its place among all leaf parts, from 0. The same in every pass over the same bytes. */
	index: number;
	/** Lower case, e.g. `text/plain`. */
	contentType: string;
	/** Multipart types around it, outermost first, e.g. `multipart/mixed`. */
	ancestors: string[];
	disposition?: string;
	charset?: string;
	fileName?: string;
	/** Without angle brackets. */
	contentId?: string;
	/** Parameter `method` of a `text/calendar` part, `smime-type` of a PKCS #7 part: as written. */
	typeParameters: Map<string, string>;
	isFlowed: boolean;
	/** Transfer encoding undone. Read it before asking for the next part, or not at all. */
	content: AsyncIterable<Uint8Array>;
}

export interface MimeEvents {
	/** Of the message itself, once, before its first part. */
	onHeaders?: (headers: MimeHeader[], header: Buffer) => void;
}

/**
 * Takes a message apart, part by part, in constant memory and without long synchronous stretches: mailsplit works in
 * slices of 16 KiB. (mailparser, which stands on the same splitter, would keep all text twice, flatten nested messages
 * into the body, and hides the multipart structure that signed mail is told by.)
 *
 * The source is always read to its end, so that its own checks come to bear. Broken MIME does not throw: what cannot
 * be read as parts comes as text. Throws the source's own error, or `corrupt` for headers beyond 1 MB or more than
 * 1,000 parts.
 */
export async function* mimeParts(source: AsyncIterable<Uint8Array>, events: MimeEvents = {}): AsyncGenerator<MimePart> {
	const splitter = new Splitter({ ignoreEmbedded: true });
	// pipeline carries the source's error to the splitter, whose iterator then throws it.
	pipeline(Readable.from(inSmallBuffers(source), { objectMode: false }), splitter, () => undefined);
	const chunks = splitter[Symbol.asyncIterator]() as AsyncIterator<SplitterChunk>;
	const next = async (): Promise<SplitterChunk | undefined> => {
		try {
			const result = await chunks.next();
			return result.done === true ? undefined : result.value;
		} catch (error) {
			if ((error as { code?: string }).code !== 'EMAXLEN') throw toFailure(error);
			throw new Failure('corrupt', 'The message has headers beyond 1 MB or more than 1,000 parts', { cause: error });
		}
	};

	try {
		let index = 0;
		const ahead: { chunk: SplitterChunk | undefined } = { chunk: await next() };
		for (;;) {
			const node = ahead.chunk;
			if (node === undefined) break;
			ahead.chunk = await next();
			if (node.type !== 'node') continue;
			if (node.root) events.onHeaders?.(headersOf(node), node.getHeaders());
			if (node.multipart !== false) continue;

			const body = async function* (): AsyncGenerator<Buffer> {
				while (ahead.chunk?.type === 'body' && ahead.chunk.node === node) {
					yield ahead.chunk.value;
					ahead.chunk = await next();
				}
			};
			yield describePart(node, index, decoded(node, body()));
			index += 1;
			await drain(body());
		}
	} finally {
		splitter.destroy();
	}
}

async function drain(body: AsyncIterable<unknown>): Promise<number> {
	let chunks = 0;
	for await (const chunk of body) chunks += chunk === undefined ? 0 : 1;
	return chunks;
}

/** Large chunks would keep the splitter busy for too long at a stretch and make it copy line ends back and forth. */
async function* inSmallBuffers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
	const limit = 64 * 1024;
	for await (const chunk of source) {
		for (let offset = 0; offset < chunk.length; offset += limit) {
			const end = Math.min(offset + limit, chunk.length);
			yield Buffer.from(chunk.buffer, chunk.byteOffset + offset, end - offset);
		}
	}
}

async function* decoded(node: MimeNode, body: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
	const decoder: Transform = node.encoding === false ? new PassThrough() : node.getDecoder();
	pipeline(Readable.from(body, { objectMode: false }), decoder, () => undefined);
	for await (const chunk of decoder as AsyncIterable<Buffer | string>) {
		yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
	}
}

/** Joins the lines of `format=flowed` text again (RFC 3676), which Exchange does, too. */
export function unflow(text: string, deleteSpace: boolean): Promise<string> {
	return new Promise((resolve, reject) => {
		const decoder = new FlowedDecoder({ delSp: deleteSpace }) as unknown as Transform;
		const chunks: Buffer[] = [];
		decoder.on('data', (chunk: Buffer) => chunks.push(chunk));
		decoder.on('end', () => resolve(Buffer.concat(chunks).toString()));
		decoder.on('error', reject);
		decoder.end(Buffer.from(text));
	});
}

function headersOf(node: MimeNode): MimeHeader[] {
	if (node.headers === false) return [];
	return node.headers.getList().map(({ key, line }) => ({
		name: key,
		value: line
			.slice(line.indexOf(':') + 1)
			.replace(/\r?\n[ \t]*/g, ' ')
			.trim(),
	}));
}

function describePart(node: MimeNode, index: number, content: AsyncIterable<Uint8Array>): MimePart {
	const ancestors: string[] = [];
	for (let parent = node.parentNode; parent; parent = parent.parentNode) {
		if (parent.contentType !== false) ancestors.unshift(parent.contentType);
	}
	const headers = headersOf(node);
	const header = (name: string): string => headers.find((one) => one.name === name)?.value ?? '';
	const contentId = header('content-id').replace(/^<|>$/g, '').trim();
	return {
		index,
		contentType: node.contentType === false || node.contentType === '' ? 'text/plain' : node.contentType,
		ancestors,
		...(node.disposition === false ? {} : { disposition: node.disposition }),
		...(node.charset === false ? {} : { charset: node.charset }),
		...(node.filename === false ? {} : { fileName: node.filename }),
		...(contentId === '' ? {} : { contentId }),
		typeParameters: typeParameters(header('content-type')),
		isFlowed: node.flowed,
		content,
	};
}

function typeParameters(contentType: string): Map<string, string> {
	const found = new Map<string, string>();
	for (const match of contentType.matchAll(/;\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s;]*))/g)) {
		found.set((match[1] ?? '').toLowerCase(), match[2] ?? match[3] ?? '');
	}
	return found;
}
