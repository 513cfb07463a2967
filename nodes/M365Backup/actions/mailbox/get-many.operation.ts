import type { IExecuteFunctions } from 'n8n-workflow';
import { findMailboxes } from '../../pickers/mailbox';
import { filtersField } from '../collection-field';
import { forEachItem } from '../each-item';
import { limitFields, limitOf } from '../limit';
import type { Operation } from '../operation';

/** Lists the tenant's mailboxes, e.g. to feed Back Up. */
export const getMany: Operation = {
	value: 'getMany',
	name: 'Get Many',
	action: 'Get many mailboxes',
	description: 'Get a list of the mailboxes of the tenant',
	properties: [
		...limitFields,
		filtersField([
			{
				displayName: 'Name or Address Starts With',
				name: 'startsWith',
				type: 'string',
				default: '',
				placeholder: 'e.g. nathan',
				description: 'Only users whose name or address begins with this text',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [
			await forEachItem.call(this, async (itemIndex) => {
				const filter = this.getNodeParameter('filters.startsWith', itemIndex, '') as string;
				const found = await findMailboxes.call(this, itemIndex, { filter, limit: limitOf.call(this, itemIndex) });
				return found.map((mailbox) => ({ json: { ...mailbox }, pairedItem: { item: itemIndex } }));
			}),
		];
	},
};
