import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/**
 * An HTTP proxy that leads some host names to ports of this machine and nothing anywhere else: so n8n's own nodes, whose
 * addresses are fixed, can speak with a server here.
 */
export class RedirectingProxy {
	/** Hosts that somebody asked for and that lead nowhere. */
	readonly refused: string[] = [];
	private readonly sockets = new Set<Socket>();

	private constructor(
		private readonly server: Server,
		private readonly ports: Readonly<Record<string, number>>,
	) {}

	static async start(ports: Readonly<Record<string, number>>): Promise<RedirectingProxy> {
		const server = createServer((_request, response) => response.writeHead(502).end());
		const proxy = new RedirectingProxy(server, ports);
		server.on('connect', (request, client: Socket) => proxy.tunnel(request.url ?? '', client));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return proxy;
	}

	/** For n8n. */
	get env(): Record<string, string> {
		const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
		return { HTTPS_PROXY: url, https_proxy: url, NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' };
	}

	async stop(): Promise<void> {
		for (const socket of this.sockets) socket.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private tunnel(target: string, client: Socket): void {
		const [host = ''] = target.split(':');
		const port = this.ports[host];
		client.on('error', () => undefined); // the other end learns of it by the close
		if (port === undefined) {
			this.refused.push(target);
			client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
			return;
		}
		const onwards = connect(port, '127.0.0.1', () => {
			client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
			client.pipe(onwards).pipe(client);
		});
		onwards.on('error', () => client.destroy());
		for (const one of [client, onwards]) {
			this.sockets.add(one);
			one.once('close', () => {
				this.sockets.delete(one);
				client.destroy();
				onwards.destroy();
			});
		}
	}
}
