import type { Resource } from '../operation';
import { exportItems } from './export.operation';
import { getMany } from './get-many.operation';
import { restoreDrill } from './restore-drill.operation';
import { restore } from './restore.operation';

export const item: Resource = {
	value: 'item',
	name: 'Item',
	description: 'A message, event, contact, task, setting, file, list item, page or folder in a snapshot',
	operations: [getMany, restore, restoreDrill, exportItems],
};
