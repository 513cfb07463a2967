/** Runs a job for each index below `count`, at most `width` at a time, in order of their indices. Jobs do not reject. */
export async function runPool(count: number, width: number, job: (index: number) => Promise<void>): Promise<void> {
	let next = 0;
	const worker = async (): Promise<void> => {
		while (next < count) await job(next++);
	};
	await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}
