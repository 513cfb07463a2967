import { Readable } from 'node:stream';
import type { IBinaryKeyData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { connectRepository } from '../../connect/repository';
import type { ExportedFile, ExportFormat } from '../../engine/export-items';
import { requiredSource } from '../../pickers/source';
import { useCases } from '../use-cases';
import { chosenItemSnapshot, inputItemId } from './read-selection';

/** Item: Export of one item as a file of its own. What stands beside it is put out in further binary fields. */
export async function exportedItem(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData> {
	const itemId = inputItemId.call(this, itemIndex);
	const property = this.getNodeParameter('binaryPropertyName', itemIndex, 'data');
	const repository = await connectRepository.call(this, itemIndex);
	const { key } = await requiredSource.call(this, repository, itemIndex);
	const { snapshot } = await chosenItemSnapshot.call(this, repository, key, itemIndex);
	const signal = this.getExecutionCancelSignal();
	const entry = (await repository.catalog(snapshot).lookUp([itemId], signal)).get(itemId);
	if (!entry) {
		throw new Failure('notFound', `The snapshot of ${snapshot.finishedAt} has no item "${itemId}"`, {
			nextStep: 'Search for it with Item: Get Many, or choose another snapshot.',
		});
	}
	const format = exportFormat.call(this, itemIndex);
	const file = useCases.exportItem(repository, key, entry, { format, ...(signal ? { signal } : {}) });
	const binary: IBinaryKeyData = { [property]: await binaryOf.call(this, file) };
	for (const [index, beside] of file.beside.entries()) binary[`${property}_${index + 1}`] = await binaryOf.call(this, beside);
	return {
		json: {
			name: entry.name,
			fileName: file.fileName,
			mimeType: file.mimeType,
			size: file.sizeBytes ?? binary[property]?.bytes ?? null,
			snapshot: snapshot.id,
			id: entry.id,
		},
		binary,
		pairedItem: { item: itemIndex },
	};
}

export function exportFormat(this: IExecuteFunctions, itemIndex: number): ExportFormat {
	const format = this.getNodeParameter('format', itemIndex, 'standard') as string;
	if (format === 'standard' || format === 'original') return format;
	throw new Failure('invalid', `There is no format "${format}"`, { nextStep: 'Choose Format anew.' });
}

function binaryOf(this: IExecuteFunctions, file: ExportedFile): ReturnType<IExecuteFunctions['helpers']['prepareBinaryData']> {
	return this.helpers.prepareBinaryData(Readable.from(file.open(), { objectMode: false }), file.fileName, file.mimeType);
}
