/**
 * Immutable ids, on every request (Outlook: "Obtain immutable identifiers"), so that an item keeps its id when it moves.
 * Other preferences are kept; a caller's own IdType is replaced.
 */
export function withImmutableIds(headers: Readonly<Record<string, string>>): Record<string, string> {
	const merged: Record<string, string> = {};
	const preferences: string[] = [];
	for (const [name, value] of Object.entries(headers)) {
		if (name.toLowerCase() === 'prefer') preferences.push(...splitPreferences(value));
		else merged[name] = value;
	}
	const others = preferences.filter((preference) => !/^idtype\s*=/i.test(preference));
	return { ...merged, Prefer: [...others, 'IdType="ImmutableId"'].join(', ') };
}

/** Commas inside quotes separate nothing. */
function splitPreferences(value: string): string[] {
	return (value.match(/(?:"[^"]*"|[^",])+/g) ?? []).map((preference) => preference.trim()).filter((preference) => preference !== '');
}
