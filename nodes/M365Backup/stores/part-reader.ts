const SMALLEST_BUFFER_BYTES = 64 * 1024;

/** A piece of a source. Its bytes may be used until it is handed back to `reuse`. */
export interface Part {
	bytes: Buffer;
	isLast: boolean;
}

/**
 * Cuts a source into parts, copying it, since its buffers may be reused. The only or last part may be shorter, also
 * empty. Small sources take small buffers; the buffers of parts that were handed back are used again, so that an upload
 * takes the same memory however long it is.
 */
export class PartReader {
	private readonly chunks: AsyncIterator<Uint8Array>;
	/** What the last chunk holds beyond the part before. */
	private rest: Uint8Array = new Uint8Array(0);
	private isOver = false;
	private isFirst = true;
	private readonly free: Buffer[] = [];

	constructor(source: AsyncIterable<Uint8Array>) {
		this.chunks = source[Symbol.asyncIterator]();
	}

	/** The next part, of `partBytes` unless it is the last. Throws the source's own error. */
	async next(partBytes: number): Promise<Part> {
		let buffer = this.bufferFor(partBytes);
		let filled = 0;
		while (await this.hasMore()) {
			if (filled === partBytes) return { bytes: buffer, isLast: false };
			if (filled === buffer.length || (filled + this.rest.length > buffer.length && buffer.length < partBytes)) {
				const larger = Buffer.allocUnsafeSlow(Math.min(partBytes, Math.max(2 * buffer.length, filled + this.rest.length)));
				buffer.copy(larger, 0, 0, filled);
				buffer = larger;
			}
			const taken = this.rest.subarray(0, buffer.length - filled);
			buffer.set(taken, filled);
			filled += taken.length;
			this.rest = this.rest.subarray(taken.length);
		}
		return { bytes: buffer.subarray(0, filled), isLast: true };
	}

	/** Gives the memory of a part back. */
	reuse({ bytes }: Part): void {
		this.free.push(bytes);
	}

	/** Lets go of a source that was not read to its end. Not to be waited for: a hanging source would never answer. */
	close(): void {
		if (this.isOver) return;
		this.isOver = true;
		// The reader has left already: whatever closing throws has nobody to tell and changes nothing that was stored.
		this.chunks.return?.().catch(() => undefined);
	}

	private async hasMore(): Promise<boolean> {
		while (this.rest.length === 0) {
			if (this.isOver) return false;
			try {
				const result = await this.chunks.next();
				if (result.done === true) this.isOver = true;
				else this.rest = result.value;
			} catch (error) {
				this.isOver = true;
				throw error;
			}
		}
		return true;
	}

	private bufferFor(partBytes: number): Buffer {
		const used = this.free.pop();
		if (used?.length === partBytes) return used;
		const sizeBytes = this.isFirst ? Math.min(SMALLEST_BUFFER_BYTES, partBytes) : partBytes;
		this.isFirst = false;
		return Buffer.allocUnsafeSlow(sizeBytes);
	}
}
