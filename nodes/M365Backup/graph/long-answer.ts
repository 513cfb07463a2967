import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { DirectConnection } from './direct-connection';
import type { LongBody } from './long-body';

/** Answers from this length on are worth it. */
export const LONG_BYTES = 4 * 1024 * 1024;
/** As `fetch` has it: a server that sends nothing for so long has gone. */
const IDLE_MS = 300_000;
/** Of answers whose body is not in their `body`. */
const bodies = new WeakMap<Response, LongBody>();

export interface LongRequest {
	headers: Record<string, string>;
	redirect?: NonNullable<RequestInit['redirect']>;
	signal?: AbortSignal;
	/** The answer will be long, if it is what was asked for: worth a connection of its own. */
	isLong?: boolean;
}

/**
 * A GET like `fetch`'s, for downloads. A long answer's `body` is null if it was told to be long: it is read with
 * `longBody`, past the web streams and Node's parser, which cost a download as much CPU again and V8 a full collection
 * every few megabytes. All others are as of `fetch`, which also does it itself where something has been arranged for it:
 * a proxy, another dispatcher.
 */
export async function fetchLong(url: string, { isLong, ...init }: LongRequest): Promise<Response> {
	if (isArranged()) return await fetch(url, init);
	const { message, body } = await send(url, init.headers, init.signal, isLong === true ? new DirectConnection() : undefined);
	const status = message.statusCode ?? 0;
	const headers = headersOf(message);
	if (body) {
		const answer = new Response(null, { status, headers });
		bodies.set(answer, body);
		return answer;
	}
	if (isPacked(message)) {
		// Not what was asked for: fetch unpacks it.
		message.destroy();
		return await fetch(url, init);
	}
	if ([204, 205, 304].includes(status)) {
		message.resume();
		return new Response(null, { status, headers });
	}
	return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>>, { status, headers });
}

/** The body of a long answer in pieces of `PIECE_BYTES`, which their last reader may give back; undefined for every other one. */
export function longBody(response: Response): AsyncGenerator<Uint8Array, void, undefined> | undefined {
	return bodies.get(response)?.pieces();
}

/** Closes the connection of an answer that nobody wants to read (any more). */
export async function cancelBody(response: Response): Promise<void> {
	bodies.get(response)?.abandon();
	await response.body?.cancel();
}

const dispatcherKey = Symbol.for('undici.globalDispatcher.1');

function isArranged(): boolean {
	// n8n puts agents of its own here where it is to go through a proxy.
	if (https.globalAgent.constructor !== https.Agent || http.globalAgent.constructor !== http.Agent) return true;
	const dispatcher = (globalThis as { [dispatcherKey]?: object })[dispatcherKey];
	if (dispatcher !== undefined && dispatcher.constructor.name !== 'Agent') return true;
	return Object.entries(process.env).some(([name, value]) => /^https?_proxy$/i.test(name) && value !== undefined && value !== '');
}

interface Answer {
	message: IncomingMessage;
	/** Where the connection is its own and the answer is a long one. */
	body?: LongBody;
}

async function send(url: string, headers: Record<string, string>, signal: AbortSignal | undefined, connection: DirectConnection | undefined): Promise<Answer> {
	const isSecure = url.startsWith('https:');
	const { request } = isSecure ? https : http;
	return await new Promise((resolve, reject) => {
		let received: IncomingMessage | undefined;
		const sent = request(url, { headers, timeout: IDLE_MS, ...(connection && { createConnection: (options: http.ClientRequestArgs) => connection.create(options, isSecure) }) });
		const stop = (): void => {
			received?.destroy(aborted());
			sent.destroy(aborted());
		};
		sent.once('timeout', () => {
			received?.destroy(silent());
			sent.destroy(silent());
		});
		sent.once('close', () => signal?.removeEventListener('abort', stop));
		// Breaks of an answer that is under way come here, too: whoever reads it learns of them there.
		sent.on('error', reject);
		sent.once('response', (message) => {
			received = message;
			message.on('error', () => undefined);
			const sizeBytes = longLength(message);
			resolve(connection && sizeBytes !== undefined ? { message, body: connection.takeOver(message, sizeBytes) } : { message });
		});
		signal?.addEventListener('abort', stop, { once: true });
		if (signal?.aborted === true) stop();
		sent.end();
	});
}

/** Of a body that is what was asked for and worth it. */
function longLength(message: IncomingMessage): number | undefined {
	const { statusCode, headers } = message;
	const sizeBytes = Number(headers['content-length']);
	const isPlain = !isPacked(message) && headers['transfer-encoding'] === undefined;
	return (statusCode === 200 || statusCode === 206) && isPlain && sizeBytes >= LONG_BYTES ? sizeBytes : undefined;
}

function isPacked({ headers }: IncomingMessage): boolean {
	const encoding = headers['content-encoding'];
	return encoding !== undefined && encoding !== 'identity';
}

function silent(): Error {
	return Object.assign(new Error('Nothing came for five minutes'), { code: 'ETIMEDOUT' });
}

function aborted(): Error {
	return Object.assign(new Error('stopped'), { name: 'AbortError' });
}

function headersOf(message: IncomingMessage): Headers {
	const headers = new Headers();
	for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) headers.append(message.rawHeaders[at] ?? '', message.rawHeaders[at + 1] ?? '');
	return headers;
}
