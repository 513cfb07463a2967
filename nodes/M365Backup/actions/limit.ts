import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';

/** Return All and Limit, worded as in all n8n nodes. */
export const limitFields: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		description: 'Max number of results to return',
		displayOptions: { show: { returnAll: [false] } },
	},
];

/** How many results are wanted at most; undefined = all. Failure invalid: no whole number from 1 on. */
export function limitOf(this: IExecuteFunctions, itemIndex: number): number | undefined {
	if (this.getNodeParameter('returnAll', itemIndex, false)) return undefined;
	const told: unknown = this.getNodeParameter('limit', itemIndex, 50);
	// An expression may give digits as text.
	const limit = typeof told === 'string' && told.trim() !== '' ? Number(told) : told;
	if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1) return limit;
	throw new Failure('invalid', `Limit is ${String(told) === '' ? 'empty' : String(told)}`, { nextStep: 'Set Limit to a whole number from 1 on, or switch on Return All.' });
}
