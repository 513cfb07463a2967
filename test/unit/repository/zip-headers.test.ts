import { describe, it, expect } from 'vitest';
import { centralHeader, dataDescriptor, localHeader } from '../../../nodes/M365Backup/repository/zip-headers';
import { LOCAL_HEADER_BYTES, parseDescriptor } from '../../../nodes/M365Backup/repository/zip-records';

const MAX_32 = 0xffffffff;
const entry = { name: Buffer.from('a'), modified: new Date('2026-01-02T03:04:06Z'), compressed: false, offset: 0, crc32: 1 };

function headers(sizeBytes: number): { localExtra: number; descriptor: Buffer; centralExtra: Buffer; centralSize: number } {
	const local = localHeader({ ...entry, sizeBytes });
	const sizes = { compressedSize: sizeBytes, size: sizeBytes };
	const central = centralHeader({ ...entry, ...sizes });
	return {
		localExtra: local.length - LOCAL_HEADER_BYTES - entry.name.length,
		descriptor: dataDescriptor({ crc32: 1, ...sizes }),
		centralExtra: central.subarray(46 + entry.name.length),
		centralSize: central.readUInt32LE(24),
	};
}

/** APPNOTE 4.3.9.2: sizes of the descriptor have 64 bits where the local header has a ZIP64 field. */
describe('Sizes around 4 GiB', () => {
	it.each([
		{ sizeBytes: MAX_32 - 1, localExtra: 0, descriptorBytes: 16, isLargeInDirectory: false },
		// The largest 32-bit number fits a descriptor; in the directory it means that the size stands in the ZIP64 field.
		{ sizeBytes: MAX_32, localExtra: 0, descriptorBytes: 16, isLargeInDirectory: true },
		{ sizeBytes: MAX_32 + 1, localExtra: 20, descriptorBytes: 24, isLargeInDirectory: true },
	])('$sizeBytes bytes: local header, descriptor and directory say the same', ({ sizeBytes, localExtra, descriptorBytes, isLargeInDirectory }) => {
		const written = headers(sizeBytes);
		expect(written.localExtra).toBe(localExtra);
		expect(written.descriptor.length).toBe(descriptorBytes);
		expect(parseDescriptor(written.descriptor)).toEqual({ crc32: 1, compressedSize: sizeBytes, size: sizeBytes });
		expect(written.centralSize).toBe(isLargeInDirectory ? MAX_32 : sizeBytes);
		expect(written.centralExtra.length).toBe(isLargeInDirectory ? 20 : 0);
		if (isLargeInDirectory) expect([written.centralExtra.readBigUInt64LE(4), written.centralExtra.readBigUInt64LE(12)]).toEqual([BigInt(sizeBytes), BigInt(sizeBytes)]);
	});
});
