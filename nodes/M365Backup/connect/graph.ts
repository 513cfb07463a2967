import type { IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { realAmbient } from '../base/ambient';
import { createGraphClient, type GraphClient } from '../graph/client';
import { msalOptionsOf, requestLimitsOf, type MicrosoftCredential } from '../graph/credential-check';
import { processGovernor } from '../graph/governor';
import { msalTokens } from '../graph/msal-tokens';
import { readTokenClaims } from '../graph/tokens';
import { patientGovernor } from './patient-governor';

export type { GraphClient } from '../graph/client';

export const microsoftCredentialType = 'm365BackupMicrosoftApi';

export interface GraphUse {
	/** Restores go first where both wait for the same quota. */
	priority: 'backup' | 'restore';
	/** Asks for a new token, which knows what was granted a minute ago. */
	renewToken?: boolean;
	signal?: AbortSignal;
}

/** A client and the tenant that it speaks to. */
export interface ConnectedGraph {
	graph: GraphClient;
	/** The GUID from the token: this, not a spelling of the credential, identifies sources. */
	tenantId: string;
	/** Application permissions in the token; access granted in Exchange or on single sites is not among them. */
	roles?: readonly string[];
}

/** Signs in with the credential of this item. Each call makes a client with counters of its own; tokens are shared. */
export async function connectGraph(this: IExecuteFunctions, itemIndex: number, use: GraphUse): Promise<ConnectedGraph> {
	return signIn(await this.getCredentials<MicrosoftCredential>(microsoftCredentialType, itemIndex), use);
}

/** The same for the lists of the open parameter panel. */
export async function graphForPicker(this: ILoadOptionsFunctions): Promise<GraphClient> {
	const credential = await this.getCredentials<MicrosoftCredential>(microsoftCredentialType);
	return (await signIn(credential, { priority: 'restore' })).graph;
}

async function signIn(credential: MicrosoftCredential, { priority, renewToken = false, signal }: GraphUse): Promise<ConnectedGraph> {
	const options = msalOptionsOf(credential);
	const tokens = msalTokens(options);
	const { tenantId, roles } = readTokenClaims(await tokens.token({ renew: renewToken, ...(signal && { signal }) }));
	const { licences, isUnlimited } = requestLimitsOf(credential);
	if (!isUnlimited) processGovernor.setTenantSize(tenantId, licences);
	const graph = createGraphClient({
		graphUrl: options.endpoints.graphUrl,
		tokens,
		ambient: realAmbient,
		tenantId,
		governor: isUnlimited ? patientGovernor : processGovernor,
		priority,
		...(signal ? { signal } : {}),
	});
	return { graph, tenantId, roles };
}
