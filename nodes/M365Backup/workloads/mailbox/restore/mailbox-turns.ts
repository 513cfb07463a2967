import { Failure } from '../../../base/failure';

/** When the last restore into a mailbox that was asked for in this process has ended. */
const lastTurns = new Map<string, Promise<void>>();

/**
 * Waits until every earlier restore of this process into the mailbox has ended. Two at once would each look for what is
 * there already before the other has made it, and the mailbox would have everything twice.
 *
 * @returns ends the turn; to be called whatever happens.
 * @throws Failure `cancelled` if the signal fires while waiting.
 */
export async function takeTurn(mailbox: string, signal: AbortSignal | undefined): Promise<() => void> {
	const before = lastTurns.get(mailbox) ?? Promise.resolve();
	let end = (): void => undefined;
	const ended = new Promise<void>((resolve) => {
		end = resolve;
	});
	const mine = before.then(() => ended);
	lastTurns.set(mailbox, mine);
	void mine.then(() => {
		if (lastTurns.get(mailbox) === mine) lastTurns.delete(mailbox);
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
		throw new Failure('cancelled', 'The restore was cancelled while it waited for another one into the same mailbox');
	}
	return end;
}
