import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WARM_UP_CALLS } from '../support/backup-process';
import type { BenchMailbox } from '../bench/bench-mailbox';
import { benchMailbox } from '../bench/bench-mailbox';

/** The formulas of the bench (DESIGN §6) as a test, without latency: M messages, A of them with attachments, F folders. */
describe('what a backup of 2,000 messages in 60 folders costs', () => {
	let bench: BenchMailbox;
	beforeAll(async () => {
		bench = await benchMailbox({ messages: 2000, folders: 60, latencyMs: 0 });
	});
	afterAll(() => bench.stop());

	it('in full: about one request a message, and a call for twenty', async () => {
		const { summary } = await bench.backUp();
		const [M, A, F] = [bench.messages, bench.withAttachments, bench.folders.length];
		expect(summary.status).toBe('complete');
		expect(summary.graph.requests).toBeLessThanOrEqual(M + 2 * F + 40);
		expect(summary.graph.calls).toBeLessThanOrEqual((M - A) / 20 + A + F / 10 + 20);
	});

	it('quiet: one request a folder and one more, no content', async () => {
		bench.sim.requestLog.reset();
		const { summary } = await bench.backUp();
		const F = bench.folders.length;
		expect(summary.status).toBe('unchanged');
		expect(summary.graph.requests).toBeLessThanOrEqual(F + 1);
		expect(summary.graph.calls).toBeLessThanOrEqual((F + 1) / 20 + 2);
		expect(bench.sim.requestLog.count(/\$value$/)).toBe(0);
		expect(bench.sim.requestLog.requests - WARM_UP_CALLS).toBe(summary.graph.requests);
		expect(bench.sim.requestLog.calls - WARM_UP_CALLS).toBe(summary.graph.calls);
	});

	it('after 50 changes: what is new and what was removed, and no more', async () => {
		const cost = bench.change(50);
		bench.sim.requestLog.reset();
		const { summary } = await bench.backUp();
		const F = bench.folders.length;
		expect(summary.status).toBe('complete');
		expect(summary.graph.requests).toBeLessThanOrEqual(F + 1 + cost.contents + cost.removals);
		expect(bench.sim.requestLog.count(/\$value$/)).toBe(cost.contents);
	});
});
