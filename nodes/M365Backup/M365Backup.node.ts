import { NodeConnectionTypes, type IExecuteFunctions, type INodeExecutionData, type INodeType, type INodeTypeDescription } from 'n8n-workflow';
import { methods } from './actions/methods';
import { properties } from './actions/resources';
import { run } from './actions/run';

/** The node as n8n sees it. What it can do stands in actions/resources.ts. */
export class M365Backup implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'M365 Backup',
		name: 'm365Backup',
		icon: { light: 'file:m365Backup.svg', dark: 'file:m365Backup.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description: 'Back up mailboxes, OneDrive and SharePoint of Microsoft 365, and restore anything, down to one message, file or list item',
		defaults: { name: 'M365 Backup' },
		usableAsTool: true,
		// eslint-disable-next-line n8n-nodes-base/node-class-description-inputs-wrong-regular-node -- it predates NodeConnectionTypes, which the community rules ask for
		inputs: [NodeConnectionTypes.Main],
		// The second output exists only where Back Up puts out files.
		outputs: `={{
			$parameter.operation === 'backUp' && $parameter.outputFilesToCopy
				? [{ type: 'main', displayName: 'Summary' }, { type: 'main', displayName: 'Files' }]
				: ['main']
		}}`,
		credentials: [
			{
				name: 'm365BackupMicrosoftApi',
				required: true,
				testedBy: 'testMicrosoftCredential',
				// What works on the repository alone needs no Microsoft credential; Prune does where it asks whether sources still exist, Check where it is to check it.
				// No `show` with all resources: the editor would take Resource for the choice of an authentication, and hide it and Operation.
				displayOptions: {
					hide: {
						operation: ['confirmCopied', 'export', 'getFilesToCopy', 'getFilesToDelete', 'importFiles', 'rebuildCatalog', 'replicate', 'search', 'verify'],
						removeGone: [false],
						checkMicrosoft: [false],
					},
				},
			},
			{
				name: 'm365BackupEncryptionApi',
				required: true,
				testedBy: 'testEncryptionCredential',
				displayOptions: { show: { repositoryEncrypted: [true] } },
			},
			{
				name: 'm365BackupS3Api',
				required: true,
				testedBy: 'testS3Credential',
				displayOptions: { show: { repositoryType: ['s3Bucket'] } },
			},
			{
				name: 'm365BackupAzureBlobApi',
				required: true,
				testedBy: 'testAzureCredential',
				displayOptions: { show: { repositoryType: ['azureBlob'] } },
			},
			{
				name: 'm365BackupAzureBlobTargetApi',
				required: true,
				testedBy: 'testAzureCredential',
				displayOptions: { show: { targetRepositoryType: ['azureBlob'] } },
			},
			{
				name: 'm365BackupS3TargetApi',
				required: true,
				testedBy: 'testS3Credential',
				displayOptions: { show: { targetRepositoryType: ['s3Bucket'] } },
			},
		],
		properties,
	};

	methods = methods;

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return run.call(this);
	}
}
