import { createCipheriv } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { downloadMemory } from '../../nodes/M365Backup/workloads/drive/download-memory';
import { LineSpeed, type LineSpeedLimits } from '../../nodes/M365Backup/workloads/drive/line-speed';
import type { DriveNode } from '../simulator/drive-node';
import { SeededRandom } from '../simulator/seeded-random';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';

const KB = 1024;
const MB = 1024 * KB;
let at: DriveFixture;

beforeEach(async () => {
	at = await driveFixture();
});
afterEach(async () => {
	expect(at.sim.misses).toEqual([]);
	expect(at.sim.tenant.leaks).toEqual([]);
	expect(downloadMemory.freeBytes).toBe(downloadMemory.mostBytes);
	await at.stop();
});

const downloads = (): number => at.sim.requestLog.count('GET download');

/** No byte of it stands where another could, too. */
function content(seed: number, sizeBytes: number): Buffer {
	const key = Buffer.alloc(16);
	key.writeUInt32LE(seed);
	return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** For which every connection is too slow, whatever the machine can. */
function alwaysSlow(limits: Partial<LineSpeedLimits> = {}): LineSpeed {
	let nowMs = 0;
	const ambient = { ...realAmbient, now: () => new Date(nowMs++) };
	return new LineSpeed(ambient, { partBytes: 256 * KB, enoughBytesPerSecond: Number.POSITIVE_INFINITY, waitingPart: 0, ...limits });
}

/** How long a backup takes with what every connection brings in a second. */
async function timed(bytesPerSecond: number, backUp: () => Promise<unknown>): Promise<number> {
	at.sim.tenant.switches.downloadBytesPerSecond = bytesPerSecond;
	const startedMs = performance.now();
	await backUp();
	return performance.now() - startedMs;
}

describe('a large file, where one connection is slow', () => {
	it('comes over several, part by part, and is whole', async () => {
		const parts = 23;
		const partBytes = 256 * KB;
		at.drive.addFile('', 'exact.bin', content(1, parts * partBytes));
		at.drive.addFile('', 'one more.bin', content(2, parts * partBytes + 1));
		at.drive.addFile('', 'one less.bin', content(3, parts * partBytes - 1));
		at.drive.addFile('', 'small.txt', 'a small one');
		at.drive.addFile('', 'no hash.bin', content(4, 5 * MB), { hashless: true });
		expect(await at.backUp({ speed: alwaysSlow() })).toMatchObject({ status: 'complete', changes: { added: 5, failed: 0 }, warnings: [] });
		expect(await at.files()).toEqual(at.living());
		expect(downloads()).toBeGreaterThan(3 * (parts - 4));
	});

	it('is begun while the one before it still comes', async () => {
		// Of one part each: nothing else makes it faster than one after the other.
		for (let n = 0; n < 16; n++) at.drive.addFile('', `${n}.bin`, content(n, 5 * MB - n * 1001));
		const tookMs = await timed(8 * MB, async () => {
			expect(await at.backUp({ speed: alwaysSlow({ partBytes: 5 * MB }) })).toMatchObject({ status: 'complete', changes: { added: 16, failed: 0 } });
		});
		expect(await at.files()).toEqual(at.living());
		expect(downloads()).toBe(16);
		expect(tookMs).toBeLessThan((16 * 5000) / 8 / 2);
	});

	it('goes on over one where the server does not know ranges, which is not asked for parts again', async () => {
		at.sim.tenant.switches.downloadRanges = 'ignored';
		for (let n = 0; n < 20; n++) at.drive.addFile('', `${n}.bin`, content(n, 6 * MB));
		expect(await at.backUp({ speed: alwaysSlow() })).toMatchObject({ status: 'complete', changes: { added: 20, failed: 0 }, warnings: [] });
		expect(await at.files()).toEqual(at.living());
		// It was tried, once for each of those that were under way.
		expect(downloads()).toBeGreaterThan(20);
		expect(downloads()).toBeLessThanOrEqual(20 + 16);
	});

	it('gets new addresses where they expire between two parts', async () => {
		at.drive.addFile('', 'large.bin', content(1, 12 * MB));
		let asked = 0;
		let expired = 0;
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (!path.includes('download.aspx') || ++asked % 20 > 0) return false;
				at.drive.expireDownloadUrls();
				expired += 1;
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp({ speed: alwaysSlow() })).toMatchObject({ status: 'complete', changes: { added: 1, failed: 0 }, warnings: [] });
		expect(expired).toBeGreaterThan(1);
		expect(at.sim.requestLog.count('GET /drives/{id}/items/{id}')).toBeGreaterThanOrEqual(expired);
		expect(await at.files()).toEqual(at.living());
	});

	it('that is edited between two parts is not put together from both', async () => {
		// Without a hash, nothing but the tag of each part shows what it belongs to.
		const file = at.drive.addFile('', 'large.bin', content(1, 12 * MB), { hashless: true });
		editAfter(file, 17, content(2, 12 * MB));
		const first = await at.backUp({ speed: alwaysSlow() });
		if (first.changes.failed > 0) await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('is read part by part where others have the memory', async () => {
		for (let n = 0; n < 5; n++) at.drive.addFile('', `${n}.bin`, content(n, 6 * MB));
		const { mostBytes } = downloadMemory;
		downloadMemory.take(mostBytes);
		try {
			const tookMs = await timed(8 * MB, async () => {
				expect(await at.backUp({ speed: alwaysSlow({ partBytes: MB }) })).toMatchObject({ status: 'complete', changes: { added: 5, failed: 0 } });
			});
			// One after the other, all but the first quarter of each part, which comes at once here.
			expect(tookMs).toBeGreaterThan(1800);
			expect(downloads()).toBeGreaterThan(15);
		} finally {
			downloadMemory.giveBack(mostBytes);
		}
		expect(await at.files()).toEqual(at.living());
	});

	it('is left alone with all its connections when the run is stopped', async () => {
		at.sim.tenant.latencyMs = 5;
		for (let n = 0; n < 3; n++) at.drive.addFile('', `${n}.bin`, content(n, 12 * MB));
		const stop = new AbortController();
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('download.aspx') && downloads() >= 30) stop.abort();
				return false;
			},
			do: { status: 500 },
		});
		await expect(at.backUp({ speed: alwaysSlow(), signal: stop.signal })).resolves.toMatchObject({ status: 'partial' });
		const asked = downloads();
		await new Promise((resolve) => setTimeout(resolve, 200));
		expect(downloads()).toBeLessThanOrEqual(asked + 8);
		at.sim.tenant.faults.clear();
		expect(await at.backUp({ speed: alwaysSlow() })).toMatchObject({ status: 'complete' });
		expect(await at.files()).toEqual(at.living());
	});

	it.each(Array.from({ length: Number(process.env['RANDOM_RUNS'] ?? 12) }, (_, index) => index + Number(process.env['RANDOM_SEED'] ?? 1)))('is whole whatever breaks (history %i)', async (seed) => {
		const random = new SeededRandom(seed, 4711);
		const files = 1 + random.below(4);
		for (let n = 0; n < files; n++) at.drive.addFile('', `${n}.bin`, content(100 * seed + n, 1 + random.below(9 * MB)), { hashless: random.below(3) === 0 });
		for (let n = 0; n < random.below(12); n++) {
			const kind = random.below(5);
			const skip = random.below(30);
			const atByte = random.below(400 * KB);
			const fault = kind === 0 ? { truncateAtByte: atByte } : kind === 1 ? { truncateAtByte: atByte, silent: true } : kind === 2 ? ({ reset: true } as const) : kind === 3 ? { status: [404, 429, 500, 503][random.below(4)]! } : { delayMs: 20 };
			at.sim.tenant.faults.script({ match: 'GET *download.aspx*', skip, times: 1 + random.below(2), do: fault });
		}
		const limits = { partBytes: (1 + random.below(12)) * 100_000, mostConnections: 1 + random.below(8) };
		let summary = await at.backUp({ speed: alwaysSlow(limits) });
		at.sim.tenant.faults.clear();
		if (summary.status !== 'complete') summary = await at.backUp({ speed: alwaysSlow(limits) });
		expect(summary).toMatchObject({ status: expect.stringMatching(/complete|unchanged/) as unknown, changes: { failed: 0 } });
		expect(await at.files()).toEqual(at.living());
	});
});

/** Once so many parts have been asked for. */
function editAfter(file: DriveNode, parts: number, bytes: Buffer): void {
	let asked = 0;
	at.sim.tenant.faults.script({
		match: (_method, path) => {
			if (path.includes('download.aspx') && ++asked === parts) at.drive.edit(file, bytes);
			return false;
		},
		do: { status: 500 },
	});
}

describe('the speed of downloads', () => {
	it('is that of several connections, where one alone is slow', async () => {
		for (let n = 0; n < 4; n++) at.drive.addFile('', `${n}.bin`, content(n, 16 * MB));
		for (let n = 0; n < 4; n++) at.drive.addFile('', `short ${n}.bin`, content(10 + n, 6 * MB));
		const tookMs = await timed(8 * MB, async () => {
			expect(await at.backUp({ speed: new LineSpeed(realAmbient) })).toMatchObject({ status: 'complete', changes: { added: 8, failed: 0 } });
		});
		expect(await at.files()).toEqual(at.living());
		const aloneMs = (1000 * (4 * 16 + 4 * 6)) / 8;
		expect(tookMs).toBeLessThan(aloneMs / 2);
	});

	it('is not sought where one is fast enough: a request for each file', async () => {
		for (let n = 0; n < 3; n++) at.drive.addFile('', `${n}.bin`, content(n, 24 * MB));
		expect(await at.backUp({ speed: new LineSpeed(realAmbient, { enoughBytesPerSecond: 1000 }) })).toMatchObject({ status: 'complete' });
		expect(downloads()).toBe(3);
	});
});
