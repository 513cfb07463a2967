/** One measured figure, next to what it may be at most. */
export interface BenchRow {
	group: string;
	name: string;
	value: number;
	unit: string;
	/** The bound, and where it comes from. */
	atMost?: number;
	rule?: string;
}

export function isOver(row: BenchRow): boolean {
	return row.atMost !== undefined && row.value > row.atMost;
}

function figure(value: number): string {
	return Number.isInteger(value) ? value.toLocaleString('en-US') : value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

/** Rows as text tables, one a group. */
export function table(rows: readonly BenchRow[]): string {
	const lines: string[] = [];
	for (const group of new Set(rows.map((row) => row.group))) {
		const cells = rows
			.filter((row) => row.group === group)
			.map((row) => [
				isOver(row) ? 'OVER' : row.atMost === undefined ? '' : 'ok',
				row.name,
				`${figure(row.value)} ${row.unit}`.trim(),
				row.atMost === undefined ? '' : `at most ${figure(row.atMost)}`,
				row.rule ?? '',
			]);
		const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
		lines.push('', group, ...cells.map((row) => `  ${row.map((cell, column) => (column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  ')}`.trimEnd()));
	}
	return lines.join('\n');
}
