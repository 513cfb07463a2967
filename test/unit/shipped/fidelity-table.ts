import { LIVING_EVENT, REBUILT_EVENT } from '../../../nodes/M365Backup/workloads/mailbox/calendar/fidelity';
import { CONTACT_MOVED_BACK, REBUILT_CONTACT } from '../../../nodes/M365Backup/workloads/mailbox/contacts/fidelity';
import { MOVED_BACK, REBUILT_MESSAGE, type FidelityRow } from '../../../nodes/M365Backup/workloads/mailbox/restore/fidelity';
import { RESTORED_SETTINGS, SETTINGS_THERE } from '../../../nodes/M365Backup/workloads/mailbox/settings/fidelity';
import { REBUILT_TASK, TASK_IN_PLACE } from '../../../nodes/M365Backup/workloads/mailbox/tasks/fidelity';

import { LIVING_FILE, REBUILT_FILE } from '../../../nodes/M365Backup/workloads/drive/fidelity';
import { REBUILT_LIST_ITEM, REBUILT_PAGE, SITE_ITEM_IN_PLACE } from '../../../nodes/M365Backup/workloads/site/restore/fidelity';

import measuredMailbox from './measured-fidelity.json';
import measuredFiles from './measured-files.json';

const measured = { ...measuredMailbox, ...measuredFiles };

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
	{ heading: 'Files', living: LIVING_FILE, rows: REBUILT_FILE, rebuilt: gone },
	{ heading: 'List items', living: SITE_ITEM_IN_PLACE, rows: REBUILT_LIST_ITEM, rebuilt: gone },
	{ heading: 'Pages', living: SITE_ITEM_IN_PLACE, rows: REBUILT_PAGE, rebuilt: gone },
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

/** What the round trips of a whole mailbox, drive and site found (test/e2e/whole-mailbox, drive- and site-round-trip), by the names that Graph gives to properties. */
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
