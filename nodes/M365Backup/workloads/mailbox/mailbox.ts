import { joinParts as joinAnyParts } from '../join-parts';
import type { Workload } from '../workload';
import { calendarPart } from './calendar/calendar';
import { contactsPart } from './contacts/contacts';
import { mailPart } from './mail';
import type { MailboxOptions } from './mailbox-options';
import type { MailboxPart, MailboxPartName } from './mailbox-part';
import { MAILBOX_PARTS, PART_TITLES } from './mailbox-part';
import { mailboxSize } from './mailbox-size';
import { settingsPart } from './settings/settings';
import { tasksPart } from './tasks/tasks';

/** One mailbox as the engine drives it: its parts, one after the other. One instance serves one run. */
export function mailboxWorkload(options: MailboxOptions): Workload {
	const chosen = new Set<MailboxPartName>(options.content ?? MAILBOX_PARTS);
	const workload = joinParts(MAILBOX_PARTS.filter((name) => chosen.has(name)).map((name) => makePart(name, options)));
	// The rest of a mailbox is small, and stored first.
	return chosen.has('mail') ? { ...workload, size: async (signal) => await mailboxSize(options, signal) } : workload;
}

function makePart(name: MailboxPartName, options: MailboxOptions): MailboxPart {
	switch (name) {
		case 'calendar':
			return calendarPart(options);
		case 'contacts':
			return contactsPart(options);
		case 'mail':
			return mailPart(options);
		case 'settings':
			return settingsPart(options);
		case 'tasks':
			return tasksPart(options);
	}
}

/** Parts of a mailbox as one. The small ones come first: a mailbox whose mail takes several runs has them from the start. */
export function joinParts(parts: readonly MailboxPart[]): Workload {
	const names = MAILBOX_PARTS.map((name) => ({ scope: name, title: PART_TITLES[name] }));
	return joinAnyParts(
		parts.map((part) => ({ ...part, scope: part.name, title: PART_TITLES[part.name] })),
		{ known: () => MAILBOX_PARTS, leftOut: names.filter(({ scope }) => !parts.some(({ name }) => name === scope)) },
	);
}
