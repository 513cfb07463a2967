/**
 * Patterns as people know them from file names: `*` stands for any text, `?` for one character, all else for itself,
 * whatever its case. A text matches only as a whole.
 */
export class Wildcards {
	private readonly folded: readonly (readonly string[])[];

	constructor(readonly patterns: readonly string[]) {
		this.folded = patterns.map(fold);
	}

	get isEmpty(): boolean {
		return this.patterns.length === 0;
	}

	/** Whether one of the texts matches one of the patterns. */
	matches(...texts: readonly (string | undefined)[]): boolean {
		return texts.some((text) => {
			if (text === undefined || text === '') return false;
			const characters = fold(text);
			return this.folded.some((pattern) => matchesWhole(characters, pattern));
		});
	}
}

/** What every text that matches the pattern begins with. */
export function literalStart(pattern: string): string {
	return /^[^*?]*/.exec(pattern)?.[0] ?? '';
}

function fold(text: string): string[] {
	return Array.from(text.normalize('NFC').toLocaleLowerCase('en'));
}

/**
 * No regular expression: one with several `.*` takes for ever on a text that nearly fits. Here only the last `*` is ever
 * tried again, so that the work is at most the product of both lengths.
 */
function matchesWhole(text: readonly string[], pattern: readonly string[]): boolean {
	let at = 0;
	let inPattern = 0;
	let star = -1;
	let triedFrom = 0;
	while (at < text.length) {
		if (pattern[inPattern] === '*') {
			star = inPattern++;
			triedFrom = at;
		} else if (pattern[inPattern] === '?' || pattern[inPattern] === text[at]) {
			at++;
			inPattern++;
		} else if (star >= 0) {
			inPattern = star + 1;
			at = ++triedFrom;
		} else {
			return false;
		}
	}
	while (pattern[inPattern] === '*') inPattern++;
	return inPattern === pattern.length;
}
