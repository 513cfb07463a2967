import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A way to a server on which connections break, whatever is spoken on it. */
export class CuttingProxy {
	private readonly sockets = new Set<Socket>();
	/** Of what the client sends on the next connection, so many bytes come through; then it is cut. */
	private cutAfterBytes = Infinity;
	private refusing = false;

	private constructor(
		private readonly server: Server,
		private readonly target: number,
	) {}

	static async start(targetPort: number): Promise<CuttingProxy> {
		const server = createServer();
		const proxy = new CuttingProxy(server, targetPort);
		server.on('connection', (socket) => proxy.pass(socket));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return proxy;
	}

	get port(): number {
		return (this.server.address() as AddressInfo).port;
	}

	cutNextAfter(bytes: number): void {
		this.cutAfterBytes = bytes;
	}

	/** Every connection ends at once, as behind a firewall. */
	refuse(refusing: boolean): void {
		this.refusing = refusing;
	}

	async stop(): Promise<void> {
		for (const socket of this.sockets) socket.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private pass(socket: Socket): void {
		if (this.refusing) {
			socket.destroy();
			return;
		}
		let left = this.cutAfterBytes;
		this.cutAfterBytes = Infinity;
		const onwards = connect(this.target, '127.0.0.1');
		const both = [socket, onwards];
		for (const one of both) {
			this.sockets.add(one);
			one.on('error', () => undefined); // the other end learns of it by the close
			one.once('close', () => {
				this.sockets.delete(one);
				for (const each of both) each.destroy();
			});
		}
		onwards.pipe(socket);
		socket.on('data', (chunk: Buffer) => {
			left -= chunk.length;
			if (left > 0) onwards.write(chunk);
			else socket.destroy();
		});
	}
}
