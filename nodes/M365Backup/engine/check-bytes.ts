import { createHash } from 'node:crypto';

const CHUNK_BYTES = 64 * 1024;

/** A made-up file whose byte at any place is known without keeping it: it does not compress, and no two seeds give the same. */
export class ProbeContent {
	constructor(
		readonly sizeBytes: number,
		private readonly seed: number,
	) {}

	/** As `Buffer.subarray` of the whole: cut at its end. */
	at(offset: number, length: number): Buffer {
		const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.sizeBytes - offset)));
		for (let index = 0; index < bytes.length; index += 1) bytes[index] = this.byteAt(offset + index);
		return bytes;
	}

	async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
		for (let offset = 0; offset < this.sizeBytes; offset += CHUNK_BYTES) {
			await Promise.resolve();
			yield this.at(offset, CHUNK_BYTES);
		}
	}

	/** Where the first byte stands that is not as it should be, or how long the content is if it has another length; undefined: all as it should be. */
	async firstDifference(content: AsyncIterable<Uint8Array>): Promise<string | undefined> {
		let offset = 0;
		for await (const chunk of content) {
			const wanted = this.at(offset, chunk.length);
			if (!wanted.equals(chunk)) {
				const at = chunk.findIndex((byte, index) => byte !== wanted[index]);
				return at >= 0 && offset + at < this.sizeBytes ? `the byte at ${offset + at} is another one` : `it goes on after its end at ${this.sizeBytes}`;
			}
			offset += chunk.length;
		}
		return offset === this.sizeBytes ? undefined : `it ends after ${offset} of ${this.sizeBytes} bytes`;
	}

	/** The first 256 are all values that a byte can have; the rest looks like chance (the finalizer of MurmurHash3). */
	private byteAt(offset: number): number {
		if (offset < 256) return offset;
		let hash = (offset ^ this.seed) >>> 0;
		hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
		hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
		return (hash ^ (hash >>> 16)) & 0xff;
	}
}

/** The same seed from the same text. */
export function seedOf(text: string): number {
	return createHash('sha256').update(text).digest().readUInt32LE(0);
}

/** All bytes, up to `mostBytes` and one more: whoever asked for few must not get without end. */
export async function collectAtMost(content: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	for await (const chunk of content) {
		chunks.push(chunk);
		sizeBytes += chunk.length;
		if (sizeBytes > mostBytes) break;
	}
	return Buffer.concat(chunks);
}
