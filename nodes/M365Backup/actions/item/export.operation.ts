import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { snapshotField } from '../../pickers/snapshot';
import { sourceField } from '../../pickers/source';
import { forEachItem } from '../each-item';
import type { Operation } from '../operation';
import { exportedItem } from './exported-item';

/** Puts items out as files, messages as .eml. */
export const exportItems: Operation = {
	value: 'export',
	name: 'Export',
	action: 'Export item as file',
	description: 'Output an item as a file: a message as .eml, with all its attachments',
	properties: [
		...repositoryFields,
		sourceField({ description: 'The mailbox whose backup holds the item', required: true }),
		snapshotField({}),
		{
			displayName: 'Item ID',
			name: 'itemId',
			type: 'string',
			required: true,
			default: '={{ $json.id }}',
			placeholder: 'e.g. mail/AAMkAGI2…',
			description: 'ID of the item, as Item: Get Many puts it out',
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
		return [await forEachItem.call(this, exportedItem)];
	},
};
