import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { letGo } from '../base/let-go';
import { giveBack, takePiece } from '../base/pieces';

/** Answers from this length on are worth it. */
export const LONG_BYTES = 4 * 1024 * 1024;
/** As `fetch` has it: a server that sends nothing for so long has gone. */
const IDLE_MS = 300_000;
/** Pieces that wait for whoever reads; then the server is held back. */
const MOST_READY = 2;

/** Of answers whose body is not in their `body`. */
const messages = new WeakMap<Response, IncomingMessage>();

/**
 * A GET like `fetch`'s, for downloads. A long answer's `body` is null: it is read with `longBody`, past the web streams,
 * which cost a download as much CPU again and V8 a full collection every few megabytes. All others are as of `fetch`,
 * which also does it itself where something has been arranged for it: a proxy, another dispatcher.
 */
export async function fetchLong(url: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
	if (isFetchArranged()) return await fetch(url, init);
	const message = await send(url, init.headers, init.signal ?? undefined);
	const status = message.statusCode ?? 0;
	const headers = headersOf(message);
	const encoding = headers.get('content-encoding');
	if (encoding !== null && encoding !== 'identity') {
		// Not what was asked for: fetch unpacks it.
		message.destroy();
		return await fetch(url, init);
	}
	if ((status === 200 || status === 206) && Number(headers.get('content-length')) >= LONG_BYTES) {
		const answer = new Response(null, { status, headers });
		messages.set(answer, message);
		return answer;
	}
	if ([204, 205, 304].includes(status)) {
		message.resume();
		return new Response(null, { status, headers });
	}
	return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>>, { status, headers });
}

/** The body of a long answer in pieces of `PIECE_BYTES`, which their last reader may give back; undefined for every other one. */
export function longBody(response: Response): AsyncGenerator<Uint8Array, void, undefined> | undefined {
	const message = messages.get(response);
	return message && piecesOf(message);
}

/** Closes the connection of an answer that nobody wants to read (any more). */
export async function cancelBody(response: Response): Promise<void> {
	messages.get(response)?.destroy();
	await response.body?.cancel();
}

const dispatcherKey = Symbol.for('undici.globalDispatcher.1');

function isFetchArranged(): boolean {
	const dispatcher = (globalThis as { [dispatcherKey]?: object })[dispatcherKey];
	if (dispatcher !== undefined && dispatcher.constructor.name !== 'Agent') return true;
	return Object.entries(process.env).some(([name, value]) => /^https?_proxy$/i.test(name) && value !== undefined && value !== '');
}

async function send(url: string, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<IncomingMessage> {
	const { request } = url.startsWith('https:') ? https : http;
	return await new Promise((resolve, reject) => {
		let received: IncomingMessage | undefined;
		const sent = request(url, { headers, timeout: IDLE_MS });
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
			resolve(message);
		});
		signal?.addEventListener('abort', stop, { once: true });
		if (signal?.aborted === true) stop();
		sent.end();
	});
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

/** Fills pieces as the chunks come, without a promise for each. */
class Pieces {
	readonly ready: Buffer[] = [];
	isOver = false;
	error: Error | undefined;
	private piece = takePiece();
	private filled = 0;
	private wake: (() => void) | undefined;

	constructor(private readonly message: IncomingMessage) {
		letGoOfReceived(message);
		message.on('data', (chunk: Buffer) => this.add(chunk));
		message.once('end', () => this.end(undefined));
		message.once('error', (error) => this.end(error));
		message.once('close', () => this.end(message.errored ?? Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
		if (message.destroyed) this.end(message.errored ?? aborted());
	}

	/** Resolves when a piece is ready, or all is over. */
	async more(): Promise<void> {
		if (this.ready.length === 0 && !this.isOver) await new Promise<void>((resolve) => (this.wake = resolve));
	}

	private add(chunk: Buffer): void {
		for (let at = 0; at < chunk.length; ) {
			const part = chunk.subarray(at, at + this.piece.length - this.filled);
			this.piece.set(part, this.filled);
			this.filled += part.length;
			at += part.length;
			if (this.filled === this.piece.length) this.flush();
		}
		letGo(chunk);
		if (this.ready.length >= MOST_READY) this.message.pause();
		if (this.ready.length > 0) this.wake?.();
	}

	private flush(): void {
		this.ready.push(this.piece.subarray(0, this.filled));
		this.piece = takePiece();
		this.filled = 0;
	}

	private end(error: Error | undefined): void {
		if (this.isOver) return;
		this.isOver = true;
		this.error = error;
		if (this.filled > 0) this.flush();
		giveBack(this.piece);
		this.wake?.();
	}
}

/**
 * Node's parser copies what it hands on, and leaves what the socket brought to V8, which then makes a full collection
 * every 30 MB: of all that n8n holds. It is let go of as soon as a copy has been seen; should a parser hand on the
 * socket's own bytes, as older ones did, never.
 */
function letGoOfReceived(message: IncomingMessage): void {
	const { socket } = message;
	let copied: boolean | undefined;
	let handedOn: ArrayBufferLike | undefined;
	const note = (chunk: Buffer): void => void (handedOn = chunk.buffer);
	const release = (chunk: Buffer): void => {
		if (copied === undefined && handedOn !== undefined) {
			copied = handedOn !== chunk.buffer;
			message.off('data', note);
		}
		handedOn = undefined;
		if (copied === true) letGo(chunk);
	};
	message.on('data', note);
	socket.on('data', release);
	message.once('close', () => socket.off('data', release));
}

async function* piecesOf(message: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
	const pieces = new Pieces(message);
	try {
		for (;;) {
			await pieces.more();
			const piece = pieces.ready.shift();
			if (!piece) break;
			if (message.isPaused() && pieces.ready.length < MOST_READY) message.resume();
			yield piece;
		}
		if (pieces.error) throw pieces.error;
	} finally {
		// Left before its end, the rest is of no use.
		if (!message.complete || !pieces.isOver) message.destroy();
	}
}
