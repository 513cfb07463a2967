/** One line of a CSV file: commas, quotes where they are needed. A number is never taken for a formula. */
export function csvLine(fields: readonly (string | number)[]): string {
	return `${fields.map(csvField).join(',')}\r\n`;
}

/** What a file begins with, so that spreadsheets take it for UTF-8. */
export const CSV_MARK = '\uFEFF';

/** Where a cell begins, also for a spreadsheet that splits at semicolons, as in much of Europe, and then minds no quotes. */
const FORMULA_AT_START = /(^|;)([" ]*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/** Subjects and list items are written by strangers: what a spreadsheet would take for a formula is marked as text. */
function csvField(value: string | number): string {
	if (typeof value === 'number') return String(value);
	const safe = value.replace(/[\s\p{Cc}]+/gu, ' ').replace(FORMULA_AT_START, "$1$2'");
	return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
