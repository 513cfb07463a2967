import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import { optionsField } from '../collection-field';
import { forEachItem } from '../each-item';
import type { Operation } from '../operation';
import { rebuildMode, rebuiltItems } from './rebuild-items';

/** Makes the list of items of a backup anew from its archives. Only lists what would be there unless Mode says Rebuild. */
export const rebuildCatalog: Operation = {
	value: 'rebuildCatalog',
	name: 'Rebuild Catalog',
	action: 'Rebuild lost catalog from archives',
	description: 'Where the list of what a backup holds is lost or damaged and the archives are there: make a new one from them, or preview that',
	properties: [
		rebuildMode.field,
		...repositoryFields,
		sourceField({
			description: 'The mailbox, drive or site whose list of items to rebuild, by name, ID, or the name of its folder in the repository. Leave empty for all that have none which can be read.',
			required: false,
		}),
		optionsField([
			rebuildMode.agentOption,
			{
				displayName: 'Check Contents',
				name: 'checkContents',
				type: 'boolean',
				default: false,
				description: 'Whether to read every content and leave out what is damaged, which takes as long as reading everything',
			},
			{
				displayName: 'Make a New Repository File',
				name: 'newRepositoryFile',
				type: 'boolean',
				default: false,
				description: 'Whether to make the file that says what this repository is anew, where it is lost, too, and no copy of it can be imported. Only in mode Rebuild.',
			},
			{
				displayName: 'Rebuild Anyway',
				name: 'anyway',
				type: 'boolean',
				default: false,
				description: 'Whether to rebuild also where a snapshot can be read: what only archives still hold is added to it',
			},
			{
				displayName: 'Source ID',
				name: 'sourceId',
				type: 'string',
				default: '',
				placeholder: 'e.g. 288038ea-9572-4dd7-aa7f-e8e77cd945d1',
				description: 'The ID of the mailbox, drive or site in Microsoft 365, where nothing in the repository tells it any more',
			},
			{
				displayName: 'Source Name',
				name: 'sourceName',
				type: 'string',
				default: '',
				placeholder: 'e.g. nathan@example.com',
				description: 'What to call it; used together with Source ID',
			},
			{
				displayName: 'Tenant ID',
				name: 'tenantId',
				type: 'string',
				default: '',
				placeholder: 'e.g. 7a3e0c36-5d2f-4c0e-9d0a-3b3c1f0a1111',
				description: 'The directory (tenant) ID that it belongs to; used together with Source ID',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, rebuiltItems)];
	},
};
