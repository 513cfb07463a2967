import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { crc32, createDeflateRaw, deflateRaw } from 'node:zlib';
import { Failure, isFailure, toFailure } from '../base/failure';
import type { StoredFile } from '../stores/store';
import { ByteQueue } from './byte-queue';
import { isStored, type PutContext } from './put-confirmed';
import { readAhead } from './read-ahead';
import type { ContentRef, FileRef } from './records';
import { ownHash, type Digest, type StreamHash } from './stream-hash';
import { centralHeader, dataDescriptor, endOfArchive, localHeader, type DirectoryEntry } from './zip-headers';

/** The name under which an archive repeats the catalog lines of its items. */
export const CATALOG_ENTRY = '_catalog.ndjson';

export interface ArchiveEntryInput {
	/** Made unique within the archive if need be. */
	name: string;
	modified: Date;
	content: AsyncIterable<Uint8Array>;
	/** False stores the bytes as they are. */
	compress: boolean;
	/** If known. */
	sizeBytes?: number | undefined;
	/** Computes the content's checksums, both of them; on this thread if absent. */
	hash?: StreamHash | undefined;
}

/**
 * What is deflated and no larger is deflated in one piece. A deflater stays alive until V8's next full collection, with
 * all that it can reach: a piece is little, a stream with its source a lot.
 */
const WHOLE_BYTES = 256 * 1024;
const LEVEL = 6;
const deflateWhole = promisify(deflateRaw);

/** Of a content, once it was read to its end or broke off. */
interface Measured {
	sizeBytes: number;
	crc32: number;
	sha256: string;
	/** What the source threw. */
	error?: unknown;
	failed: boolean;
}

/**
 * One ZIP volume, streamed into the store while it is written. Entries one after the other. If a source throws, nothing
 * is written, or the entry is closed where it broke off; `append` throws the source's error, and the archive goes on. If
 * the store fails, everything that is waiting and everything afterwards throws that Failure.
 */
export class ArchiveWriter {
	/** Holds small contents, one after the other, while they are deflated; made for the first one. */
	#scratch: Buffer | undefined;
	readonly #queue: ByteQueue;
	readonly #stored: Promise<void>;
	/** What is stored, where the store encrypts. */
	#encrypted: StoredFile | undefined;
	readonly #names = new Set<string>();
	readonly #directory: DirectoryEntry[] = [];
	#failure: Failure | undefined;
	#onFailure: ((failure: Failure) => void) | undefined;
	#wasSent = false;
	readonly #onAbort = (): void => this.abort(new Failure('cancelled', 'The run was stopped'));

	/** Starts the put of `<prefix>/<name>` at once. */
	constructor(
		private readonly context: PutContext,
		private readonly prefix: string,
		readonly name: string,
		/** Of the whole file, unless the store tells it. */
		private readonly hash: StreamHash = ownHash(),
	) {
		this.#queue = new ByteQueue(hash);
		const { signal } = context;
		signal?.addEventListener('abort', this.#onAbort, { once: true });
		const onStored = (stored: StoredFile): void => void (this.#encrypted = stored);
		this.#stored = context.store.put(`${prefix}/${name}`, this.output(), { onStored, ...(signal && { signal }) });
		this.#stored.catch((error: unknown) => this.#wasSent || this.fail(toFailure(error)));
	}

	/** Bytes written so far. */
	get sizeBytes(): number {
		return this.#queue.count;
	}

	get entries(): number {
		return this.#names.size;
	}

	async append(input: ArchiveEntryInput): Promise<ContentRef> {
		this.throwIfFailed();
		const content = input.content[Symbol.asyncIterator]();
		try {
			return await this.withFailure(async () => await this.appendSource(input, iterable(content)));
		} finally {
			// Does nothing to a source that was read to its end; lets go of a download when the store has failed.
			content.return?.().catch(() => undefined);
		}
	}

	private async appendSource(input: ArchiveEntryInput, content: AsyncIterable<Uint8Array>): Promise<ContentRef> {
		const { modified, compress: compressed } = input;
		const read = compressed ? await readAhead(content, WHOLE_BYTES) : { content };
		const offset = this.#queue.count;
		const entry = this.uniqueName(input.name);
		const name = Buffer.from(entry);
		await this.write(localHeader({ name, modified, compressed, sizeBytes: input.sizeBytes, offset }));
		const start = this.#queue.count;
		const measured = read.all ? await this.writeWhole(read.all) : await this.writeStream(read.content, compressed, input.hash);
		const descriptor = { crc32: measured.crc32, size: measured.sizeBytes, compressedSize: this.#queue.count - start };
		await this.write(dataDescriptor(descriptor));
		this.#directory.push({ name, modified, compressed, offset, ...descriptor });
		if (measured.failed) throw measured.error;
		return { archive: this.name, entry, offset, length: this.#queue.count - offset, size: measured.sizeBytes, sha256: measured.sha256 };
	}

	private async writeWhole(all: Buffer): Promise<Measured> {
		this.#scratch ??= Buffer.allocUnsafeSlow(WHOLE_BYTES);
		all.copy(this.#scratch);
		const whole = this.#scratch.subarray(0, all.length);
		await this.write(await deflateWhole(whole, { level: LEVEL, ...deflateSizes(whole.length) }));
		return { sizeBytes: whole.length, crc32: crc32(whole), sha256: hash('sha256', whole), failed: false };
	}

	private async writeStream(content: AsyncIterable<Uint8Array>, compressed: boolean, given: StreamHash | undefined): Promise<Measured> {
		const measured: Measured = { sizeBytes: 0, crc32: 0, sha256: '', failed: false };
		// A thread gets what is stored as it is once, for both hashes.
		const along = compressed ? undefined : given;
		const bytes = measure(content, measured, along ? this.onceSent(along) : (given ?? ownHash('withCrc32')));
		if (!compressed) {
			for await (const chunk of bytes) await this.write(chunk, along);
			return measured;
		}
		const source = Readable.from(bytes, { objectMode: false });
		const deflater = createDeflateRaw({ level: LEVEL, ...deflateSizes(undefined) });
		try {
			for await (const chunk of source.pipe(deflater)) await this.write(chunk as Buffer);
		} finally {
			source.destroy();
			deflater.destroy();
		}
		return measured;
	}

	/** For a hash whose bytes go through the queue. */
	private onceSent(hash: StreamHash): StreamHash {
		const digest = async (): Promise<Digest> => {
			await this.#queue.sent();
			return await hash.digest();
		};
		return { update: () => undefined, digest, discard: () => hash.discard() };
	}

	/** @param hash They belong to it, too. */
	private async write(bytes: Buffer, hash?: StreamHash): Promise<void> {
		await this.#queue.write(bytes, hash);
		this.throwIfFailed();
	}

	/** Writes the catalog lines and the central directory; resolves when the store has confirmed the file. */
	async close(catalogLines: readonly string[]): Promise<FileRef> {
		await this.append({
			name: CATALOG_ENTRY,
			modified: this.context.ambient.now(),
			content: textLines(catalogLines),
			compress: true,
		});
		await this.withFailure(async () => {
			const offset = this.#queue.count;
			for (const entry of this.#directory) await this.write(centralHeader(entry));
			await this.write(endOfArchive(this.#directory.length, { offset, size: this.#queue.count - offset }));
			this.#queue.end();
		});
		try {
			await this.#stored;
		} catch (error) {
			await this.checkLostAnswer(toFailure(error));
		} finally {
			this.context.signal?.removeEventListener('abort', this.#onAbort);
		}
		return await this.fileRef();
	}

	/** Gives the volume up: nothing of it is left in the store. */
	abort(reason: Failure): void {
		this.fail(reason);
		this.#queue.fail(reason);
	}

	/** Resolves when the store has let go of an aborted volume. */
	async settled(): Promise<void> {
		this.context.signal?.removeEventListener('abort', this.#onAbort);
		await this.#stored.then(
			() => undefined,
			() => undefined,
		);
	}

	#digest: Promise<Digest> | undefined;

	/** Once all bytes were sent. */
	private async fileRef(): Promise<FileRef> {
		const { name } = this;
		const stored = this.#encrypted;
		if (stored) return { name, size: stored.sizeBytes, sha256: stored.sha256 };
		const { sha256 } = await (this.#digest ??= this.hash.digest());
		return { name, size: this.#queue.count, sha256 };
	}

	private async *output(): AsyncIterable<Uint8Array> {
		yield* this.#queue.read();
		this.#wasSent = true;
	}

	/** All bytes were handed over and then the answer was lost: same size and hash = stored (§3.5.7). */
	private async checkLostAnswer(failure: Failure): Promise<void> {
		// Where the store encrypts and did not come to tell what it stored, nobody can look for it.
		const isKnown = this.#encrypted !== undefined || this.context.store.asStored === undefined;
		const isThere =
			this.#wasSent && isKnown && isFailure(failure, 'transient', 'throttled') && (await isStored(this.context, `${this.prefix}/${this.name}`, await this.fileRef()));
		if (isThere) return;
		this.fail(failure);
		throw failure;
	}

	private uniqueName(name: string): string {
		let unique = name;
		for (let number = 2; this.#names.has(unique); number++) {
			unique = name.replace(/(\.[^./[\]]*)?$/, `~${number}$1`);
		}
		this.#names.add(unique);
		return unique;
	}

	private fail(failure: Failure): void {
		// Once all was sent the store may have it all the same: the hash is then what names the file.
		if (!this.#failure && !this.#wasSent) this.hash.discard();
		this.#failure ??= failure;
		this.#queue.fail(this.#failure);
		this.#onFailure?.(this.#failure);
	}

	private throwIfFailed(): void {
		if (this.#failure) throw this.#failure;
	}

	/** Also rejects as soon as the store fails, though the work may still be waiting for its source. */
	private async withFailure<T>(work: () => Promise<T>): Promise<T> {
		this.throwIfFailed();
		try {
			return await new Promise<T>((resolve, reject) => {
				this.#onFailure = reject;
				work().then(resolve, reject);
			});
		} finally {
			this.#onFailure = undefined;
		}
	}
}

/**
 * What a deflater needs for a content of that size, or for any: a small one has no use for 256 KB of window and tables,
 * and its output chunk, too, stays until the next full collection.
 */
function deflateSizes(sizeBytes: number | undefined): { windowBits: number; memLevel: number; chunkSize: number } {
	const chunkSize = Math.min(LARGEST_CHUNK_BYTES, Math.max(512, Math.ceil((sizeBytes ?? Infinity) / 4)));
	if (sizeBytes === undefined || sizeBytes > LARGEST_SMALL_WINDOW) return { windowBits: 15, memLevel: 8, chunkSize };
	// The window must reach over the whole content, and 262 bytes of it are deflate's own (MIN_LOOKAHEAD).
	const windowBits = Math.max(9, Math.ceil(Math.log2(sizeBytes + 262)));
	return { windowBits, memLevel: Math.min(8, windowBits - 6), chunkSize };
}

const LARGEST_CHUNK_BYTES = 16 * 1024;
const LARGEST_SMALL_WINDOW = 16 * 1024 - 262;

function iterable<T>(iterator: AsyncIterator<T>): AsyncIterable<T> {
	return { [Symbol.asyncIterator]: () => iterator };
}

/** Passes the bytes on, measured; ends instead of throwing. */
async function* measure(content: AsyncIterable<Uint8Array>, measured: Measured, hash: StreamHash): AsyncIterable<Buffer> {
	let isRead = false;
	try {
		try {
			for await (const chunk of content) {
				if (chunk.length === 0) continue;
				const hashing = hash.update(chunk);
				if (hashing) await hashing;
				measured.sizeBytes += chunk.length;
				yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
			}
		} catch (error) {
			measured.failed = true;
			measured.error = error;
		}
		isRead = true;
		Object.assign(measured, await hash.digest());
	} finally {
		if (!isRead) hash.discard();
	}
}

async function* textLines(lines: readonly string[]): AsyncIterable<Uint8Array> {
	const LINES_AT_ONCE = 50;
	for (let start = 0; start < lines.length; start += LINES_AT_ONCE) {
		await Promise.resolve();
		yield Buffer.from(`${lines.slice(start, start + LINES_AT_ONCE).join('\n')}\n`);
	}
}
