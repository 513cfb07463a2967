import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, handed in as an argument so that tests own them. */
export interface Ambient {
	now(): Date;
	/** Resolves after `delayMs`; rejects with an AbortError when the signal fires. */
	sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
	/** Uniform in [0, 1). */
	random(): number;
	/** `count` random bytes in hexadecimal: run ids, repository ids. */
	randomHex(count: number): string;
}

/** The real ones. */
export const realAmbient: Ambient = {
	now: () => new Date(),
	sleep: async (delayMs, signal) => {
		await delay(delayMs, undefined, signal ? { signal } : {});
	},
	random: () => Math.random(),
	randomHex: (count) => randomBytes(count).toString('hex'),
};
