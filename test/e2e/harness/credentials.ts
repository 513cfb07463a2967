import type { RunningSimulator } from '../../simulator/start';
import type { N8nClient } from './n8n-client';

/** The names by which the shipped workflows find their credentials. */
export const credentialNames = { microsoft: 'M365 Backup Microsoft', mailServer: 'Mail server' } as const;
export const microsoftCredentialType = 'm365BackupMicrosoftApi';

/** What an administrator would enter for the simulated tenant. */
export function tenantCredential(simulator: RunningSimulator, requestLimits: 'microsoft' | 'none' = 'microsoft'): Record<string, unknown> {
	return {
		tenantId: simulator.tenantId,
		clientId: simulator.clientId,
		authentication: 'secret',
		clientSecret: simulator.clientSecret,
		cloud: 'custom',
		loginUrl: simulator.loginUrl,
		graphUrl: simulator.graphUrl,
		usedFor: 'backupAndRestore',
		requestLimits,
	};
}

/** Makes the credential under the name that the shipped workflows use, and returns what n8n's test of it says. */
export async function createTenantCredential(client: N8nClient, simulator: RunningSimulator, requestLimits?: 'microsoft' | 'none'): Promise<{ status: string; message: string }> {
	const data = tenantCredential(simulator, requestLimits);
	const id = await client.createCredential(credentialNames.microsoft, microsoftCredentialType, data);
	return client.testCredential(id, credentialNames.microsoft, microsoftCredentialType, data);
}
