import { setImmediate as nextTurn } from 'node:timers/promises';
import { giveBack } from '../base/pieces';
import type { StreamHash } from './stream-hash';

/** After so many bytes other work of this process gets its turn: contents from memory would otherwise never let go of it. */
const BYTES_A_TURN = 4 * 1024 * 1024;
/** More than this waits for a store that is slow. */
const HIGH_BYTES = 2 * 1024 * 1024;
const SLAB_BYTES = 64 * 1024;

/**
 * An archive's bytes on their way to the store: held back when the store is slow, and counted. One side writes, the
 * other reads.
 */
export class ByteQueue {
	readonly #chunks: { bytes: Buffer; hash: StreamHash | undefined }[] = [];
	/**
	 * Headers and small contents are copied together here, so that they cost no chunk each and need not outlive the next
	 * collection of young objects.
	 */
	#slab = Buffer.alloc(0);
	#slabFilled = 0;
	/** Up to here the slab's bytes stand among the chunks. */
	#slabTaken = 0;
	#queuedBytes = 0;
	#bytesThisTurn = 0;
	#ended = false;
	#error: unknown;
	#failed = false;
	#wakeReader: (() => void) | undefined;
	#wakeWriter: (() => void) | undefined;
	#wakeDrained: (() => void) | undefined;
	/** Bytes written so far. */
	count = 0;

	/** @param hash Of everything that is handed on. */
	constructor(private readonly hash: StreamHash) {}

	/**
	 * Resolves when there is room for more, or nobody reads any more. Whoever writes must wait for it.
	 *
	 * @param hash These bytes belong to it, too; see `sent`.
	 */
	async write(chunk: Buffer, hash?: StreamHash): Promise<void> {
		if (chunk.length === 0 || this.#failed) return;
		this.count += chunk.length;
		this.#queuedBytes += chunk.length;
		this.keep(chunk, hash);
		this.#wakeReader?.();
		this.#bytesThisTurn += chunk.length;
		if (this.#bytesThisTurn > BYTES_A_TURN) {
			this.#bytesThisTurn = 0;
			await nextTurn();
		}
		// It may have failed in the meantime, and nobody reads any more.
		if (this.#queuedBytes > HIGH_BYTES && !this.isClosed()) await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
	}

	private isClosed(): boolean {
		return this.#failed;
	}

	/** Resolves when everything that was written is handed on and was given to the hashes, or nobody reads any more. */
	async sent(): Promise<void> {
		if (this.#queuedBytes > 0 && !this.#failed) await new Promise<void>((resolve) => (this.#wakeDrained = resolve));
	}

	/** Nothing more will come. */
	end(): void {
		this.#ended = true;
		this.#wakeReader?.();
	}

	/** Makes the reader end with that error; the writer is no longer held up. */
	fail(error: unknown): void {
		if (this.#failed) return;
		this.#failed = true;
		this.#error = error;
		this.#chunks.length = 0;
		this.#wakeReader?.();
		this.#wakeWriter?.();
		this.#wakeDrained?.();
	}

	async *read(): AsyncIterable<Uint8Array> {
		for (;;) {
			if (this.#failed) throw this.#error;
			this.sealSlab();
			const chunk = this.#chunks.shift();
			if (chunk) {
				const { bytes } = chunk;
				const hashing = this.hash.update(bytes, chunk.hash);
				if (hashing) await hashing;
				this.#queuedBytes -= bytes.length;
				if (this.#queuedBytes <= HIGH_BYTES) this.#wakeWriter?.();
				if (this.#queuedBytes === 0) this.#wakeDrained?.();
				yield bytes;
				// Whoever asks for the next one is through with this one.
				giveBack(bytes);
			} else if (this.#ended) {
				return;
			} else {
				await new Promise<void>((resolve) => (this.#wakeReader = resolve));
				this.#wakeReader = undefined;
			}
		}
	}

	private keep(chunk: Buffer, hash: StreamHash | undefined): void {
		if (hash || chunk.length > SLAB_BYTES / 4) {
			this.sealSlab();
			this.#chunks.push({ bytes: chunk, hash });
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
		if (this.#slabFilled > this.#slabTaken) this.#chunks.push({ bytes: this.#slab.subarray(this.#slabTaken, this.#slabFilled), hash: undefined });
		this.#slabTaken = this.#slabFilled;
	}
}
