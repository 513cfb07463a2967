import type { JsonValue } from '../base/json';

/** Letters without case, accents or compatibility forms, so that `strasse`, `Straße` and `STRASSE` are one. */
export function fold(text: string): string {
	return text
		.normalize('NFKD')
		.replace(/\p{M}+/gu, '')
		.toLowerCase()
		.replaceAll('ß', 'ss')
		.replaceAll('æ', 'ae')
		.replaceAll('œ', 'oe')
		.replaceAll('ø', 'o')
		.replaceAll('đ', 'd')
		.replaceAll('ł', 'l')
		.replaceAll('ı', 'i')
		// A final sigma is a sigma.
		.replaceAll('ς', 'σ');
}

/** The words of a question, folded. `"in quotes"` is one word. */
export function wordsOf(text: string | undefined): string[] {
	if (text === undefined) return [];
	const words: string[] = [];
	for (const match of text.matchAll(/"([^"]+)"|(\S+)/g)) words.push(fold(match[1] ?? match[2] ?? ''));
	return words.filter((word) => word !== '' && word !== '"');
}

/** Whether every word, folded before, occurs in the text. */
export function holdsAll(text: string, words: readonly string[]): boolean {
	const folded = fold(text);
	return words.every((word) => folded.includes(word));
}

export function textOf(value: JsonValue | undefined): string {
	return typeof value === 'string' ? value : '';
}

/** Names and addresses of one `{name, address}` (or `email`) or a list of them, or plain texts, one a line. */
export function people(value: JsonValue | undefined): string {
	const list = Array.isArray(value) ? value : [value];
	return list
		.map((one) => {
			if (typeof one !== 'object' || one === null || Array.isArray(one)) return textOf(one);
			return `${textOf(one['name'])} ${textOf(one['address'])} ${textOf(one['email'])}`;
		})
		.join('\n');
}

/** Phone numbers as they are written and as digits alone, since everybody spaces them differently. */
export function phoneNumbers(value: JsonValue | undefined): string {
	const list = Array.isArray(value) ? value : [value];
	return list
		.map(textOf)
		.map((number) => `${number} ${number.replace(/[^\d+]/g, '')}`)
		.join('\n');
}

/** How deep values of columns are looked into: a list of look-ups or people is a list of objects. */
const FIELD_DEPTH = 3;

/** The values of columns as a person would look for them, one a text. */
export function fieldTexts(value: JsonValue | undefined, depth = 0): string[] {
	if (typeof value === 'string') return [value];
	if (typeof value === 'number') return [String(value)];
	if (typeof value !== 'object' || value === null || depth === FIELD_DEPTH) return [];
	return Object.values(value).flatMap((one) => fieldTexts(one, depth + 1));
}
