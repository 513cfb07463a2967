import type { ClientRequestArgs, IncomingMessage } from 'node:http';
import net, { type OnReadOpts, type Socket } from 'node:net';
import tls from 'node:tls';
import { LongBody } from './long-body';

/** A record of TLS holds no more (RFC 8446, §5.1). */
const RECORD_BYTES = 16 * 1024;

/**
 * A connection for one request of node:http. Node's client reads the answer as ever; but once `takeOver` has been called,
 * as soon as its head is known, the bytes of its body go from the socket to where they are wanted. Its client would give
 * each 16 KB three buffers and three listeners, which is a sixth of what a download costs.
 *
 * net's option `onread` is for that: what is read is told to a callback instead of to listeners of `data`.
 */
export class DirectConnection {
	#socket: Socket | undefined;
	#message: IncomingMessage | undefined;
	#body: LongBody | undefined;

	/** For `request`. */
	readonly create = (options: ClientRequestArgs, isSecure: boolean): Socket => {
		const host = options.hostname ?? options.host ?? 'localhost';
		const to = { host, port: Number(options.port ?? (isSecure ? 443 : 80)), onread: this.onread };
		// A name for SNI must be no address (RFC 6066, §3).
		const named = net.isIP(host) > 0 ? {} : { servername: host };
		this.#socket = isSecure ? tls.connect({ ...to, ...named, ALPNProtocols: ['http/1.1'] } as tls.ConnectionOptions) : net.connect(to as net.NetConnectOpts);
		return this.#socket;
	};

	/** From within the request's event `response`: its body has `sizeBytes`. */
	takeOver(message: IncomingMessage, sizeBytes: number): LongBody {
		this.#message = message;
		this.#body = new LongBody(message, sizeBytes);
		return this.#body;
	}

	private readonly onread: OnReadOpts = {
		// Node's parser may hand on the very bytes that it gets: each time others.
		buffer: () => this.#body?.room ?? Buffer.allocUnsafeSlow(RECORD_BYTES),
		callback: (sizeBytes, read) => {
			if (this.#body) return this.#body.took(sizeBytes);
			this.#socket?.emit('data', Buffer.from(read.buffer, read.byteOffset, sizeBytes));
			return this.afterHead();
		},
	};

	/** What stood behind the head has gone to the message. */
	private afterHead(): boolean {
		const [message, body] = [this.#message, this.#body];
		if (!message || !body) return true;
		for (let rest = message.read() as Buffer | null; rest; rest = message.read() as Buffer | null) body.copy(rest);
		return true;
	}
}
