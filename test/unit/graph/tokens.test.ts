import { createHash, createVerify, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../../nodes/M365Backup/base/failure';
import { cloudEndpoints } from '../../../nodes/M365Backup/graph/clouds';
import { msalTokens, type MsalOptions } from '../../../nodes/M365Backup/graph/msal-tokens';
import { readTokenClaims } from '../../../nodes/M365Backup/graph/tokens';
import { aadsts, FakeLogin, tokenWith } from './fake-login';
import { rejection } from './fake-graph';

const tenantId = 'aaaaaaaa-0000-0000-0000-000000000001';
const clientId = 'bbbbbbbb-0000-0000-0000-000000000002';

function optionsFor(login: FakeLogin, more: Partial<MsalOptions> = {}): MsalOptions {
	return {
		tenantId,
		clientId,
		proof: { kind: 'secret', clientSecret: 's3cret-value' },
		endpoints: { loginUrl: login.loginUrl, graphUrl: login.graphUrl },
		fetch: login.fetch,
		...more,
	};
}

describe('tokens through MSAL', () => {
	it('are asked for with the secret and the scope of the Graph URL, at the login host alone', async () => {
		const login = new FakeLogin();
		const token = await msalTokens(optionsFor(login)).token();
		expect(readTokenClaims(token)).toEqual({ tenantId, appId: clientId, roles: ['User.ReadBasic.All', 'Mail.Read'] });
		const [form] = login.tokenRequests;
		expect(Object.fromEntries(form ?? [])).toMatchObject({
			client_id: clientId,
			client_secret: 's3cret-value',
			grant_type: 'client_credentials',
			scope: 'https://graph.example/.default',
		});
		expect(login.sent.every(({ url }) => url.startsWith(`https://login.example/${tenantId}/`))).toBe(true);
	});

	it('are kept until one is to be renewed, and those who ask together share one request', async () => {
		const login = new FakeLogin();
		const source = msalTokens(optionsFor(login));
		const [first, second] = await Promise.all([source.token(), source.token()]);
		expect(second).toBe(first);
		expect(await source.token()).toBe(first);
		expect(login.tokenRequests).toHaveLength(1);
		expect(await source.token({ renew: true })).not.toBe(first);
		expect(login.tokenRequests).toHaveLength(2);
	});

	it.each([
		[7000215, 'denied', 'client secret', 'Value'],
		[7000222, 'denied', 'expired', 'new client secret'],
		[700016, 'invalid', 'Client ID', 'Application ID'],
		[90002, 'invalid', 'no tenant', 'Tenant ID'],
		[700027, 'denied', 'certificate', 'Upload'],
		[700024, 'invalid', 'time', 'clock'],
		[50999, 'denied', 'AADSTS50999', 'Tenant ID'],
	])('refused with AADSTS%i are %s: says what and what next, and never the secret', async (code, kind, message, nextStep) => {
		const login = new FakeLogin();
		login.refuse = () => aadsts(code, 401);
		const failure = (await rejection(msalTokens(optionsFor(login)).token())) as Failure;
		expect(failure).toMatchObject({ kind, code: `AADSTS${code}` });
		expect(failure.message).toContain(message);
		expect(failure.nextStep).toContain(nextStep);
		expect(`${failure.message}${String(failure.nextStep)}${String(failure.stack)}${JSON.stringify(failure)}`).not.toContain('s3cret');
		expect(failure.cause).toBeUndefined();
	});

	it('say that the tenant is unknown when discovery already does', async () => {
		const login = new FakeLogin();
		login.discovery = () => aadsts(90002, 400, 'invalid_tenant');
		expect(await rejection(msalTokens(optionsFor(login)).token())).toMatchObject({ kind: 'invalid', code: 'AADSTS90002' });
		expect(login.tokenRequests).toEqual([]);
	});

	it.each([
		['does not answer', () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ENOTFOUND' }) })), 'transient'],
		['answers 503', () => new Response('{}', { status: 503 }), 'transient'],
		['answers with a web page', () => new Response('<html>', { status: 200 }), 'transient'],
		['has a certificate that nobody vouches for', () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }) })), 'invalid'],
	])('are %s', async (_what, refuse, kind) => {
		const login = new FakeLogin();
		login.refuse = refuse;
		const failure = (await rejection(msalTokens(optionsFor(login)).token())) as Failure;
		expect(failure.kind).toBe(kind);
		expect(failure.message).toContain('login.example');
		if (kind === 'invalid') expect(failure.nextStep).toContain('NODE_EXTRA_CA_CERTS');
	});

	it('never send the secret where a discovery document points, if that is another host', async () => {
		const login = new FakeLogin();
		login.discovery = () =>
			Response.json({
				issuer: `https://login.example/${tenantId}/v2.0`,
				authorization_endpoint: 'https://evil.example/authorize',
				token_endpoint: 'https://evil.example/token',
				jwks_uri: 'https://evil.example/keys',
			});
		expect(await rejection(msalTokens(optionsFor(login)).token())).toMatchObject({ kind: 'invalid', code: 'foreignLink' });
		expect(login.sent.filter(({ url }) => url.includes('evil'))).toEqual([]);
	});

	it('come from a login service on this machine without https, too', async () => {
		const login = new FakeLogin('http://127.0.0.1:8080', 'http://127.0.0.1:8080');
		await msalTokens(optionsFor(login)).token();
		expect(login.sent.map(({ url }) => new URL(url).origin)).toEqual(['http://127.0.0.1:8080', 'http://127.0.0.1:8080']);
	});

	it('stop being waited for when the run is stopped', async () => {
		const login = new FakeLogin();
		login.refuse = () => new Promise(() => undefined);
		const stop = new AbortController();
		const waiting = rejection(msalTokens(optionsFor(login)).token({ signal: stop.signal }));
		setTimeout(() => stop.abort(), 5);
		expect(await waiting).toMatchObject({ kind: 'cancelled' });
	});

	it.each([
		['a tenant that is no name', { tenantId: 'contoso/../evil' }, 'Tenant ID'],
		['an empty tenant', { tenantId: ' ' }, 'Tenant ID'],
		['a tenant with a query', { tenantId: 'contoso.com?x' }, 'Tenant ID'],
		['a client id that is no GUID', { clientId: 'my app' }, 'Client ID'],
		['no secret', { proof: { kind: 'secret', clientSecret: '' } as const }, 'Client Secret'],
		['a certificate that is none', { proof: { kind: 'certificate', certificate: 'x', privateKey: 'y' } as const }, 'Certificate'],
	])('are not even asked for with %s', (_what, more, field) => {
		const login = new FakeLogin();
		expect(() => msalTokens(optionsFor(login, more))).toThrow(field);
		expect(login.sent).toEqual([]);
	});

	it.each(['contoso.onmicrosoft.com', 'CONTOSO.com', tenantId])('accept the tenant %s', async (name) => {
		const login = new FakeLogin();
		await msalTokens(optionsFor(login, { tenantId: ` ${name} ` })).token();
		expect(login.sent[0]?.url).toContain(`/${name.toLowerCase()}/`);
	});

	it('are shared by all who use the same credential in a process, and by nobody else', () => {
		const options = { ...optionsFor(new FakeLogin()) };
		delete options.fetch;
		expect(msalTokens(options)).toBe(msalTokens({ ...options }));
		expect(msalTokens({ ...options, proof: { kind: 'secret', clientSecret: 'another' } })).not.toBe(msalTokens(options));
	});
});

describe('a certificate', () => {
	let pair: { cert: string; private: string };
	beforeAll(async () => {
		const made = await generate([{ name: 'commonName', value: 'backup' }], { keySize: 2048, algorithm: 'sha256' });
		pair = { cert: made.cert, private: made.private };
	});

	it.each([
		['as it stands in the file', (pem: string) => pem],
		['pasted into one line', (pem: string) => pem.replaceAll(/\r?\n/g, ' ')],
		['with \\n for line breaks', (pem: string) => pem.replaceAll(/\r?\n/g, '\\n')],
	])('signs the request, %s', async (_how, spell) => {
		const login = new FakeLogin();
		await msalTokens(optionsFor(login, { proof: { kind: 'certificate', certificate: spell(pair.cert), privateKey: spell(pair.private) } })).token();
		const form = login.tokenRequests[0];
		expect(form?.get('client_secret')).toBeNull();
		const [head = '', claims = '', signature = ''] = (form?.get('client_assertion') ?? '').split('.');
		const certificate = new X509Certificate(pair.cert);
		const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, string>;
		expect(header['x5t#S256']).toBe(createHash('sha256').update(certificate.raw).digest('base64url'));
		expect(header['alg']).toBe('PS256');
		const verify = createVerify('sha256').update(`${head}.${claims}`);
		expect(verify.verify({ key: certificate.publicKey, padding: 6, saltLength: 32 }, signature, 'base64url')).toBe(true);
		expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ iss: clientId, aud: `https://login.example/${tenantId}/oauth2/v2.0/token` });
	});

	it('with a key that belongs to another one is refused before anything is sent', () => {
		const login = new FakeLogin();
		const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
		expect(() => msalTokens(optionsFor(login, { proof: { kind: 'certificate', certificate: pair.cert, privateKey: other } }))).toThrow('another certificate');
		const locked = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey;
		expect(() => msalTokens(optionsFor(login, { proof: { kind: 'certificate', certificate: pair.cert, privateKey: locked } }))).toThrow('passphrase');
		expect(login.sent).toEqual([]);
	});

	it('that has expired is refused with its date', () => {
		const login = new FakeLogin();
		const ambient = { now: () => new Date('2199-01-01') } as MsalOptions['ambient'];
		expect(() => msalTokens(optionsFor(login, { ambient, proof: { kind: 'certificate', certificate: pair.cert, privateKey: pair.private } }))).toThrow(/expired on .*GMT/);
	});
});

describe('the clouds', () => {
	it.each([
		['global', 'https://login.microsoftonline.com', 'https://graph.microsoft.com'],
		['gccHigh', 'https://login.microsoftonline.us', 'https://graph.microsoft.us'],
		['dod', 'https://login.microsoftonline.us', 'https://dod-graph.microsoft.us'],
		['china', 'https://login.chinacloudapi.cn', 'https://microsoftgraph.chinacloudapi.cn'],
	] as const)('%s', async (cloud, loginUrl, graphUrl) => {
		expect(cloudEndpoints(cloud)).toEqual({ loginUrl, graphUrl });
		const login = new FakeLogin(loginUrl, graphUrl);
		await msalTokens(optionsFor(login)).token();
		expect(login.tokenRequests[0]?.get('scope')).toBe(`${graphUrl}/.default`);
		expect(login.sent.every(({ url }) => /^https:\/\/login\.(microsoftonline\.(com|us)|chinacloudapi\.cn|partner\.microsoftonline\.cn)\//.test(url))).toBe(true);
	});

	it('takes custom addresses over https, and over http on this machine only', () => {
		expect(cloudEndpoints('custom', { loginUrl: 'https://login.example/', graphUrl: 'https://graph.example/v1.0/' })).toEqual({ loginUrl: 'https://login.example', graphUrl: 'https://graph.example' });
		expect(cloudEndpoints('custom', { loginUrl: 'http://127.0.0.1:1', graphUrl: 'http://localhost:1' }).graphUrl).toBe('http://localhost:1');
	});

	it.each([
		{ loginUrl: 'http://login.example', graphUrl: 'https://graph.example' },
		{ loginUrl: 'https://login.example', graphUrl: 'http://127.0.0.1.evil.example' },
		{ loginUrl: 'https://login.example', graphUrl: 'graph' },
		{ loginUrl: '', graphUrl: 'https://graph.example' },
		{ loginUrl: 'https://login.example/tenant', graphUrl: 'https://graph.example' },
		{ loginUrl: 'https://user:secret@login.example', graphUrl: 'https://graph.example' },
	])('refuses %o', (custom) => {
		expect(() => cloudEndpoints('custom', custom)).toThrow(/URL of the credential/);
	});
});

describe('the claims of a token', () => {
	it('are read without quoting the token when they are not there', () => {
		expect(readTokenClaims(tokenWith([])).roles).toEqual([]);
		expect(() => readTokenClaims('secret.opaque.token')).toThrow('does not say which tenant');
		expect(() => readTokenClaims('secret')).not.toThrow('secret');
	});
});
