import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/**
 * The access key for the bucket that Replicate copies to, mostly that of another account or provider than the first
 * repository's. A type of its own, since a node holds one credential of a type.
 */
export class M365BackupS3TargetApi implements ICredentialType {
	name = 'm365BackupS3TargetApi';

	extends = ['m365BackupS3Api'];

	displayName = 'M365 Backup S3 Target API';

	icon: Icon = {
		light: 'file:../nodes/M365Backup/m365Backup.svg',
		dark: 'file:../nodes/M365Backup/m365Backup.dark.svg',
	};

	// eslint-disable-next-line n8n-nodes-base/cred-class-field-documentation-url-miscased -- that rule is for n8n's own credentials, whose value is a page name; ours is a URL
	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-m365-backup';

	properties: INodeProperties[] = [];
}
