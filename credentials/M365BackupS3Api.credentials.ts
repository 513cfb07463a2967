import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/** An access key of a storage that speaks S3, for repositories in its buckets. */
export class M365BackupS3Api implements ICredentialType {
	name = 'm365BackupS3Api';

	displayName = 'M365 Backup S3 API';

	icon: Icon = {
		light: 'file:../nodes/M365Backup/m365Backup.svg',
		dark: 'file:../nodes/M365Backup/m365Backup.dark.svg',
	};

	// eslint-disable-next-line n8n-nodes-base/cred-class-field-documentation-url-miscased -- that rule is for n8n's own credentials, whose value is a page name; ours is a URL
	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-m365-backup';

	properties: INodeProperties[] = [
		{
			displayName: 'Endpoint',
			name: 'endpoint',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://s3.eu-central-1.wasabisys.com',
			description: 'Address of the S3 service. Leave it empty for AWS.',
		},
		{
			displayName: 'Region',
			name: 'region',
			type: 'string',
			default: 'us-east-1',
			required: true,
			description: 'Region of the bucket. Servers of your own mostly take any; keep us-east-1 there.',
		},
		{
			displayName: 'Access Key ID',
			name: 'accessKeyId',
			type: 'string',
			default: '',
			required: true,
		},
		{
			displayName: 'Secret Access Key',
			name: 'secretAccessKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description:
				'The key needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on what is in it. To restore, s3:ListBucket and s3:GetObject are enough.',
		},
		{
			displayName: 'Addressing',
			name: 'addressing',
			type: 'options',
			options: [
				{ name: 'Automatic', value: 'automatic', description: 'With an endpoint of your own, the bucket in the path; at AWS, before the host name' },
				{ name: 'Path', value: 'path', description: 'As in https://s3.example.com/bucket' },
				{ name: 'Virtual Host', value: 'virtualHost', description: 'As in https://bucket.s3.example.com' },
			],
			default: 'automatic',
			description: 'Where the bucket stands in the address of a request',
		},
		{
			displayName: 'CA Certificate (PEM)',
			name: 'caCertificate',
			type: 'string',
			typeOptions: { password: true, rows: 4 },
			default: '',
			placeholder: '-----BEGIN CERTIFICATE-----',
			description: 'Only for a server whose certificate was signed by an authority of your own: the certificate of that authority, the whole file',
		},
	];
}
