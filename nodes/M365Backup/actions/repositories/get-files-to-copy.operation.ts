import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { snapshotField } from '../../pickers/snapshot';
import { sourceField } from '../../pickers/source';
import type { Operation } from '../operation';
import { sizeLimitField, targetField } from './copy-fields';
import { getFiles } from './file-items';

/** Emits backup files for a storage node: those that a target lacks, or those that a restore needs back. */
export const getFilesToCopy: Operation = {
	value: 'getFilesToCopy',
	name: 'Get Files to Copy',
	action: 'Get backup files to copy',
	description: 'Output the backup files that a storage does not hold yet, for a storage node to upload',
	properties: [
		...repositoryFields,
		{
			displayName: 'Files',
			name: 'mode',
			type: 'options',
			options: [
				{
					name: 'Needed For',
					value: 'neededFor',
					description: 'The names of the files that a restore from a snapshot needs, for a storage node to download',
				},
				{ name: 'New', value: 'new', description: 'The files that the target does not hold yet' },
				{
					name: 'Old Archives',
					value: 'oldArchives',
					description:
						'The names of archives that the target holds and that need not stay here, for a storage node to download and Import Files to check and remove here',
				},
			],
			default: 'new',
			description: 'Which files to output',
		},
		targetField,
		{ ...sizeLimitField, displayOptions: { show: { mode: ['new', 'oldArchives'] } } },
		{
			displayName: 'Keep Archives Locally (Days)',
			name: 'keepDays',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 30,
			description: 'For how long archives stay here, counted from when they were written or brought back. To keep them for ever, do not use this mode.',
			displayOptions: { show: { mode: ['oldArchives'] } },
		},
		sourceField({
			description: 'The mailbox, drive or site that is to be restored',
			required: true,
			displayOptions: { show: { mode: ['neededFor'] } },
		}),
		snapshotField({ displayOptions: { show: { mode: ['neededFor'] } } }),
		{
			displayName: 'Item IDs',
			name: 'itemIds',
			type: 'string',
			default: '',
			placeholder: 'e.g. mail/AAMkAGI2…',
			description: 'Comma-separated list of the items to restore. Leave empty for the whole snapshot.',
			displayOptions: { show: { mode: ['neededFor'] } },
		},
		{
			displayName: 'Put Output File in Field',
			name: 'binaryPropertyName',
			type: 'string',
			default: 'data',
			hint: 'The name of the output binary field to put the file in',
			displayOptions: { show: { mode: ['new'] } },
		},
	],
	async execute(this: IExecuteFunctions) {
		return [await getFiles.call(this)];
	},
};
