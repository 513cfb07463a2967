import type { INodeProperties } from 'n8n-workflow';
import { fieldName, type RepositoryFieldName, type RepositorySide } from '../connect/repository-side';

/** Where a repository lives if nobody says otherwise: inside the only folder that n8n lets nodes write to by default. */
export const defaultRepositoryFolder = '~/.n8n-files/m365-backup';

/** What the fields of a second repository are called and say, where that is not what those of the first do. */
const TARGET_WORDS: Readonly<Record<string, Pick<INodeProperties, 'displayName' | 'description'> & Partial<Pick<INodeProperties, 'default' | 'placeholder'>>>> = {
	repositoryType: { displayName: 'Target Repository', description: 'Where the replica lives' },
	repositoryFolder: {
		displayName: 'Target Folder',
		// There is no good one: a folder beside the first shares its fate.
		default: '',
		placeholder: 'e.g. /mnt/second-disk/m365',
		description:
			'Folder that holds the replica; made if it is missing. By default, n8n lets nodes use only folders within ~/.n8n-files; N8N_RESTRICT_FILE_ACCESS_TO allows others. In Docker, choose a folder on a mounted volume.',
	},
	repositoryBucket: { displayName: 'Target Bucket', description: 'Name of the bucket that holds the replica. It must exist already.' },
	repositoryBucketFolder: { displayName: 'Target Folder in the Bucket' },
	repositoryContainer: { displayName: 'Target Container', description: 'Name of the container that holds the replica. It must exist already.' },
	repositoryContainerFolder: { displayName: 'Target Folder in the Container' },
};

/** Where a repository lives, by the names and words of the only one. */
const placeFields: readonly INodeProperties[] = [
	{
		displayName: 'Repository',
		name: 'repositoryType',
		type: 'options',
		noDataExpression: true,
		options: [
			{
				name: 'Azure Blob Container',
				value: 'azureBlob',
				description: 'A container of a storage account in Microsoft Azure',
			},
			{
				name: 'Local Folder',
				value: 'localFolder',
				description: 'A folder of the machine or container that n8n runs on, or a drive mounted there',
			},
			{
				name: 'S3 Bucket',
				value: 's3Bucket',
				description: 'A bucket at AWS, or at any provider or server that speaks S3, e.g. MinIO, Wasabi, Backblaze B2 or Ceph',
			},
		],
		default: 'localFolder',
		description: 'Where the backups live',
	},
	{
		displayName: 'Folder',
		name: 'repositoryFolder',
		type: 'string',
		required: true,
		default: '~/.n8n-files/m365-backup',
		placeholder: 'e.g. /backups/m365',
		description:
			'Folder that holds the backups. By default, n8n lets nodes use only folders within ~/.n8n-files; N8N_RESTRICT_FILE_ACCESS_TO allows others. In Docker, choose a folder on a mounted volume.',
		displayOptions: { show: { repositoryType: ['localFolder'] } },
	},
	{
		displayName: 'Bucket',
		name: 'repositoryBucket',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. contoso-backup',
		description: 'Name of the bucket that holds the backups. It must exist already.',
		displayOptions: { show: { repositoryType: ['s3Bucket'] } },
	},
	{
		displayName: 'Folder in the Bucket',
		name: 'repositoryBucketFolder',
		type: 'string',
		default: '',
		placeholder: 'e.g. m365/contoso',
		description: 'Where in the bucket the backups live; several repositories can share a bucket. Empty: the whole bucket.',
		displayOptions: { show: { repositoryType: ['s3Bucket'] } },
	},
	{
		displayName: 'Container',
		name: 'repositoryContainer',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. contoso-backup',
		description: 'Name of the container that holds the backups. It must exist already.',
		displayOptions: { show: { repositoryType: ['azureBlob'] } },
	},
	{
		displayName: 'Folder in the Container',
		name: 'repositoryContainerFolder',
		type: 'string',
		default: '',
		placeholder: 'e.g. m365/contoso',
		description: 'Where in the container the backups live; several repositories can share a container. Empty: the whole container.',
		displayOptions: { show: { repositoryType: ['azureBlob'] } },
	},
	{
		displayName: 'Lock Files For (Days)',
		name: 'repositoryLockDays',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 3650, numberPrecision: 0 },
		default: 0,
		description:
			'For how long nobody can delete what a backup writes, not even with the keys of this storage. Each backup extends the locks of what the newest and held snapshots need, so give every operation on this repository the same days. Needs a bucket with object lock. 0: files are locked only if the bucket does it by itself.',
		displayOptions: { show: { repositoryType: ['s3Bucket'] } },
	},
	{
		displayName: 'Lock Mode',
		name: 'repositoryLockMode',
		type: 'options',
		noDataExpression: true,
		options: [
			{ name: 'Compliance', value: 'compliance', description: 'Nobody can lift a lock before its time, not even the owner of the account' },
			{ name: 'Governance', value: 'governance', description: 'Whoever has a special permission of the storage (s3:BypassGovernanceRetention) can lift it: to try things out' },
		],
		default: 'compliance',
		description: 'Who can lift a lock before its time',
		displayOptions: { show: { repositoryType: ['s3Bucket'], repositoryLockDays: [{ _cnd: { gt: 0 } }] } },
	},
];

/** Which repository to work with. */
export const repositoryFields: INodeProperties[] = [
	...repositoryPlaceFields('repository'),
	{
		displayName: 'Encrypted',
		name: 'repositoryEncrypted',
		type: 'boolean',
		noDataExpression: true,
		default: false,
		description:
			'Whether the repository is encrypted, or will be if this backup creates it. Needs an M365 Backup Encryption credential: without its key nobody can open the backups.',
	},
];

/** Where that repository lives: all that is needed to reach its files as they are stored. Read by `connectStore` with the same side. */
export function repositoryPlaceFields(side: RepositorySide): INodeProperties[] {
	if (side === 'repository') return [...placeFields];
	return placeFields.map((field) => {
		const show = Object.entries(field.displayOptions?.show ?? {}).map(([name, values]) => [fieldName(side, name as RepositoryFieldName), values] as const);
		return {
			...field,
			...TARGET_WORDS[field.name],
			name: fieldName(side, field.name as RepositoryFieldName),
			...(show.length > 0 && { displayOptions: { show: Object.fromEntries(show) } }),
		};
	});
}

/** The option of those operations that may create a repository. */
export const useAnywayOption: INodeProperties = {
	displayName: 'Use Anyway',
	name: 'useAnyway',
	type: 'boolean',
	default: false,
	description:
		'Whether to accept a folder inside the container itself. What is stored there is lost when the container is updated or recreated.',
};
