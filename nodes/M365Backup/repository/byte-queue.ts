import type { Readable } from 'node:stream';

const HIGH_BYTES = 2 * 1024 * 1024;
const TAIL_BYTES = 24;
const SLAB_BYTES = 64 * 1024;

/**
 * What comes out of a ZIP writer on its way to the store: held back when the store is slow, counted, and with its last
 * bytes in view, so that one can see when an entry has come through to its end.
 */
export class ByteQueue {
	readonly #chunks: Buffer[] = [];
	/**
	 * A ZIP writer emits a dozen chunks of a few bytes for each header, 50,000 for a directory. They are copied together
	 * here, so that they need not outlive the next collection of young objects.
	 */
	#slab = Buffer.alloc(0);
	#slabFilled = 0;
	/** Up to here the slab's bytes stand among the chunks. */
	#slabTaken = 0;
	#queuedBytes = 0;
	#ended = false;
	#error: unknown;
	#failed = false;
	#wakeReader: (() => void) | undefined;
	#onChunk: (() => void) | undefined;
	/** The last bytes that came out, right-aligned. */
	readonly #tail = Buffer.alloc(TAIL_BYTES);
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
		this.#chunks.length = 0;
		this.#wakeReader?.();
	}

	/** The last `length` (at most 24) bytes that came out; fewer if no more have. Valid until the next chunk. */
	tail(length: number): Buffer {
		return this.#tail.subarray(TAIL_BYTES - Math.min(length, this.count));
	}

	/** Called after each chunk. */
	watch(listener: (() => void) | undefined): void {
		this.#onChunk = listener;
	}

	async *read(): AsyncIterable<Uint8Array> {
		for (;;) {
			if (this.#failed) throw this.#error;
			this.sealSlab();
			const chunk = this.#chunks.shift();
			if (chunk) {
				this.#queuedBytes -= chunk.length;
				this.onSent(chunk);
				if (this.#queuedBytes <= HIGH_BYTES) this.output.resume();
				yield chunk;
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
		this.#queuedBytes += chunk.length;
		this.keep(chunk);
		this.keepTail(chunk);
		if (this.#queuedBytes > HIGH_BYTES) this.output.pause();
		this.#wakeReader?.();
		this.#onChunk?.();
	}

	private keep(chunk: Buffer): void {
		if (chunk.length > SLAB_BYTES / 4) {
			this.sealSlab();
			this.#chunks.push(chunk);
			return;
		}
		if (this.#slabFilled + chunk.length > this.#slab.length) {
			this.sealSlab();
			this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
			this.#slabFilled = 0;
			this.#slabTaken = 0;
		}
		this.#slab.set(chunk, this.#slabFilled);
		this.#slabFilled += chunk.length;
	}

	/** Written bytes of a slab never change again: whoever gets them may keep them. */
	private sealSlab(): void {
		if (this.#slabFilled > this.#slabTaken) this.#chunks.push(this.#slab.subarray(this.#slabTaken, this.#slabFilled));
		this.#slabTaken = this.#slabFilled;
	}

	private keepTail(chunk: Buffer): void {
		const length = Math.min(chunk.length, TAIL_BYTES);
		this.#tail.copyWithin(0, length);
		chunk.copy(this.#tail, TAIL_BYTES - length, chunk.length - length);
	}
}
