/** How often a random test runs: as it says, or RANDOM_RUNS. Failures print fast-check's seed and path. */
export function randomRuns(otherwise: number): number {
	return Number(process.env['RANDOM_RUNS'] ?? otherwise);
}
