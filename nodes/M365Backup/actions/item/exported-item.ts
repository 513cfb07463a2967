import { Readable } from 'node:stream';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { connectRepository } from '../../connect/repository';
import { chosenSnapshot } from '../../pickers/snapshot';
import { requiredSource } from '../../pickers/source';
import { useCases } from '../use-cases';

/** Item: Export for one input item. */
export async function exportedItem(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const given: unknown = this.getNodeParameter('itemId', itemIndex, '');
	const itemId = typeof given === 'string' ? given.trim() : '';
	if (itemId === '') {
		throw new Failure('invalid', 'Item ID is empty', { nextStep: 'Give the ID of an item, as Item: Get Many puts it out.' });
	}
	const property = this.getNodeParameter('binaryPropertyName', itemIndex, 'data');
	const repository = await connectRepository.call(this, itemIndex);
	const { key } = await requiredSource.call(this, repository, itemIndex);
	const { snapshot } = await chosenSnapshot.call(this, repository, key, itemIndex);
	const signal = this.getExecutionCancelSignal();
	const entry = (await repository.catalog(snapshot).lookUp([itemId], signal)).get(itemId);
	if (!entry) {
		throw new Failure('notFound', `The snapshot of ${snapshot.finishedAt} has no item "${itemId}"`, {
			nextStep: 'Search for it with Item: Get Many, or choose another snapshot.',
		});
	}
	const file = await useCases.exportItem(repository, key, entry);
	const content = Readable.from(file.open(), { objectMode: false });
	return [
		{
			json: { id: entry.id, name: entry.name, fileName: file.fileName, mimeType: file.mimeType, size: file.sizeBytes, snapshot: snapshot.id },
			binary: { [property]: await this.helpers.prepareBinaryData(content, file.fileName, file.mimeType) },
			pairedItem: { item: itemIndex },
		},
	];
}
