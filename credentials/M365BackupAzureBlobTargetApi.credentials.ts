import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/**
 * The key of the storage account that Replicate copies to, mostly another one than the first repository's. A type of its own, since a node holds one credential of a type.
 */
export class M365BackupAzureBlobTargetApi implements ICredentialType {
	name = 'm365BackupAzureBlobTargetApi';

	extends = ['m365BackupAzureBlobApi'];

	displayName = 'M365 Backup Azure Blob Target API';

	icon: Icon = {
		light: 'file:../nodes/M365Backup/m365Backup.svg',
		dark: 'file:../nodes/M365Backup/m365Backup.dark.svg',
	};

	// eslint-disable-next-line n8n-nodes-base/cred-class-field-documentation-url-miscased -- that rule is for n8n's own credentials, whose value is a page name; ours is a URL
	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-m365-backup';

	properties: INodeProperties[] = [];
}
