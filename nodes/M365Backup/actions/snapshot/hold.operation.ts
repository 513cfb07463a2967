import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { snapshotField } from '../../pickers/snapshot';
import { sourceField } from '../../pickers/source';
import { forEachItem } from '../each-item';
import type { Operation } from '../operation';
import { withoutMicrosoft } from './gone-fields';
import { heldItem } from './hold-items';

/** Keeps a snapshot from every prune. */
export const hold: Operation = {
	value: 'hold',
	name: 'Hold',
	action: 'Hold snapshot',
	description: 'Keep a snapshot from being pruned until it is released',
	properties: [
		...repositoryFields,
		sourceField({ description: 'The mailbox, drive or site of the snapshot', required: true }),
		snapshotField({}),
		withoutMicrosoft,
		{
			displayName: 'Reason',
			name: 'reason',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. Case 4711',
			description: 'Why the snapshot must be kept. Stored with it.',
		},
		{
			displayName: 'Held By',
			name: 'heldBy',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. nathan@example.com',
			description: 'Who wants it kept. Stored with it.',
		},
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, heldItem)];
	},
};
