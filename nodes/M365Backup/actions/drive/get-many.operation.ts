import type { IExecuteFunctions } from 'n8n-workflow';
import { siteField } from '../../pickers/site';
import { filtersField } from '../collection-field';
import { forEachItem } from '../each-item';
import { limitFields } from '../limit';
import type { Operation } from '../operation';
import { driveItems } from './drive-items';

/** Lists the tenant's OneDrives, or the libraries of a site, e.g. to feed Back Up. */
export const getMany: Operation = {
	value: 'getMany',
	name: 'Get Many',
	action: 'Get many drives',
	description: 'Get a list of the OneDrives of the tenant, or of the document libraries of a site',
	properties: [
		{
			displayName: 'Drives Of',
			name: 'drivesOf',
			type: 'options',
			options: [
				{ name: 'A Site', value: 'site', description: 'The document libraries of one site' },
				{ name: 'All Users', value: 'users', description: 'The OneDrives of the users of the tenant; users without one are left out' },
			],
			default: 'users',
			description: 'Which drives to list',
		},
		siteField({ name: 'driveSite', displayName: 'Site', description: 'The site whose libraries to list', displayOptions: { show: { drivesOf: ['site'] } } }),
		...limitFields,
		filtersField([
			{
				displayName: 'Name or Address Starts With',
				name: 'startsWith',
				type: 'string',
				default: '',
				placeholder: 'e.g. nathan',
				description: 'Only drives of users whose name or address begins with this text, or libraries whose name does',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, driveItems)];
	},
};
