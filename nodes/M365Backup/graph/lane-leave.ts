import type { RateLimit } from './rate-limit';

/** What is asked of a lane before something is sent. */
export interface Admission {
	/** How many of the lane's slots; more than there are means all. */
	slots: number;
	cost: number;
	uploadBytes: number;
	/** Moves content, and may hold its slot for minutes. */
	isTransfer?: boolean;
	priority: 'backup' | 'restore';
	signal: AbortSignal | undefined;
}

/** Leave to send. Held until the answer's body has been read. */
export interface Lease {
	/** How long the service's limits, as opposed to other calls, kept this call waiting. */
	readonly throttledMs: number;
	/** More was used under the same leave than it was given for (a second try with a new token, a redirect). */
	countMore(cost: number): void;
	/** So much of the answer has arrived. */
	received(bytes: number): void;
	/** What the service says is left. */
	told(left: RateLimit): void;
	/** The service said 429 or the like: pauses the lane, and halves its pace. */
	throttled(retryAfterMs: number | undefined): void;
	/** Nothing moves for a while, and others may have the slot: whoever keeps one while it waits for others stops them all. */
	rest(): void;
	/** Waits for a slot again. Throws as `acquire` does. */
	resume(): Promise<void>;
	release(): void;
}
