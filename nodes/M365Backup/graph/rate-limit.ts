import { longestRetryAfterMs } from './retry-rule';

/**
 * What SharePoint says of the app's resource units of the current minute, where it does: once four fifths of them are
 * used ("How to avoid getting throttled or blocked in SharePoint Online", RateLimit headers, preview).
 */
export interface RateLimit {
	/** Resource units of the whole window. */
	limit: number;
	remaining: number;
	/** Until the window begins anew. */
	resetMs: number;
}

/**
 * Undefined where the headers are absent or make no sense: they are a preview, and no more than a hint. One that would stop
 * a run, since its window of a minute is said to last longer than a run waits, is none: only a Retry-After may do that.
 */
export function rateLimitOf(headers: { get(name: string): string | null }): RateLimit | undefined {
	const [limit, remaining, reset] = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'].map((name) => wholeNumber(headers.get(name)));
	if (limit === undefined || limit === 0 || remaining === undefined || reset === undefined) return undefined;
	const resetMs = reset * 1000;
	return resetMs > longestRetryAfterMs ? undefined : { limit, remaining: Math.min(remaining, limit), resetMs };
}

function wholeNumber(text: string | null): number | undefined {
	return text !== null && /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined;
}
