import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { createSparseStore } from '../unit/repository/sparse-store';

const SIZE_BYTES = 6 * 1024 ** 3;
const MARK_EVERY_BYTES = 1024 ** 3;
const ZEROS = Buffer.alloc(1024 * 1024);

/** Zeros, but for a mark at the start of each gigabyte. */
function sparse(offset: number, lengthBytes: number): Buffer {
	const next = Math.ceil(offset / MARK_EVERY_BYTES) * MARK_EVERY_BYTES;
	if (next >= offset + lengthBytes && lengthBytes <= ZEROS.length) return ZEROS.subarray(0, lengthBytes);
	const bytes = Buffer.alloc(lengthBytes);
	for (let at = next; at + 16 <= offset + lengthBytes; at += MARK_EVERY_BYTES) bytes.write(`mark ${at}`, at - offset);
	return bytes;
}

describe('a file of 6 GB in a drive', () => {
	let fixture: DriveFixture;
	let peakBytes = 0;
	beforeAll(async () => {
		fixture = await driveFixture({ store: createSparseStore(() => new Date()) });
		const { drive, sim, backUp } = fixture;
		drive.addFile('', 'first.txt', 'first');
		drive.addFile('', 'huge.mp4', { sizeBytes: SIZE_BYTES, read: sparse });
		drive.addFile('', 'later.txt', 'later');
		// Small files are read ahead, so that the large one is the third: its connection breaks once, beyond what 32 bits count.
		sim.tenant.faults.script({ match: 'GET *download.aspx*', skip: 2, times: 1, do: { truncateAtByte: 5 * 1024 ** 3 } });
		globalThis.gc?.();
		const before = process.memoryUsage.rss();
		const sampling = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss() - before)), 50);
		const summary = await backUp();
		clearInterval(sampling);
		// Once resumed: the other two need one download each.
		expect(sim.requestLog.count('GET download')).toBe(4);
		expect(summary).toMatchObject({ status: 'complete', totals: { items: 3, bytes: SIZE_BYTES + 10 }, failures: [] });
	});
	afterAll(() => fixture.stop());

	it('arrives in constant memory, simulated tenant included, in a volume of its own', async () => {
		expect(peakBytes / 1e6).toBeLessThan(300);
		const archiveOf = async (path: string): Promise<string> => (await fixture.entry(path)).content![0]!.archive;
		const [huge, first, later] = [await archiveOf('huge.mp4'), await archiveOf('first.txt'), await archiveOf('later.txt')];
		expect([first, later]).not.toContain(huge);
	});

	it('is whole: the marks stand where they stood, and every byte is proven', async () => {
		const { repository, key } = fixture;
		const [ref] = (await fixture.entry('huge.mp4')).content!;
		const marks: string[] = [];
		let offset = 0;
		for await (const chunk of repository.readContent(key, ref!)) {
			const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
			for (let at = Math.ceil(offset / MARK_EVERY_BYTES) * MARK_EVERY_BYTES; at < offset + bytes.length; at += MARK_EVERY_BYTES) marks.push(bytes.toString('latin1', at - offset, at - offset + `mark ${at}`.length));
			offset += bytes.length;
		}
		expect(offset).toBe(SIZE_BYTES);
		expect(marks).toEqual(Array.from({ length: 6 }, (_, index) => `mark ${index * MARK_EVERY_BYTES}`));
		expect(await verifyRepository(repository, { deep: true })).toMatchObject({ ok: true, contents: 3 });
	});
});
