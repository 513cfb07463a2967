import { Failure } from '../base/failure';

/** When the last restore into a place that was asked for in this process has ended. */
const lastTurns = new Map<string, Promise<void>>();

/**
 * Waits until every earlier restore of this process into the same mailbox, drive or site has ended. Two at once would
 * each look for what is there already before the other has made it, and everything would be there twice.
 *
 * @param place names it in the whole process: tenant, kind and id.
 * @returns ends the turn; to be called whatever happens.
 * @throws Failure `cancelled` if the signal fires while waiting.
 */
export async function takeTurn(place: string, signal: AbortSignal | undefined): Promise<() => void> {
	const before = lastTurns.get(place) ?? Promise.resolve();
	let end = (): void => undefined;
	const ended = new Promise<void>((resolve) => {
		end = resolve;
	});
	const mine = before.then(() => ended);
	lastTurns.set(place, mine);
	void mine.then(() => {
		if (lastTurns.get(place) === mine) lastTurns.delete(place);
	});
	let onAbort = (): void => undefined;
	const aborted = new Promise<void>((resolve) => {
		onAbort = resolve;
	});
	signal?.addEventListener('abort', onAbort, { once: true });
	if (signal?.aborted === true) onAbort();
	await Promise.race([before, aborted]);
	signal?.removeEventListener('abort', onAbort);
	if (signal?.aborted === true) {
		end();
		throw new Failure('cancelled', 'The restore was cancelled while it waited for another one into the same place');
	}
	return end;
}

/** One restore into a place after the other: what the first has made is there for the second to find. See `takeTurn`. */
export async function* inTurn<T>(place: string, signal: AbortSignal | undefined, restore: () => AsyncIterable<T>): AsyncGenerator<T> {
	const endTurn = await takeTurn(place, signal);
	try {
		yield* restore();
	} finally {
		endTurn();
	}
}
