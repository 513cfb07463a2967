import type { Resource } from '../operation';
import { getMany } from './get-many.operation';
import { hold } from './hold.operation';
import { prune } from './prune.operation';
import { release } from './release.operation';

export const snapshot: Resource = {
	value: 'snapshot',
	name: 'Snapshot',
	description: 'The state of one mailbox, drive or site at one time, as a backup stored it',
	operations: [getMany, hold, prune, release],
};
