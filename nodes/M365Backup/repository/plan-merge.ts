/**
 * Size-tiered merging (§3.2): a run's lines are merged with the newest segments as long as the next older one has less
 * than twice as many lines as what is merged so far. The answer is how many of the oldest segments stay as they are.
 * Lines, not bytes, are counted: they are known before anything is compressed.
 */
export function planMerge(segmentLines: readonly number[], runLines: number): number {
	let kept = segmentLines.length;
	if (runLines === 0) return kept;
	let merged = runLines;
	for (let next = segmentLines[kept - 1]; next !== undefined && next < 2 * merged; next = segmentLines[kept - 1]) {
		merged += next;
		kept--;
	}
	return kept;
}
