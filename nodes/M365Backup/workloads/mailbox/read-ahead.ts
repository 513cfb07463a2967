/** How much of a stream is read before anybody asks for it. Four streams at once hold four times as much. */
const AHEAD_BYTES = 1024 * 1024;

/**
 * Reads a stream ahead of its consumer, up to a limit, so that small bodies are complete, and their connection free,
 * before their turn comes, while large ones wait with their sender held back.
 */
export function readAhead(source: AsyncIterable<Uint8Array>, limitBytes = AHEAD_BYTES): AsyncIterable<Uint8Array> {
	const iterator = source[Symbol.asyncIterator]();
	const chunks: Uint8Array[] = [];
	let bufferedBytes = 0;
	let ended = false;
	const failure: { error?: Error } = {};

	const reading = (async () => {
		try {
			while (bufferedBytes < limitBytes) {
				const result = await iterator.next();
				if (result.done === true) {
					ended = true;
					return;
				}
				chunks.push(result.value);
				bufferedBytes += result.value.length;
			}
		} catch (error) {
			failure.error = error instanceof Error ? error : new Error(String(error));
		}
	})();

	const close = async (): Promise<IteratorResult<Uint8Array>> => {
		ended = true;
		await iterator.return?.();
		return { done: true, value: undefined };
	};
	const next = async (): Promise<IteratorResult<Uint8Array>> => {
		await reading;
		const chunk = chunks.shift();
		if (chunk) return { done: false, value: chunk };
		if (failure.error !== undefined) throw failure.error;
		if (ended) return { done: true, value: undefined };
		return iterator.next();
	};
	// Not a generator: closing one that was never started would leave the source open.
	return { [Symbol.asyncIterator]: () => ({ next, return: close }) };
}
