import { DESCRIPTOR_SIGNATURE, descriptorBytes, LOCAL_HEADER_BYTES, LOCAL_HEADER_SIGNATURE, METHOD_DEFLATED, METHOD_STORED, type Descriptor } from './zip-records';

/** The ZIP structures that we write (APPNOTE 6.3.10, §4.3 and §4.5). */

const CENTRAL_HEADER_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;

const VERSION = 20;
const VERSION_ZIP64 = 45;
/** Bit 3: sizes and CRC follow the data in a descriptor; bit 11: the name is UTF-8. */
const FLAGS = 0x0808;
/** Made on Unix: an ordinary file that its owner writes and everybody reads. */
const MADE_BY_UNIX = 3 << 8;
const FILE_MODE = (0o100644 << 16) >>> 0;
const ZIP64_FIELD = 1;
const ALIGNMENT_FIELD = 0xd935;
/** Blocks of disks and file systems divide it. */
const CONTENT_ALIGNMENT = 4096;
/** For less it is not worth up to 4 KB. */
const ALIGNED_FROM_BYTES = 16 * 1024 * 1024;
const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;

/** An entry as the directory at the end tells it. */
export interface DirectoryEntry extends Descriptor {
	name: Buffer;
	modified: Date;
	compressed: boolean;
	offset: number;
}

/**
 * A long content that is stored as it is begins at a multiple of `CONTENT_ALIGNMENT` in its archive, so that what comes
 * can go to a disk as it came (long-file.ts).
 *
 * @param sizeBytes If known, so that readers of streams know beforehand that the descriptor has 64-bit sizes.
 */
export function localHeader({ name, modified, compressed, offset, sizeBytes = 0 }: Pick<DirectoryEntry, 'name' | 'modified' | 'compressed' | 'offset'> & { sizeBytes?: number | undefined }): Buffer {
	const isLarge = sizeBytes > MAX_32;
	const sizes = isLarge ? zip64Field([0, 0]) : Buffer.alloc(0);
	const isAligned = !compressed && sizeBytes >= ALIGNED_FROM_BYTES;
	const extra = isAligned ? Buffer.concat([sizes, alignmentField(offset + LOCAL_HEADER_BYTES + name.length + sizes.length)]) : sizes;
	const header = Buffer.alloc(LOCAL_HEADER_BYTES);
	header.writeUInt32LE(LOCAL_HEADER_SIGNATURE, 0);
	header.writeUInt16LE(isLarge ? VERSION_ZIP64 : VERSION, 4);
	writeCommon(header, 6, modified, compressed);
	if (isLarge) header.writeUInt32LE(MAX_32, 18);
	if (isLarge) header.writeUInt32LE(MAX_32, 22);
	header.writeUInt16LE(name.length, 26);
	header.writeUInt16LE(extra.length, 28);
	return Buffer.concat([header, name, extra]);
}

export function dataDescriptor(descriptor: Descriptor): Buffer {
	const length = descriptorBytes(descriptor);
	const bytes = Buffer.alloc(length);
	bytes.writeUInt32LE(DESCRIPTOR_SIGNATURE, 0);
	bytes.writeUInt32LE(descriptor.crc32, 4);
	if (length === 16) {
		bytes.writeUInt32LE(descriptor.compressedSize, 8);
		bytes.writeUInt32LE(descriptor.size, 12);
	} else {
		bytes.writeBigUInt64LE(BigInt(descriptor.compressedSize), 8);
		bytes.writeBigUInt64LE(BigInt(descriptor.size), 16);
	}
	return bytes;
}

export function centralHeader({ name, modified, compressed, offset, crc32, compressedSize, size }: DirectoryEntry): Buffer {
	// Those that do not fit, in this order.
	const large = [size, compressedSize, offset].filter((value) => value >= MAX_32);
	const extra = large.length > 0 ? zip64Field(large) : Buffer.alloc(0);
	const header = Buffer.alloc(46);
	header.writeUInt32LE(CENTRAL_HEADER_SIGNATURE, 0);
	const version = large.length > 0 ? VERSION_ZIP64 : VERSION;
	header.writeUInt16LE(MADE_BY_UNIX | version, 4);
	header.writeUInt16LE(version, 6);
	writeCommon(header, 8, modified, compressed);
	header.writeUInt32LE(crc32, 16);
	header.writeUInt32LE(Math.min(compressedSize, MAX_32), 20);
	header.writeUInt32LE(Math.min(size, MAX_32), 24);
	header.writeUInt16LE(name.length, 28);
	header.writeUInt16LE(extra.length, 30);
	header.writeUInt32LE(FILE_MODE, 38);
	header.writeUInt32LE(Math.min(offset, MAX_32), 42);
	return Buffer.concat([header, name, extra]);
}

/** What ends the archive: how many entries there are and where their directory stands. */
export function endOfArchive(entries: number, directory: { offset: number; size: number }): Buffer {
	const { offset, size } = directory;
	const end = Buffer.alloc(22);
	end.writeUInt32LE(END_SIGNATURE, 0);
	end.writeUInt16LE(Math.min(entries, MAX_16), 8);
	end.writeUInt16LE(Math.min(entries, MAX_16), 10);
	end.writeUInt32LE(Math.min(size, MAX_32), 12);
	end.writeUInt32LE(Math.min(offset, MAX_32), 16);
	if (entries < MAX_16 && size < MAX_32 && offset < MAX_32) return end;
	const large = Buffer.alloc(56);
	large.writeUInt32LE(ZIP64_END_SIGNATURE, 0);
	// Of what follows in this record.
	large.writeBigUInt64LE(44n, 4);
	large.writeUInt16LE(MADE_BY_UNIX | VERSION_ZIP64, 12);
	large.writeUInt16LE(VERSION_ZIP64, 14);
	large.writeBigUInt64LE(BigInt(entries), 24);
	large.writeBigUInt64LE(BigInt(entries), 32);
	large.writeBigUInt64LE(BigInt(size), 40);
	large.writeBigUInt64LE(BigInt(offset), 48);
	const locator = Buffer.alloc(20);
	locator.writeUInt32LE(ZIP64_LOCATOR_SIGNATURE, 0);
	locator.writeBigUInt64LE(BigInt(offset + size), 8);
	locator.writeUInt32LE(1, 16);
	return Buffer.concat([large, locator, end]);
}

function writeCommon(header: Buffer, at: number, modified: Date, compressed: boolean): void {
	header.writeUInt16LE(FLAGS, at);
	header.writeUInt16LE(compressed ? METHOD_DEFLATED : METHOD_STORED, at + 2);
	header.writeUInt32LE(dosTime(modified), at + 4);
}

function zip64Field(values: readonly number[]): Buffer {
	const field = Buffer.alloc(4 + values.length * 8);
	field.writeUInt16LE(ZIP64_FIELD, 0);
	field.writeUInt16LE(values.length * 8, 2);
	for (const [index, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + index * 8);
	return field;
}

/** As zipalign of the Android SDK pads: the alignment, then zeros up to the content (Android's ApkSignerV2 and zipalign sources). */
function alignmentField(offset: number): Buffer {
	const leastBytes = 6;
	const missingBytes = CONTENT_ALIGNMENT - ((offset + leastBytes) % CONTENT_ALIGNMENT);
	const field = Buffer.alloc(leastBytes + (missingBytes % CONTENT_ALIGNMENT));
	field.writeUInt16LE(ALIGNMENT_FIELD, 0);
	field.writeUInt16LE(field.length - 4, 2);
	field.writeUInt16LE(CONTENT_ALIGNMENT, 4);
	return field;
}

/** From 1980 to 2107, in steps of two seconds. DOS had no time zones; we write UTC. */
function dosTime(date: Date): number {
	const year = Number.isNaN(date.getTime()) ? 0 : date.getUTCFullYear();
	if (year < 1980) return (1 << 21) | (1 << 16);
	if (year > 2107) return ((127 << 25) | (12 << 21) | (31 << 16)) >>> 0;
	const day = ((year - 1980) << 25) | ((date.getUTCMonth() + 1) << 21) | (date.getUTCDate() << 16);
	return (day | (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)) >>> 0;
}
