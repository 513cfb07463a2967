import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/** A key or shared access signature of an Azure storage account, for repositories in its containers. */
export class M365BackupAzureBlobApi implements ICredentialType {
	name = 'm365BackupAzureBlobApi';

	displayName = 'M365 Backup Azure Blob API';

	icon: Icon = {
		light: 'file:../nodes/M365Backup/m365Backup.svg',
		dark: 'file:../nodes/M365Backup/m365Backup.dark.svg',
	};

	// eslint-disable-next-line n8n-nodes-base/cred-class-field-documentation-url-miscased -- that rule is for n8n's own credentials, whose value is a page name; ours is a URL
	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-m365-backup';

	properties: INodeProperties[] = [
		{
			displayName: 'Storage Account',
			name: 'account',
			type: 'string',
			default: '',
			placeholder: 'e.g. contosobackup',
			description: 'Name of the storage account, without .blob.core.windows.net',
		},
		{
			displayName: 'Authentication',
			name: 'authentication',
			type: 'options',
			options: [
				{ name: 'Account Key', value: 'accountKey', description: 'Opens everything in the storage account' },
				{ name: 'Shared Access Signature', value: 'sas', description: 'Opens one container, for as long as it says' },
			],
			default: 'accountKey',
		},
		// eslint-disable-next-line @n8n/community-nodes/credential-unnecessary-password -- it opens the whole storage account
		{
			displayName: 'Account Key',
			name: 'accountKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'From the portal: the storage account, Security + networking, Access keys, Key',
			displayOptions: { show: { authentication: ['accountKey'] } },
		},
		{
			displayName: 'Shared Access Signature',
			name: 'sasToken',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'e.g. sp=racwdl&st=…&sig=…',
			description: 'SAS token of the container with the permissions Read, Add, Create, Write, Delete and List. To restore, Read and List are enough.',
			displayOptions: { show: { authentication: ['sas'] } },
		},
		{
			displayName: 'Endpoint',
			name: 'endpoint',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://contosobackup.blob.core.usgovcloudapi.net',
			description: 'Address of the blob service where it is not that of the global cloud. Leave it empty for the global cloud.',
		},
		{
			displayName: 'CA Certificate (PEM)',
			name: 'caCertificate',
			type: 'string',
			typeOptions: { password: true, rows: 4 },
			default: '',
			placeholder: '-----BEGIN CERTIFICATE-----',
			description: 'Only for an endpoint whose certificate was signed by an authority of your own: the certificate of that authority, the whole file',
		},
	];
}
