import { createServer as createProxy, type IncomingMessage, type Server } from 'node:http';
import { createServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { certificatesFor } from '../../simulator/certificates';

/** One request that n8n sent to a chat service. */
export interface ChatRequest {
	/** The host that n8n meant. */
	host: string;
	method: string;
	/** Path and query. */
	path: string;
	authorization: string;
	/** As sent. */
	text: string;
	json: Record<string, unknown>;
}

/**
 * Stands in for the chat services of the internet, whose addresses are fixed in n8n's nodes: a proxy on the loopback
 * interface that leads every connection to a recorder with a certificate for the services' names. Nothing leaves this
 * machine; a host that is not meant is refused.
 */
export class ChatRecorder {
	readonly requests: ChatRequest[] = [];
	/** What Slack answers instead of `ok`. */
	slackError: string | undefined;
	private readonly sockets = new Set<Socket>();

	private constructor(
		private readonly service: Server,
		private readonly proxy: Server,
		/** For n8n to trust. Serves a simulator that was started with the same host names, too. */
		readonly caFile: string,
	) {}

	static async start(hostNames: readonly string[]): Promise<ChatRecorder> {
		const { key, cert, caFile } = await certificatesFor(hostNames);
		const service = createServer({ key, cert }, (request, response) => {
			void recorder.record(request).then((answer) => response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body)));
		});
		const proxy = createProxy((_request, response) => response.writeHead(403).end());
		const recorder = new ChatRecorder(service, proxy, caFile);
		await listen(service);
		proxy.on('connect', (request, client: Socket, head) => {
			const [host = ''] = (request.url ?? '').split(':');
			if (!hostNames.includes(host)) {
				client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
				return;
			}
			const server = connect(portOf(service), '127.0.0.1', () => {
				client.write('HTTP/1.1 200 Connection established\r\n\r\n');
				server.write(head);
				server.pipe(client).pipe(server);
			});
			for (const socket of [client, server]) {
				recorder.sockets.add(socket);
				socket.on('error', () => socket.destroy());
				socket.on('close', () => recorder.sockets.delete(socket));
			}
		});
		await listen(proxy);
		return recorder;
	}

	/** Leads n8n here. */
	get env(): Record<string, string> {
		return { HTTPS_PROXY: `http://127.0.0.1:${portOf(this.proxy)}`, NO_PROXY: '127.0.0.1,localhost' };
	}

	async stop(): Promise<void> {
		for (const socket of this.sockets) socket.destroy();
		for (const server of [this.proxy, this.service]) {
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		}
	}

	private async record(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const text = Buffer.concat(chunks).toString('utf8');
		const { method = '', url = '', headers } = request;
		this.requests.push({ host: headers.host ?? '', method, path: url, authorization: headers.authorization ?? '', text, json: parsed(text) });
		if (!url.startsWith('/api/')) return { status: 202, body: {} };
		return { status: 200, body: this.slackError === undefined ? { ok: true, ts: '1790000000.000100', channel: 'C1' } : { ok: false, error: this.slackError } };
	}
}

function parsed(text: string): Record<string, unknown> {
	try {
		return JSON.parse(text) as Record<string, unknown>;
	} catch {
		return {}; // a request without JSON; `text` has it
	}
}

async function listen(server: Server): Promise<void> {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function portOf(server: Server): number {
	return (server.address() as AddressInfo).port;
}
