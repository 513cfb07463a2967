import { LIVING_EVENT, REBUILT_EVENT } from '../../../nodes/M365Backup/workloads/mailbox/calendar/fidelity';
import { CONTACT_MOVED_BACK, REBUILT_CONTACT } from '../../../nodes/M365Backup/workloads/mailbox/contacts/fidelity';
import { MOVED_BACK, REBUILT_MESSAGE, type FidelityRow } from '../../../nodes/M365Backup/workloads/mailbox/restore/fidelity';
import { RESTORED_SETTINGS, SETTINGS_THERE } from '../../../nodes/M365Backup/workloads/mailbox/settings/fidelity';
import { REBUILT_TASK, TASK_IN_PLACE } from '../../../nodes/M365Backup/workloads/mailbox/tasks/fidelity';

import measured from './measured-fidelity.json';

const words: Record<FidelityRow['result'], string> = { equal: 'as it was', close: 'nearly', never: 'no' };

/** What the README says of one kind: what happens to what is still there, then the table. */
interface FidelitySection {
	heading: keyof typeof measured;
	living: string;
	rows: readonly FidelityRow[];
	/** What the rows are about. */
	rebuilt: string;
}

const gone = 'What is really gone is made anew:';

export const fidelitySections: readonly FidelitySection[] = [
	{ heading: 'Mail', living: MOVED_BACK, rows: REBUILT_MESSAGE, rebuilt: gone },
	{ heading: 'Calendars', living: LIVING_EVENT, rows: REBUILT_EVENT, rebuilt: gone },
	{ heading: 'Contacts', living: CONTACT_MOVED_BACK, rows: REBUILT_CONTACT, rebuilt: gone },
	{ heading: 'Tasks', living: TASK_IN_PLACE, rows: REBUILT_TASK, rebuilt: gone },
	{ heading: 'Mailbox settings', living: SETTINGS_THERE, rows: RESTORED_SETTINGS, rebuilt: 'What is gone is made anew, what is replaced is set back:' },
];

/** The README's tables of what a restore brings back, from the code that promises it. */
export function fidelityTables(): string {
	return fidelitySections.map(sectionText).join('\n');
}

function sectionText({ heading, living, rows, rebuilt }: FidelitySection): string {
	const lines = rows.map(({ property, result, how }) => `| ${property} | ${words[result]} | ${how} |`);
	return `#### ${heading}

${living} ${rebuilt}

| | Comes back | |
|---|---|---|
${lines.join('\n')}

${measuredText(measured[heading])}
`;
}

/** What the round trip of a whole mailbox found (test/e2e/whole-mailbox.test.ts), by the names that Graph gives to properties. */
function measuredText(results: Readonly<Record<string, string>>): string {
	const named = (wanted: string): string =>
		Object.entries(results)
			.filter(([, result]) => result === wanted)
			.map(([property]) => `\`${property}\``)
			.join(', ');
	const parts = [
		['as it was', named('equal')],
		['in the text', named('text')],
		['not, or not always', named('not')],
	].filter(([, properties]) => properties !== '');
	return `Measured in a round trip through n8n, in Microsoft Graph's names: ${parts.map(([what, properties]) => `${what}: ${properties}`).join('; ')}.`;
}
