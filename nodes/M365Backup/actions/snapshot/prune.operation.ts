import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import { optionsField } from '../collection-field';
import type { Operation } from '../operation';
import { goneFields } from './gone-fields';
import { pruneAll } from './prune-items';
import { pruneMode } from './prune-mode';
import { retentionFields } from './retention-fields';

/** Removes what a retention policy does not keep. Only lists it unless Mode says Prune. */
export const prune: Operation = {
	value: 'prune',
	name: 'Prune',
	action: 'Prune snapshots by retention policy',
	description: 'Remove the snapshots that a retention policy does not keep, and the files that only those needed, or preview that',
	properties: [
		pruneMode.field,
		...repositoryFields,
		sourceField({ description: 'The mailbox, drive or site whose snapshots to prune. Leave empty for all.', required: false }),
		...retentionFields,
		...goneFields,
		{
			displayName: 'Output',
			name: 'output',
			type: 'options',
			options: [
				{ name: 'One Item for Each Source', value: 'sources', description: 'Numbers, and a line for a chat' },
				{ name: 'One Item for Each Snapshot', value: 'snapshots', description: 'Each snapshot with what becomes of it and why' },
			],
			default: 'sources',
			description: 'What to put out',
		},
		optionsField([
			pruneMode.agentOption,
			{
				displayName: 'Time Zone',
				name: 'timeZone',
				type: 'string',
				default: '',
				placeholder: 'e.g. Europe/Berlin',
				description: 'The time zone whose hours, days, weeks, months and years count. That of the workflow if empty.',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await pruneAll.call(this)];
	},
};
