import type { Failure } from '../base/failure';
import { wasNeverSent } from './connection-failure';

/** Tries after the first for passing faults, and for refusals by Microsoft's limits, which cost the service nothing. */
export const maximumRetries = Object.freeze({ transient: 6, throttled: 20 });

/** Backoff: full jitter under 1 s, 2 s, 4 s … 60 s ("Exponential Backoff And Jitter", AWS Architecture Blog). */
const firstBackoffMs = 1_000;
const longestBackoffMs = 60_000;

/** A run does not sleep longer than this for one call; it reports `throttled` with the time instead. */
export const longestRetryAfterMs = 600_000;

export function backoffMs(attempt: number, random: number): number {
	return Math.floor(random * Math.min(longestBackoffMs, firstBackoffMs * 2 ** attempt));
}

/** All that were told the same time would come back in the same millisecond: up to a tenth is added, or a second. */
const spread = 0.1;
const leastSpreadMs = 1_000;

/**
 * How long to wait where the service asked for `toldMs`: never less, a little more by chance, and no longer than
 * `longestMs` for that. 0 stays 0, since no pause was asked for.
 *
 * @param random in [0, 1)
 */
export function pauseMs(toldMs: number, random: number, longestMs: number = longestRetryAfterMs): number {
	if (toldMs <= 0) return 0;
	const mostMs = Math.max(leastSpreadMs, toldMs * spread);
	return toldMs + Math.floor(random * Math.max(0, Math.min(mostMs, longestMs - toldMs)));
}

/** POSTs that may be sent twice: they only read, or what they create expires by itself. */
const harmlessPosts = /\/(createUploadSession|exportItems|translateExchangeIds|getByIds|createImportSession|extractSensitivityLabels)$/i;

/** Whether doing a request twice leaves the same state as doing it once. PATCH and PUT set, DELETE ends (a second one answers 404). */
export function isRepeatable(method: string, path: string): boolean {
	return method !== 'POST' || harmlessPosts.test(path.split('?')[0] ?? '');
}

/**
 * Whether a failed try may be followed by another one.
 * Only passing faults and refusals by the limits are tried again. A POST that creates something is tried again only when
 * it is certain that it had no effect: the service refused it (429, 509, or 503 with Retry-After), or it was never sent.
 * After any other fault the effect may be there although the answer was lost: whoever asked must look first.
 */
export function mayRetry(failure: Failure, repeatable: boolean): boolean {
	if (failure.kind === 'throttled') return true;
	if (failure.kind !== 'transient') return false;
	return repeatable || wasNeverSent(failure);
}
