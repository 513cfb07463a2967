import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { connectRepository } from '../../connect/repository';
import { requiredSource } from '../../pickers/source';
import { limitOf } from '../limit';
import { itemSearch } from './item-search';
import { hintAtNothingFound } from './nothing-found';
import { simplifiedItem } from './simplified-item';

/** Item: Get Many for one input item. */
export async function foundItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const limit = limitOf.call(this, itemIndex);
	const repository = await connectRepository.call(this, itemIndex);
	const { key } = await requiredSource.call(this, repository, itemIndex);
	const search = await itemSearch.call(this, repository, key, itemIndex);
	const simplify = this.getNodeParameter('simplify', itemIndex, true) as boolean;
	const signal = this.getExecutionCancelSignal();
	const output: INodeExecutionData[] = [];
	for await (const item of search.found({ ...(limit === undefined ? {} : { limit }), ...(signal ? { signal } : {}) })) {
		output.push({
			json: simplify ? simplifiedItem(item) : (item as unknown as IDataObject),
			pairedItem: { item: itemIndex },
		});
	}
	if (output.length === 0) hintAtNothingFound.call(this, search);
	return output;
}
