import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlidingWindow } from '../../../nodes/M365Backup/graph/sliding-window';

describe('a sliding window', () => {
	it('lets go of a use exactly when the window has passed over it', () => {
		const window = new SlidingWindow(60_000);
		window.add(0, 5);
		window.add(999, 5);
		expect(window.waitMs(1_000, 1, 10)).toBe(59_999);
		expect(window.waitMs(60_500, 1, 10)).toBe(499);
		expect(window.waitMs(60_999, 10, 10)).toBe(0);
		expect(window.isEmpty(60_999)).toBe(true);
	});

	it('never lets more than the limit into any window, and never lets anybody wait for longer than the window and a stretch', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(10_000, 60_000, 3_600_000, 86_400_000),
				fc.array(fc.record({ afterShare: fc.double({ min: 0, max: 0.2, noNaN: true }), amount: fc.integer({ min: 1, max: 20 }) }), { minLength: 1, maxLength: 200 }),
				(windowMs, asks) => {
					const window = new SlidingWindow(windowMs);
					const uses: { atMs: number; amount: number }[] = [];
					let nowMs = 0;
					for (const { afterShare, amount } of asks) {
						nowMs += Math.floor(afterShare * windowMs);
						const waitMs = window.waitMs(nowMs, amount, 50);
						expect(waitMs).toBeLessThanOrEqual(windowMs);
						nowMs += waitMs;
						expect(window.waitMs(nowMs, amount, 50)).toBe(0);
						window.add(nowMs, amount);
						uses.push({ atMs: nowMs, amount });
					}
					for (const { atMs } of uses) {
						const within = uses.filter((other) => other.atMs > atMs - windowMs && other.atMs <= atMs).reduce((sum, { amount }) => sum + amount, 0);
						expect(within).toBeLessThanOrEqual(50);
					}
				},
			),
			{ numRuns: 200 },
		);
	});

	it('of a day keeps few stretches, however much is done', () => {
		const window = new SlidingWindow(86_400_000);
		for (let atMs = 0; atMs < 86_400_000; atMs += 1_000) window.add(atMs, 1);
		expect(window.waitMs(86_399_999, 1, 86_400)).toBeLessThanOrEqual(144_000);
		const started = process.cpuUsage();
		for (let turn = 0; turn < 10_000; turn++) window.waitMs(86_399_999, 1, 10);
		const { user } = process.cpuUsage(started);
		expect(user).toBeLessThan(2_000_000);
	});
});
