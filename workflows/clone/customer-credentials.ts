import type { CloneOptions } from './options';
import type { NodeJson } from './workflow-json';

/** Those that belong to whoever looks after the customers, unless somebody wants it otherwise. */
const channelTypes: ReadonlySet<string> = new Set(['smtp', 'slackApi', 'slackOAuth2Api', 'httpQueryAuth', 'microsoftTeamsOAuth2Api']);

/** What the editor calls a type, and what it is for. */
const known: Readonly<Record<string, { title: string; purpose: string }>> = {
	m365BackupMicrosoftApi: { title: 'M365 Backup Microsoft API', purpose: "signs in to the customer's Microsoft 365" },
	m365BackupS3Api: { title: 'M365 Backup S3 API', purpose: 'opens the bucket with the backups' },
	m365BackupS3TargetApi: { title: 'M365 Backup S3 Target API', purpose: 'opens the bucket with the replica' },
	m365BackupAzureBlobApi: { title: 'M365 Backup Azure Blob API', purpose: 'opens the container with the backups' },
	m365BackupAzureBlobTargetApi: { title: 'M365 Backup Azure Blob Target API', purpose: 'opens the container with the replica' },
	m365BackupEncryptionApi: { title: 'M365 Backup Encryption API', purpose: 'holds the key of the encrypted backups: one of their own for each customer' },
	s3: { title: 'S3', purpose: 'opens the bucket with the copies' },
	aws: { title: 'AWS', purpose: 'opens the bucket with the copies' },
	azureStorageSharedKeyApi: { title: 'Azure Storage Shared Key API', purpose: 'opens the container with the copies' },
	googleDriveOAuth2Api: { title: 'Google Drive OAuth2 API', purpose: 'opens the drive with the copies' },
	ftp: { title: 'FTP', purpose: 'opens the server with the copies' },
	sftp: { title: 'SFTP', purpose: 'opens the server with the copies' },
	smtp: { title: 'SMTP', purpose: 'sends mail' },
	slackApi: { title: 'Slack API', purpose: 'posts into Slack' },
	httpQueryAuth: { title: 'Query Auth', purpose: 'holds what stands behind "sig=" in the address of the Teams webhook (Name: sig)' },
};

/** What a store is called where no shipped workflow has it yet. */
export const storeCredentials = {
	localFolder: undefined,
	s3Bucket: { type: 'm365BackupS3Api', name: 'M365 Backup S3' },
	azureBlob: { type: 'm365BackupAzureBlobApi', name: 'M365 Backup Azure Blob' },
} as const;

export interface NeededCredential {
	/** As the editor calls it, where that is known. */
	title: string;
	type: string;
	name: string;
	purpose: string;
	/** Made once for all customers. */
	isShared: boolean;
	/** Names of the workflows that use it. */
	usedBy: string[];
}

/** The name by which the customer's workflows find a credential. */
export function customerCredentialName(type: string, shippedName: string, { customer, ownChannels }: CloneOptions): string {
	return isShared(type, ownChannels) ? shippedName : `${customer} – ${shippedName}`;
}

function isShared(type: string, ownChannels: boolean): boolean {
	return !ownChannels && channelTypes.has(type);
}

/** All that the workflows of a set need, the customer's own first. */
export function neededCredentials(workflows: readonly { name: string; nodes: readonly NodeJson[] }[], { ownChannels }: CloneOptions): NeededCredential[] {
	const needed = new Map<string, NeededCredential>();
	for (const { name: workflow, nodes } of workflows) {
		for (const [type, { name }] of nodes.flatMap(({ credentials }) => Object.entries(credentials ?? {}))) {
			const key = JSON.stringify([type, name]);
			const entry = needed.get(key) ?? { ...(known[type] ?? { title: type, purpose: 'for the node that uses it' }), type, name, isShared: isShared(type, ownChannels), usedBy: [] };
			if (!entry.usedBy.includes(workflow)) entry.usedBy.push(workflow);
			needed.set(key, entry);
		}
	}
	return [...needed.values()].sort((a, b) => Number(a.isShared) - Number(b.isShared) || a.title.localeCompare(b.title) || a.name.localeCompare(b.name));
}
