import type { Resource } from '../operation';
import { backUp } from './back-up.operation';
import { getMany } from './get-many.operation';

export const mailbox: Resource = {
	value: 'mailbox',
	name: 'Mailbox',
	description: 'Mail, calendars, contacts, tasks and settings of one user, shared mailbox or room',
	operations: [backUp, getMany],
};
