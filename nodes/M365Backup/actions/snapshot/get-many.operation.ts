import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import { filtersField } from '../collection-field';
import { forEachItem } from '../each-item';
import { limitFields } from '../limit';
import type { Operation } from '../operation';
import { simplifyField } from '../simplify';
import { withoutMicrosoft } from './gone-fields';
import { snapshotItems } from './snapshot-items';

/** Lists snapshots, newest first. */
export const getMany: Operation = {
	value: 'getMany',
	name: 'Get Many',
	action: 'Get many snapshots',
	description: 'Get a list of the snapshots in the repository, newest first',
	properties: [
		...repositoryFields,
		withoutMicrosoft,
		sourceField({ description: 'The mailbox, drive or site whose snapshots to list. Leave empty for all.', required: false }),
		...limitFields,
		simplifyField,
		filtersField([
			{
				displayName: 'As Of',
				name: 'asOf',
				type: 'dateTime',
				default: '',
				description: 'Only snapshots that were finished at that time or before',
			},
			{
				displayName: 'Status',
				name: 'status',
				type: 'options',
				options: [
					{ name: 'Any', value: 'any' },
					{ name: 'Complete', value: 'complete' },
					{ name: 'Partial', value: 'partial' },
				],
				default: 'any',
				description: 'Only snapshots with this status',
			},
			{
				displayName: 'Tag',
				name: 'tag',
				type: 'string',
				default: '',
				description: 'Only snapshots with this tag',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, snapshotItems)];
	},
};
