import { CSV_MARK, csvLine } from './csv';
import { exportDate } from './export-format';
import type { FoundItem } from './search';

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
	yield Buffer.from(`${CSV_MARK}${csvLine(COLUMNS)}`);
	for (const line of lines) yield Buffer.from(line);
}
