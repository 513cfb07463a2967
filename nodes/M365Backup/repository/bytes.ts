import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Failure } from '../base/failure';
import { letGo } from '../base/let-go';
import { storedBytes, type ByteRange, type Store } from '../stores/store';

const NEWLINE = 0x0a;
/** zlib takes no smaller ones. */
const SMALLEST_PIECE_BYTES = 64;
const LARGEST_PIECE_BYTES = 4 * 1024 * 1024;
const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);

export function sha256(bytes: Uint8Array): string {
	return createHash('sha256').update(bytes).digest('hex');
}

/** All bytes of an iterable. Throws `corrupt` when there are more than `maxBytes`. */
export async function collect(source: AsyncIterable<Uint8Array>, maxBytes: number, where: string): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	for await (const chunk of source) {
		sizeBytes += chunk.length;
		if (sizeBytes > maxBytes) throw new Failure('corrupt', `${where} is larger than ${maxBytes} bytes`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

/** A whole small file, or null if it does not exist. */
export async function readFile(store: Store, key: string, maxBytes: number, signal?: AbortSignal): Promise<Buffer | null> {
	const content = await store.get(key, undefined, signal);
	return content === null ? null : await collect(content, maxBytes, key);
}

/** What age adds to a file of `plainBytes`: header, and a tag every 64 KiB. Generous. */
function encryptedBytes(plainBytes: number): number {
	return plainBytes + Math.ceil(plainBytes / 4096) + 8192;
}

/** A whole small file, with the hash of its bytes as they are stored, which records name; or null if it does not exist. */
export async function readStoredFile(store: Store, key: string, maxBytes: number, signal?: AbortSignal): Promise<{ bytes: Buffer; sha256: string } | null> {
	const { asStored } = store;
	const stored = await readFile(storedBytes(store), key, asStored ? encryptedBytes(maxBytes) : maxBytes, signal);
	if (stored === null) return null;
	return { bytes: asStored ? await collect(asStored.open(key, once(stored)), maxBytes, key) : stored, sha256: sha256(stored) };
}

/** Exactly that range of a file. Throws `corrupt` if the file is missing or ends before. */
export async function readRange(store: Store, key: string, range: ByteRange, signal?: AbortSignal): Promise<Buffer> {
	if (range.length === 0) return Buffer.alloc(0);
	const content = await store.get(key, range, signal);
	if (content === null) throw missingFile(store, key);
	const bytes = await collect(content, range.length, key);
	if (bytes.length !== range.length) throw new Failure('corrupt', `${key} ends before byte ${range.offset + range.length}`, { nextStep: DAMAGED });
	return bytes;
}

/** What the user can do about a file that is damaged or missing. */
export const DAMAGED =
	'Run Repository → Verify to see what is affected, put an undamaged copy of the file back (Repository → Import Files), or use another snapshot.';

export function missingFile(store: Store, key: string): Failure {
	return new Failure('corrupt', `${key} is missing in ${store.label}`, { nextStep: DAMAGED, code: 'missingFile' });
}

export function damagedFile(key: string, reason: string, cause?: unknown, code = 'damagedFile'): Failure {
	return new Failure('corrupt', `${key} is damaged: ${reason}`, { nextStep: DAMAGED, code, cause });
}

/** What each gzip member begins with: deflate, no flags, no time. Nothing in the format covers these bytes otherwise. */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);

/** One gzip member. The same text gives the same bytes, whatever system packs it. */
export async function pack(text: string | Buffer): Promise<Buffer> {
	const packed = await gzipAsync(text, { level: 6 });
	GZIP_HEADER.copy(packed);
	return packed;
}

/** One gzip member of lines. Never one long string, which would be long-lived garbage. */
export async function packLines(lines: readonly string[]): Promise<Buffer> {
	const plain = Buffer.allocUnsafeSlow(lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0));
	let end = 0;
	for (const line of lines) {
		end += plain.write(line, end);
		end = plain.writeUInt8(NEWLINE, end);
	}
	try {
		return await pack(plain);
	} finally {
		letGo(plain);
	}
}

/** The bytes in one gzip member. Throws `corrupt` for anything else, and beyond `maxBytes`. */
export async function unpackBytes(bytes: Uint8Array, maxBytes: number, where: string): Promise<Buffer> {
	if (!GZIP_HEADER.equals(bytes.subarray(0, GZIP_HEADER.length))) throw damagedFile(where, 'it does not begin as a gzip member');
	try {
		return await gunzipAsync(bytes, { maxOutputLength: maxBytes, chunkSize: expectedBytes(bytes) + 1 });
	} catch (cause) {
		throw damagedFile(where, 'it cannot be unpacked', cause);
	}
}

/** The last four bytes tell the length (RFC 1952, 2.3.1), so that it is unpacked into one piece; they may lie. */
function expectedBytes(member: Uint8Array): number {
	const told = new DataView(member.buffer, member.byteOffset, member.byteLength).getUint32(member.byteLength - 4, true);
	return Math.min(Math.max(told, SMALLEST_PIECE_BYTES), LARGEST_PIECE_BYTES);
}

/** The lines of a text that are not empty, each a string of its own: a part of one long string would keep it all alive. */
export function* linesOf(plain: Buffer): Generator<string, void, undefined> {
	for (let start = 0; start < plain.length; ) {
		const found = plain.indexOf(NEWLINE, start);
		const end = found < 0 ? plain.length : found;
		if (end > start) yield plain.toString('utf8', start, end);
		start = end + 1;
	}
}

export async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
	await Promise.resolve();
	yield bytes;
}
