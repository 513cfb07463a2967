/** Something that failed: a test, a file that could not run, types or lint. */
export interface Failing {
	/** Relative to the repository's root, or the step (`types`, `lint`, `e2e tests`). */
	file: string;
	/** Of the test, with the names of the blocks around it; none where it is no single test. */
	name?: string;
	messages: readonly string[];
}

/** What is kept of an error that vitest has taken apart. */
export interface ToldError {
	message: string;
	stack?: string | undefined;
	/** Between what was expected and what came, as text with colours. */
	diff?: string | undefined;
	/** fast-check has the failed assertion here, and seed, path and counterexample in its own message. */
	cause?: unknown;
}

const MOST_LINES = 60;
const MOST_CAUSES = 5;

/** The message of an error, its difference and where it came from; then the same of what caused it. */
export function messagesOf(error: ToldError): string[] {
	const messages: string[] = [];
	for (let one: ToldError | undefined = error; one !== undefined && messages.length <= MOST_CAUSES; one = asError(one.cause)) {
		const where = stackLines(one.stack);
		messages.push([`${messages.length > 0 ? 'Caused by: ' : ''}${one.message}`, ...(one.diff ? [one.diff] : []), ...where].join('\n'));
	}
	return messages;
}

function asError(value: unknown): ToldError | undefined {
	if (typeof value === 'string') return { message: value };
	return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string' ? (value as ToldError) : undefined;
}

/** Our own lines only: of others' one learns nothing at the end of a log. */
function stackLines(stack: string | undefined): string[] {
	return (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !line.includes('node_modules') && !line.includes('node:'));
}

/**
 * What failed, for the end of the output: all that a log shows whose beginning nobody sees. Each with the first 60 lines
 * of what it said; '' if nothing failed.
 */
export function failureSummary(failing: readonly Failing[], mostLines = MOST_LINES): string {
	if (failing.length === 0) return '';
	const parts = failing.map(({ file, name, messages }, index) => {
		const lines = messages.flatMap((message) => plain(message).split(/\r?\n/)).filter((line) => line.trim() !== '');
		const left = lines.length - mostLines;
		const shown = [...lines.slice(0, mostLines), ...(left > 0 ? [`… ${left} more lines`] : [])];
		return [`${index + 1}) ${file}${name === undefined ? '' : ` > ${name}`}`, ...shown.map((line) => `   ${line}`)].join('\n');
	});
	return [`── what failed (${failing.length}) ──`, ...parts].join('\n\n');
}

/** Without colours. */
function plain(text: string): string {
	return text.replace(/\u001b\[[0-9;]*m/g, '');
}
