import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import { optionsField } from '../collection-field';
import type { Operation } from '../operation';
import { destinationFields } from './destination-fields';
import { restoreAll } from './restore-items';
import { restoreMode } from './restore-mode';
import { selectionFields } from './selection-fields';

/** Gives items back. Only lists what would happen unless Mode says Restore; an AI agent needs a further permission. */
export const restore: Operation = {
	value: 'restore',
	name: 'Restore',
	action: 'Restore items from snapshot',
	description: 'Put items of a snapshot back into a mailbox, drive or site, or preview what that would do',
	properties: [
		restoreMode.field,
		...repositoryFields,
		sourceField({ description: 'The mailbox, drive or site whose backup to restore from', required: true }),
		...selectionFields({
			displayName: 'Restore What',
			verb: 'restore',
			options: [
				{ name: 'Everything', value: 'everything', description: 'The whole mailbox, drive or site as it was' },
				{ name: 'Folder', value: 'folder', description: 'A folder, calendar, task list, library or list with everything in it' },
				{ name: 'Input Items', value: 'inputItems', description: 'The items that come in, e.g. from Item: Get Many, each from the snapshot that has it' },
				{ name: 'Item IDs', value: 'ids', description: 'Up to 500 items by ID' },
				{ name: 'Kind', value: 'kind', description: 'All mail, calendars, contacts, tasks or settings of a mailbox; all libraries, lists or pages of a site' },
				{ name: 'Search', value: 'search', description: 'All items that a search finds; at least one condition is needed' },
			],
			default: 'search',
		}),
		...destinationFields,
		optionsField([
			restoreMode.agentOption,
			{
				displayName: 'Permissions',
				name: 'permissions',
				type: 'boolean',
				default: false,
				description:
					'Whether to give restored files and folders of drives and sites also the permissions and sharing links that were backed up. Nobody is notified. Links get new addresses.',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await restoreAll.call(this)];
	},
};
