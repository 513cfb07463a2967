import { createHash } from 'node:crypto';
import type { BlobServiceClient } from '@azure/storage-blob';
import type { Ambient } from '../../base/ambient';
import { createRetryingStore } from '../retrying-store';
import type { Store } from '../store';
import { createAzureClient } from './azure-client';
import { AzureContainer } from './azure-container';
import { azureFacts, azureFailure } from './azure-failure';
import { serviceOf, signatureOf, type AzurePlace, type AzureSettings } from './azure-settings';
import { AzureStore } from './azure-store';

export { azurePlaceOf } from './azure-settings';

/** So many tries bridge half a minute. */
const ATTEMPTS = 7;
const HASTY_ATTEMPTS = 2;
/** For somebody who tries the container out. */
const TRIAL_ATTEMPTS = 3;

export interface AzureUseOptions {
	ambient: Ambient;
	/** For somebody who waits in front of a list: gives up soon. */
	hasty?: boolean;
	/** To try the container out: gives up sooner than a backup. */
	isTrial?: boolean;
	/** Files that are replaced now and then. */
	isOverwritten: (key: string) => boolean;
}

/** Clients hold connections, which executions of one process share. */
const clients = new Map<string, BlobServiceClient>();

/** The store in that container; asks nothing yet. Failures: invalid (settings). */
export function openAzureStore(settings: AzureSettings, place: AzurePlace, { ambient, hasty = false, isTrial = false, isOverwritten }: AzureUseOptions): Store {
	const patience = { ambient, attempts: hasty ? HASTY_ATTEMPTS : isTrial ? TRIAL_ATTEMPTS : ATTEMPTS };
	const clientKey = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
	const client = clients.get(clientKey) ?? createAzureClient(settings);
	clients.set(clientKey, client);
	return createRetryingStore(new AzureStore(new AzureContainer(client, place, settings, patience)), { ...patience, isOverwritten });
}

/** Whether the account is there and accepts the key or signature. One that may not list containers is as good: most should not. Throws a Failure if not. */
export async function checkAzureKey(settings: AzureSettings): Promise<void> {
	const client = createAzureClient(settings);
	try {
		await client.listContainers().byPage({ maxPageSize: 1 }).next();
	} catch (error) {
		const { code } = azureFacts(error);
		// The signature is right, but it is for a container or for other things.
		if (['AuthorizationPermissionMismatch', 'AuthorizationResourceTypeMismatch', 'AuthorizationFailure'].includes(code) && settings.authentication === 'sas') return;
		const signature = new URLSearchParams(signatureOf(settings)).get('sig') ?? '';
		throw azureFailure(error, { doing: `sign in at ${new URL(serviceOf(settings)).host}`, permission: 'List', container: '', secrets: [settings.accountKey.trim(), signatureOf(settings), signature, encodeURIComponent(signature)] });
	}
}
