import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields, useAnywayOption } from '../../pickers/repository';
import { optionsField } from '../collection-field';
import type { Operation } from '../operation';
import { targetField } from './copy-fields';
import { importItems } from './import-items';

/** Takes repository files back from a copy, or checks that the copy is sound. */
export const importFiles: Operation = {
	value: 'importFiles',
	name: 'Import Files',
	action: 'Import backup files',
	description: 'Take backup files back from a copy, or check that the copy is sound',
	properties: [
		...repositoryFields,
		{
			displayName: 'Mode',
			name: 'mode',
			type: 'options',
			options: [
				{
					name: 'Check and Remove Here',
					value: 'checkAndRemove',
					description: 'Compare the files with what the repository says of them, and remove from it the archives that the target proved to hold',
				},
				{
					name: 'Check Only',
					value: 'checkOnly',
					description: 'Compare the files with what the repository says of them, change nothing',
				},
				{ name: 'Import', value: 'import', description: 'Put the files into the repository, which is created if need be' },
			],
			default: 'import',
			description: 'What to do with the files',
		},
		{ ...targetField, displayOptions: { show: { mode: ['checkAndRemove'] } } },
		{
			displayName: 'Input Binary Field',
			name: 'binaryPropertyName',
			type: 'string',
			required: true,
			default: 'data',
			hint: 'The name of the input binary field containing the file to be imported',
		},
		optionsField([
			{
				displayName: 'File Name',
				name: 'fileName',
				type: 'string',
				default: '',
				placeholder: 'e.g. {{ $json.name }}',
				description:
					'Name of the file in the repository, where the input file does not carry it. Both spellings are understood: with folder and flat.',
			},
			useAnywayOption,
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await importItems.call(this)];
	},
};
