/** A text in an OData condition. */
export function quotedText(text: string): string {
	return `'${text.replaceAll("'", "''")}'`;
}

/**
 * The ways in which the directory may hold a text, which it compares sign by sign: umlauts in one sign (NFC), or in two (NFD), as
 * macOS writes them.
 */
export function spellings(text: string): string[] {
	return [...new Set([text.normalize('NFC'), text.normalize('NFD')])];
}

/**
 * Every text that starts with this one, however it is spelt, starts with one of these. They end before the second letter that
 * has two spellings, since each letter may have its own.
 */
export function startsOf(text: string): string[] {
	const letters = Array.from(text.normalize('NFC'));
	const first = letters.findIndex(hasTwoSpellings);
	const second = first < 0 ? -1 : letters.findIndex((letter, at) => at > first && hasTwoSpellings(letter));
	return spellings((second < 0 ? letters : letters.slice(0, second)).join(''));
}

function hasTwoSpellings(letter: string): boolean {
	return letter.normalize('NFD') !== letter;
}

/** Conditions, one of which must hold: that a field compares with one of these texts. */
export function eitherText(fields: readonly string[], texts: readonly string[], compare: (field: string, quoted: string) => string): string[] {
	return texts.flatMap((text) => fields.map((field) => compare(field, quotedText(text))));
}
