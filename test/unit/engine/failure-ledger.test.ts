import { describe, expect, it } from 'vitest';
import { FailureLedger } from '../../../nodes/M365Backup/engine/failure-ledger';

const day = (n: number): Date => new Date(Date.UTC(2026, 10, n));

describe('the failure ledger', () => {
	it('counts attempts and keeps the first date', () => {
		const ledger = new FailureLedger();
		ledger.fail('a', 'A', 'damaged', day(1));
		expect(ledger.fail('a', 'A', 'damaged', day(2))).toEqual({ reason: 'damaged', since: day(1).toISOString(), attempts: 2 });
	});

	it('goes on counting in the next run, also over quiet ones that wrote no line', () => {
		const ledger = new FailureLedger();
		const failed = { reason: 'damaged', since: day(1).toISOString(), attempts: 1 };
		ledger.resume([{ id: 'a', type: 'message', name: 'A', meta: {}, failed }, null], { a: 4 });
		expect(ledger.fail('a', 'A', 'damaged', day(3)).attempts).toBe(5);
		expect(ledger.attempts).toEqual({ a: 5 });
	});

	it.each([
		['ten attempts over seven days', 10, 8, true],
		['nine attempts', 9, 8, false],
		['ten attempts in six days', 10, 7, false],
	])('calls a corruption lasting after %s: %s', (_rule, attempts, today, lasting) => {
		expect(FailureLedger.isLasting({ reason: 'x', since: day(1).toISOString(), attempts }, day(today))).toBe(lasting);
	});

	it.each([
		[1, 0, true],
		[2, 10, false],
		[2, 40, true],
		[20, 100_000, true],
		[21, 100_000, false],
	])('tolerates %d failures of %d items: %s', (failures, items, tolerable) => {
		const ledger = new FailureLedger();
		for (let index = 0; index < failures; index++) ledger.fail(`i${index}`, 'x', 'x', day(1));
		expect(ledger.isTolerable(items)).toBe(tolerable);
	});
});
