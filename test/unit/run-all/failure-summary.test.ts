import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureSummary, messagesOf } from '../../failure-summary';

function errorOf(work: () => void): Error {
	try {
		work();
	} catch (error) {
		return error as Error;
	}
	throw new Error('nothing was thrown');
}

describe('what failed', () => {
	it('is nothing where nothing did', () => {
		expect(failureSummary([])).toBe('');
	});

	it('is told by file, name and message, one after the other, without colours', () => {
		const text = failureSummary([
			{ file: 'lint', messages: ['a.ts\n  1:1  error  no\n'] },
			{ file: 'test/a.test.ts', name: 'mail > is kept', messages: ['\u001b[31mexpected 1\u001b[39m to be 2', 'Caused by: rain'] },
			{ file: 'test/b.test.ts', messages: ['did not run'] },
		]);
		expect(text.split('\n')).toEqual([
			'── what failed (3) ──',
			'',
			'1) lint',
			'   a.ts',
			'     1:1  error  no',
			'',
			'2) test/a.test.ts > mail > is kept',
			'   expected 1 to be 2',
			'   Caused by: rain',
			'',
			'3) test/b.test.ts',
			'   did not run',
		]);
	});

	it('shows the first sixty lines of each, and says how many there are more', () => {
		const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
		const text = failureSummary([{ file: 'a', messages: [lines.join('\n')] }, { file: 'b', messages: ['short'] }]);
		expect(text).toContain('   line 59\n   … 40 more lines\n\n2) b\n   short');
		expect(text).not.toContain('line 60');
	});

	it('of a random test has seed, path and counterexample, and the assertion behind them', () => {
		const error = errorOf(() => {
			fc.assert(fc.property(fc.nat(), (number) => {
				expect(number, 'too large').toBeLessThan(3);
			}), { seed: 42, numRuns: 1000 });
		});
		const text = failureSummary([{ file: 'a', messages: messagesOf(error) }]);
		expect(text).toMatch(/seed: 42, path: "[\d:]+"/);
		expect(text).toContain('Counterexample: [3]');
		expect(text).toMatch(/Caused by: too large: expected 3 to be less than 3/);
		expect(text).toContain('failure-summary.test.ts');
		expect(text).not.toContain('node_modules');
	});

	it('of a difference has the difference, and an error that causes itself comes to an end', () => {
		const error = { message: 'expected a to be b', diff: '- b\n+ a', cause: undefined as unknown };
		error.cause = error;
		expect(messagesOf(error)[0]).toBe('expected a to be b\n- b\n+ a');
		expect(messagesOf(error).length).toBeLessThan(10);
	});
});
