import type { IExecuteFunctions } from 'n8n-workflow';
import { repositoryFields, repositoryPlaceFields, useAnywayOption } from '../../pickers/repository';
import { sourceField } from '../../pickers/source';
import { optionsField } from '../collection-field';
import type { Operation } from '../operation';
import { replicateAll } from './replicate-items';

/** Nothing is written there, so nothing is locked; and the key is no condition. */
const readOnlyFields = repositoryFields
	.filter(({ name }) => !name.startsWith('repositoryLock'))
	.map((field) =>
		field.name === 'repositoryEncrypted'
			? {
					...field,
					description:
						'Whether the repository is encrypted and its key is at hand: then each file is compared with what the records say. Without the key an encrypted repository is copied as it is, and damage in it is not noticed. The replica is encrypted with the same key.',
				}
			: field,
	);

/** Copies what is new of a repository into a second one. */
export const replicate: Operation = {
	value: 'replicate',
	name: 'Replicate',
	action: 'Replicate backups to a second repository',
	description: 'Copy what is new of a repository into a second one of any kind, so that the backups survive the loss of the first',
	properties: [
		...readOnlyFields,
		...repositoryPlaceFields('target'),
		sourceField({ description: 'The mailbox, drive or site whose backup to replicate. Leave empty for all.', required: false }),
		optionsField([
			{
				displayName: 'Fail When Damaged',
				name: 'failWhenDamaged',
				type: 'boolean',
				default: true,
				description: 'Whether damage in the repository is an error, after everything else was copied. Turn it off to branch on status instead.',
			},
			{
				displayName: 'Remove What Was Pruned',
				name: 'removePruned',
				type: 'boolean',
				default: false,
				description:
					'Whether to remove from the replica what a prune has removed from the repository. Off: the replica keeps it until it is pruned itself, and whoever gets at the first repository alone cannot make the second one forget.',
			},
			useAnywayOption,
			{
				displayName: 'Verify',
				name: 'verify',
				type: 'options',
				options: [
					{ name: 'All', value: 'all', description: 'Everything in the replica is read and compared; what is damaged is copied again. As long as reading everything takes.' },
					{ name: 'New Files', value: 'newFiles', description: 'What was copied is read back and compared' },
					{ name: 'None', value: 'none', description: 'The word of the storage is enough' },
				],
				default: 'newFiles',
				description: 'What to read from the replica to prove that it arrived',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await replicateAll.call(this)];
	},
};
