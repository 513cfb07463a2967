import type { GraphAnswer } from './exchange';
import type { Tenant } from './tenant';

export interface LoginRequest {
	method: string;
	url: string;
	headers: Record<string, string>;
	body: Buffer;
	origin: string;
}

/** What MSAL asks of a login host: OIDC discovery, instance discovery, and tokens for an application. */
export function answerLogin(tenant: Tenant, request: LoginRequest): GraphAnswer {
	const [path = '', search = ''] = request.url.split('?', 2);
	const segments = path.split('/').filter((segment) => segment !== '').map((segment) => decodeURIComponent(segment));
	if (request.method === 'HEAD' || path === '/') return { status: 200, json: { simulated: 'Microsoft 365 tenant' } };
	if (path.toLowerCase() === '/common/discovery/instance') return instanceDiscovery(tenant, request, new URLSearchParams(search));
	const [tenantName = '', ...rest] = segments;
	const tail = rest.join('/').toLowerCase();
	if (tail === 'v2.0/.well-known/openid-configuration' || tail === '.well-known/openid-configuration') return openIdConfiguration(tenant, request, tenantName);
	if (tail === 'oauth2/v2.0/token' && request.method === 'POST') return token(tenant, request, tenantName);
	if (tail === 'discovery/v2.0/keys') return { status: 200, json: { keys: [] } };
	tenant.requestLog.misses.push(`${request.method} ${request.url}`);
	return { status: 404, json: { error: { code: 'ResourceNotFound', message: 'The simulator knows no such path.' } } };
}

function isThisTenant(tenant: Tenant, name: string): boolean {
	return name.toLowerCase() === tenant.tenantId || name.toLowerCase() === tenant.domain;
}

function loginError(status: number, error: string, code: number, description: string): GraphAnswer {
	return {
		status,
		json: { error, error_description: `AADSTS${code}: ${description} Trace ID: 00000000-0000-4000-a000-000000000000`, error_codes: [code], trace_id: '00000000-0000-4000-a000-000000000000', correlation_id: '00000000-0000-4000-a000-000000000000' },
	};
}

function unknownTenant(name: string): GraphAnswer {
	return loginError(400, 'invalid_tenant', 90002, `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`);
}

function openIdConfiguration(tenant: Tenant, request: LoginRequest, name: string): GraphAnswer {
	if (!isThisTenant(tenant, name)) return unknownTenant(name);
	const base = `${request.origin}/${tenant.tenantId}`;
	return {
		status: 200,
		json: {
			token_endpoint: `${base}/oauth2/v2.0/token`,
			token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
			jwks_uri: `${base}/discovery/v2.0/keys`,
			response_modes_supported: ['query', 'fragment', 'form_post'],
			subject_types_supported: ['pairwise'],
			id_token_signing_alg_values_supported: ['RS256'],
			response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
			scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
			issuer: `${base}/v2.0`,
			authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
			end_session_endpoint: `${base}/oauth2/v2.0/logout`,
			tenant_region_scope: 'EU',
			cloud_instance_name: 'microsoftonline.com',
		},
	};
}

function instanceDiscovery(tenant: Tenant, request: LoginRequest, query: URLSearchParams): GraphAnswer {
	const host = new URL(query.get('authorization_endpoint') ?? request.origin).host;
	return {
		status: 200,
		json: {
			tenant_discovery_endpoint: `${request.origin}/${tenant.tenantId}/v2.0/.well-known/openid-configuration`,
			'api-version': '1.1',
			metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
		},
	};
}

function token(tenant: Tenant, request: LoginRequest, name: string): GraphAnswer {
	if (!isThisTenant(tenant, name)) return unknownTenant(name);
	const form = new URLSearchParams(request.body.toString('utf8'));
	const basic = /^Basic (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
	const [basicId, basicSecret] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString('utf8').split(':', 2).map((part) => decodeURIComponent(part));
	const clientId = form.get('client_id') ?? basicId;
	const secret = form.get('client_secret') ?? basicSecret;
	const assertion = form.get('client_assertion');
	if (assertion !== null) tenant.issued.noteToken('client assertion', assertion);
	if (form.get('grant_type') !== 'client_credentials') return loginError(400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
	if (clientId !== tenant.clientId) return loginError(400, 'unauthorized_client', 700016, `Application with identifier '${clientId ?? ''}' was not found in the directory '${tenant.domain}'.`);
	const refused = assertion === null ? checkSecret(tenant, secret) : tenant.assertions.check(assertion, tenant.clientId);
	if (refused) return refused;
	const scope = form.get('scope') ?? '';
	if (!scope.split(' ').some((one) => one === '.default' || one.endsWith('/.default'))) return loginError(400, 'invalid_scope', 70011, `The provided request must include a 'scope' input parameter that ends with /.default. The scope ${scope} is not valid.`);
	const audience = scope.split(' ').find((one) => one.endsWith('/.default'))?.slice(0, -'/.default'.length);
	const issued = tenant.tokens.issue(audience ? { audience } : {});
	return { status: 200, headers: { 'Cache-Control': 'no-store, no-cache' }, json: { token_type: 'Bearer', expires_in: issued.expiresInSeconds, ext_expires_in: issued.expiresInSeconds, access_token: issued.token } };
}

function checkSecret(tenant: Tenant, secret: string | undefined): GraphAnswer | undefined {
	if (secret === undefined || secret === '') return loginError(401, 'invalid_client', 7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.");
	if (secret !== tenant.clientSecret) return loginError(401, 'invalid_client', 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app.");
	return undefined;
}

export { loginError };
