import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import { optionsField } from '../collection-field';
import { forEachItem } from '../each-item';
import type { Operation } from '../operation';
import { verifiedItem } from './verify-items';

/** Proves that what the backups promise is there. */
export const verify: Operation = {
	value: 'verify',
	name: 'Verify',
	action: 'Verify backups',
	description: 'Check that everything the backups need is there and undamaged; says exactly what is not, and which items are lost by that',
	properties: [
		...repositoryFields,
		sourceField({ description: 'The mailbox, drive or site whose backup to verify. Leave empty for all.', required: false }),
		{
			displayName: 'Thoroughness',
			name: 'thoroughness',
			type: 'options',
			options: [
				{ name: 'Deep', value: 'deep', description: 'Every byte is read and hashed, which takes as long as reading everything' },
				{ name: 'Quick', value: 'quick', description: 'Every file is there in its size, every list of items is read and proven' },
				{ name: 'Sample', value: 'sample', description: 'Quick, and a random share of the archives to the last byte' },
			],
			default: 'quick',
			description: 'How much to read',
		},
		{
			displayName: 'Sample (%)',
			name: 'samplePercent',
			type: 'number',
			typeOptions: { minValue: 0.1, maxValue: 100, numberPrecision: 1 },
			default: 1,
			description: 'How many of the archives to read, chosen anew each time. 1% daily reads nearly all of them within a year.',
			displayOptions: { show: { thoroughness: ['sample'] } },
		},
		optionsField([
			{
				displayName: 'Fail When Damaged',
				name: 'failWhenDamaged',
				type: 'boolean',
				default: true,
				description: 'Whether damage is an error. Turn it off to branch on ok instead.',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, verifiedItem)];
	},
};
