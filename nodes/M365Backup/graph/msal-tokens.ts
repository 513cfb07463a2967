import { createHash } from 'node:crypto';
import { ConfidentialClientApplication, LogLevel, type NodeAuthOptions } from '@azure/msal-node';
import { realAmbient, type Ambient } from '../base/ambient';
import { Failure, isFailure } from '../base/failure';
import { readClientCertificate } from './client-certificate';
import type { CloudEndpoints } from './clouds';
import { LoginNetwork } from './login-network';
import { checkedTenantId, isGuid } from './tenant-id';
import type { TokenSource } from './tokens';

export interface MsalOptions {
	/** A GUID or a domain. */
	tenantId: string;
	clientId: string;
	proof: { kind: 'secret'; clientSecret: string } | { kind: 'certificate'; certificate: string; privateKey: string };
	endpoints: CloudEndpoints;
	ambient?: Ambient;
	/** For tests. A source with its own fetch is not shared. */
	fetch?: typeof globalThis.fetch;
}

const shared = new Map<string, TokenSource>();
/** More customers than this in one process ask for a token again now and then. */
const mostShared = 200;

/**
 * Tokens by client credentials through MSAL, which keeps them in memory until shortly before they expire. One MSAL
 * application for each credential and process. Throws `invalid` at once, before anything is sent, for a tenant, client id,
 * secret or certificate that cannot be right; `token` throws `denied`, `invalid`, `throttled`, `transient`, `cancelled`.
 */
export function msalTokens(options: MsalOptions): TokenSource {
	const checked = { ...options, tenantId: checkedTenantId(options.tenantId), clientId: checkedClientId(options.clientId) };
	if (options.fetch !== undefined) return new MsalTokenSource(checked);
	const key = fingerprint(checked);
	const existing = shared.get(key);
	if (existing !== undefined) return existing;
	const source = new MsalTokenSource(checked);
	const [oldest] = shared.keys();
	if (oldest !== undefined && shared.size >= mostShared) shared.delete(oldest);
	shared.set(key, source);
	return source;
}

class MsalTokenSource implements TokenSource {
	private readonly app: ConfidentialClientApplication;
	private readonly network: LoginNetwork;
	private readonly scope: string;
	/** Callers that ask at the same time share one request. */
	private readonly underWay = new Map<boolean, Promise<string>>();

	constructor(options: MsalOptions) {
		const ambient = options.ambient ?? realAmbient;
		this.network = new LoginNetwork(options.endpoints.loginUrl, options.fetch ?? globalThis.fetch, ambient);
		this.scope = `${options.endpoints.graphUrl}/.default`;
		this.app = new ConfidentialClientApplication({
			auth: {
				clientId: options.clientId,
				authority: `${this.network.authorityOrigin}/${options.tenantId}`,
				// Named as known, so that MSAL does not ask Microsoft whether the host exists.
				knownAuthorities: [new URL(options.endpoints.loginUrl).host],
				...proofOf(options.proof, ambient.now()),
			},
			system: {
				networkClient: this.network,
				loggerOptions: { piiLoggingEnabled: false, logLevel: LogLevel.Error, loggerCallback: () => undefined },
			},
		});
	}

	async token({ renew = false, signal }: { renew?: boolean; signal?: AbortSignal } = {}): Promise<string> {
		if (signal?.aborted === true) throw stopped();
		let request = this.underWay.get(renew);
		if (request === undefined) {
			request = this.acquire(renew).finally(() => this.underWay.delete(renew));
			this.underWay.set(renew, request);
		}
		return signal === undefined ? request : untilStopped(request, signal);
	}

	private async acquire(renew: boolean): Promise<string> {
		this.network.forgetLast();
		try {
			const result = await this.app.acquireTokenByClientCredential({ scopes: [this.scope], skipCache: renew });
			if (result !== null && result.accessToken !== '') return result.accessToken;
		} catch (error) {
			if (isFailure(error)) throw error;
			// MSAL's own errors quote the login service's answer: only what was learnt from it goes on.
		}
		throw this.network.whyNoToken();
	}
}

function proofOf(proof: MsalOptions['proof'], now: Date): Pick<NodeAuthOptions, 'clientSecret' | 'clientCertificate'> {
	if (proof.kind === 'certificate') return { clientCertificate: readClientCertificate(proof.certificate, proof.privateKey, now) };
	const clientSecret = proof.clientSecret.trim();
	if (clientSecret === '') {
		throw new Failure('invalid', 'The credential has no Client Secret', {
			nextStep: 'Create one in the app registration (Certificates & secrets) and paste its Value',
		});
	}
	return { clientSecret };
}

function checkedClientId(text: string): string {
	const clientId = text.trim().toLowerCase();
	if (isGuid(clientId)) return clientId;
	throw new Failure('invalid', 'The Client ID of the credential is not a GUID', {
		nextStep: 'Copy "Application (client) ID" from the overview of the app registration in Entra',
	});
}

function fingerprint({ tenantId, clientId, proof, endpoints }: MsalOptions): string {
	return createHash('sha256').update(JSON.stringify([tenantId, clientId, proof, endpoints])).digest('hex');
}

function stopped(): Failure {
	return new Failure('cancelled', 'The run was stopped');
}

async function untilStopped(request: Promise<string>, signal: AbortSignal): Promise<string> {
	let stop: (() => void) | undefined;
	const stopping = new Promise<never>((_, reject) => {
		stop = () => reject(stopped());
		signal.addEventListener('abort', stop, { once: true });
	});
	try {
		return await Promise.race([request, stopping]);
	} finally {
		if (stop !== undefined) signal.removeEventListener('abort', stop);
	}
}
