import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { repositoryKey } from '../../connect/repository';
import { groupItems } from '../each-item';
import { failedItem, toNodeError } from '../errors';
import { exportedItem } from './exported-item';
import { exportedZip } from './exported-zip';

/** Item: Export. Input items that go into one ZIP are put together, everything else is done for each of them. */
export async function exportAll(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const selection = (itemIndex: number): string => this.getNodeParameter('selection', itemIndex, 'item') as string;
	const { groups, failed } = groupItems.call(this, (itemIndex) => {
		if (selection(itemIndex) !== 'inputItems') return `item ${itemIndex}`;
		const others = ['source', 'format', 'binaryPropertyName'].map((name) => this.getNodeParameter(name, itemIndex, null) as unknown);
		return JSON.stringify([repositoryKey.call(this, itemIndex), ...others]);
	});
	const output = [...failed];
	for (const { first, members } of groups) {
		try {
			if (selection(first) === 'item') output.push(await exportedItem.call(this, first));
			else output.push(...(await exportedZip.call(this, members)));
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, first);
			output.push(...members.map((itemIndex) => failedItem(error, itemIndex)));
		}
	}
	return output;
}
