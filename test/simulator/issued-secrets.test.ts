import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ECHO_STYLES } from './echo';
import { GraphCaller } from './graph-caller';
import { SecretSearch } from '../support/secret-search';
import type { IssuedSecret } from './issued-secrets';
import { startSimulator, type RunningSimulator } from './start';
import type { TenantUser } from './tenant';

let simulator: RunningSimulator;
let graph: GraphCaller;
let user: TenantUser;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	user = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' });
	user.drive!.addFile('', 'a.txt', 'A');
});
afterEach(() => simulator.stop());

const of = (kind: IssuedSecret['kind']): IssuedSecret[] => simulator.tenant.issued.all.filter((secret) => secret.kind === kind);

describe('what a tenant remembers of what it handed out', () => {
	it('is nothing unless a test asks for it', async () => {
		await graph.get(`/drives/${user.drive!.id}/root/delta`);
		expect(simulator.tenant.issued.all).toEqual([]);
	});

	it('is the part of a download URL that nobody can guess, another one each time', async () => {
		simulator.tenant.issued.isKept = true;
		const urls: string[] = [];
		for (let n = 0; n < 2; n++) {
			const { json } = await graph.get(`/drives/${user.drive!.id}/root/delta`);
			urls.push(...(json.value as Record<string, string>[]).flatMap((item) => item['@microsoft.graph.downloadUrl'] ?? []));
		}
		expect(urls).toHaveLength(2);
		const keys = of('download URL').map(({ keys: [key] }) => key!);
		expect(new Set(keys).size).toBe(2);
		for (const [n, url] of urls.entries()) expect(url).toContain(keys[n]);
		expect(await (await fetch(urls[1]!)).text()).toBe('A');
	});

	it('is every token and every upload URL', async () => {
		simulator.tenant.issued.isKept = true;
		const { token } = simulator.tenant.tokens.issue();
		const { keys } = of('access token')[0]!;
		expect(keys).toHaveLength(2);
		expect(token.endsWith(`.${keys[1]}`)).toBe(true);
		expect(token.split('.')[1]).toContain(keys[0]);
		expect(Buffer.from(keys[0]!, 'base64url').toString()).toMatch(/^[\w-]{14,}$/);
		const { json } = await graph.post(`/drives/${user.drive!.id}/root:/large.bin:/createUploadSession`, { item: {} });
		for (const key of of('upload URL')[0]!.keys) expect(json.uploadUrl).toContain(key);
	});
});

it('takes no part of a token for a secret that says the time, as other texts do in the same characters', async () => {
	simulator.tenant.issued.isKept = true;
	for (let n = 0; n < 12; n++) simulator.tenant.tokens.issue();
	const search = new SecretSearch(simulator.tenant.issued.all);
	const second = Math.floor(simulator.tenant.clock.nowMs() / 1000);
	for (const offset of [0, 1, 2]) {
		for (const at of [second - 1, second, second + 1]) {
			const text = Buffer.from(`${'x'.repeat(offset)}{"iat":${at},"nbf":${at},"issuedMs":${at}000}`).toString('base64url');
			expect(search.find(Buffer.from(text))).toEqual([]);
		}
	}
});

describe('a fault that repeats the request', () => {
	it.each(ECHO_STYLES.filter((style) => !['code', 'form', 'encoded address'].includes(style)))('says the token: %s', async (echo) => {
		simulator.tenant.faults.script({ match: 'GET /users*', do: { status: 500, echo } });
		const answer = await fetch(`${simulator.graphUrl}/v1.0/users`, { headers: { Authorization: `Bearer ${simulator.token}` } });
		expect(answer.status).toBe(500);
		expect(await answer.text()).toContain(simulator.token);
	});

	it('says the secret to whoever signed in with it', async () => {
		simulator.tenant.loginFaults.script({ match: 'POST *token', do: { status: 400, echo: 'form' } });
		const body = new URLSearchParams({ client_secret: 'hush' });
		const answer = await fetch(`${simulator.loginUrl}/${simulator.tenantId}/oauth2/v2.0/token`, { method: 'POST', body });
		expect(await answer.text()).toContain('client_secret=hush');
	});
});
