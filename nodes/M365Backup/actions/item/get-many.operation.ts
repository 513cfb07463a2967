import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { snapshotField } from '../../pickers/snapshot';
import { sourceField } from '../../pickers/source';
import { forEachItem } from '../each-item';
import { limitFields } from '../limit';
import type { Operation } from '../operation';
import { simplifyField } from '../simplify';
import { foundItems } from './found-items';
import { queryFields } from './query-fields';

/**
 * Searches a snapshot, or all of them. Its value is `search`, not `getMany`: the credential's display options tell
 * operations apart by value alone, and Mailbox: Get Many needs the credential, this does not.
 */
export const getMany: Operation = {
	value: 'search',
	name: 'Get Many',
	action: 'Get many items from snapshot',
	description: 'Search a snapshot, or all of them, for messages, events, contacts, tasks, files, list items, pages and folders, also deleted ones',
	properties: [
		...repositoryFields,
		sourceField({ description: 'The mailbox, drive or site in whose backup to search', required: true }),
		snapshotField({ forSearch: true }),
		...queryFields,
		...limitFields,
		simplifyField,
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, foundItems)];
	},
};
