import { describe, expect, it } from 'vitest';
import { documentedLimits, Governor, type Admission, type Lease } from '../../../nodes/M365Backup/graph/governor';
import { collect, FakeGraph, graphError, innerRequests, json, mailbox, rejection } from './fake-graph';
import { VirtualAmbient } from './virtual-ambient';

const box = { kind: 'mailbox', key: 'tenant box' } as const;
const ask = (more: Partial<Admission> = {}): Admission => ({ slots: 1, cost: 1, uploadBytes: 0, priority: 'backup', signal: undefined, ...more });
const settle = async (): Promise<void> => {
	for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

function setUp() {
	const ambient = new VirtualAmbient();
	const governor = new Governor(ambient);
	const order: string[] = [];
	const leases = new Map<string, Lease>();
	const enter = (name: string, more: Partial<Admission> = {}): Promise<void> =>
		governor.acquire(box, ask(more)).then((lease) => {
			order.push(name);
			leases.set(name, lease);
		});
	return { ambient, governor, order, leases, enter };
}

describe('the governor', () => {
	it('lets four calls of a mailbox go at once, and the next when one has ended', async () => {
		const { order, leases, enter } = setUp();
		void Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => enter(name)));
		await settle();
		expect(order).toEqual(['a', 'b', 'c', 'd']);
		leases.get('b')?.release();
		leases.get('b')?.release();
		await settle();
		expect(order).toEqual(['a', 'b', 'c', 'd', 'e']);
	});

	it('keeps mailboxes apart', async () => {
		const { governor, order, enter } = setUp();
		void Promise.all(['a', 'b', 'c', 'd'].map((name) => enter(name)));
		await governor.acquire({ kind: 'mailbox', key: 'tenant other' }, ask());
		expect(order).toHaveLength(4);
	});

	it('gives a batch all four slots, and nobody overtakes it while it waits', async () => {
		const { order, leases, enter } = setUp();
		void Promise.all([enter('single'), enter('batch', { slots: Infinity, cost: 20 }), enter('late')]);
		await settle();
		expect(order).toEqual(['single']);
		leases.get('single')?.release();
		await settle();
		expect(order).toEqual(['single', 'batch']);
		leases.get('batch')?.release();
		await settle();
		expect(order).toEqual(['single', 'batch', 'late']);
	});

	it('lets restores go before backups that wait', async () => {
		const { order, leases, enter } = setUp();
		void Promise.all([enter('all', { slots: 4 }), enter('backup 1'), enter('backup 2'), enter('restore 1', { priority: 'restore' }), enter('restore 2', { priority: 'restore' })]);
		await settle();
		leases.get('all')?.release();
		await settle();
		expect(order).toEqual(['all', 'restore 1', 'restore 2', 'backup 1', 'backup 2']);
	});

	it('keeps below 10,000 requests in any ten minutes, counting the requests inside a batch', async () => {
		const ambient = new VirtualAmbient();
		const governor = new Governor(ambient);
		const sent: { atMs: number; cost: number }[] = [];
		const start = ambient.now();
		for (let batch = 0; batch < 1_000; batch++) {
			const lease = await governor.acquire(box, ask({ slots: 4, cost: 20 }));
			sent.push({ atMs: ambient.elapsedMs(start), cost: 20 });
			ambient.advance(100);
			lease.release();
		}
		for (const { atMs } of sent) {
			const inWindow = sent.filter((other) => other.atMs >= atMs && other.atMs < atMs + 600_000).reduce((sum, { cost }) => sum + cost, 0);
			expect(inWindow).toBeLessThanOrEqual(9_500);
		}
		expect(ambient.elapsedMs(start)).toBeLessThan(1_300_000);
	});

	it('keeps uploads of a mailbox below 150 MB in five minutes', async () => {
		const { ambient, governor } = setUp();
		const start = ambient.now();
		for (let chunk = 0; chunk < 80; chunk++) (await governor.acquire(box, ask({ uploadBytes: 4_000_000 }))).release();
		expect(ambient.elapsedMs(start)).toBeGreaterThanOrEqual(600_000);
		expect(ambient.elapsedMs(start)).toBeLessThan(610_000);
	});

	it('lets something larger than a whole window through when nothing else is in it', async () => {
		const { ambient, governor } = setUp();
		const start = ambient.now();
		(await governor.acquire(box, ask({ uploadBytes: 200_000_000 }))).release();
		expect(ambient.elapsedMs(start)).toBe(0);
	});

	it('spends at most 1,250 resource units of a tenant in a minute', async () => {
		const { ambient, governor } = setUp();
		const start = ambient.now();
		for (let call = 0; call < 500; call++) (await governor.acquire({ kind: 'sharePoint', key: 'tenant' }, ask({ cost: 5 }))).release();
		expect(ambient.elapsedMs(start)).toBeGreaterThanOrEqual(120_000);
	});

	it('pauses the whole mailbox for a Retry-After and tells how long that was', async () => {
		const { ambient, governor } = setUp();
		const first = await governor.acquire(box, ask());
		const start = ambient.now();
		ambient.chance = 0;
		first.throttled(30_000);
		first.release();
		const next = await governor.acquire(box, ask());
		expect(ambient.elapsedMs(start)).toBe(30_000);
		expect(next.throttledMs).toBe(30_000);
	});

	it('comes back a little later than told, each worker and each mailbox at another moment, and never sooner', async () => {
		const pauseMs = async (chance: number, toldMs: number): Promise<number> => {
			const { ambient, governor } = setUp();
			ambient.chance = chance;
			const first = await governor.acquire(box, ask());
			const start = ambient.now();
			first.throttled(toldMs);
			first.release();
			await governor.acquire(box, ask());
			return ambient.elapsedMs(start);
		};
		expect(await Promise.all([0, 0.25, 0.5, 0.75].map((chance) => pauseMs(chance, 40_000)))).toEqual([40_000, 41_000, 42_000, 43_000]);
		expect(await Promise.all([0, 0.5].map((chance) => pauseMs(chance, 1_000)))).toEqual([1_000, 1_500]);
		expect(await pauseMs(0.999, 600_000), 'what is just short enough to be waited for stays so').toBe(600_000);
	});

	it('a restore that waits until more may be uploaded holds up no question beyond a Retry-After', async () => {
		const { ambient, governor } = setUp();
		const start = ambient.now();
		const large = await governor.acquire(box, ask({ priority: 'restore', uploadBytes: 140_000_000 }));
		ambient.chance = 0;
		large.throttled(10_000);
		large.release();
		const began = new Map<string, number>();
		const enter = async (name: string, more: Partial<Admission>): Promise<void> => {
			const lease = await governor.acquire(box, ask(more));
			began.set(name, ambient.elapsedMs(start));
			lease.release();
		};
		await Promise.all([enter('upload', { priority: 'restore', uploadBytes: 100_000_000 }), enter('question', {})]);
		expect(began.get('question')).toBe(10_000);
		expect(began.get('upload')).toBe(300_000);
	});

	it('halves its pace once for refusals that come together, and recovers', async () => {
		const { ambient, governor } = setUp();
		const first = await governor.acquire(box, ask());
		for (let refusal = 0; refusal < 4; refusal++) first.throttled(undefined);
		first.release();
		const timeFor = async (calls: number): Promise<number> => {
			const start = ambient.now();
			for (let call = 0; call < calls; call++) (await governor.acquire(box, ask())).release();
			return ambient.elapsedMs(start);
		};
		await timeFor(1);
		const half = (600_000 / documentedLimits.mailbox.costPerWindow) * 2;
		expect((await timeFor(100)) / 100).toBeCloseTo(half, -1);
		ambient.advance(120_000);
		expect(await timeFor(100)).toBe(0);
	});

	it('takes all of a mailbox also where several workers share the tenant, since only one of them backs it up', async () => {
		const { governor, order, enter } = setUp();
		governor.setShare(0.25);
		void Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => enter(name)));
		await settle();
		expect(order).toEqual(['a', 'b', 'c', 'd']);
	});

	it('lets who is stopped go at once, and those behind move up', async () => {
		const { order, leases, enter } = setUp();
		const stop = new AbortController();
		void enter('all', { slots: 4 });
		const waiting = rejection(enter('stopped', { slots: 4, signal: stop.signal }));
		void enter('behind');
		await settle();
		stop.abort();
		expect(await waiting).toMatchObject({ kind: 'cancelled' });
		leases.get('all')?.release();
		await settle();
		expect(order).toEqual(['all', 'behind']);
	});

	it('reports a pause of an hour at once instead of waiting', async () => {
		const { governor } = setUp();
		const first = await governor.acquire(box, ask());
		first.throttled(3_600_000);
		first.release();
		expect(await rejection(governor.acquire(box, ask()))).toMatchObject({ kind: 'throttled', retryAfterMs: 3_600_000 });
	});

	it('a pause ends when it should although the clock of the machine is put back by hours meanwhile', async () => {
		const { ambient, governor } = setUp();
		const first = await governor.acquire(box, ask());
		first.throttled(30_000);
		first.release();
		ambient.advance(-5 * 3_600_000);
		const start = ambient.now();
		(await governor.acquire(box, ask())).release();
		expect(ambient.elapsedMs(start)).toBeLessThanOrEqual(33_000);
	});

	it('goes on at its slower pace, and no slower, after the clock was put back by half an hour', async () => {
		const { ambient, governor } = setUp();
		const first = await governor.acquire(box, ask());
		first.throttled(1_000);
		first.release();
		(await governor.acquire(box, ask())).release();
		ambient.advance(-1_800_000);
		const start = ambient.now();
		for (let call = 0; call < 100; call++) (await governor.acquire(box, ask())).release();
		expect(ambient.elapsedMs(start)).toBeLessThan(60_000);
	});

	it('does not count for hours what was used before the clock was put back', async () => {
		const { ambient, governor } = setUp();
		const sharePoint = { kind: 'sharePoint', key: 'tenant' } as const;
		(await governor.acquire(sharePoint, ask({ cost: 1_187 }))).release();
		ambient.advance(-5 * 3_600_000);
		const start = ambient.now();
		(await governor.acquire(sharePoint, ask())).release();
		expect(ambient.elapsedMs(start)).toBeLessThanOrEqual(60_000);
	});
});

describe('a client under the governor', () => {
	it('never has more than four calls to a mailbox under way, nor any beside a batch', async () => {
		const graph = new FakeGraph(async (request) => {
			await new Promise((resolve) => setTimeout(resolve, 1));
			if (!request.url.endsWith('$batch')) return json({});
			expect(graph.inFlight).toBe(1);
			return json({ responses: innerRequests(request).map(({ id }) => ({ id, status: 200, body: {} })) });
		});
		const singles = Array.from({ length: 12 }, (_, index) => graph.client.json({ path: `${mailbox}/messages/${index}` }));
		const batch = collect(graph.client.batch([{ id: 'a', method: 'GET', path: `${mailbox}/messages/x` }]));
		await Promise.all([...singles, batch, ...Array.from({ length: 12 }, (_, index) => graph.client.json({ path: `/users('${mailbox.slice(7)}')/messages/${index}` }))]);
		expect(graph.mostInFlight).toBe(4);
	});

	it('requests to many mailboxes in one batch that were all told the same come back a little later than told', async () => {
		const graph = new FakeGraph((request, number) =>
			json({ responses: innerRequests(request).map(({ id }) => (number === 1 ? { id, status: 429, headers: { 'Retry-After': '40' }, body: { error: { code: 'ApplicationThrottled', message: '' } } } : { id, status: 200, body: {} })) }),
		);
		graph.ambient.chance = 0.75;
		const start = graph.ambient.now();
		const requests = ['a', 'b'].map((id) => ({ id, method: 'GET', path: `/users/${id}` }) as const);
		await collect(graph.client.batch(requests, { acrossMailboxes: true }));
		expect(graph.ambient.elapsedMs(start)).toBeGreaterThanOrEqual(43_000);
	});

	it('a passing fault that names a time is tried again a little later than that', async () => {
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(504, 'UnknownError', { 'retry-after': '40' }) : json({})));
		graph.ambient.chance = 0.75;
		const start = graph.ambient.now();
		await graph.client.json({ path: `${mailbox}/messages/1` });
		expect(graph.ambient.elapsedMs(start)).toBe(43_000);
	});

	it('holds back all calls to a mailbox that was throttled, and no others', async () => {
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(429, 'ApplicationThrottled', { 'retry-after': '20' }) : json({})));
		const start = graph.ambient.now();
		const throttled = graph.client.json({ path: `${mailbox}/messages/1` });
		await new Promise((resolve) => setImmediate(resolve));
		const sameBox = graph.client.json({ path: `${mailbox}/messages/2` }).then(() => graph.ambient.elapsedMs(start));
		const otherBox = graph.client.json({ path: '/users/other/messages/2' }).then(() => graph.ambient.elapsedMs(start));
		expect(await otherBox).toBe(0);
		await throttled;
		expect(await sameBox).toBeGreaterThanOrEqual(20_000);
	});
});
