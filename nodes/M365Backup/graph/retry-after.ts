/**
 * Milliseconds that a `Retry-After` asks for: seconds or an HTTP date (RFC 9110 §10.2.3), measured against the answer's
 * own Date where there is one, since the host's clock may be off. undefined when absent or unreadable.
 */
export function retryAfterMs(headers: { get(name: string): string | null }, now: Date): number | undefined {
	const value = headers.get('retry-after')?.trim();
	if (value === undefined || value === '') return undefined;
	if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
	const until = Date.parse(value);
	if (Number.isNaN(until)) return undefined;
	const sentAt = Date.parse(headers.get('date') ?? '');
	return Math.max(0, until - (Number.isNaN(sentAt) ? now.getTime() : sentAt));
}

/** Header look-up over a plain record, as inner answers of a `$batch` have it. */
export function headerGetter(headers: Readonly<Record<string, string>>): { get(name: string): string | null } {
	const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
	return { get: (name) => lower.get(name.toLowerCase()) ?? null };
}
