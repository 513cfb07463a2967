import { createWriteStream, type WriteStream } from 'node:fs';
import type { GraphAnswer } from './exchange';

/** Counts what was asked of the tenant, and records it if told to. */
export class RequestLog {
	/** HTTP calls to Graph and to upload URLs; a batch is one. */
	calls = 0;
	/** Graph requests: a batch counts as its inner requests. */
	requests = 0;
	/** E.g. `GET /users/{id}/messages/{id}/$value` → how often, singly or in a batch. */
	readonly byRoute = new Map<string, number>();
	/** Answers by status, inner ones included. */
	readonly byStatus = new Map<number, number>();
	/** `METHOD /url` of requests for paths that the simulator does not know. */
	readonly misses: string[] = [];
	/** Seen by `count`, newest last; empty unless `keepUrls` is set. */
	readonly urls: string[] = [];
	keepUrls = false;
	private recorder: WriteStream | undefined;

	/** How often a route was asked: exact name, or a RegExp on names. */
	count(route: string | RegExp): number {
		if (typeof route === 'string') return this.byRoute.get(route) ?? 0;
		let sum = 0;
		for (const [name, times] of this.byRoute) if (route.test(name)) sum += times;
		return sum;
	}

	/** Forgets all counts, so that a test counts one run. */
	reset(): void {
		this.calls = 0;
		this.requests = 0;
		this.byRoute.clear();
		this.byStatus.clear();
		this.misses.length = 0;
		this.urls.length = 0;
	}

	add(method: string, url: string, answer: GraphAnswer): void {
		const route = answer.route ?? `${method} (refused)`;
		if (route === 'miss') this.misses.push(`${method} ${url}`);
		if (route !== 'POST /$batch') this.requests++;
		this.byRoute.set(route, (this.byRoute.get(route) ?? 0) + 1);
		this.byStatus.set(answer.status, (this.byStatus.get(answer.status) ?? 0) + 1);
		if (this.keepUrls) this.urls.push(`${method} ${url}`);
	}

	recordTo(file: string): void {
		this.recorder = createWriteStream(file, { flags: 'a' });
	}

	get isRecording(): boolean {
		return this.recorder !== undefined;
	}

	/** One NDJSON line per HTTP call. Bodies that are no JSON are text, or base64 where they are no UTF-8. */
	record(method: string, url: string, requestBody: Buffer, answer: GraphAnswer): void {
		if (!this.recorder) return;
		const responseBody = answer.json ?? (answer.bytes ? readable(answer.bytes) : null);
		this.recorder.write(`${JSON.stringify({ method, url, status: answer.status, requestBody: requestBody.length ? readable(requestBody) : null, responseBody })}\n`);
	}

	async close(): Promise<void> {
		const { recorder } = this;
		if (recorder) await new Promise<void>((resolve) => recorder.end(resolve));
	}
}

function readable(bytes: Buffer): unknown {
	const text = bytes.toString('utf8');
	if (/^\s*[[{]/.test(text)) {
		try {
			return JSON.parse(text);
		} catch {
			return text;
		}
	}
	return Buffer.from(text, 'utf8').equals(bytes) ? text : bytes.toString('base64');
}
