import type { ICredentialDataDecryptedObject, ICredentialsDecrypted, ICredentialTestFunctions, IExecuteFunctions, ILoadOptionsFunctions, INodeCredentialTestResult } from 'n8n-workflow';
import { realAmbient } from '../base/ambient';
import { isFailure, toFailure } from '../base/failure';
import type * as Azure from '../stores/azure/azure-repository-store';
import type { AzureSettings } from '../stores/azure/azure-settings';
import type { Store } from '../stores/store';
import type { RepositorySide } from './repository-side';

/** As with S3: the target of Replicate mostly belongs to another account. */
export const azureCredentialTypes: Readonly<Record<RepositorySide, string>> = { repository: 'm365BackupAzureBlobApi', target: 'm365BackupAzureBlobTargetApi' };

export interface AzureUse {
	/** As the user named it. */
	container: unknown;
	/** Folder within the container, as the user named it. */
	folder: unknown;
	side?: RepositorySide;
	/** For the lists of the open parameter panel: gives up soon. */
	isPicker?: boolean;
	isTrial?: boolean;
}

/** The store in the container that the node's Azure Blob credential for that repository reaches. Failures: invalid (settings). */
export async function connectAzure(this: IExecuteFunctions | ILoadOptionsFunctions, { container, folder, side = 'repository', isPicker = false, isTrial = false }: AzureUse): Promise<Store> {
	const settings = settingsOf(await this.getCredentials(azureCredentialTypes[side]));
	const { openAzureStore, azurePlaceOf } = await loadAzure();
	return openAzureStore(settings, azurePlaceOf(textOf(container), textOf(folder)), {
		ambient: realAmbient,
		hasty: isPicker,
		isTrial,
		isOverwritten: (key) => /\/cursor\.json(\.age)?$/.test(key),
	});
}

/** n8n's test of the credential: whether the account is there and accepts it. What it may do in a container, only the container can tell. */
export async function testAzureCredential(this: ICredentialTestFunctions, credential: ICredentialsDecrypted): Promise<INodeCredentialTestResult> {
	try {
		const { checkAzureKey } = await loadAzure();
		await checkAzureKey(settingsOf(credential.data ?? {}));
		return { status: 'OK', message: 'The storage account accepts this key' };
	} catch (error) {
		const { message, nextStep } = toFailure(error);
		return { status: 'Error', message: isFailure(error) ? `${message}. ${nextStep ?? ''}`.trim() : `The credential could not be tested: ${message}` };
	}
}

/** Whoever backs up elsewhere need not pay for loading Azure's SDK. */
async function loadAzure(): Promise<typeof Azure> {
	return await import('../stores/azure/azure-repository-store.js');
}

function settingsOf(data: ICredentialDataDecryptedObject): AzureSettings {
	return {
		account: textOf(data['account']),
		authentication: data['authentication'] === 'sas' ? 'sas' : 'accountKey',
		accountKey: textOf(data['accountKey']),
		sasToken: textOf(data['sasToken']),
		endpoint: textOf(data['endpoint']),
		caCertificate: textOf(data['caCertificate']),
	};
}

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
