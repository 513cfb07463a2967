import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { optionsField } from '../collection-field';
import type { Operation } from '../operation';
import { confirmItems } from './confirm-items';
import { targetField } from './copy-fields';

/** Remembers which files a storage holds, from what its storage node put out. */
export const confirmCopied: Operation = {
	value: 'confirmCopied',
	name: 'Confirm Copied',
	action: 'Confirm copied backup files',
	description: 'Remember that a storage holds the files that its storage node has uploaded',
	properties: [
		...repositoryFields,
		targetField,
		{
			displayName: 'What Happened',
			name: 'mode',
			type: 'options',
			options: [
				{ name: 'Copied', value: 'copied', description: 'The storage now holds the files' },
				{ name: 'Deleted', value: 'deleted', description: 'The storage no longer holds the files' },
			],
			default: 'copied',
			description: 'What the storage node did with the files',
		},
		optionsField([
			{
				displayName: 'File Name',
				name: 'fileName',
				type: 'string',
				default: '',
				placeholder: "e.g. {{ $('Get Files to Copy').item.json.fileName }}",
				description:
					'Which file the input item stands for. Without it, the file is found by following the item back to the nearest M365 Backup node.',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await confirmItems.call(this)];
	},
};
