import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import type { Drive } from '../../simulator/drive-store';
import type { DriveNode } from '../../simulator/drive-node';
import { startSimulator, type RunningSimulator } from '../../simulator/start';
import { collect, FakeGraph, graphError, rejection } from './fake-graph';

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

	it.each([
		['of a deleted file', () => drive.delete(file), 404],
		['that nobody issued', () => undefined, 401],
	])('says of an address %s that it is no longer valid', async (what, change, status) => {
		const url = await urlOf();
		change();
		const wanted = what === 'that nobody issued' ? url.replace(/tempauth=v1\.[\w-]+/, 'tempauth=v1.e30') : url;
		const failure = await rejection(client.download(wanted));
		expect(failure).toMatchObject({ kind: 'notFound', code: 'downloadUrlExpired', status, title: expect.any(String) as string, nextStep: expect.any(String) as string });
		expect((failure as Error).message).not.toContain('tempauth');
	});

	it('says so at once: an address that was refused is not tried again', async () => {
		const url = await urlOf();
		drive.expireDownloadUrls();
		const before = client.stats.calls;
		await rejection(client.download(url));
		expect(client.stats.calls).toBe(before + 1);
	});

	it('tells malware and what cannot be read just now from an address that has expired', async () => {
		const infected = drive.addFile('', 'virus.exe', 'x');
		const url = await urlOf(infected);
		infected.malware = 'Virus:X';
		expect(await rejection(client.download(url))).toMatchObject({ kind: 'denied', code: 'malwareDetected' });
		const notebook = drive.addFile('', 'big.one', 'x');
		const notebookUrl = await urlOf(notebook);
		notebook.contentStatus = 503;
		const before = client.stats.calls;
		expect(await rejection(client.download(notebookUrl, { retries: 1 }))).toMatchObject({ kind: 'transient', status: 503 });
		expect(client.stats.calls).toBe(before + 2);
	});

	it('knows malware by its header, whatever the code', async () => {
		const url = await urlOf();
		sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { status: 403, body: '<html>', headers: { 'X-Virus-Infected': 'true' } } });
		expect(await rejection(client.download(url))).toMatchObject({ kind: 'denied', code: 'malwareDetected', status: 403, nextStep: expect.stringContaining('Nothing to do') as string });
	});

	it('gives nothing from the very end on, and says of a later beginning that the file has changed', async () => {
		const url = await urlOf();
		const atEnd = await client.download(url, { offset: bytes.length });
		expect(atEnd.sizeBytes).toBe(0);
		expect(await collect(atEnd.body)).toEqual([]);
		expect(await rejection(client.download(url, { offset: bytes.length + 1 }))).toMatchObject({ kind: 'conflict', code: 'contentChanged', status: 416 });
		sim.tenant.switches.downloadRanges = 'ignored';
		expect(await collect((await client.download(url, { offset: bytes.length })).body)).toEqual([]);
	});

	it('gives a file of no bytes', async () => {
		expect((await read(await urlOf(drive.addFile('', 'empty', '')))).length).toBe(0);
	});

	it.each([{ silent: false }, { silent: true }])('breaks off as `transient` where the body does, and goes on from there (%o)', async ({ silent }) => {
		const url = await urlOf();
		sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { truncateAtByte: 1_000, silent } });
		const got: Uint8Array[] = [];
		const failure = await rejection(
			(async () => {
				for await (const piece of (await client.download(url, { offset: 5_000, endBefore: 150_000 })).body) got.push(piece);
			})(),
		);
		expect(failure).toMatchObject({ kind: 'transient' });
		const arrived = Buffer.concat(got);
		expect(arrived.length).toBeLessThanOrEqual(1_000);
		expect(Buffer.concat([arrived, await read(url, { offset: 5_000 + arrived.length, endBefore: 150_000 })]).equals(bytes.subarray(5_000, 150_000))).toBe(true);
	});

	it('tries again by itself until an answer has begun', async () => {
		const url = await urlOf();
		sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { reset: true } });
		sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { status: 429, headers: { 'Retry-After': '0' } } });
		sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { status: 503 } });
		const before = { ...client.stats };
		expect((await read(url)).equals(bytes)).toBe(true);
		expect(client.stats.retries).toBe(before.retries + 3);
		expect(client.stats.resourceUnits).toBe(before.resourceUnits + 4);
	});

	it('stops with the run, in the middle of a body as before its answer', async () => {
		const big = drive.addFile('', 'big', { sizeBytes: 200_000_000, read: (_offset: number, length: number) => Buffer.alloc(length, 'x') });
		const url = await urlOf(big);
		const stop = new AbortController();
		const reading = rejection(
			(async () => {
				for await (const piece of (await client.download(url, { signal: stop.signal })).body) if (piece.length > 0) stop.abort();
			})(),
		);
		expect(await reading).toMatchObject({ kind: 'cancelled' });
		expect(await rejection(client.download(url, { signal: stop.signal }))).toMatchObject({ kind: 'cancelled' });
	});

	it('sends no token even to a server that would take it, whatever headers the caller wants', async () => {
		sim.tenant.switches.driveUrlAuthorization = 'refused';
		expect((await read(await urlOf(), { headers: { Authorization: `Bearer ${sim.token}`, authorization: 'x', Cookie: 'a=b', Range: 'bytes=0-1' } })).equals(bytes)).toBe(true);
		const { body } = await client.stream({ path: `/drives/${drive.id}/items/${drive.idOf(file)}/content`, headers: { Range: 'bytes=10-19' } });
		expect(Buffer.concat(await collect(body)).equals(bytes.subarray(10, 20))).toBe(true);
	});
});

describe('a download', () => {
	const url = 'https://contoso.sharepoint.example/download.aspx?tempauth=key';
	const part = (body: string, contentRange: string, headers = {}): Response => new Response(body, { status: 206, headers: { 'content-range': contentRange, ...headers } });

	it('asks for unpacked bytes of another origin with nothing of ours but the user agent', async () => {
		const graph = new FakeGraph(() => new Response('x'));
		await collect((await graph.client.download(url, { headers: { 'If-Range': '"a"', Prefer: 'x' } })).body);
		const names: string[] = [];
		graph.sent[0]?.headers.forEach((_value, name) => names.push(name));
		expect(names.sort()).toEqual(['accept', 'accept-encoding', 'if-range', 'prefer', 'user-agent']);
		expect(graph.sent[0]?.headers.get('accept-encoding')).toBe('identity');
		expect(graph.sent[0]?.url).toBe(url);
	});

	it('of an unencrypted address is not begun, except where Graph itself is asked so', async () => {
		const graph = new FakeGraph(() => new Response('x'));
		for (const wrong of ['http://contoso.sharepoint.example/x', 'ftp://a/b', 'no address', 'file:///etc/passwd']) {
			expect(await rejection(graph.client.download(wrong))).toMatchObject({ kind: 'corrupt', code: 'unencryptedLink' });
		}
		expect(graph.sent).toEqual([]);
		const plain = new FakeGraph(() => new Response('x'), { graphUrl: 'http://graph.test:8080' });
		expect(await collect((await plain.client.download('http://files.test/x')).body)).toHaveLength(1);
	});

	it('follows redirects, and never to an unencrypted address', async () => {
		const graph = new FakeGraph((request) => (request.url === url ? new Response(null, { status: 302, headers: { location: 'https://cdn.example/y?sig=1' } }) : part('cde', 'bytes 2-4/10')));
		expect(Buffer.concat(await collect((await graph.client.download(url, { offset: 2, endBefore: 5 })).body)).toString()).toBe('cde');
		expect(graph.sent[1]).toMatchObject({ url: 'https://cdn.example/y?sig=1' });
		expect(graph.sent[1]?.headers.get('range')).toBe('bytes=2-4');
		const evil = new FakeGraph(() => new Response(null, { status: 302, headers: { location: 'http://evil.example/y' } }));
		expect(await rejection(evil.client.download(url))).toMatchObject({ kind: 'corrupt', code: 'foreignLink' });
	});

	it.each([
		['another part', () => part('abc', 'bytes 0-2/10')],
		['more than asked for', () => part('cdefgh', 'bytes 2-7/10')],
		['a part that it does not name', () => new Response('cde', { status: 206 })],
	])('takes no answer with %s', async (_what, answer) => {
		const graph = new FakeGraph(answer);
		expect(await rejection(graph.client.download(url, { offset: 2, endBefore: 5, retries: 0 }))).toMatchObject({ kind: 'transient', code: 'wrongRange' });
	});

	it('takes no end of another content for the rest of the first', async () => {
		const whole = (etag: string) => new FakeGraph(() => new Response('abcdef', { headers: { etag } })).client.download(url, { offset: 2, headers: { 'if-range': '"1"' } });
		expect(Buffer.concat(await collect((await whole('"1"')).body)).toString()).toBe('cdef');
		expect(await rejection(whole('"2"'))).toMatchObject({ kind: 'conflict', code: 'contentChanged' });
	});

	it.each([
		[403, 'accessDenied', 'notFound', 'downloadUrlExpired'],
		[410, 'gone', 'notFound', 'downloadUrlExpired'],
		[403, 'notAllowed', 'denied', 'notAllowed'],
		[403, 'accessRestricted', 'denied', 'accessRestricted'],
		[423, 'resourceLocked', 'denied', 'resourceLocked'],
		[400, 'invalidRequest', 'invalid', 'invalidRequest'],
	])('refused with %i %s is %s, code %s', async (status, code, kind, wanted) => {
		expect(await rejection(new FakeGraph(() => graphError(status, code)).client.download(url))).toMatchObject({ kind, code: wanted, status });
	});

	it('holds one of eight places until its body was read, left or cancelled', async () => {
		const stop = new AbortController();
		const graph = new FakeGraph(() => new Response('abc'));
		const answers = await Promise.all(Array.from({ length: 8 }, () => graph.client.download(url, { signal: stop.signal })));
		let next = 0;
		const more = Array.from({ length: 5 }, () => graph.client.download(url).then(() => next++));
		const turn = async (): Promise<number> => {
			for (let count = 0; count < 10; count++) await new Promise((resolve) => setImmediate(resolve));
			return next;
		};
		expect(await turn()).toBe(0);
		await graph.client.json({ path: '/drives/d' }).catch(() => undefined);
		await collect(answers[0]!.body);
		expect(await turn()).toBe(1);
		for await (const piece of answers[1]!.body) if (piece.length > 0) break;
		expect(await turn()).toBe(2);
		await answers[2]!.body[Symbol.asyncIterator]().return?.();
		expect(await turn()).toBe(3);
		stop.abort();
		await Promise.all(more);
	});

	it('out of a whole answer leaves what comes behind the part unread, and the place with it', async () => {
		let pulled = 0;
		let isCancelled = false;
		const endless = (): Response =>
			new Response(
				new ReadableStream<Uint8Array>({
					pull: (controller) => {
						pulled++;
						controller.enqueue(Buffer.alloc(1_000, 'x'));
					},
					cancel: () => {
						isCancelled = true;
					},
				}),
			);
		const graph = new FakeGraph(endless);
		const { body } = await graph.client.download(url, { offset: 1_500, endBefore: 2_600 });
		expect((await collect(body)).map(({ length }) => length)).toEqual([500, 600]);
		expect(pulled).toBeLessThan(6);
		expect(isCancelled).toBe(true);
	});
});
