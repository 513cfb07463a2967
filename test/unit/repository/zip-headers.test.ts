import { describe, it, expect } from 'vitest';
import { centralHeader, dataDescriptor, localHeader } from '../../../nodes/M365Backup/repository/zip-headers';
import { LOCAL_HEADER_BYTES, parseDescriptor } from '../../../nodes/M365Backup/repository/zip-records';

const MAX_32 = 0xffffffff;
const entry = { name: Buffer.from('a'), modified: new Date('2026-01-02T03:04:06Z'), compressed: false, offset: 0, crc32: 1 };

function headers(sizeBytes: number): { localExtra: number; descriptor: Buffer; centralExtra: Buffer; centralSize: number } {
	const local = localHeader({ ...entry, compressed: true, sizeBytes });
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

describe('A long content that is stored as it is', () => {
	const MB = 1024 * 1024;

	it.each([0, 1, 93, 4059, 4060, 4061, 4095, 4096, 123_456_789, 5 * MAX_32 + 7])('begins at a multiple of 4096 bytes where its header is at %i, behind an extra field of zeros', (offset) => {
		for (const name of ['a', 'Films/Ärger.mp4', 'x'.repeat(300)].map((text) => Buffer.from(text))) {
			for (const sizeBytes of [16 * MB, MAX_32 + 1]) {
				const header = localHeader({ ...entry, name, offset, sizeBytes });
				expect((offset + header.length) % 4096).toBe(0);
				expect(header.length).toBeLessThan(4096 + LOCAL_HEADER_BYTES + name.length + 32);
				expect([header.readUInt16LE(26), header.readUInt16LE(28)]).toEqual([name.length, header.length - LOCAL_HEADER_BYTES - name.length]);
				const fields = new Map<number, Buffer>();
				for (let at = LOCAL_HEADER_BYTES + name.length; at < header.length; at += 4 + header.readUInt16LE(at + 2)) {
					fields.set(header.readUInt16LE(at), header.subarray(at + 4, at + 4 + header.readUInt16LE(at + 2)));
				}
				expect([...fields.keys()]).toEqual(sizeBytes > MAX_32 ? [1, 0xd935] : [0xd935]);
				expect(fields.get(0xd935)!.readUInt16LE(0)).toBe(4096);
				expect(fields.get(0xd935)!.subarray(2).every((byte) => byte === 0)).toBe(true);
			}
		}
	});

	it('is the only one: a short one and one that is deflated follow their names', () => {
		for (const other of [{ sizeBytes: 16 * MB - 1 }, { sizeBytes: undefined }, { sizeBytes: 16 * MB, compressed: true }]) {
			expect(localHeader({ ...entry, ...other })).toHaveLength(LOCAL_HEADER_BYTES + entry.name.length);
		}
	});
});
