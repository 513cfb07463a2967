import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/** The key that a repository is encrypted with, in the age format (age-encryption.org). */
export class M365BackupEncryptionApi implements ICredentialType {
	name = 'm365BackupEncryptionApi';

	displayName = 'M365 Backup Encryption API';

	icon: Icon = {
		light: 'file:../nodes/M365Backup/m365Backup.svg',
		dark: 'file:../nodes/M365Backup/m365Backup.dark.svg',
	};

	// eslint-disable-next-line n8n-nodes-base/cred-class-field-documentation-url-miscased -- that rule is for n8n's own credentials, whose value is a page name; ours is a URL
	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-m365-backup';

	properties: INodeProperties[] = [
		{
			displayName:
				'Without this key nobody can open the backups, not even we. Keep a copy of it where neither the loss of this n8n nor that of the backups reaches it, e.g. printed and in a safe.',
			name: 'keepTheKey',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'Encryption Key',
			name: 'secretKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'AGE-SECRET-KEY-1…',
			description:
				'The secret key of age: the line that begins with AGE-SECRET-KEY-1. Make one with <code>npx -p n8n-nodes-m365-backup m365-backup-key</code>, or with <code>age-keygen</code>. To read a repository after the key was lost, enter the recovery key here.',
		},
		{
			displayName: 'Recovery Recipient',
			name: 'recoveryRecipient',
			type: 'string',
			default: '',
			placeholder: 'age1…',
			description:
				'The public part (age1…) of a second key that can open the backups, too. Keep its secret part offline. A repository is made for both keys, so set it before the first backup.',
		},
	];
}
