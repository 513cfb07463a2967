import type { IExecuteFunctions } from 'n8n-workflow';
import { connectRepository } from '../../connect/repository';
import { repositoryFields } from '../../pickers/repository';
import { forEachItem } from '../each-item';
import type { Operation } from '../operation';
import { useCases } from '../use-cases';
import { targetField } from './copy-fields';
import { targetName } from './file-items';

/** Lists what a copy still has although the repository has pruned it. */
export const getFilesToDelete: Operation = {
	value: 'getFilesToDelete',
	name: 'Get Files to Delete',
	action: 'Get backup files to delete',
	description: 'List the files that a storage still holds and a prune has removed, for a storage node to delete. Confirm them afterwards with What Happened: Deleted.',
	properties: [...repositoryFields, targetField],
	async execute(this: IExecuteFunctions) {
		return [
			await forEachItem.call(this, async (itemIndex) => {
				const target = targetName.call(this, 'target', itemIndex);
				const repository = await connectRepository.call(this, itemIndex);
				const signal = this.getExecutionCancelSignal();
				const output = [];
				const files = useCases.filesToDelete(repository, {
					target,
					...(signal ? { signal } : {}),
					onProblem: ({ reason }) => this.addExecutionHints({ message: reason, type: 'warning', location: 'outputPane' }),
				});
				for await (const { fileName, path, folder, kind, sizeBytes, sha256, fields } of files) {
					output.push({ json: { fileName, path, folder, kind, size: sizeBytes, sha256, copy: fields }, pairedItem: { item: itemIndex } });
				}
				return output;
			}),
		];
	},
};
