import type { FidelityRow } from '../../../nodes/M365Backup/workloads/mailbox/restore/fidelity';

const words: Record<FidelityRow['result'], string> = { equal: 'as it was', close: 'nearly', never: 'no' };

/** The README's table of what a restore brings back, from the code that promises it. */
export function fidelityTable(movedBack: string, rows: readonly FidelityRow[]): string {
	const lines = rows.map(({ property, result, how }) => `| ${property} | ${words[result]} | ${how} |`);
	return `${movedBack} What is really gone is made anew:

| | Comes back | |
|---|---|---|
${lines.join('\n')}
`;
}
