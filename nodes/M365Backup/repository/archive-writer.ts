import { createHash, hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { ZipArchive } from 'archiver';
import { Failure, isFailure, toFailure } from '../base/failure';
import { ByteQueue } from './byte-queue';
import { isStored, type PutContext } from './put-confirmed';
import { readAhead } from './read-ahead';
import type { ContentRef, FileRef } from './records';
import { descriptorBytes, LOCAL_HEADER_BYTES, parseDescriptor } from './zip-records';

/** The name under which an archive repeats the catalog lines of its items. */
export const CATALOG_ENTRY = '_catalog.ndjson';

export interface ArchiveEntryInput {
	/** Made unique within the archive if need be. */
	name: string;
	modified: Date;
	content: AsyncIterable<Uint8Array>;
	/** False stores the bytes as they are. */
	compress: boolean;
}

/**
 * What is deflated and no larger goes to the ZIP writer in one piece. The deflater that it makes for each entry stays
 * alive until V8's next full collection, with all that it can reach: a piece is little, a stream with its source a lot.
 */
const WHOLE_BYTES = 256 * 1024;

interface Measured {
	sizeBytes: number;
	crc32: number;
	sha256: string;
	/** What the source threw. The ZIP writer sees an end instead. */
	error?: unknown;
	failed: boolean;
}

interface OpenSource {
	source: Buffer | Readable;
	measured: Measured;
}

/**
 * One ZIP volume, streamed into the store while it is written. Entries one after the other. A source that throws never
 * reaches the ZIP writer: nothing is written, or the entry is closed where it broke off, `append` throws the source's
 * error, and the archive goes on. If the store fails, everything that is waiting and everything afterwards throws that Failure.
 */
export class ArchiveWriter {
	/** The ZIP writer makes a deflater for each entry, from what stands here when the entry begins. */
	readonly #deflate = { level: 6, ...deflateSizes(undefined) };
	readonly #zip = new ZipArchive({ zlib: this.#deflate });
	/** Holds small contents, one after the other, as long as the ZIP writer needs them; made for the first one. */
	#scratch: Buffer | undefined;
	readonly #queue: ByteQueue;
	readonly #hash = createHash('sha256');
	readonly #stored: Promise<void>;
	readonly #names = new Set<string>();
	#failure: Failure | undefined;
	#onFailure: ((failure: Failure) => void) | undefined;
	#wasSent = false;
	readonly #onAbort = (): void => this.abort(new Failure('cancelled', 'The run was stopped'));

	/** Starts the put of `<prefix>/<name>` at once. */
	constructor(
		private readonly context: PutContext,
		private readonly prefix: string,
		readonly name: string,
	) {
		this.#queue = new ByteQueue(this.#zip, (bytes) => this.#hash.update(bytes));
		this.#zip.on('error', (error: Error) => this.abort(new Failure('defect', `The ZIP writer failed: ${error.message}`, { cause: error })));
		const { signal } = context;
		signal?.addEventListener('abort', this.#onAbort, { once: true });
		this.#stored = context.store.put(`${prefix}/${name}`, this.output(), signal ? { signal } : {});
		this.#stored.catch((error: unknown) => this.#wasSent || this.fail(toFailure(error)));
	}

	/** Bytes written so far. */
	get sizeBytes(): number {
		return this.#zip.pointer();
	}

	get entries(): number {
		return this.#names.size;
	}

	async append(input: ArchiveEntryInput): Promise<ContentRef> {
		this.throwIfFailed();
		const content = input.content[Symbol.asyncIterator]();
		try {
			return await this.appendSource(input, await this.open(content, input.compress));
		} finally {
			// Does nothing to a source that was read to its end; lets go of a download when the store has failed.
			content.return?.().catch(() => undefined);
		}
	}

	private async appendSource(input: ArchiveEntryInput, { source, measured }: OpenSource): Promise<ContentRef> {
		const offset = this.#zip.pointer();
		Object.assign(this.#deflate, deflateSizes(Buffer.isBuffer(source) ? source.length : undefined));
		let written: string;
		try {
			written = await this.withFailure<string>((resolve) => {
				this.#zip.once('entry', (entry: { name: string }) => resolve(entry.name));
				this.#zip.append(source, { name: this.uniqueName(input.name), date: input.modified, store: !input.compress });
			});
			await this.cameThrough(offset + LOCAL_HEADER_BYTES + Buffer.byteLength(written), measured);
		} finally {
			if (!Buffer.isBuffer(source)) source.destroy();
		}
		if (measured.failed) throw measured.error;
		return {
			archive: this.name,
			entry: written,
			offset,
			length: this.#zip.pointer() - offset,
			size: measured.sizeBytes,
			sha256: measured.sha256,
		};
	}

	private async open(content: AsyncIterator<Uint8Array>, compress: boolean): Promise<OpenSource> {
		const read = compress
			? await this.withFailure<Awaited<ReturnType<typeof readAhead>>>((resolve, reject) => {
					readAhead(iterable(content), WHOLE_BYTES).then(resolve, reject);
				})
			: { content: iterable(content) };
		// The ZIP writer stores what is empty, whatever it is told: deflated emptiness keeps entries of one kind.
		if (read.all !== undefined && read.all.length > 0) {
			const { all } = read;
			this.#scratch ??= Buffer.allocUnsafeSlow(WHOLE_BYTES);
			all.copy(this.#scratch);
			return { source: this.#scratch.subarray(0, all.length), measured: { sizeBytes: all.length, crc32: crc32(all), sha256: hash('sha256', all), failed: false } };
		}
		const measured: Measured = { sizeBytes: 0, crc32: 0, sha256: '', failed: false };
		return { source: Readable.from(measure(read.content, measured), { objectMode: false, highWaterMark: 256 * 1024 }), measured };
	}

	/** Writes the catalog lines and the central directory; resolves when the store has confirmed the file. */
	async close(catalogLines: readonly string[]): Promise<FileRef> {
		await this.append({
			name: CATALOG_ENTRY,
			modified: this.context.ambient.now(),
			content: textLines(catalogLines),
			compress: true,
		});
		await this.withFailure<undefined>((resolve, reject) => {
			this.#zip.finalize().then(() => resolve(undefined), reject);
		});
		try {
			await this.#stored;
		} catch (error) {
			await this.checkLostAnswer(toFailure(error));
		} finally {
			this.context.signal?.removeEventListener('abort', this.#onAbort);
		}
		return this.fileRef();
	}

	/** Gives the volume up: nothing of it is left in the store. */
	abort(reason: Failure): void {
		this.fail(reason);
		this.#queue.fail(reason);
		this.#zip.abort();
	}

	/** Resolves when the store has let go of an aborted volume. */
	async settled(): Promise<void> {
		this.context.signal?.removeEventListener('abort', this.#onAbort);
		await this.#stored.then(
			() => undefined,
			() => undefined,
		);
	}

	#fileRef: FileRef | undefined;

	private fileRef(): FileRef {
		this.#fileRef ??= { name: this.name, size: this.#queue.count, sha256: this.#hash.digest('hex') };
		return this.#fileRef;
	}

	private async *output(): AsyncIterable<Uint8Array> {
		yield* this.#queue.read();
		this.#wasSent = true;
	}

	/** All bytes were handed over and then the answer was lost: same size and hash = stored (§3.5.7). */
	private async checkLostAnswer(failure: Failure): Promise<void> {
		const isThere =
			this.#wasSent && isFailure(failure, 'transient', 'throttled') && (await isStored(this.context, `${this.prefix}/${this.name}`, this.fileRef()));
		if (isThere) return;
		this.fail(failure);
		throw failure;
	}

	/**
	 * The 'entry' event comes when the ZIP writer has taken the entry, not when its bytes are out, and only then is
	 * `pointer()` right. They are out when the output ends with the entry's data descriptor: its CRC and size are known
	 * from the source, its compressed size from where the data began.
	 */
	private async cameThrough(dataOffset: number, measured: Measured): Promise<void> {
		const isOut = (): boolean => {
			for (const length of [16, 24] as const) {
				const compressedSize = this.#queue.count - dataOffset - length;
				const descriptor = parseDescriptor(this.#queue.tail(length));
				if (
					descriptor?.crc32 === measured.crc32 &&
					descriptor.size === measured.sizeBytes &&
					descriptor.compressedSize === compressedSize &&
					descriptorBytes(descriptor) === length
				) {
					return true;
				}
			}
			return false;
		};
		try {
			await this.withFailure<undefined>((resolve) => {
				const check = (): void => {
					if (isOut()) resolve(undefined);
				};
				this.#queue.watch(check);
				check();
			});
		} finally {
			this.#queue.watch(undefined);
		}
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
		this.#failure ??= failure;
		this.#onFailure?.(this.#failure);
	}

	private throwIfFailed(): void {
		if (this.#failure) throw this.#failure;
	}

	/** A promise that also rejects as soon as the store or the ZIP writer fails. */
	private async withFailure<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
		this.throwIfFailed();
		try {
			return await new Promise<T>((resolve, reject) => {
				this.#onFailure = reject;
				start(resolve, reject);
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
async function* measure(content: AsyncIterable<Uint8Array>, measured: Measured): AsyncIterable<Buffer> {
	const hash = createHash('sha256');
	try {
		for await (const chunk of content) {
			if (chunk.length === 0) continue;
			hash.update(chunk);
			measured.crc32 = crc32(chunk, measured.crc32);
			measured.sizeBytes += chunk.length;
			yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		}
	} catch (error) {
		measured.failed = true;
		measured.error = error;
	}
	measured.sha256 = hash.digest('hex');
}

async function* textLines(lines: readonly string[]): AsyncIterable<Uint8Array> {
	const LINES_AT_ONCE = 50;
	for (let start = 0; start < lines.length; start += LINES_AT_ONCE) {
		await Promise.resolve();
		yield Buffer.from(`${lines.slice(start, start + LINES_AT_ONCE).join('\n')}\n`);
	}
}
