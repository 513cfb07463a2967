import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type RunningSimulator } from './start';

interface ClientResult {
	subjects?: string[];
	error?: string;
	expiresOn?: string;
}

describe('the simulated login, with the real MSAL over HTTPS', () => {
	let simulator: RunningSimulator;

	beforeAll(async () => {
		simulator = await startSimulator({ users: 0, hostNames: ['login.simulated.example'] });
		const { mailbox } = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' });
		mailbox!.addMime('inbox', 'From: a@example.com\r\nSubject: Seen by the Graph client\r\n\r\nHello\r\n');
	});
	afterAll(() => simulator.stop());

	/** A process of its own, since Node reads NODE_EXTRA_CA_CERTS at its start. */
	async function client(settings: Record<string, unknown>): Promise<ClientResult> {
		const { loginUrl, graphUrl, tenantId, clientId, clientSecret, caFile } = simulator;
		const all = { loginUrl, graphUrl, tenant: tenantId, clientId, clientSecret, mailbox: 'anna@contoso.example', ...settings };
		const fixture = join(__dirname, 'msal-login.fixture.mts');
		const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', fixture, JSON.stringify(all)], { env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile } });
		return JSON.parse(stdout) as ClientResult;
	}

	it('gives a token for the client secret, with which the Microsoft Graph client lists messages', async () => {
		expect(await client({})).toMatchObject({ subjects: ['Seen by the Graph client'] });
	});

	it('accepts the tenant by domain as well as by GUID', async () => {
		expect(await client({ tenant: 'contoso.example' })).toMatchObject({ subjects: ['Seen by the Graph client'] });
	});

	it('accepts an assertion signed with a registered certificate and refuses any other', async () => {
		const made = await generate([{ name: 'commonName', value: 'backup' }], { keySize: 2048, algorithm: 'sha256' });
		const certificate = { privateKey: made.private, thumbprintSha256: createHash('sha256').update(new X509Certificate(made.cert).raw).digest('hex') };
		expect((await client({ clientSecret: undefined, certificate })).error).toContain('AADSTS700027');
		simulator.tenant.assertions.register(made.cert);
		expect(await client({ clientSecret: undefined, certificate })).toMatchObject({ subjects: ['Seen by the Graph client'] });
	});

	it('says AADSTS7000215 to a wrong secret', async () => {
		expect((await client({ clientSecret: 'wrong' })).error).toContain('AADSTS7000215');
	});

	it('lets MSAL find no endpoints for an unknown tenant', async () => {
		expect((await client({ tenant: '00000000-1111-4222-8333-444444444444' })).error).toContain('endpoints_resolution_error');
	});
});
