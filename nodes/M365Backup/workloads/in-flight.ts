/**
 * Runs `work` on up to `limit` items at a time and yields results as they are done, in that order. The source is asked
 * for another item only when there is room. The first error ends it, once what is running has settled.
 */
export async function* inFlight<T, R>(
	source: AsyncIterable<T>,
	limit: number,
	work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
	const iterator = source[Symbol.asyncIterator]();
	const running = new Map<number, Promise<{ slot: number; result: R }>>();
	let started = 0;
	let ended = false;
	try {
		for (;;) {
			while (!ended && running.size < limit) {
				const next = await iterator.next();
				if (next.done === true) {
					ended = true;
					break;
				}
				const slot = started++;
				running.set(slot, work(next.value).then((result) => ({ slot, result })));
			}
			if (running.size === 0) return;
			const { slot, result } = await Promise.race(running.values());
			running.delete(slot);
			yield result;
		}
	} finally {
		await Promise.allSettled(running.values());
		await iterator.return?.();
	}
}
