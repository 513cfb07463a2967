/** The few ZIP structures (APPNOTE 6.3.10, §4.3) that we read ourselves. All numbers are little-endian. */

export const LOCAL_HEADER_SIGNATURE = 0x04034b50;
export const DESCRIPTOR_SIGNATURE = 0x08074b50;
const ZIP64_FROM = 0xffffffff;

export const LOCAL_HEADER_BYTES = 30;
export const METHOD_STORED = 0;
export const METHOD_DEFLATED = 8;

export interface LocalHeader {
	method: number;
	hasDescriptor: boolean;
	encrypted: boolean;
	nameBytes: number;
	extraBytes: number;
}

/** Null if these 30 bytes are no local header. */
export function parseLocalHeader(bytes: Buffer): LocalHeader | null {
	if (bytes.length < LOCAL_HEADER_BYTES || bytes.readUInt32LE(0) !== LOCAL_HEADER_SIGNATURE) return null;
	const flags = bytes.readUInt16LE(6);
	return {
		encrypted: (flags & 1) !== 0,
		hasDescriptor: (flags & 8) !== 0,
		method: bytes.readUInt16LE(8),
		nameBytes: bytes.readUInt16LE(26),
		extraBytes: bytes.readUInt16LE(28),
	};
}

export interface Descriptor {
	crc32: number;
	compressedSize: number;
	size: number;
}

/** 16 bytes, or 24 where a size needs more than 32 bits. */
export function descriptorBytes(sizes: { compressedSize: number; size: number }): 16 | 24 {
	return sizes.compressedSize > ZIP64_FROM || sizes.size > ZIP64_FROM ? 24 : 16;
}

/** Null if these 16 or 24 bytes are no data descriptor. */
export function parseDescriptor(bytes: Buffer): Descriptor | null {
	if ((bytes.length !== 16 && bytes.length !== 24) || bytes.readUInt32LE(0) !== DESCRIPTOR_SIGNATURE) return null;
	const crc32 = bytes.readUInt32LE(4);
	if (bytes.length === 16) return { crc32, compressedSize: bytes.readUInt32LE(8), size: bytes.readUInt32LE(12) };
	return { crc32, compressedSize: Number(bytes.readBigUInt64LE(8)), size: Number(bytes.readBigUInt64LE(16)) };
}
