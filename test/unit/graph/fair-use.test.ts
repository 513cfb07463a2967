import { describe, expect, it } from 'vitest';
import { Governor, type Admission, type Lease } from '../../../nodes/M365Backup/graph/governor';
import { FakeGraph, json } from './fake-graph';
import { VirtualAmbient } from './virtual-ambient';

const box = { kind: 'mailbox', key: 'tenant box' } as const;
const lane = { kind: 'sharePoint', key: 'tenant' } as const;
const ask = (more: Partial<Admission> = {}): Admission => ({ slots: 1, cost: 1, uploadBytes: 0, priority: 'backup', signal: undefined, ...more });
const settle = async (): Promise<void> => {
	for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

function setUp(backupShare?: number) {
	const ambient = new VirtualAmbient();
	const governor = new Governor(ambient);
	if (backupShare !== undefined) governor.setBackupShare('Tenant', backupShare);
	const start = ambient.now();
	return { ambient, governor, elapsedMs: () => ambient.elapsedMs(start) };
}

describe('backups stay below their share of the quotas', () => {
	it.each([
		['a mailbox', box, 9_500, 600_000],
		['SharePoint', lane, 1_187, 60_000],
	] as const)('of %s; what is left is there for a restore at once', async (_what, name, perWindow, windowMs) => {
		const { governor, elapsedMs } = setUp(0.8);
		const wanted = Math.floor(perWindow * 0.8);
		for (let call = 0; call < wanted; call++) (await governor.acquire(name, ask())).release();
		expect(elapsedMs()).toBe(0);
		for (let call = 0; call < Math.floor(perWindow * 0.19); call++) (await governor.acquire(name, ask({ priority: 'restore' }))).release();
		expect(elapsedMs()).toBe(0);
		(await governor.acquire(name, ask())).release();
		expect(elapsedMs()).toBeGreaterThanOrEqual(windowMs * 0.95);
	});

	it('of a day: the message says whose share is used up, and a restore still goes', async () => {
		const { governor } = setUp(0.5);
		let failure: unknown;
		for (let minute = 0; minute < 1_000 && failure === undefined; minute++) {
			failure = await governor.acquire(lane, ask({ cost: 593 })).then((lease) => { lease.release(); return undefined; }, (error: unknown) => error);
		}
		expect((failure as Error).message).toMatch(/^The 50 % of what Microsoft 365 lets this app .* that backups may use are used up; there is room again in \d+ minutes$/);
		(await governor.acquire(lane, ask({ cost: 593, priority: 'restore' }))).release();
	});

	it('of one tenant, and not of another', async () => {
		const { governor, elapsedMs } = setUp(0.1);
		for (let call = 0; call < 1_000; call++) (await governor.acquire({ kind: 'sharePoint', key: 'other' }, ask())).release();
		expect(elapsedMs()).toBe(0);
	});

	it.each([0, -0.1, 1.01, Number.NaN])('and %s is no share', (share) => {
		expect(() => setUp(share)).toThrow(RangeError);
	});
});

describe('restores go first', () => {
	it('and yet every tenth turn is that of a backup that waits, so that none waits for ever', async () => {
		const { governor } = setUp();
		const order: string[] = [];
		const stop = new AbortController();
		let restores = 0;
		// A restore that always has the next request ready, four times over.
		const restoring = async (): Promise<void> => {
			while (!stop.signal.aborted) {
				const lease = await governor.acquire(box, ask({ priority: 'restore' }));
				order.push('restore');
				restores++;
				await settle();
				lease.release();
				if (restores > 500) stop.abort();
			}
		};
		const all = Array.from({ length: 5 }, () => restoring());
		for (let call = 0; call < 20; call++) {
			const lease = await governor.acquire(box, ask());
			order.push('backup');
			await settle();
			lease.release();
		}
		const before = order.lastIndexOf('backup') - order.indexOf('backup');
		expect(restores).toBeLessThan(500);
		expect(before / 19).toBeGreaterThan(8);
		expect(before / 19).toBeLessThan(16);
		stop.abort();
		await Promise.all(all);
	});

	it('but a restore that waits until it may upload more holds up no backup that only reads', async () => {
		const { governor, elapsedMs } = setUp();
		for (let chunk = 0; chunk < 14; chunk++) (await governor.acquire(box, ask({ uploadBytes: 10_000_000, priority: 'restore' }))).release();
		const uploading = governor.acquire(box, ask({ uploadBytes: 10_000_000, priority: 'restore' })).then((lease) => { lease.release(); return elapsedMs(); });
		const read = await governor.acquire(box, ask()).then((lease) => { lease.release(); return elapsedMs(); });
		expect(read).toBe(0);
		expect(await uploading).toBeGreaterThanOrEqual(300_000);
	});

	it('nor does a smaller upload overtake it', async () => {
		const { governor } = setUp();
		for (let chunk = 0; chunk < 14; chunk++) (await governor.acquire(box, ask({ uploadBytes: 10_000_000 }))).release();
		const order: string[] = [];
		const large = governor.acquire(box, ask({ uploadBytes: 10_000_000 })).then((lease) => { order.push('large'); lease.release(); });
		const small = governor.acquire(box, ask({ uploadBytes: 1_000 })).then((lease) => { order.push('small'); lease.release(); });
		await Promise.all([large, small]);
		expect(order).toEqual(['large', 'small']);
	});
});

describe('what SharePoint says is left', () => {
	const headers = (remaining: number): Record<string, string> => ({ 'RateLimit-Limit': '1250', 'RateLimit-Remaining': String(remaining), 'RateLimit-Reset': '37' });
	const timesOf = async (remaining: number, priority: 'backup' | 'restore', backupShare = 0.8, path = '/drives/d/items/i'): Promise<number[]> => {
		const ambient = new VirtualAmbient();
		const governor = new Governor(ambient);
		governor.setBackupShare('tenant', backupShare);
		const graph = new FakeGraph((_, number) => json({}, 200, number === 1 ? headers(remaining) : {}), { ambient, governor, priority, tenantId: 'tenant' });
		const start = ambient.now();
		const times: number[] = [];
		for (let call = 0; call < 4; call++) {
			await graph.client.json({ path });
			times.push(ambient.elapsedMs(start));
		}
		return times;
	};

	it('is used up and no more, whoever used the rest of it: then it waits until the window begins anew', async () => {
		expect(await timesOf(2, 'restore')).toEqual([0, 0, 0, 37_000]);
	});

	it('is left to restores where it is less than what backups leave them', async () => {
		expect(await timesOf(252, 'backup')).toEqual([0, 0, 0, 37_000]);
		expect(await timesOf(252, 'restore')).toEqual([0, 0, 0, 0]);
	});

	it('concerns no mailbox', async () => {
		expect(await timesOf(0, 'restore', 1, '/users/u/messages/m')).toEqual([0, 0, 0, 0]);
	});

	it.each([
		['RateLimit-Limit', 'many'],
		['RateLimit-Remaining', '-3'],
		['RateLimit-Reset', ''],
		['RateLimit-Reset', '37000'],
		['RateLimit-Reset', '999999999'],
	])('is nothing where %s is “%s”', async (name, value) => {
		const ambient = new VirtualAmbient();
		const graph = new FakeGraph(() => json({}, 200, { ...headers(0), [name]: value }), { ambient, governor: new Governor(ambient) });
		const start = ambient.now();
		for (let call = 0; call < 3; call++) await graph.client.json({ path: '/drives/d' });
		expect(ambient.elapsedMs(start)).toBe(0);
	});
});

describe('several workers', () => {
	it("use no more of a tenant's SharePoint together than one would", async () => {
		const shares = [0.5, 0.25, 0.25];
		const spent = await Promise.all(
			shares.map(async (share) => {
				const { ambient, governor, elapsedMs } = setUp(0.8);
				governor.setShare(share);
				let units = 0;
				const leases: Lease[] = [];
				while (elapsedMs() < 300_000) {
					leases.push(await governor.acquire(lane, ask()));
					units += 1;
					leases.splice(0).forEach((lease) => lease.release());
					ambient.advance(5);
				}
				return units;
			}),
		);
		const perMinute = spent.reduce((sum, units) => sum + units, 0) / 5;
		expect(perMinute).toBeLessThanOrEqual(1_250 * 0.8 * 1.2);
		expect(perMinute).toBeGreaterThan(1_250 * 0.8 * 0.9);
	});
});
