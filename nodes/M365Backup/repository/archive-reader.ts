import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { toFailure, type Failure } from '../base/failure';
import type { Store } from '../stores/store';
import { damagedFile, missingFile } from './bytes';
import { MAX_DEFLATE_RATIO, MAX_ENTRY_NAME_BYTES } from './limits';
import type { ContentRef } from './records';
import {
	descriptorBytes, LOCAL_HEADER_BYTES, METHOD_DEFLATED, METHOD_STORED, parseDescriptor, parseLocalHeader, type LocalHeader,
} from './zip-records';

/** Contents up to this size are unpacked in one go, which takes a millisecond: a stream for each costs more than the unpacking. */
const AT_ONCE_BYTES = 256 * 1024;

/** Where an entry stands; without `sha256` where nobody recorded it, as of the archive's own list of its items. */
export type EntryRef = Omit<ContentRef, 'sha256' | 'part'> & { sha256?: string };

/**
 * One content of an item by one ranged read of its archive. Length, CRC-32 and SHA-256 are proven before the last chunk
 * is handed out: whoever reads to the end has the right bytes, everybody else an error. Throws `corrupt`.
 */
export async function* readArchiveEntry(store: Store, prefix: string, ref: EntryRef, signal?: AbortSignal): AsyncIterable<Uint8Array> {
	const key = `${prefix}/${ref.archive}`;
	const where = `${key} (${ref.entry})`;
	if (ref.size > ref.length * MAX_DEFLATE_RATIO) throw damagedFile(where, `${ref.length} bytes cannot hold ${ref.size}`);
	const range = { offset: ref.offset, length: ref.length };
	const stored = await store.get(key, range, signal);
	if (stored === null) throw missingFile(store, key);
	const parts = new EntryParts(stored, ref, where);
	const method = (await parts.header()).method;
	const isSmall = ref.length <= AT_ONCE_BYTES && ref.size <= AT_ONCE_BYTES;
	const content = method !== METHOD_DEFLATED ? parts.data() : isSmall ? inflateAtOnce(parts.data(), ref, where) : inflate(parts.data(), where);

	const hash = createHash('sha256');
	let sizeBytes = 0;
	let crc = 0;
	let heldBack: Uint8Array | undefined;
	for await (const chunk of content) {
		if (chunk.length === 0) continue;
		sizeBytes += chunk.length;
		if (sizeBytes > ref.size) throw unpacksToMore(where, ref);
		hash.update(chunk);
		crc = crc32(chunk, crc);
		if (heldBack) yield heldBack;
		heldBack = chunk;
	}
	if (sizeBytes !== ref.size) throw damagedFile(where, `it has ${sizeBytes} bytes instead of ${ref.size}`);
	parts.proveDescriptor(crc);
	if (ref.sha256 !== undefined && hash.digest('hex') !== ref.sha256) throw damagedFile(where, 'its SHA-256 is wrong');
	if (heldBack) yield heldBack;
}

/** Cuts the stored bytes of an entry into local header, data and data descriptor. */
class EntryParts {
	readonly #source: AsyncIterator<Uint8Array>;
	#rest: Buffer = Buffer.alloc(0);
	#header: LocalHeader | undefined;
	#compressedSize = 0;
	#descriptor: Buffer = Buffer.alloc(0);

	constructor(
		source: AsyncIterable<Uint8Array>,
		private readonly ref: EntryRef,
		private readonly where: string,
	) {
		this.#source = source[Symbol.asyncIterator]();
	}

	async header(): Promise<LocalHeader> {
		const header = parseLocalHeader(await this.take(LOCAL_HEADER_BYTES));
		if (!header) throw damagedFile(this.where, 'no entry starts there');
		if (header.encrypted || !header.hasDescriptor || (header.method !== METHOD_STORED && header.method !== METHOD_DEFLATED)) {
			throw damagedFile(this.where, 'the entry has an unknown form');
		}
		const name = (await this.take(Math.min(header.nameBytes, MAX_ENTRY_NAME_BYTES))).toString('utf8');
		if (name !== this.ref.entry) throw damagedFile(this.where, 'another entry stands there');
		await this.take(header.extraBytes);
		const rest = this.ref.length - LOCAL_HEADER_BYTES - header.nameBytes - header.extraBytes;
		const isLarge = descriptorBytes({ size: this.ref.size, compressedSize: rest - 24 }) === 24;
		this.#compressedSize = rest - (isLarge ? 24 : 16);
		if (this.#compressedSize < 0) throw damagedFile(this.where, 'the entry is cut short');
		this.#header = header;
		return header;
	}

	/** The data as stored; what follows is kept as the descriptor. */
	async *data(): AsyncIterable<Uint8Array> {
		let left = this.#compressedSize;
		try {
			while (left > 0) {
				const chunk = this.#rest.length > 0 ? this.#rest : await this.next();
				if (chunk === null) throw damagedFile(this.where, 'the archive ends within it');
				this.#rest = chunk.subarray(Math.min(left, chunk.length));
				const part = chunk.subarray(0, left);
				left -= part.length;
				yield part;
			}
			this.#descriptor = await this.take(this.ref.length - this.dataEnd());
		} finally {
			await this.#source.return?.();
		}
	}

	/** To be called when `data` has been read to its end. */
	proveDescriptor(crc: number): void {
		const descriptor = parseDescriptor(this.#descriptor);
		if (descriptor?.crc32 !== crc) throw damagedFile(this.where, 'its CRC-32 is wrong');
		if (descriptor.size !== this.ref.size || descriptor.compressedSize !== this.#compressedSize) {
			throw damagedFile(this.where, 'its recorded length is wrong');
		}
	}

	private dataEnd(): number {
		const header = this.#header;
		return LOCAL_HEADER_BYTES + (header?.nameBytes ?? 0) + (header?.extraBytes ?? 0) + this.#compressedSize;
	}

	private async take(length: number): Promise<Buffer> {
		while (this.#rest.length < length) {
			const chunk = await this.next();
			if (chunk === null) throw damagedFile(this.where, 'the archive ends within it');
			this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
		}
		const taken = this.#rest.subarray(0, length);
		this.#rest = this.#rest.subarray(length);
		return taken;
	}

	private async next(): Promise<Buffer | null> {
		const step = await this.#source.next();
		if (step.done === true) return null;
		return Buffer.from(step.value.buffer, step.value.byteOffset, step.value.byteLength);
	}
}

async function* inflateAtOnce(data: AsyncIterable<Uint8Array>, ref: EntryRef, where: string): AsyncIterable<Uint8Array> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of data) chunks.push(chunk);
	const [only] = chunks;
	let content: Buffer;
	try {
		content = inflateRawSync(only && chunks.length === 1 ? only : Buffer.concat(chunks), { maxOutputLength: Math.max(ref.size, 1) });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw unpacksToMore(where, ref);
		throw damagedFile(where, 'it cannot be unpacked', error);
	}
	yield content;
}

function unpacksToMore(where: string, ref: EntryRef): Failure {
	return damagedFile(where, `it unpacks to more than ${ref.size} bytes`);
}

async function* inflate(data: AsyncIterable<Uint8Array>, where: string): AsyncIterable<Uint8Array> {
	const source = Readable.from(data, { objectMode: false });
	const inflater = createInflateRaw();
	let sourceError: unknown;
	source.on('error', (error) => {
		sourceError = error;
		inflater.destroy(error);
	});
	try {
		for await (const chunk of source.pipe(inflater)) yield chunk as Buffer;
	} catch (error) {
		if (sourceError !== undefined) throw toFailure(sourceError);
		throw damagedFile(where, 'it cannot be unpacked', error);
	} finally {
		source.destroy();
		inflater.destroy();
	}
}
