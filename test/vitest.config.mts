import { defineConfig } from 'vitest/config';

const seeds = 'test/support/seed-every-test.ts';

/** Four projects: `unit` (quick, pure), `encrypted` (some of these once more), `integration` (engine against the simulator), `e2e` (real n8n, browser). */
export default defineConfig({
	test: {
		// vitest leaves one core free, which on a machine with two of them doubles the time.
		maxWorkers: '100%',
		projects: [
			{
				test: {
					name: 'unit',
					setupFiles: [seeds],
					include: ['test/unit/**/*.test.ts', 'test/contract/**/*.test.ts', 'test/simulator/**/*.test.ts'],
					// Ends what hangs; how long our work takes is measured as CPU time (support/cpu-time.ts).
					testTimeout: 300_000,
					hookTimeout: 120_000,
				},
			},
			{
				// What is written and read, once more in repositories that are encrypted.
				test: {
					name: 'encrypted',
					include: [
						'test/unit/crash/{back-up-faults,clocks,other-faults,random,side-by-side}.test.ts',
						'test/unit/repository/catalog.property.test.ts',
						'test/unit/engine/same-contents.property.test.ts',
						'test/unit/search/search.test.ts',
					],
					setupFiles: [seeds, 'test/support/encrypt-everything.ts'],
					testTimeout: 300_000,
				},
			},
			{
				test: {
					name: 'integration',
					setupFiles: [seeds],
					include: ['test/integration/**/*.test.ts'],
					testTimeout: 600_000,
					hookTimeout: 120_000,
				},
			},
			{
				test: {
					name: 'e2e',
					include: ['test/e2e/**/*.test.ts'],
					testTimeout: 900_000,
					hookTimeout: 900_000,
					// Each has an n8n of its own, which mostly waits.
					maxWorkers: 2,
					sequence: { groupOrder: 1 },
				},
			},
		],
	},
});
