import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/** An app registration in Entra that reads, and for restores writes, mailboxes, drives and sites with application permissions. */
export class M365BackupMicrosoftApi implements ICredentialType {
	name = 'm365BackupMicrosoftApi';

	displayName = 'M365 Backup Microsoft API';

	icon: Icon = {
		light: 'file:../nodes/M365Backup/m365Backup.svg',
		dark: 'file:../nodes/M365Backup/m365Backup.dark.svg',
	};

	// eslint-disable-next-line n8n-nodes-base/cred-class-field-documentation-url-miscased -- that rule is for n8n's own credentials, whose value is a page name; ours is a URL
	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-m365-backup';

	properties: INodeProperties[] = [
		{
			displayName: 'Tenant ID',
			name: 'tenantId',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. contoso.onmicrosoft.com',
			description: 'Directory (tenant) ID from the overview of the app registration in Entra, or a domain of the tenant',
		},
		{
			displayName: 'Client ID',
			name: 'clientId',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. 11111111-2222-3333-4444-555555555555',
			description: 'Application (client) ID from the overview of the app registration',
		},
		{
			displayName: 'Authentication',
			name: 'authentication',
			type: 'options',
			options: [
				{
					name: 'Certificate',
					value: 'certificate',
					description: 'A certificate that was uploaded to the app registration, and its private key',
				},
				{
					name: 'Client Secret',
					value: 'secret',
					description: 'A secret that was created in the app registration',
				},
			],
			default: 'secret',
		},
		{
			displayName: 'Client Secret',
			name: 'clientSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			displayOptions: { show: { authentication: ['secret'] } },
			description: 'Its Value, not its Secret ID (Certificates & secrets in the app registration)',
		},
		{
			displayName: 'Certificate (PEM)',
			name: 'certificate',
			type: 'string',
			typeOptions: { password: true, rows: 4 },
			default: '',
			required: true,
			placeholder: '-----BEGIN CERTIFICATE-----',
			displayOptions: { show: { authentication: ['certificate'] } },
			description: 'The whole file, with its first and last line',
		},
		{
			displayName: 'Private Key (PEM)',
			name: 'privateKey',
			type: 'string',
			typeOptions: { password: true, rows: 4 },
			default: '',
			required: true,
			placeholder: '-----BEGIN PRIVATE KEY-----',
			displayOptions: { show: { authentication: ['certificate'] } },
			description: 'The key that belongs to the certificate, without a passphrase',
		},
		{
			displayName: 'Used For',
			name: 'usedFor',
			type: 'options',
			options: [
				{
					name: 'Backup',
					value: 'backup',
					description: 'Needs permissions to read only: User.ReadBasic.All and, for mail, Mail.Read; for drives Files.Read.All, for sites Sites.Read.All',
				},
				{
					name: 'Backup and Restore',
					value: 'backupAndRestore',
					description: 'Needs permissions to write, too: User.ReadBasic.All and, for mail, Mail.ReadWrite; for drives Files.ReadWrite.All, for sites Sites.ReadWrite.All, and Sites.Manage.All to make lists anew',
				},
			],
			default: 'backup',
			description: 'What the test of this credential expects the app to be allowed to do',
		},
		{
			displayName: 'Licences',
			name: 'licences',
			type: 'options',
			options: [
				{ name: 'Up to 1,000', value: 1000 },
				{ name: '1,001 to 5,000', value: 5000 },
				{ name: '5,001 to 15,000', value: 15000 },
				{ name: '15,001 to 50,000', value: 50000 },
				{ name: 'More Than 50,000', value: 100000 },
			],
			default: 1000,
			description: 'How many user licences the tenant has. Microsoft lets larger tenants make more requests to OneDrive and SharePoint. Too high a number makes Microsoft ask for pauses.',
		},
		{
			displayName: 'Share for Backups (%)',
			name: 'backupShare',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 100, numberPrecision: 0 },
			default: 80,
			description: 'How much of what Microsoft lets this app read and write in a minute, an hour or a day backups may use. The rest is kept free for restores, which also go first.',
		},
		{
			displayName: 'Cloud',
			name: 'cloud',
			type: 'options',
			options: [
				{ name: 'China (21Vianet)', value: 'china' },
				{ name: 'Custom', value: 'custom' },
				{ name: 'Global (Also GCC)', value: 'global' },
				{ name: 'US Government DoD', value: 'dod' },
				{ name: 'US Government GCC High', value: 'gccHigh' },
			],
			default: 'global',
			description: 'The Microsoft cloud in which the tenant lives',
		},
		{
			displayName: 'Login URL',
			name: 'loginUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. https://login.example.com',
			displayOptions: { show: { cloud: ['custom'] } },
			description: 'Where tokens are issued, without a path. Must be https, unless it is on this machine.',
		},
		{
			displayName: 'Graph URL',
			name: 'graphUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. https://graph.example.com',
			displayOptions: { show: { cloud: ['custom'] } },
			description: 'Where Microsoft Graph answers, without /v1.0. Must be https, unless it is on this machine.',
		},
		{
			displayName: 'Request Limits',
			name: 'requestLimits',
			type: 'options',
			options: [
				{ name: 'Those of Microsoft', value: 'microsoft', description: 'Send no more requests than Microsoft allows' },
				{ name: 'Only on Request', value: 'none', description: 'Wait only when the endpoint asks for it, e.g. a test tenant or a gateway that counts by itself' },
			],
			default: 'microsoft',
			displayOptions: { show: { cloud: ['custom'] } },
			description: 'How many requests to send to the custom endpoints',
		},
	];
}
