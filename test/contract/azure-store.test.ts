import { afterAll, beforeAll, describe } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { createAzureClient } from '../../nodes/M365Backup/stores/azure/azure-client';
import { AzureContainer } from '../../nodes/M365Backup/stores/azure/azure-container';
import { AzureStore } from '../../nodes/M365Backup/stores/azure/azure-store';
import { createRetryingStore } from '../../nodes/M365Backup/stores/retrying-store';
import { AzuriteServer } from '../azure-server/azurite-server';
import { runStoreContract } from './store-contract';

/** Two blocks of 8 MiB, what is on its way, and the SDK's own. */
const memoryLimitBytes = 40 * 1024 * 1024;

describe('Azure container of azurite', () => {
	let server: AzuriteServer;
	let count = 0;
	beforeAll(async () => {
		server = await AzuriteServer.start();
		await server.client.createContainer('contract');
	});
	afterAll(() => server?.stop());

	runStoreContract('Azure Blob container, in a folder', () => {
		const container = new AzureContainer(createAzureClient(server.settings), { container: 'contract', prefix: `${count++} with Ümläuts & signs+` }, server.settings, { ambient: realAmbient });
		return Promise.resolve({ store: createRetryingStore(new AzureStore(container), { ambient: realAmbient, isOverwritten: (key) => key === 'cursor.json' }), memoryLimitBytes });
	});
});
