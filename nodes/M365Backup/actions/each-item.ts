import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { failedItem, toNodeError } from './errors';

/** Runs once for each input item. With Continue On Fail, an item that fails becomes an error item and the rest goes on. */
export async function forEachItem(
	this: IExecuteFunctions,
	run: (this: IExecuteFunctions, itemIndex: number) => Promise<INodeExecutionData[]>,
): Promise<INodeExecutionData[]> {
	const output: INodeExecutionData[] = [];
	for (const itemIndex of this.getInputData().keys()) {
		try {
			for (const item of await run.call(this, itemIndex)) output.push(item);
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, itemIndex);
			output.push(failedItem(error, itemIndex));
		}
	}
	return output;
}

/** Input items that ask for the same, and are therefore done once. */
export interface ItemGroup {
	/** Of the item whose parameters count for all. */
	first: number;
	members: number[];
}

/**
 * Puts together what belongs together, in input order. With Continue On Fail, an item whose parameters cannot be read
 * goes to `failed` as an error item.
 */
export function groupItems(
	this: IExecuteFunctions,
	keyOf: (itemIndex: number) => string,
): { groups: ItemGroup[]; failed: INodeExecutionData[] } {
	const groups = new Map<string, ItemGroup>();
	const failed: INodeExecutionData[] = [];
	for (const itemIndex of this.getInputData().keys()) {
		try {
			const key = keyOf(itemIndex);
			const group = groups.get(key);
			if (group) group.members.push(itemIndex);
			else groups.set(key, { first: itemIndex, members: [itemIndex] });
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, itemIndex);
			failed.push(failedItem(error, itemIndex));
		}
	}
	return { groups: [...groups.values()], failed };
}
