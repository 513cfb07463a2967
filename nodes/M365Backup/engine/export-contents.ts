import type { FoundItem } from './search';
import { exportDate } from './export-format';

/** What became of one item of an export. */
export interface ContentsRow {
	item: FoundItem;
	/** Paths within the ZIP; empty if nothing of it could be exported. */
	files: readonly string[];
	/** Why it is missing, or not whole. */
	failure?: string;
}

export const CONTENTS_NAME = 'contents.csv';

const COLUMNS = ['Status', 'Kind', 'Name', 'Folder', 'Date', 'Files', 'Reason', 'Snapshot', 'ID'] as const;

/** One row as text. */
export function contentsLine({ item, files, failure }: ContentsRow): string {
	return csvLine([
		failure === undefined ? 'exported' : 'failed',
		item.type,
		item.name,
		item.folderPath,
		exportDate(item) ?? '',
		files.join('; '),
		failure ?? '',
		item.snapshot.time,
		item.id,
	]);
}

/** The list as a spreadsheet opens it: UTF-8 with its mark, commas, one line an item. */
export function* contentsFile(lines: readonly string[]): Generator<Uint8Array> {
	yield Buffer.from(`\uFEFF${csvLine(COLUMNS)}`);
	for (const line of lines) yield Buffer.from(line);
}

function csvLine(fields: readonly string[]): string {
	return `${fields.map(csvField).join(',')}\r\n`;
}

/** Where a cell begins, also for a spreadsheet that splits at semicolons, as in much of Europe, and then minds no quotes. */
const FORMULA_AT_START = /(^|;)([" ]*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/** Subjects are written by strangers: what a spreadsheet would take for a formula is marked as text. */
function csvField(value: string): string {
	const safe = value.replace(/[\s\p{Cc}]+/gu, ' ').replace(FORMULA_AT_START, "$1$2'");
	return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
