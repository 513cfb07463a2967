import type { IExecuteFunctions } from 'n8n-workflow';
import { filtersField } from '../collection-field';
import { forEachItem } from '../each-item';
import { limitFields } from '../limit';
import type { Operation } from '../operation';
import { lastBackupFields } from '../tenant-listing/last-backup-fields';
import { siteItems } from './site-items';

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
				displayName: 'Archived',
				name: 'archived',
				type: 'options',
				options: [
					{ name: 'Any', value: 'any' },
					{ name: 'Not Archived', value: 'no' },
					{ name: 'Only Archived', value: 'yes' },
				],
				default: 'any',
				description: 'Whether the site is in Microsoft 365 Archive, where nothing can be read until it is reactivated',
			},
			{
				displayName: 'Exclude',
				name: 'exclude',
				type: 'string',
				typeOptions: { rows: 4 },
				default: '',
				placeholder: 'e.g. */sites/test-*',
				description: 'Sites to leave out: names, URLs or IDs, one per line or separated by commas. * stands for any text, ? for one character.',
			},
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
			{
				displayName: 'Name or URL',
				name: 'name',
				type: 'string',
				default: '',
				placeholder: 'e.g. */sites/project-*',
				description: 'Only sites whose whole name or URL is like this. * stands for any text, ? for one character. Several: one per line, or separated by commas.',
			},
		]),
		...lastBackupFields,
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, siteItems)];
	},
};
