/** At most `amount` in any `windowMs`. */
export interface QuotaWindow {
	amount: number;
	windowMs: number;
}

/**
 * The least time for using `need` under all of these quotas together, if nothing else slows it down and nothing was used
 * before: what one window allows goes at once, and the same again with each window that passes.
 */
export function timeAtQuotasMs(need: number, windows: readonly QuotaWindow[]): number {
	return Math.max(0, ...windows.map(({ amount, windowMs }) => (need <= 0 ? 0 : (Math.ceil(need / amount) - 1) * windowMs)));
}

/** For a person: `1 min`, `25 min`, `6 h`, `3 days`; rounded up to what can be told apart anyway. */
export function sayDuration(durationMs: number): string {
	const minutes = Math.max(1, Math.ceil(durationMs / 60_000));
	if (minutes <= 90) return `${minutes <= 10 ? minutes : Math.ceil(minutes / 5) * 5} min`;
	const hours = Math.ceil(minutes / 60);
	return hours <= 48 ? `${hours} h` : `${Math.ceil(hours / 24)} days`;
}
