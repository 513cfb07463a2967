import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Fault {
	/** Of requests that match, the next so many; default 1. */
	times?: number;
	/** e.g. `PUT`. */
	method: string;
	/** Of path and query. */
	url: RegExp;
	/** Answered instead, without asking the server. */
	answer?: { status: number; code: string; headers?: Record<string, string>; message?: string; body?: string };
	/** `answer`: the server does what it is asked, but nobody hears of it. `request`: cut off before the server hears of it. */
	lose?: 'answer' | 'request';
	/** A bit of what is sent turns over on the way. */
	garbled?: true;
	/** The answer breaks off after so many bytes. */
	tornAfterBytes?: number;
	/** Headers that are taken out of the answer. */
	hide?: RegExp;
}

/** A way to the S3 server on which things go wrong as a test says. */
export class FaultyProxy {
	/** `METHOD /path?query` of every request, in order. */
	readonly seen: string[] = [];
	private faults: (Fault & { times: number })[] = [];

	private constructor(
		private readonly server: Server,
		private readonly scheme: string,
	) {}

	/** `tls` makes it speak https. */
	static async start(target: string, tls?: { key: string; cert: string }): Promise<FaultyProxy> {
		const server = tls ? createTlsServer(tls) : createServer();
		const proxy = new FaultyProxy(server, tls ? 'https' : 'http');
		server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => proxy.pass(target, incoming, outgoing));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return proxy;
	}

	get endpoint(): string {
		return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	script(fault: Fault): void {
		this.faults.push({ times: 1, ...fault });
	}

	clear(): void {
		this.faults = [];
		this.seen.length = 0;
	}

	count(method: string, url: RegExp): number {
		return this.seen.filter((each) => each.startsWith(`${method} `) && url.test(each)).length;
	}

	async stop(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private pass(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
		const [method, url] = [incoming.method ?? '', incoming.url ?? ''];
		this.seen.push(`${method} ${url}`);
		const fault = this.faults.find((each) => each.times > 0 && each.method === method && each.url.test(url));
		if (fault) fault.times -= 1;
		if (fault?.lose === 'request') {
			incoming.socket.destroy();
			return;
		}
		if (fault?.answer) {
			const { status, code, headers, message = 'scripted', body } = fault.answer;
			incoming.resume().once('end', () => {
				outgoing.writeHead(status, { 'content-type': 'application/xml', ...headers });
				outgoing.end(body ?? `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
			});
			return;
		}
		const { hostname, port } = new URL(target);
		// The host stays as the client named it, since it is signed.
		const onwards = request({ hostname, port, method, path: url, headers: incoming.headers }, (answer) => this.answer(answer, incoming, outgoing, fault));
		onwards.once('error', () => incoming.socket.destroy());
		outgoing.once('close', () => answerIsOver(outgoing) || onwards.destroy());
		if (fault?.garbled) incoming.prependOnceListener('data', (chunk: Buffer) => chunk.writeUInt8(chunk.readUInt8() ^ 1));
		incoming.pipe(onwards);
	}

	private answer(answer: IncomingMessage, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void {
		if (fault?.lose === 'answer') {
			answer.resume().once('end', () => incoming.socket.destroy());
			return;
		}
		const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => fault?.hide?.test(name) !== true));
		outgoing.writeHead(answer.statusCode ?? 502, headers);
		if (fault?.tornAfterBytes === undefined) {
			answer.pipe(outgoing);
			return;
		}
		let left = fault.tornAfterBytes;
		answer.on('data', (chunk: Buffer) => {
			if (left <= 0) return;
			outgoing.write(chunk.subarray(0, left), () => left <= 0 && incoming.socket.destroy());
			left -= chunk.length;
		});
		answer.once('end', () => left > 0 && outgoing.end());
	}
}

function answerIsOver(outgoing: ServerResponse): boolean {
	return outgoing.writableFinished;
}
