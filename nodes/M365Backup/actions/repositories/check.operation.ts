import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields, useAnywayOption } from '../../pickers/repository';
import { optionsField } from '../collection-field';
import { forEachItem } from '../each-item';
import type { Operation } from '../operation';
import { checkedItem } from './check-items';

/** What one runs first, and when something is odd: tries out the storage, the repository in it and the Microsoft credential. */
export const check: Operation = {
	value: 'check',
	name: 'Check',
	action: 'Check storage and permissions',
	description: 'Try out what the storage really guarantees, and list what the Microsoft credential may do and what it lacks; leaves nothing behind and creates no repository',
	properties: [
		...repositoryFields,
		{
			displayName: 'Check Microsoft 365',
			name: 'checkMicrosoft',
			type: 'boolean',
			noDataExpression: true,
			default: true,
			description: 'Whether to check the Microsoft credential, too: signing in, permissions, clock',
		},
		optionsField([
			{
				displayName: 'Fail When Not OK',
				name: 'failWhenNotOk',
				type: 'boolean',
				default: false,
				description: 'Whether what is wrong is an error. Without it, branch on ok.',
			},
			{
				displayName: 'Only to Restore',
				name: 'onlyToRestore',
				type: 'boolean',
				default: false,
				description: 'Whether this storage is only read here: that its keys cannot write is no fault then, and writing is not tried out',
			},
			useAnywayOption,
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, checkedItem)];
	},
};
