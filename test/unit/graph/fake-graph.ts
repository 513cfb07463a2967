import { createGraphClient, type GraphClient, type GraphClientOptions } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import type { TokenSource } from '../../../nodes/M365Backup/graph/tokens';
import { VirtualAmbient } from './virtual-ambient';

export const graphUrl = 'https://graph.example';
export const mailbox = '/users/11111111-2222-3333-4444-555555555555';

export interface Sent {
	url: string;
	method: string;
	headers: Headers;
	body: string;
}

export type Script = (request: Sent, number: number) => Response | Promise<Response>;

/** A Graph that answers as the test says, and remembers what was sent. */
export class FakeGraph {
	readonly sent: Sent[] = [];
	readonly ambient = new VirtualAmbient();
	readonly governor = new Governor(this.ambient);
	readonly client: GraphClient;
	inFlight = 0;
	mostInFlight = 0;

	constructor(
		private readonly script: Script,
		options: Partial<GraphClientOptions> = {},
	) {
		this.client = createGraphClient({
			graphUrl,
			tokens: options.tokens ?? countingTokens().source,
			ambient: this.ambient,
			governor: this.governor,
			fetch: this.fetch,
			...options,
		});
	}

	readonly fetch: typeof globalThis.fetch = async (input, init) => {
		init?.signal?.throwIfAborted();
		const body = init?.body;
		const request: Sent = {
			url: input instanceof Request ? input.url : input.toString(),
			method: init?.method ?? 'GET',
			headers: new Headers(init?.headers),
			body: body instanceof Uint8Array ? Buffer.from(body).toString('latin1') : typeof body === 'string' ? body : '',
		};
		this.sent.push(request);
		this.inFlight++;
		this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
		try {
			return await this.script(request, this.sent.length);
		} finally {
			this.inFlight--;
		}
	};
}

/** Tokens `token-1`, `token-2`… : a new one for each renewal. */
export function countingTokens(): { source: TokenSource; renewals: () => number } {
	let number = 1;
	return {
		source: {
			token: (options) => {
				if (options?.renew === true) number++;
				return Promise.resolve(`token-${number}`);
			},
		},
		renewals: () => number - 1,
	};
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
	return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

export function graphError(status: number, code: string, headers: Record<string, string> = {}, message = 'said by Graph'): Response {
	return json({ error: { code, message } }, status, headers);
}

/** A body that breaks off: `error` as undici says it. */
export function brokenBody(start: string): Response {
	const pieces = [Buffer.from(start)];
	const body = new ReadableStream<Uint8Array>({
		pull(controller) {
			const piece = pieces.shift();
			if (piece) controller.enqueue(piece);
			else controller.error(new TypeError('terminated', { cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }) }));
		},
	});
	return new Response(body, { status: 200, headers: { 'content-type': 'application/json' } });
}

/** How `fetch` rejects when the connection is reset. */
export function connectionReset(code = 'ECONNRESET'): TypeError {
	return new TypeError('fetch failed', { cause: Object.assign(new Error('socket'), { code }) });
}

export interface InnerRequest {
	id: string;
	method: string;
	url: string;
	headers: Record<string, string>;
}

export function innerRequests(request: Sent): InnerRequest[] {
	return (JSON.parse(request.body) as { requests: InnerRequest[] }).requests;
}

export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const one of iterable) all.push(one);
	return all;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
	try {
		await promise;
	} catch (error) {
		return error;
	}
	throw new Error('It did not fail');
}
