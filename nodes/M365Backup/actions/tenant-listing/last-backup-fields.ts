import { updateDisplayOptions, type INodeProperties } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';

/** The look into the repository, for Get Many of mailboxes, drives and sites. Read by `SourceListing`. */
export const lastBackupFields: readonly INodeProperties[] = [
	{
		displayName: 'Look Up Last Backup',
		name: 'lookUpLastBackup',
		type: 'boolean',
		noDataExpression: true,
		default: false,
		description: 'Whether to tell when each was last backed up, and how well. Reads the repository.',
	},
	...updateDisplayOptions({ show: { lookUpLastBackup: [true] } }, [
		...repositoryFields,
		{
			displayName: 'Not Backed Up Since (Days)',
			name: 'notBackedUpDays',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description: 'Only those of which no complete backup was made or confirmed for so many days, or ever. 0: all.',
		},
		{
			displayName: 'Include Sources Gone',
			name: 'includeGone',
			type: 'boolean',
			default: false,
			description:
				'Whether to add those that were backed up and no longer exist in Microsoft 365 (status "gone", or "unknown" if that is not certain). Their backups stay as they are. Of the filters, names, domain and Exclude apply to them, by what the backup knows: sign-in names of mailboxes and OneDrives, titles and URLs of sites.',
		},
	]),
];
