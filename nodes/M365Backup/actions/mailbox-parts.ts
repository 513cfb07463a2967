import type { INodePropertyOptions } from 'n8n-workflow';
import { Failure } from '../base/failure';
import type { MailboxPartName } from '../engine/mailbox';
import { commaList } from './comma-list';

/** What a mailbox consists of, as lists show it. */
export const mailboxParts: (INodePropertyOptions & { value: MailboxPartName })[] = [
	{ name: 'Calendars', value: 'calendar', description: 'All calendars with their events, series and attachments' },
	{ name: 'Contacts', value: 'contacts', description: 'All contact folders with their contacts and photos' },
	{ name: 'Mail', value: 'mail', description: 'All mail folders with their messages and attachments' },
	{ name: 'Mailbox Settings', value: 'settings', description: 'Inbox rules, categories, automatic replies and regional settings' },
	{ name: 'Tasks', value: 'tasks', description: 'All To Do lists with their tasks, steps and attachments' },
];

/** The parts that a parameter names; an expression may also give them as text. Failure invalid: one that is none. */
export function partsAmong(given: unknown): MailboxPartName[] {
	const wanted = new Set(commaList(given));
	const parts = mailboxParts.map(({ value }) => value).filter((value) => wanted.delete(value));
	const [unknown] = wanted;
	if (unknown === undefined) return parts;
	throw new Failure('invalid', `There is no kind "${unknown}"`, { nextStep: `Choose among ${mailboxParts.map(({ value }) => value).join(', ')}.` });
}
