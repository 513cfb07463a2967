import type { Readable } from 'node:stream';

const HIGH_BYTES = 2 * 1024 * 1024;
const TAIL_BYTES = 24;

/**
 * What comes out of a ZIP writer on its way to the store: held back when the store is slow, counted, and with its last
 * bytes in view, so that one can see when an entry has come through to its end.
 */
export class ByteQueue {
	#chunks: Buffer[] = [];
	#queuedBytes = 0;
	#ended = false;
	#error: unknown;
	#failed = false;
	#wakeReader: (() => void) | undefined;
	#onChunk: (() => void) | undefined;
	/** The last bytes that were handed on. */
	#sentTail = Buffer.alloc(0);
	/** Bytes that have come out so far. */
	count = 0;

	constructor(
		private readonly output: Readable,
		/** Called with everything that is handed on. */
		private readonly onSent: (bytes: Buffer) => void,
	) {
		output.on('data', (chunk: Buffer) => this.push(chunk));
		output.on('end', () => {
			this.#ended = true;
			this.#wakeReader?.();
		});
	}

	/** Makes the reader end with that error. */
	fail(error: unknown): void {
		if (this.#failed) return;
		this.#failed = true;
		this.#error = error;
		this.#chunks = [];
		this.#wakeReader?.();
	}

	/** The last `length` (at most 24) bytes that came out. */
	tail(length: number): Buffer {
		let tail = Buffer.alloc(0);
		for (let index = this.#chunks.length - 1; index >= 0 && tail.length < length; index--) {
			tail = Buffer.concat([this.#chunks[index]?.subarray(-length) ?? tail, tail]);
		}
		return Buffer.concat([this.#sentTail, tail]).subarray(-length);
	}

	/** Called after each chunk. */
	watch(listener: (() => void) | undefined): void {
		this.#onChunk = listener;
	}

	async *read(): AsyncIterable<Uint8Array> {
		for (;;) {
			if (this.#failed) throw this.#error;
			if (this.#chunks.length > 0) {
				// A ZIP writer emits a dozen chunks of a few bytes for each header: the store gets them as one.
				const all = Buffer.concat(this.#chunks);
				this.#chunks = [];
				this.#queuedBytes = 0;
				this.#sentTail = Buffer.concat([this.#sentTail, all.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
				this.onSent(all);
				this.output.resume();
				yield all;
			} else if (this.#ended) {
				return;
			} else {
				await new Promise<void>((resolve) => (this.#wakeReader = resolve));
				this.#wakeReader = undefined;
			}
		}
	}

	private push(chunk: Buffer): void {
		if (chunk.length === 0 || this.#failed) return;
		this.count += chunk.length;
		this.#chunks.push(chunk);
		this.#queuedBytes += chunk.length;
		if (this.#queuedBytes > HIGH_BYTES) this.output.pause();
		this.#wakeReader?.();
		this.#onChunk?.();
	}
}
