/**
 * Patterns as people know them from file names: `*` stands for any text, `?` for one character, all else for itself,
 * whatever its case. A text matches only as a whole.
 */
export class Wildcards {
	private readonly expressions: readonly RegExp[];

	constructor(readonly patterns: readonly string[]) {
		this.expressions = patterns.map(expressionOf);
	}

	get isEmpty(): boolean {
		return this.patterns.length === 0;
	}

	/** Whether one of the texts matches one of the patterns. */
	matches(...texts: readonly (string | undefined)[]): boolean {
		return texts.some((text) => text !== undefined && text !== '' && this.expressions.some((expression) => expression.test(text)));
	}
}

/** What every text that matches the pattern begins with. */
export function literalStart(pattern: string): string {
	return /^[^*?]*/.exec(pattern)?.[0] ?? '';
}

function expressionOf(pattern: string): RegExp {
	const parts = pattern
		.normalize('NFC')
		.replace(/\*+/g, '*')
		.split(/([*?])/)
		.map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')));
	return new RegExp(`^${parts.join('')}$`, 'isu');
}
