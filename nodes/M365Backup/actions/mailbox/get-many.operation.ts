import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { filtersField } from '../collection-field';
import { forEachItem } from '../each-item';
import { limitFields } from '../limit';
import type { Operation } from '../operation';
import { lastBackupFields } from '../tenant-listing/last-backup-fields';
import { userFilters } from '../tenant-listing/user-filters';
import { mailboxItems } from './mailbox-items';

const kindsFilter: INodeProperties = {
	displayName: 'Mailbox Kind',
	name: 'kinds',
	type: 'multiOptions',
	options: [
		{ name: 'Equipment', value: 'equipment' },
		{ name: 'Room', value: 'room' },
		{ name: 'Shared', value: 'shared' },
		{ name: 'User', value: 'user' },
	],
	default: [],
	description:
		'Only mailboxes of these kinds; none chosen: all. Leaves out users without a mailbox. Takes one request for each user that the other filters leave, 20 at a time, and the permission MailboxSettings.Read.',
};

/** Lists the tenant's mailboxes, e.g. to feed Back Up. */
export const getMany: Operation = {
	value: 'getMany',
	name: 'Get Many',
	action: 'Get many mailboxes',
	description: 'Get a list of the mailboxes of the tenant',
	properties: [
		...limitFields,
		filtersField([...userFilters, kindsFilter].sort((a, b) => a.displayName.localeCompare(b.displayName))),
		...lastBackupFields,
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, mailboxItems)];
	},
};
