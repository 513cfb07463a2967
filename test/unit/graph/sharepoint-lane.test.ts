import { describe, expect, it } from 'vitest';
import { documentedLimits, Governor, type Admission, type Lease } from '../../../nodes/M365Backup/graph/governor';
import { collect, FakeGraph, graphError, innerRequests, json, rejection } from './fake-graph';
import { VirtualAmbient } from './virtual-ambient';

const lane = { kind: 'sharePoint', key: 'tenant' } as const;
const ask = (more: Partial<Admission> = {}): Admission => ({ slots: 1, cost: 1, uploadBytes: 0, priority: 'backup', signal: undefined, ...more });
const settle = async (): Promise<void> => {
	for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

function setUp() {
	const ambient = new VirtualAmbient();
	const governor = new Governor(ambient);
	const start = ambient.now();
	const spend = async (cost: number, key = 'tenant'): Promise<Lease> => {
		const lease = await governor.acquire({ kind: 'sharePoint', key }, ask({ cost }));
		lease.release();
		return lease;
	};
	return { ambient, governor, spend, elapsedMs: () => ambient.elapsedMs(start) };
}

describe("SharePoint's quota of a tenant", () => {
	it.each([
		[undefined, 1_250],
		[900, 1_250],
		[4_000, 2_500],
		[10_000, 3_750],
		[40_000, 5_000],
		[200_000, 6_250],
	])('of %s licences is %i resource units in any minute, and is used up to 95 %%', async (licences, perMinute) => {
		const { ambient, governor, spend, elapsedMs } = setUp();
		if (licences !== undefined) governor.setTenantSize('TENANT', licences);
		const spent: { atMs: number; cost: number }[] = [];
		for (let call = 0; elapsedMs() < 300_000; call++) {
			const cost = [1, 2, 5][call % 3] ?? 1;
			await spend(cost);
			spent.push({ atMs: elapsedMs(), cost });
			ambient.advance(7);
		}
		for (let from = 0; from < 240_000; from += 500) {
			const inMinute = spent.filter(({ atMs }) => atMs >= from && atMs < from + 60_000).reduce((sum, { cost }) => sum + cost, 0);
			expect(inMinute).toBeLessThanOrEqual(perMinute);
		}
		const all = spent.filter(({ atMs }) => atMs >= 60_000 && atMs < 300_000).reduce((sum, { cost }) => sum + cost, 0);
		expect(all).toBeGreaterThan(perMinute * 4 * 0.9);
	});

	it('goes on with each stretch that leaves the window: steady use never stands still for a minute', async () => {
		const { ambient, spend } = setUp();
		let longestMs = 0;
		for (let call = 0; call < 6_000; call++) {
			longestMs = Math.max(longestMs, (await spend(1)).throttledMs);
			ambient.advance(40);
		}
		expect(longestMs).toBeGreaterThan(0);
		expect(longestMs).toBeLessThanOrEqual(15_000);
	});

	it('is one for all of a tenant, in any spelling, and another for each tenant', async () => {
		const { spend, elapsedMs } = setUp();
		await spend(1_187);
		await spend(1_187, 'other');
		expect(elapsedMs()).toBe(0);
		expect((await spend(1, 'Tenant')).throttledMs).toBeGreaterThan(50_000);
	});

	it.each([
		['the smallest tenant', 1, 1, 1_187],
		['a tenant of 4,000 licences', 4_000, 1, 2_375],
		['half a tenant, another worker having the rest', 1, 0.5, 593],
	])('of a day of %s is used up after sixteen hours of full speed, which ends the wait at once and says when to come back', async (_what, licences, share, perMinute) => {
		const { ambient, governor, spend, elapsedMs } = setUp();
		governor.setTenantSize('tenant', licences);
		governor.setShare(share);
		let failure: unknown;
		for (let minute = 0; minute < 1_000 && failure === undefined; minute++) failure = await spend(perMinute).then(() => undefined, (error: unknown) => error);
		expect(elapsedMs()).toBeGreaterThan(950 * 60_000);
		expect(elapsedMs()).toBeLessThan(965 * 60_000);
		expect(failure).toMatchObject({ kind: 'throttled', retryAfterMs: expect.any(Number) as number, nextStep: expect.stringContaining('Run again later') as string });
		expect((failure as Error).message).toMatch(/used up.*room again in 4\d\d minutes/);
		ambient.advance((failure as { retryAfterMs: number }).retryAfterMs);
		await spend(perMinute);
	});

	it('of what is brought in an hour counts what arrived, not what was asked for', async () => {
		const { ambient, governor } = setUp();
		const first = await governor.acquire(lane, ask());
		first.received(379_999_999_999);
		const second = await governor.acquire(lane, ask());
		second.received(1_000_000);
		[first, second].forEach((lease) => lease.release());
		expect(await rejection(governor.acquire(lane, ask()))).toMatchObject({ kind: 'throttled', retryAfterMs: 3_600_000 });
		ambient.advance(3_600_000);
		(await governor.acquire(lane, ask())).release();
	});

	it('counts the bytes of downloads, and of answers in JSON', async () => {
		const limits = { ...documentedLimits, sharePoint: { ...documentedLimits.sharePoint, downloadBytesPerHour: 3_000 } };
		for (const [bytes, isRefused] of [[2_999, false], [3_001, true]] as const) {
			const ambient = new VirtualAmbient();
			const graph = new FakeGraph((request) => (request.url.endsWith('/x') ? new Response('x'.repeat(bytes - 2)) : json({})), { ambient, governor: new Governor(ambient, limits) });
			await collect((await graph.client.download('https://download.example/x')).body);
			await graph.client.json({ path: '/drives/d' });
			const next = graph.client.json({ path: '/drives/d' });
			if (isRefused) expect(await rejection(next)).toMatchObject({ kind: 'throttled' });
			else expect(await next).toEqual({});
		}
	});

	it('is shared among several workers', async () => {
		const { governor, spend, elapsedMs } = setUp();
		governor.setShare(0.25);
		for (let call = 0; call < 590; call++) await spend(1);
		expect(elapsedMs()).toBeGreaterThanOrEqual(60_000);
		expect(elapsedMs()).toBeLessThan(120_000);
		const lease = await governor.acquire(lane, ask());
		lease.received(95_000_000_000);
		lease.release();
		expect(await rejection(governor.acquire(lane, ask()))).toMatchObject({ kind: 'throttled' });
	});
});

describe("SharePoint's slots of a tenant", () => {
	it('hold eight transfers of backups beside four questions, and restores before all', async () => {
		const { governor } = setUp();
		const order: string[] = [];
		const leases = new Map<string, Lease>();
		const enter = (name: string, more: Partial<Admission> = {}): void => {
			void governor.acquire(lane, ask(more)).then((lease) => {
				order.push(name);
				leases.set(name, lease);
			});
		};
		for (let index = 0; index < 10; index++) enter(`file ${index}`, { isTransfer: true });
		for (let index = 0; index < 3; index++) enter(`question ${index}`);
		enter('restored file', { isTransfer: true, priority: 'restore' });
		enter('late question');
		await settle();
		expect(order).toEqual([...Array.from({ length: 8 }, (_, index) => `file ${index}`), 'question 0', 'question 1', 'question 2', 'restored file']);
		leases.get('question 0')?.release();
		await settle();
		expect(order.slice(12)).toEqual(['late question']);
		leases.get('file 3')?.release();
		await settle();
		// Nine transfers were under way, one of them a restore's.
		expect(order.slice(13)).toEqual([]);
		leases.get('restored file')?.release();
		await settle();
		expect(order.slice(13)).toEqual(['file 8']);
	});

	it('are given up by transfers that rest, which wait for their turn to go on, and cost nothing then', async () => {
		const { governor } = setUp();
		const transfer = (): Promise<Lease> => governor.acquire(lane, ask({ isTransfer: true }));
		const begun = await Promise.all(Array.from({ length: 8 }, transfer));
		const [first, second] = begun as [Lease, Lease];
		const late: Lease[] = [];
		void transfer().then((lease) => late.push(lease));
		first.rest();
		first.rest();
		await settle();
		expect(late).toHaveLength(1);
		let goesOn = false;
		void first.resume().then(() => (goesOn = true));
		await settle();
		expect(goesOn).toBe(false);
		late[0]?.release();
		await settle();
		expect(goesOn).toBe(true);
		// Once each, whatever was rested before.
		first.release();
		first.release();
		second.rest();
		second.release();
		const free = [await transfer(), await transfer()];
		let isIn = false;
		void transfer().then(() => (isIn = true));
		await settle();
		expect(isIn).toBe(false);
		free[0]?.release();
		await settle();
		expect(isIn).toBe(true);
	});

	it('are not taken by a transfer that was left while it waited to go on', async () => {
		const { governor } = setUp();
		const stop = new AbortController();
		const resting = await governor.acquire(lane, ask({ isTransfer: true, signal: stop.signal }));
		resting.rest();
		const others = await Promise.all(Array.from({ length: 8 }, () => governor.acquire(lane, ask({ isTransfer: true }))));
		const left = resting.resume();
		resting.release();
		others[0]?.release();
		await left;
		const another = await governor.acquire(lane, ask({ isTransfer: true }));
		const stopped = await governor.acquire(lane, ask({ signal: stop.signal }));
		stopped.rest();
		stop.abort();
		expect(await rejection(stopped.resume())).toMatchObject({ kind: 'cancelled' });
		another.release();
	});
});

describe("a worker's part of a tenant's slots", () => {
	it('holds as much less of transfers', async () => {
		const { governor } = setUp();
		governor.setShare(0.5);
		const order: string[] = [];
		for (let index = 0; index < 6; index++) void governor.acquire(lane, ask({ isTransfer: true })).then(() => order.push('file'));
		for (let index = 0; index < 6; index++) void governor.acquire(lane, ask()).then(() => order.push('question'));
		await settle();
		expect(order).toEqual(['file', 'file', 'file', 'file', 'question', 'question']);
	});
});

describe('a client of drives and sites', () => {
	const download = 'https://contoso.sharepoint.example/download.aspx?tempauth=key';

	it.each([
		[429, 'activityLimitReached'],
		[503, 'serviceNotAvailable'],
	])('holds back all drives, sites and downloads of the tenant after a %i with Retry-After, and no mailbox', async (status, code) => {
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(status, code, { 'retry-after': '20' }) : json({})));
		const start = graph.ambient.now();
		const after = (promise: Promise<unknown>): Promise<number> => promise.then(() => graph.ambient.elapsedMs(start));
		const refused = after(graph.client.json({ path: '/drives/d/root' }));
		await new Promise((resolve) => setImmediate(resolve));
		const others = [
			after(graph.client.json({ path: '/sites/s/lists' })),
			after(graph.client.json({ path: '/users/u/drive' })),
			after(graph.client.download(download).then(({ body }) => collect(body))),
			after(graph.client.upload('https://contoso.sharepoint.example/up', { offset: 0, bytes: Buffer.from('x'), totalBytes: 1 })),
			after(collect(graph.client.batch([{ id: '1', method: 'GET', path: '/drives/d/root' }]))),
		];
		expect(await after(graph.client.json({ path: '/users/u/messages/1' }))).toBe(0);
		expect(await refused).toBeGreaterThanOrEqual(20_000);
		for (const other of others.slice(0, 4)) expect(await other).toBeGreaterThanOrEqual(20_000);
		expect(graph.client.stats.throttledMs).toBeGreaterThanOrEqual(20_000);
	});

	it('counts units of each try, of requests in a batch, of sessions and of redirects', async () => {
		const graph = new FakeGraph((request, number) => {
			if (request.url.endsWith('/content')) return new Response(null, { status: 302, headers: { location: download } });
			if (request.url.endsWith('$batch')) return json({ responses: innerRequests(request).map(({ id }) => ({ id, status: 200, body: {} })) });
			return number === 1 ? graphError(503, 'generalException') : json({ nextExpectedRanges: ['0-'] });
		});
		const unitsOf = async (work: Promise<unknown>): Promise<number> => {
			const before = graph.client.stats.resourceUnits;
			await work;
			return graph.client.stats.resourceUnits - before;
		};
		expect(await unitsOf(graph.client.json({ path: '/drives/d/items/i' }))).toBe(2);
		expect(await unitsOf(graph.client.json({ path: '/drives/d/items/i?$expand=permissions' }))).toBe(5);
		expect(await unitsOf(graph.client.json({ path: '/drives/d/odd', resourceUnits: 3 }))).toBe(3);
		expect(await unitsOf(graph.client.stream({ path: '/drives/d/items/i/content' }))).toBe(2);
		expect(await unitsOf(graph.client.download(download))).toBe(1);
		expect(await unitsOf(graph.client.uploadStatus('https://up.example/s'))).toBe(1);
		expect(await unitsOf(graph.client.upload('https://up.example/s', { offset: 0, bytes: Buffer.from('x'), totalBytes: 1 }))).toBe(2);
		expect(await unitsOf(graph.client.upload('https://up.example/s', { offset: 0, bytes: Buffer.from('x'), totalBytes: 1 }, { mailbox: 'u' }))).toBe(0);
		expect(await unitsOf(graph.client.json({ path: '/users/u/messages/1' }))).toBe(0);
		const requests = [
			{ id: 'a', method: 'GET', path: '/drives/d/items/i' },
			{ id: 'b', method: 'GET', path: '/drives/d/items/i/children' },
			{ id: 'c', method: 'GET', path: '/drives/d/items/i/permissions' },
			{ id: 'd', method: 'GET', path: '/sites/s/odd', resourceUnits: 4 },
		] as const;
		expect(await unitsOf(collect(graph.client.batch(requests)))).toBe(12);
	});

	it('sends batches of twenty to drives and sites beside each other and beside single requests', async () => {
		const graph = new FakeGraph(async (request) => {
			await new Promise((resolve) => setTimeout(resolve, 5));
			return json(request.url.endsWith('$batch') ? { responses: innerRequests(request).map(({ id, url }) => ({ id, status: 200, body: { url } })) } : {});
		});
		const requests = Array.from({ length: 45 }, (_, index) => ({ id: String(index), method: 'GET' as const, path: index % 2 ? `/sites/s/lists/${index}` : `/drives/d/items/${index}` }));
		const [answers] = await Promise.all([
			collect(graph.client.batch(requests)),
			collect(graph.client.batch(requests)),
			graph.client.json({ path: '/drives/d' }),
			graph.client.json({ path: '/users/u/messages/1' }),
		]);
		expect(answers).toHaveLength(45);
		expect(graph.sent.filter(({ url }) => url.endsWith('$batch')).map((request) => innerRequests(request).length)).toEqual([20, 20, 20, 20, 5, 5]);
		expect(graph.mostInFlight).toBe(4);
	});

	it('shares at most 285 times in five minutes, and lets everything else pass meanwhile', async () => {
		const graph = new FakeGraph((request) => json(request.url.endsWith('$batch') ? { responses: innerRequests(request).map(({ id }) => ({ id, status: 200, body: {} })) } : {}));
		graph.governor.setTenantSize('https://graph.example', 100_000);
		const start = graph.ambient.now();
		for (let batch = 0; batch < 14; batch++) {
			await collect(graph.client.batch(Array.from({ length: 20 }, (_, index) => ({ id: String(index), method: 'POST' as const, path: `/drives/d/items/${index}/invite` }))));
		}
		for (let call = 0; call < 5; call++) await graph.client.json({ method: 'POST', path: '/drives/d/items/i/createLink' });
		expect(graph.ambient.elapsedMs(start)).toBe(0);
		const last = graph.client.json({ method: 'POST', path: '/drives/d/items/i/createLink' }).then(() => graph.ambient.elapsedMs(start));
		await graph.client.json({ path: '/drives/d/items/i/permissions' });
		expect(graph.ambient.elapsedMs(start)).toBe(0);
		expect(await last).toBeGreaterThanOrEqual(299_000);
		expect(graph.client.stats.throttledMs).toBeGreaterThanOrEqual(299_000);
	});

	it('pages many deltas of drives and lists in one batch, and tells where an expired one begins anew', async () => {
		const restart = 'https://graph.example/v1.0/drives/b/root/delta?token=anew';
		const graph = new FakeGraph((request) =>
			json({
				responses: innerRequests(request).map(({ id, url }) =>
					url.includes('old')
						? { id, status: 410, headers: { Location: restart }, body: { error: { code: 'resyncChangesApplyDifferences', message: 'x' } } }
						: { id, status: 200, body: { value: [{ id: url }], '@odata.deltaLink': 'https://graph.example/v1.0/drives/a/root/delta?token=next' } },
				),
			}),
		);
		const answers = await collect(
			graph.client.deltaBatch<{ id: string }>(
				[
					{ id: 'a', cursor: { kind: 'start', path: '/drives/a/root/delta' } },
					{ id: 'b', cursor: { kind: 'link', url: 'https://graph.example/v1.0/drives/b/root/delta?token=old' } },
				],
				{ prefer: ['deltashowsharingchanges', 'hierarchicalsharing'] },
			),
		);
		expect(answers.find(({ id }) => id === 'a')?.page).toMatchObject({ items: [{ id: '/drives/a/root/delta' }], delta: expect.stringContaining('token=next') as string });
		expect(answers.find(({ id }) => id === 'b')?.page).toEqual({ items: [], resync: { restartUrl: restart } });
		expect(innerRequests(graph.sent[0]!)[0]?.headers['Prefer']).toBe('deltashowsharingchanges, hierarchicalsharing, IdType="ImmutableId"');
		expect(graph.client.stats.resourceUnits).toBe(3);
	});

	it.each([
		['/drives/d/items/i/permissions', 237],
		['/drives/d/items/i/content', 593],
		['/drives/d/items/i/children', 593],
	])('waits as soon as the units of %s are used up, after %i', async (path, times) => {
		const graph = new FakeGraph((request) => (request.url.endsWith('/content') ? new Response(null, { status: 302, headers: { location: download } }) : json({})));
		const start = graph.ambient.now();
		for (let call = 0; call < times; call++) await collect((await graph.client.stream({ path })).body);
		expect(graph.ambient.elapsedMs(start)).toBe(0);
		await collect((await graph.client.stream({ path: '/drives/d/items/i/permissions' })).body);
		expect(graph.ambient.elapsedMs(start)).toBeGreaterThanOrEqual(60_000);
		expect(graph.client.stats.throttledMs).toBeGreaterThanOrEqual(60_000);
	});

	it('counts a try with a new token', async () => {
		const graph = new FakeGraph((request) => (request.headers.get('authorization') === 'Bearer token-1' ? graphError(401, 'InvalidAuthenticationToken') : json({})));
		await graph.client.json({ path: '/drives/d/items/i/permissions' });
		expect(graph.client.stats).toMatchObject({ requests: 2, resourceUnits: 10, retries: 1 });
	});

	it.each([401, 404, 410])('takes a %i from an upload session for its end, and from one of a mailbox for what it says', async (status) => {
		const graph = new FakeGraph(() => graphError(status, 'x'));
		const piece = { offset: 0, bytes: Buffer.from('x'), totalBytes: 1 };
		expect(await rejection(graph.client.upload('https://up.example/s', piece))).toMatchObject({ kind: 'notFound', code: 'uploadSessionGone', status });
		expect(await rejection(graph.client.upload('https://up.example/s', piece, { mailbox: 'u' }))).toMatchObject({ code: 'x', status });
	});

	it('sends at most eight pieces at once, and asks twelve questions', async () => {
		const graph = new FakeGraph(async () => {
			await new Promise((resolve) => setTimeout(resolve, 5));
			return json({ id: 'x' });
		});
		await Promise.all(Array.from({ length: 20 }, () => graph.client.upload('https://up.example/s', { offset: 0, bytes: Buffer.from('x'), totalBytes: 1 })));
		expect(graph.mostInFlight).toBe(8);
		await Promise.all(Array.from({ length: 20 }, () => graph.client.json({ path: '/drives/d' })));
		expect(graph.mostInFlight).toBe(12);
	});
});
