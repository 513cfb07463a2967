import type { Workload } from '../workload';
import { scopeOf } from '../scope-of';

/**
 * What of a mailbox can be backed up. Each part's ids, scopes, links and notes begin with its scope, so that they never
 * meet those of another one.
 */
export const MAILBOX_PARTS = ['settings', 'contacts', 'tasks', 'calendar', 'mail'] as const;

export type MailboxPartName = (typeof MAILBOX_PARTS)[number];

/** How people know a part; also the name of the folder at its top, but for mail, whose folders are the top. */
export const PART_TITLES: Readonly<Record<MailboxPartName, string>> = {
	mail: 'Mail',
	calendar: 'Calendars',
	contacts: 'Contacts',
	tasks: 'Tasks',
	settings: 'Settings',
};

/** One part of a mailbox: a workload whose ids all begin with `<name>/`. */
export interface MailboxPart extends Workload {
	readonly name: MailboxPartName;
}

/** `calendar/AAMk…` → `calendar`; undefined where it is none of ours. */
export function partOf(id: string): MailboxPartName | undefined {
	const name = scopeOf(id);
	return MAILBOX_PARTS.find((part) => part === name);
}

/** `calendar/` before a Graph id. */
export function partId(part: MailboxPartName, graphId: string): string {
	return `${part}/${graphId}`;
}

/** The Graph id behind `calendar/AAMk…`. */
export function graphIdIn(id: string): string {
	return id.slice(id.indexOf('/') + 1);
}

/** The folder at the top of a part other than mail: choosing it chooses the whole part. */
export function partRootId(part: MailboxPartName): string {
	return partId(part, 'root');
}
