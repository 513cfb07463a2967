import fc from 'fast-check';

/**
 * The random tests of `npm test` play the same histories on every machine: main is red for a reason, and not by chance.
 * Others are found by exploring: RANDOM_RUNS plays so many of each test with a new seed, or with RANDOM_SEED, which a
 * failure prints.
 */
const ALWAYS = 20_261_123;
const SEED = Number(process.env['RANDOM_SEED'] ?? (process.env['RANDOM_RUNS'] === undefined ? ALWAYS : Date.now() % 1_000_000_000));

/** How often a random test runs: as it says, or RANDOM_RUNS. */
export function randomRuns(otherwise: number): number {
	return Number(process.env['RANDOM_RUNS'] ?? otherwise);
}

/** Where random tests begin that make their own histories. Those of fast-check do it by themselves, see `seedEveryTest`. */
export function randomSeed(): number {
	return SEED;
}

/** Set-up of every test file: fast-check's seed. Failures print it, and the path to the smallest history found. */
export function seedEveryTest(): void {
	fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
}
