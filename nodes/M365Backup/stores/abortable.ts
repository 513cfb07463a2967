import { Failure } from '../base/failure';

function cancelled(signal: AbortSignal): Failure {
	return new Failure('cancelled', 'The run was stopped', { cause: signal.reason });
}

/** Throws a `cancelled` Failure once the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
	if (signal?.aborted === true) throw cancelled(signal);
}

/**
 * The source's chunks until the signal fires: then a `cancelled` Failure at once, even while the source hangs.
 * The source is told to close but not waited for, since a hanging one would never answer.
 */
export async function* abortable(
	source: AsyncIterable<Uint8Array>,
	signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
	if (signal === undefined) {
		yield* source;
		return;
	}
	throwIfAborted(signal);
	const iterator = source[Symbol.asyncIterator]();
	// One slot instead of one long-lived promise: racing against that would keep every chunk alive until the end.
	let stopWaiting: ((reason: Failure) => void) | undefined;
	const onAbort = (): void => stopWaiting?.(cancelled(signal));
	signal.addEventListener('abort', onAbort, { once: true });
	let isOver = false;
	try {
		for (;;) {
			throwIfAborted(signal);
			const result = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
				stopWaiting = reject;
				iterator.next().then(resolve, (error: unknown) => {
					isOver = true;
					// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the source's very error comes out
					reject(error);
				});
			});
			stopWaiting = undefined;
			if (result.done === true) {
				isOver = true;
				return;
			}
			yield result.value;
		}
	} finally {
		signal.removeEventListener('abort', onAbort);
		// The reader has left already: whatever closing throws has nobody to tell and changes nothing that was stored.
		if (!isOver) iterator.return?.().catch(() => undefined);
	}
}
