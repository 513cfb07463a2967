import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import type { Drive } from '../../simulator/drive-store';
import type { DriveNode } from '../../simulator/drive-node';
import { startSimulator, type RunningSimulator } from '../../simulator/start';
import { collect, rejection } from './fake-graph';

describe('downloads from the simulated tenant', () => {
	const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251));
	let sim: RunningSimulator;
	let client: GraphClient;
	let drive: Drive;
	let file: DriveNode;

	beforeEach(async () => {
		sim = await startSimulator({ http: true, users: 1 });
		client = createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(sim.token), ambient: { ...realAmbient, random: () => 0 }, governor: new Governor(realAmbient) });
		drive = sim.tenant.users[0]!.drive!;
		file = drive.addFile('Docs', 'a.bin', bytes);
	});
	afterEach(async () => {
		expect(sim.tenant.leaks).toEqual([]);
		expect(sim.misses).toEqual([]);
		await sim.stop();
	});

	const urlOf = async (node = file): Promise<string> =>
		(await client.json<Record<string, string>>({ path: `/drives/${drive.id}/items/${drive.idOf(node)}` }))['@microsoft.graph.downloadUrl']!;
	const read = async (url: string, options = {}): Promise<Buffer> => Buffer.concat(await collect((await client.download(url, options)).body));

	it('brings the bytes of another origin, without a token, and counts one resource unit', async () => {
		const url = await urlOf();
		expect(new URL(url).origin).not.toBe(new URL(sim.graphUrl).origin);
		const before = { ...client.stats };
		sim.tenant.sharePoint.reset();
		const answer = await client.download(url);
		expect(answer).toMatchObject({ status: 200, sizeBytes: bytes.length });
		expect(Buffer.concat(await collect(answer.body)).equals(bytes)).toBe(true);
		expect(client.stats).toMatchObject({ requests: before.requests + 1, calls: before.calls + 1, resourceUnits: before.resourceUnits + 1 });
		expect(sim.tenant.sharePoint.units).toBe(1);
	});

	it.each(['honoured', 'ignored'] as const)('gives exactly the part that was asked for where ranges are %s', async (ranges) => {
		sim.tenant.switches.downloadRanges = ranges;
		const url = await urlOf();
		for (const [offset, endBefore] of [[0, 1], [100, 200], [150_000, undefined], [199_999, undefined], [199_990, 500_000], [0, 200_000]] as const) {
			const answer = await client.download(url, { offset, ...(endBefore === undefined ? {} : { endBefore }) });
			const expected = bytes.subarray(offset, endBefore);
			expect(answer.status).toBe(ranges === 'honoured' ? 206 : 200);
			expect(answer.sizeBytes).toBe(expected.length);
			expect(Buffer.concat(await collect(answer.body)).equals(expected)).toBe(true);
		}
	});

	it('says that an address has expired, and reads with the next one', async () => {
		const url = await urlOf();
		drive.expireDownloadUrls();
		expect(await rejection(client.download(url))).toMatchObject({ kind: 'notFound', code: 'downloadUrlExpired', status: 401 });
		expect((await read(await urlOf())).equals(bytes)).toBe(true);
	});
});
