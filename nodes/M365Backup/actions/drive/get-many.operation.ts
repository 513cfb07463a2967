import { updateDisplayOptions, type IExecuteFunctions } from 'n8n-workflow';
import { siteField } from '../../pickers/site';
import { filtersField } from '../collection-field';
import { forEachItem } from '../each-item';
import { limitFields } from '../limit';
import type { Operation } from '../operation';
import { lastBackupFields } from '../tenant-listing/last-backup-fields';
import { userFilters } from '../tenant-listing/user-filters';
import { driveItems } from './drive-items';

/** What libraries can be filtered by, too. */
const ofLibraries = new Set(['exclude', 'name', 'startsWith']);

const filters = userFilters.map((filter) => {
	switch (filter.name) {
		case 'exclude':
			return { ...filter, description: 'Drives to leave out: addresses or names of users, names, URLs or IDs of drives, one per line or separated by commas. * stands for any text, ? for one character.' };
		case 'name':
			return { ...filter, description: 'Only drives of users whose whole name, sign-in name or address is like this, or libraries whose name is. * stands for any text, ? for one character. Several: one per line, or separated by commas.' };
		case 'startsWith':
			return { ...filter, description: 'Only drives of users whose name or address begins with this text, or libraries whose name does' };
		default:
			return filter;
	}
});

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
		filtersField(
			filters.flatMap((filter) => (ofLibraries.has(filter.name) ? [filter] : updateDisplayOptions({ show: { '/drivesOf': ['users'] } }, [filter]))),
		),
		...lastBackupFields,
	],
	async execute(this: IExecuteFunctions) {
		return [await forEachItem.call(this, driveItems)];
	},
};
