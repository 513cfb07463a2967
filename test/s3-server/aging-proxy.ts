import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A way to the S3 server on which listings say that everything was written so long ago: no test can wait for days. */
export class AgingProxy {
	private constructor(
		private readonly server: Server,
		private readonly target: URL,
		private readonly ageMs: number,
	) {}

	static async start(target: string, ageMs: number): Promise<AgingProxy> {
		const server = createServer();
		const proxy = new AgingProxy(server, new URL(target), ageMs);
		server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => proxy.pass(incoming, outgoing));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return proxy;
	}

	get endpoint(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	async stop(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
		const { hostname, port } = this.target;
		const { method = '', url = '', headers } = incoming;
		// The host stays as the client named it, since it is signed.
		const onwards = request({ hostname, port, method, path: url, headers }, (answer) => {
			if (method === 'GET' && url.includes('list-type=2')) {
				void this.aged(answer).then((body) => {
					outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/xml', 'content-length': body.length });
					outgoing.end(body);
				});
				return;
			}
			outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(outgoing);
		});
		onwards.once('error', () => incoming.socket.destroy());
		incoming.pipe(onwards);
	}

	private async aged(answer: IncomingMessage): Promise<Buffer> {
		const chunks: Buffer[] = [];
		for await (const chunk of answer) chunks.push(chunk as Buffer);
		const text = Buffer.concat(chunks).toString('utf8');
		return Buffer.from(text.replaceAll(/<LastModified>([^<]+)</g, (_whole, time: string) => `<LastModified>${new Date(Date.parse(time) - this.ageMs).toISOString()}<`));
	}
}
