/** Parts between commas, trimmed, without empty ones. An expression may also give a list. */
export function commaList(value: unknown): string[] {
	const parts: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
	return parts.filter((part) => typeof part === 'string').map((part) => part.trim()).filter((part) => part !== '');
}
