import type { INodePropertyOptions } from 'n8n-workflow';
import type { MailboxPartName } from '../engine/mailbox';
import { choicesAmong } from './choices-among';

/** What a mailbox consists of, as lists show it. */
export const mailboxParts: (INodePropertyOptions & { value: MailboxPartName })[] = [
	{ name: 'Calendars', value: 'calendar', description: 'All calendars with their events, series and attachments' },
	{ name: 'Contacts', value: 'contacts', description: 'All contact folders with their contacts and photos' },
	{ name: 'Mail', value: 'mail', description: 'All mail folders with their messages and attachments' },
	{ name: 'Mailbox Settings', value: 'settings', description: 'Inbox rules, categories, automatic replies and regional settings' },
	{ name: 'Tasks', value: 'tasks', description: 'All To Do lists with their tasks, steps and attachments' },
];

/** The parts that a parameter names. Failure invalid: one that is none. */
export function mailboxPartsAmong(given: unknown): MailboxPartName[] {
	return choicesAmong(mailboxParts, given);
}
