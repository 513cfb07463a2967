import { describe, expect, it } from 'vitest';
import { sayDuration, timeAtQuotasMs } from '../../../nodes/M365Backup/base/time-at-quotas';
import { askTimeLeft, timeLeft, type RunSoFar } from '../../../nodes/M365Backup/engine/time-left';
import { documentedLimits, Governor } from '../../../nodes/M365Backup/graph/governor';
import type { Workload } from '../../../nodes/M365Backup/workloads/workload';
import { VirtualAmbient } from '../graph/virtual-ambient';

const minuteMs = 60_000;
const mailbox = [{ amount: 9_500, windowMs: 10 * minuteMs }];
const run = (more: Partial<RunSoFar> = {}): RunSoFar => ({ before: { items: 0, bytes: 0 }, now: { items: 1_000, bytes: 50_000_000 }, durationMs: 100_000, cost: 1_000, ...more });

describe('the time that requests take at the quotas', () => {
	it.each([
		[0, 0],
		[1, 0],
		[9_500, 0],
		[9_501, 10],
		[19_000, 10],
		[25_000, 20],
		[1_000_000, 1_050],
	])('of %i requests to a mailbox is %i minutes', (requests, minutes) => {
		expect(timeAtQuotasMs(requests, mailbox)).toBe(minutes * minuteMs);
	});

	it('is that of the quota that takes longest', () => {
		const sharePoint = [{ amount: 1_187, windowMs: minuteMs }, { amount: 1_140_000, windowMs: 1440 * minuteMs }];
		expect(timeAtQuotasMs(100_000, sharePoint)).toBe(84 * minuteMs);
		expect(timeAtQuotasMs(3_000_000, sharePoint)).toBeGreaterThanOrEqual(2 * 1440 * minuteMs);
		expect(timeAtQuotasMs(1e9, [{ amount: Number.POSITIVE_INFINITY, windowMs: minuteMs }])).toBe(0);
		expect(timeAtQuotasMs(5, [])).toBe(0);
	});

	it.each([
		['mailbox', 30_000, 0.8],
		['mailbox', 42_000, 1],
		['sharePoint', 11_000, 0.8],
		['sharePoint', 25_000, 1],
	] as const)('is what the governor makes of it, for a %s, to 3 %%', async (kind, calls, share) => {
		const ambient = new VirtualAmbient();
		const governor = new Governor(ambient);
		governor.setBackupShare('tenant', share);
		const lane = { kind, key: kind === 'mailbox' ? 'tenant box' : 'tenant' };
		const start = ambient.now();
		for (let call = 0; call < calls; call++) (await governor.acquire(lane, { slots: 1, cost: 1, uploadBytes: 0, priority: 'backup', signal: undefined })).release();
		const estimated = timeAtQuotasMs(calls, governor.quotas(lane, 'backup').costs);
		expect(estimated).toBeGreaterThan(0);
		expect(Math.abs(ambient.elapsedMs(start) / estimated - 1)).toBeLessThan(0.03);
	});

	it('knows that restores may use what backups may not, and that a worker has its share', () => {
		const governor = new Governor(new VirtualAmbient());
		governor.setBackupShare('tenant', 0.8);
		governor.setShare(0.5);
		const { sharePoint, mailbox: box } = documentedLimits;
		expect(governor.quotas({ kind: 'sharePoint', key: 'tenant' }, 'restore').costs[0]!.amount).toBeCloseTo(sharePoint.costPerWindow * 0.5, 5);
		expect(governor.quotas({ kind: 'sharePoint', key: 'TENANT' }, 'backup').costs[0]!.amount).toBeCloseTo(sharePoint.costPerWindow * 0.4, 5);
		expect(governor.quotas({ kind: 'mailbox', key: 'tenant box' }, 'backup').uploads.amount).toBeCloseTo(box.uploadBytesPerWindow * 0.8, 5);
	});
});

describe('what is left of a backup', () => {
	it('goes on at the pace so far, where that is slower than the quotas', () => {
		expect(timeLeft({ items: 4_000 }, run(), mailbox)).toEqual({ items: 3_000, seconds: 300 });
		expect(timeLeft({ bytes: 250_000_000 }, run(), mailbox)).toEqual({ bytes: 200_000_000, seconds: 400 });
	});

	it('takes as long as the quotas make it, where it was faster so far', () => {
		expect(timeLeft({ items: 101_000 }, run({ durationMs: 1_000 }), mailbox)).toEqual({ items: 100_000, seconds: 6_000 });
	});

	it('counts by bytes where both are known, since files differ', () => {
		expect(timeLeft({ items: 2_000, bytes: 500_000_000 }, run(), [])).toEqual({ items: 1_000, bytes: 450_000_000, seconds: 900 });
	});

	it('counts what this run has stored, not what was there before it', () => {
		expect(timeLeft({ items: 4_000 }, run({ before: { items: 500, bytes: 0 } }), [])).toEqual({ items: 3_000, seconds: 600 });
	});

	it.each([
		['nothing was stored yet', { items: 4_000 }, run({ now: { items: 0, bytes: 0 } })],
		['it shrank', { items: 4_000 }, run({ before: { items: 2_000, bytes: 0 } })],
		['there is no more than what is stored', { items: 900 }, run()],
		['nobody knows how much there is', {}, run()],
	])('cannot be told where %s', (_why, size, soFar) => {
		expect(timeLeft(size, soFar, mailbox)).toBeNull();
	});

	it('is left out where the source does not tell it, for whatever reason', async () => {
		const workload = (more: Partial<Workload>): Workload => more as Workload;
		expect(await askTimeLeft(workload({}), run(), [], undefined)).toBeNull();
		expect(await askTimeLeft(workload({ size: () => Promise.reject(new Error('down')) }), run(), [], undefined)).toBeNull();
		expect(await askTimeLeft(workload({ size: () => Promise.resolve({ items: 2_000 }) }), run(), [], undefined)).toEqual({ items: 1_000, seconds: 100 });
	});
});

describe('a duration, for a person', () => {
	it.each([
		[0, '1 min'],
		[61_000, '2 min'],
		[11 * minuteMs, '15 min'],
		[88 * minuteMs, '90 min'],
		[91 * minuteMs, '2 h'],
		[350 * minuteMs, '6 h'],
		[48 * 60 * minuteMs, '48 h'],
		[49 * 60 * minuteMs, '3 days'],
	])('of %i ms is %s', (durationMs, said) => {
		expect(sayDuration(durationMs)).toBe(said);
	});
});
