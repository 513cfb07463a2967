import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import type { Operation } from '../operation';
import { exportAll } from './exported';
import { selectionFields } from './selection-fields';

/** Puts items out as files: one each, or all in one ZIP. */
export const exportItems: Operation = {
	value: 'export',
	name: 'Export',
	action: 'Export items as file',
	description: 'Output an item as a file that other programs open, or a folder, a selection or a search result as one ZIP',
	properties: [
		...repositoryFields,
		sourceField({ description: 'The mailbox, drive or site whose backup holds the items', required: true }),
		...selectionFields({
			displayName: 'Export What',
			verb: 'export',
			options: [
				{ name: 'Everything', value: 'everything', description: 'The whole mailbox, drive or site as one ZIP' },
				{ name: 'Folder', value: 'folder', description: 'A folder, calendar, task list, library or list as one ZIP' },
				{ name: 'Input Items', value: 'inputItems', description: 'All items that come in, e.g. from Item: Get Many, as one ZIP' },
				{ name: 'Item', value: 'item', description: 'Each item that comes in as a file of its own' },
				{ name: 'Kind', value: 'kind', description: 'All mail, calendars, contacts, tasks or settings of a mailbox, or all libraries, lists or pages of a site, as one ZIP' },
				{ name: 'Search Result', value: 'search', description: 'All items that a search finds as one ZIP; at least one condition is needed' },
			],
			default: 'item',
		}),
		{
			displayName: 'Format',
			name: 'format',
			type: 'options',
			options: [
				{
					name: 'For Other Programs',
					value: 'standard',
					description: 'Messages as .eml, events and tasks as .ics, contacts as .vcf, lists as .csv, files as they are',
				},
				{
					name: 'Original (JSON)',
					value: 'original',
					description: 'Exactly what the backup holds: messages as .eml, files as they are, everything else as JSON with its attachments beside it',
				},
			],
			default: 'standard',
			description: 'What kind of files to make',
		},
		{
			displayName: 'Put Output File in Field',
			name: 'binaryPropertyName',
			type: 'string',
			required: true,
			default: 'data',
			hint: 'The name of the output binary field to put the file in',
		},
	],
	async execute(this: IExecuteFunctions) {
		return [await exportAll.call(this)];
	},
};
