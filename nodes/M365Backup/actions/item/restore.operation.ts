import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import { optionsField } from '../collection-field';
import type { Operation } from '../operation';
import { destinationFields } from './destination-fields';
import { restoreAll } from './restore-items';
import { selectionFields } from './selection-fields';

/** Gives items back. Only lists what would happen unless Mode says Restore; an AI agent needs a further permission. */
export const restore: Operation = {
	value: 'restore',
	name: 'Restore',
	action: 'Restore items from snapshot',
	description: 'Put items of a snapshot back into a mailbox, or preview what that would do',
	properties: [
		{
			displayName: 'Mode',
			name: 'mode',
			type: 'options',
			options: [
				{ name: 'Preview', value: 'preview', description: 'List what would happen, change nothing' },
				{ name: 'Restore', value: 'restore', description: 'Restore the items' },
			],
			default: 'preview',
			description: 'Whether to restore or only to list what would happen',
		},
		...repositoryFields,
		sourceField({ description: 'The mailbox whose backup to restore from', required: true }),
		...selectionFields({
			displayName: 'Restore What',
			verb: 'restore',
			options: [
				{ name: 'Everything', value: 'everything', description: 'The whole mailbox as it was' },
				{ name: 'Folder', value: 'folder', description: 'A mail folder, calendar, contact folder or task list with everything in it' },
				{ name: 'Input Items', value: 'inputItems', description: 'The items that come in, e.g. from Item: Get Many, each from the snapshot that has it' },
				{ name: 'Item IDs', value: 'ids', description: 'Up to 500 items by ID' },
				{ name: 'Kind', value: 'kind', description: 'All mail, calendars, contacts, tasks or mailbox settings' },
				{ name: 'Search', value: 'search', description: 'All items that a search finds; at least one condition is needed' },
			],
			default: 'search',
		}),
		...destinationFields,
		optionsField([
			{
				displayName: 'Allow AI Agents to Restore',
				name: 'allowTool',
				type: 'boolean',
				default: false,
				description:
					'Whether an AI agent that uses this node as a tool may restore. Without it, an agent can only preview.',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await restoreAll.call(this)];
	},
};
