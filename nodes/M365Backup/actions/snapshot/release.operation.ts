import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { snapshotField } from '../../pickers/snapshot';
import { sourceField } from '../../pickers/source';
import { forEachItem } from '../each-item';
import type { Operation } from '../operation';
import { withoutMicrosoft } from './gone-fields';
import { releasedItem } from './hold-items';

/** Ends a hold: from then on the retention policy decides. */
export const release: Operation = {
	value: 'release',
	name: 'Release',
	action: 'Release held snapshot',
	description: 'End the hold of a snapshot, so that it may be pruned again',
	properties: [...repositoryFields, sourceField({ description: 'The mailbox, drive or site of the snapshot', required: true }), snapshotField({}), withoutMicrosoft],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, releasedItem)];
	},
};
