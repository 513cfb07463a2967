import type { IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { realAmbient } from '../base/ambient';
import { createGraphClient, type GraphClient } from '../graph/client';
import { msalOptionsOf, requestLimitsOf, type MicrosoftCredential } from '../graph/credential-check';
import { processGovernor, type LaneQuotas } from '../graph/governor';
import { msalTokens } from '../graph/msal-tokens';
import { readTokenClaims } from '../graph/tokens';
import { patientGovernor } from './patient-governor';
import { quotaShare } from './quota-share';

export type { GraphClient } from '../graph/client';
export type { LaneQuotas } from '../graph/governor';

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
	/** What this process may use of the quotas of a mailbox (its GUID), or of the tenant's SharePoint and OneDrive. */
	quotas?: (of: { mailbox: string } | 'sharePoint') => LaneQuotas;
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
	const { licences, backupShare, isUnlimited } = requestLimitsOf(credential);
	const governor = isUnlimited ? patientGovernor : processGovernor;
	if (!isUnlimited) {
		processGovernor.setShare(quotaShare(process.env));
		processGovernor.setTenantSize(tenantId, licences);
		processGovernor.setBackupShare(tenantId, backupShare);
	}
	const graph = createGraphClient({
		graphUrl: options.endpoints.graphUrl,
		tokens,
		ambient: realAmbient,
		tenantId,
		governor,
		priority,
		...(signal ? { signal } : {}),
	});
	return {
		graph,
		tenantId,
		roles,
		quotas: (of) => governor.quotas(of === 'sharePoint' ? { kind: of, key: tenantId } : { kind: 'mailbox', key: `${tenantId} ${of.mailbox}` }, priority),
	};
}
