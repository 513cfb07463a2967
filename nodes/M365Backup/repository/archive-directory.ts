import { collect, damagedFile, missingFile } from './bytes';
import { MAX_DIRECTORY_BYTES, MAX_DIRECTORY_ENTRIES } from './limits';
import type { Store } from '../stores/store';
import { LOCAL_HEADER_BYTES } from './zip-records';

/** APPNOTE 6.3.10, §4.3.12 to §4.3.16 and §4.5.3. All numbers are little-endian. */
const CENTRAL_HEADER_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const CENTRAL_HEADER_BYTES = 46;
const END_BYTES = 22;
const ZIP64_END_BYTES = 56;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_FIELD = 1;
const MAX_32 = 0xffffffff;
/** End, locator and large end; ours have no comment behind them. */
const TAIL_BYTES = 4096;

/** What encryption adds: a tag of 16 bytes to each 64 KiB, and a header. */
const SEALED_CHUNK_BYTES = 65_552;
const TAG_BYTES = 16;
const MOST_HEADER_BYTES = 8192;

/** An entry of an archive as its directory tells it; `length` through its data descriptor, as in a `ContentRef`. */
export interface ListedEntry {
	name: string;
	offset: number;
	length: number;
	size: number;
}

/**
 * The entries of an archive of ours in the order in which they stand, by two ranged reads of its end. Throws `corrupt`
 * if the archive is cut off or its directory is not one that leads without a gap from the first byte to itself.
 *
 * @param storedBytes The file's size as the store lists it.
 */
export async function readArchiveDirectory(store: Store, key: string, storedBytes: number, signal?: AbortSignal): Promise<ListedEntry[]> {
	const { bytes: tail, offset: tailOffset } = await readTail(store, key, storedBytes, signal);
	const end = findEnd(tail, key);
	const directory = directoryPlace(tail, end, key);
	if (directory.entries > MAX_DIRECTORY_ENTRIES) throw damagedFile(key, `its directory has more than ${MAX_DIRECTORY_ENTRIES} entries`);
	if (directory.size > MAX_DIRECTORY_BYTES) throw damagedFile(key, `its directory is larger than ${MAX_DIRECTORY_BYTES} bytes`);
	if (directory.offset + directory.size > tailOffset + end) throw damagedFile(key, 'its directory is not where its end says');
	const content = await store.get(key, { offset: directory.offset, length: directory.size }, signal);
	if (content === null) throw missingFile(store, key);
	const bytes = await collect(content, directory.size, key);
	return parseEntries(bytes, directory, key);
}

/** The last bytes of the plain file. Where it is stored encrypted, nothing tells how long the plain one is: what is read beyond its end is empty. */
async function readTail(store: Store, key: string, storedBytes: number, signal?: AbortSignal): Promise<{ bytes: Buffer; offset: number }> {
	const added = store.asStored === undefined ? 0 : Math.ceil(storedBytes / SEALED_CHUNK_BYTES) * TAG_BYTES + MOST_HEADER_BYTES;
	const offset = Math.max(0, storedBytes - added - TAIL_BYTES);
	const content = await store.get(key, { offset, length: storedBytes - offset }, signal);
	if (content === null) throw missingFile(store, key);
	return { bytes: await collect(content, storedBytes - offset, key), offset };
}

function findEnd(tail: Buffer, key: string): number {
	for (let at = tail.length - END_BYTES; at >= 0; at--) {
		if (tail.readUInt32LE(at) === END_SIGNATURE && at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) return at;
	}
	throw damagedFile(key, 'it is cut off: its directory is not there');
}

interface DirectoryPlace {
	entries: number;
	offset: number;
	size: number;
}

function directoryPlace(tail: Buffer, end: number, key: string): DirectoryPlace {
	const locator = end - ZIP64_LOCATOR_BYTES;
	if (locator < ZIP64_END_BYTES || tail.readUInt32LE(locator) !== ZIP64_LOCATOR_SIGNATURE) {
		return { entries: tail.readUInt16LE(end + 10), size: tail.readUInt32LE(end + 12), offset: tail.readUInt32LE(end + 16) };
	}
	const large = locator - ZIP64_END_BYTES;
	if (tail.readUInt32LE(large) !== ZIP64_END_SIGNATURE) throw damagedFile(key, 'the end of its directory has an unknown form');
	return { entries: readLong(tail, large + 32), size: readLong(tail, large + 40), offset: readLong(tail, large + 48) };
}

function parseEntries(bytes: Buffer, directory: DirectoryPlace, key: string): ListedEntry[] {
	const entries: ListedEntry[] = [];
	let at = 0;
	while (at < bytes.length) {
		if (at + CENTRAL_HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== CENTRAL_HEADER_SIGNATURE) throw damagedFile(key, 'its directory is not one');
		const nameBytes = bytes.readUInt16LE(at + 28);
		const extraBytes = bytes.readUInt16LE(at + 30);
		const next = at + CENTRAL_HEADER_BYTES + nameBytes + extraBytes + bytes.readUInt16LE(at + 32);
		if (next > bytes.length) throw damagedFile(key, 'its directory is cut short');
		const nameAt = at + CENTRAL_HEADER_BYTES;
		const numbers = [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)];
		const [size = 0, , offset = 0] = widened(numbers, bytes.subarray(nameAt + nameBytes, nameAt + nameBytes + extraBytes), key);
		entries.push({ name: bytes.toString('utf8', nameAt, nameAt + nameBytes), offset, length: 0, size });
		at = next;
	}
	if (entries.length !== directory.entries) throw damagedFile(key, 'its directory is incomplete');
	entries.sort((a, b) => a.offset - b.offset);
	let expected = 0;
	for (const [index, entry] of entries.entries()) {
		if (entry.offset !== expected) throw damagedFile(key, 'its directory has a gap');
		expected = entries[index + 1]?.offset ?? directory.offset;
		entry.length = expected - entry.offset;
		if (entry.length < LOCAL_HEADER_BYTES) throw damagedFile(key, 'its directory has entries that overlap');
	}
	return entries;
}

/** Those that 32 bits cannot hold stand, in this order, in the extra field. */
function widened(numbers: readonly number[], extra: Buffer, key: string): number[] {
	if (!numbers.includes(MAX_32)) return [...numbers];
	for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
		if (extra.readUInt16LE(at) !== ZIP64_FIELD) continue;
		let field = at + 4;
		return numbers.map((number) => {
			if (number !== MAX_32) return number;
			if (field + 8 > extra.length) throw damagedFile(key, 'its directory has a bad size');
			field += 8;
			return readLong(extra, field - 8);
		});
	}
	return [...numbers];
}

function readLong(bytes: Buffer, at: number): number {
	return Number(bytes.readBigUInt64LE(at));
}
