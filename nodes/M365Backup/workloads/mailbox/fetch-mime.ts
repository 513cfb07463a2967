import { Buffer } from 'node:buffer';
import { isFailure, toFailure } from '../../base/failure';
import type { BatchRequest } from '../../graph/client';
import { batchResult } from '../../graph/client';
import type { ContentRequest, Fetched } from '../workload';
import type { MailContext } from './mail-context';
import { graphIdOf } from './mail-context';
import { readAhead } from './read-ahead';

/** Messages in one `$batch` of `$value`. */
const BATCH_SIZE = 20;
/** Single messages under way at once: Exchange answers four requests of a mailbox at a time. */
const STREAMS = 4;
/** Messages between two rounds of Exchange exports, which wait until no stream is open. */
const EXPORT_ROUND = 100;

/**
 * The MIME of messages, as Graph serves it (`GET /messages/{id}/$value`): without attachments twenty to a `$batch`, the
 * others, and those whose batch answer cannot be trusted, as streams of their own. The next batch is under way while
 * the engine stores the one before.
 */
export async function* fetchMime(
	context: MailContext,
	requests: readonly ContentRequest[],
	signal: AbortSignal,
): AsyncGenerator<Fetched> {
	const { exchange } = context;
	if (exchange?.exportsAll === true && requests.length > EXPORT_ROUND) {
		// What waits for its export is not stored yet: a run that is stopped must have got somewhere.
		for (let start = 0; start < requests.length; start += EXPORT_ROUND) yield* fetchMime(context, requests.slice(start, start + EXPORT_ROUND), signal);
		return;
	}
	const singles = requests.filter((request) => request.hints['hasAttachments'] === true);
	const small = requests.filter((request) => request.hints['hasAttachments'] !== true);
	const batches: ContentRequest[][] = [];
	for (let start = 0; start < small.length; start += BATCH_SIZE) batches.push(small.slice(start, start + BATCH_SIZE));

	let pending = batches[0] && settled(fetchBatch(context, batches[0], signal));
	for (let index = 0; pending; index++) {
		const answers = await pending;
		const following = batches[index + 1];
		pending = following && settled(fetchBatch(context, following, signal));
		if ('error' in answers) throw answers.error;
		for (const answer of answers.value) {
			if ('single' in answer) singles.push(answer.single);
			else yield answer;
		}
	}
	if (!exchange) {
		yield* fetchSingles(context, singles, signal);
		return;
	}
	if (singles.length === 0) yield* exchange.flush(signal);
	for (let start = 0; start < singles.length; start += EXPORT_ROUND) {
		yield* fetchSingles(context, singles.slice(start, start + EXPORT_ROUND), signal);
		yield* exchange.flush(signal);
	}
}

/** So that a batch that fails while nobody waits for it is no unhandled rejection. */
function settled<T>(promise: Promise<T>): Promise<{ value: T } | { error: unknown }> {
	return promise.then(
		(value) => ({ value }),
		(error: unknown) => ({ error }),
	);
}

type BatchFetched = Fetched | { single: ContentRequest };

async function fetchBatch(context: MailContext, requests: readonly ContentRequest[], signal: AbortSignal): Promise<BatchFetched[]> {
	const byId = new Map(requests.map((request) => [request.id, request]));
	const asked: BatchRequest[] = requests.map((request) => ({ id: request.id, method: 'GET', path: valuePath(context, request) }));
	const fetched: BatchFetched[] = [];
	for await (const answer of context.graph.batch(asked, { signal })) {
		const request = byId.get(answer.id);
		if (!request) continue;
		const result = batchResult(answer);
		if (result.ok) {
			const bytes = mimeFromBatch(result.body);
			fetched.push(bytes ? { id: request.id, content: once(bytes), sizeBytes: bytes.length, ...context.exchange?.noted(request, bytes) } : { single: request });
		} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else if (isFailure(result.failure, 'notFound', 'denied')) fetched.push({ id: request.id, failure: result.failure });
		// Too large, broken, corrupt, still throttled: asked for once more by itself before it counts as failed.
		else fetched.push({ single: request });
	}
	return fetched;
}

/** What MIME begins with: the name of a header field. An error page or a JSON error does not. */
const HEADER_START = /^[A-Za-z0-9_-]+[ \t]*:/;
/** Exchange serves CRLF throughout; anything else may be what became of it on its way through JSON. */
const LONE_BREAK = /(^|[^\r])\n|\r(?!\n)/;

/**
 * The bytes of a `$value` in a batch answer. OData says that a text body is a JSON string and any other base64; which
 * of the two Graph does is documented nowhere (msgraph-sdk-dotnet-core #22). MIME begins with a header field, whose
 * colon base64 never has. As a JSON string only pure ASCII with its line breaks as sent is sure to be unharmed.
 *
 * @returns null where the answer is in doubt: the message is then fetched by itself.
 */
export function mimeFromBatch(body: unknown): Buffer | null {
	if (typeof body !== 'string' || body.length === 0) return null;
	if (/^[A-Za-z0-9+/_\-\r\n]+={0,2}\s*$/.test(body)) {
		// A last digit alone holds no byte: something was cut off.
		const digits = body.replace(/[=\s]/g, '').length;
		const bytes = ownBytes(body, 'base64');
		return digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) && startsWithHeader(bytes) ? bytes : null;
	}
	return /^[\x01-\x7f]*$/.test(body) && HEADER_START.test(body) && !LONE_BREAK.test(body) ? ownBytes(body, 'latin1') : null;
}

/** Not in Node's common pool, which stays in memory as long as anything else that was put there. */
function ownBytes(text: string, encoding: 'base64' | 'latin1'): Buffer {
	const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text, encoding));
	return bytes.subarray(0, bytes.write(text, encoding));
}

function startsWithHeader(bytes: Buffer): boolean {
	return HEADER_START.test(bytes.toString('latin1', 0, 200));
}

async function* fetchSingles(context: MailContext, requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
	const waiting: Promise<Fetched>[] = [];
	let next = 0;
	const fill = (): void => {
		while (waiting.length < STREAMS && next < requests.length) {
			const request = requests[next++];
			if (request) waiting.push(openSingle(context, request, signal));
		}
	};
	fill();
	try {
		for (;;) {
			const first = waiting.shift();
			if (!first) return;
			const fetched = await first;
			yield fetched;
			if ('more' in fetched && context.exchange?.isWaiting(fetched.id) !== true) yield { id: fetched.id, end: true };
			fill();
		}
	} finally {
		// An engine that stops early must not leave streams open.
		for (const one of waiting) void one.then(closeUnread);
	}
}

async function closeUnread(fetched: Fetched): Promise<void> {
	if ('content' in fetched) await fetched.content[Symbol.asyncIterator]().return?.();
}

async function openSingle(context: MailContext, request: ContentRequest, signal: AbortSignal): Promise<Fetched> {
	try {
		const answer = await context.graph.stream({ path: valuePath(context, request), signal });
		const content = readAhead(answer.body);
		const watched = context.exchange?.watched(request, content);
		return {
			id: request.id,
			content: watched ?? content,
			...(answer.sizeBytes === undefined ? {} : { sizeBytes: answer.sizeBytes }),
			...(watched ? { more: true as const } : {}),
		};
	} catch (error) {
		return { id: request.id, failure: toFailure(error) };
	}
}

function valuePath(context: MailContext, request: ContentRequest): string {
	return `${context.userPath}/messages/${encodeURIComponent(graphIdOf(request.id))}/$value`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(bytes);
}

