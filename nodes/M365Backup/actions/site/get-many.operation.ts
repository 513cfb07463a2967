import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { findSites } from '../../pickers/site';
import { filtersField } from '../collection-field';
import { forEachItem } from '../each-item';
import { limitFields, limitOf } from '../limit';
import type { Operation } from '../operation';

/** Lists the tenant's sites, e.g. to feed Back Up. */
export const getMany: Operation = {
	value: 'getMany',
	name: 'Get Many',
	action: 'Get many sites',
	description: 'Get a list of the SharePoint sites of the tenant',
	properties: [
		...limitFields,
		filtersField([
			{
				displayName: 'Include Personal Sites',
				name: 'includePersonalSites',
				type: 'boolean',
				default: false,
				description: 'Whether to list also the sites behind the OneDrives of users. Back those up as drives instead.',
			},
			{
				displayName: 'Name Contains',
				name: 'nameContains',
				type: 'string',
				default: '',
				placeholder: 'e.g. marketing',
				description: 'Only sites whose name or URL contains this text',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, siteItems)];
	},
};

async function siteItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const wanted = {
		search: this.getNodeParameter('filters.nameContains', itemIndex, '') as string,
		personal: this.getNodeParameter('filters.includePersonalSites', itemIndex, false) as boolean,
		limit: limitOf.call(this, itemIndex),
	};
	const output: INodeExecutionData[] = [];
	for await (const site of findSites.call(this, itemIndex, wanted)) output.push({ json: { ...site }, pairedItem: { item: itemIndex } });
	return output;
}
