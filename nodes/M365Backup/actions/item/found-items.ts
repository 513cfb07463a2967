import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { connectRepository } from '../../connect/repository';
import type { FoundItem } from '../../engine/search';
import { chosenSnapshot } from '../../pickers/snapshot';
import { requiredSource } from '../../pickers/source';
import { limitOf } from '../limit';
import { useCases } from '../use-cases';
import { hintAtNothingFound } from './nothing-found';
import { readQuery } from './read-query';

/** Item: Get Many for one input item. */
export async function foundItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const limit = limitOf.call(this, itemIndex);
	const repository = await connectRepository.call(this, itemIndex);
	const { key } = await requiredSource.call(this, repository, itemIndex);
	const { snapshot } = await chosenSnapshot.call(this, repository, key, itemIndex);
	const query = readQuery.call(this, itemIndex);
	const simplify = this.getNodeParameter('simplify', itemIndex, true) as boolean;
	const signal = this.getExecutionCancelSignal();
	const output: INodeExecutionData[] = [];
	const found = useCases.searchSnapshot(repository, snapshot, query, {
		...(limit === undefined ? {} : { limit }),
		...(signal ? { signal } : {}),
	});
	for await (const item of found) {
		output.push({
			json: simplify ? simplified(item) : (item as unknown as IDataObject),
			pairedItem: { item: itemIndex },
		});
	}
	if (output.length === 0) hintAtNothingFound.call(this, snapshot);
	return output;
}

/** What a person needs to recognise a message, and, last since it is long, the id by which Restore and Export find it. */
function simplified(item: FoundItem): IDataObject {
	const { meta } = item;
	return {
		name: item.name,
		folder: item.folderPath,
		...(item.type === 'message'
			? {
					from: addressOf(meta['from']),
					to: Array.isArray(meta['to']) ? meta['to'].map(addressOf) : [],
					received: meta['received'] ?? null,
					hasAttachments: meta['attachments'] === true,
					size: item.size ?? null,
				}
			: {}),
		type: item.type,
		snapshot: item.snapshot.id,
		id: item.id,
	};
}

function addressOf(value: unknown): string | null {
	return typeof value === 'object' && value !== null && 'address' in value && typeof value.address === 'string' ? value.address : null;
}
