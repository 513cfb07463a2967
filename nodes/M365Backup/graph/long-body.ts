import type { IncomingMessage } from 'node:http';
import { giveBack, takePiece } from '../base/pieces';

/** Pieces that wait for whoever reads; then the server is held back. */
const MOST_READY = 2;

/**
 * The body of an answer of known length, filled by its connection (direct-connection.ts) and read in pieces of
 * `PIECE_BYTES`, which their last reader may give back.
 */
export class LongBody {
	private readonly ready: Buffer[] = [];
	private isOver = false;
	private error: Error | undefined;
	private piece = takePiece();
	private filled = 0;
	private wake: (() => void) | undefined;

	/** @param leftBytes of the whole body */
	constructor(
		private readonly message: IncomingMessage,
		private leftBytes: number,
	) {
		message.once('error', (error) => this.end(error));
		message.once('close', () => this.end(message.errored ?? Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
	}

	/** Where the next bytes go; never empty. */
	get room(): Buffer {
		// Behind the last byte there is nothing to come; what does is not wanted.
		return this.leftBytes > 0 ? this.piece.subarray(this.filled, this.filled + this.leftBytes) : this.piece;
	}

	/** So many bytes are there now. @returns false once the server is to be held back; what comes all the same is taken. */
	took(sizeBytes: number): boolean {
		if (this.isOver) return false;
		this.filled += sizeBytes;
		this.leftBytes -= sizeBytes;
		if (this.filled === this.piece.length || this.leftBytes === 0) this.flush();
		if (this.leftBytes === 0) {
			this.end(undefined);
			// Node's own parser has not seen the end: the connection is of no further use.
			this.message.destroy();
		}
		return this.ready.length < MOST_READY;
	}

	/** Bytes that came elsewhere. */
	copy(bytes: Buffer): void {
		for (let at = 0; at < bytes.length && this.leftBytes > 0; ) {
			const copied = bytes.copy(this.room, 0, at);
			at += copied;
			this.took(copied);
		}
	}

	/** Nobody wants to read it (any more). */
	abandon(): void {
		this.message.destroy();
	}

	async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
		try {
			for (;;) {
				if (this.ready.length === 0 && !this.isOver) await new Promise<void>((resolve) => (this.wake = resolve));
				const piece = this.ready.shift();
				if (!piece) break;
				if (this.ready.length < MOST_READY && !this.isOver) this.message.socket.resume();
				yield piece;
			}
			if (this.error) throw this.error;
		} finally {
			// Left before its end, the rest is of no use.
			this.message.destroy();
		}
	}

	private flush(): void {
		this.ready.push(this.piece.subarray(0, this.filled));
		this.piece = takePiece();
		this.filled = 0;
		this.wake?.();
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
