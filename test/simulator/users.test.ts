import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, plainMime } from './graph-caller';
import { startSimulator, type RunningSimulator } from './start';

let simulator: RunningSimulator;
let graph: GraphCaller;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	for (const displayName of ['Anna Berg', 'Bruno Costa', 'Berta Anders']) simulator.tenant.addUser({ displayName });
	simulator.tenant.addUser({ displayName: 'Room 1', mailbox: false });
});
afterEach(() => simulator.stop());

describe('users', () => {
	it('are found by id and by principal name; unknown ones answer 404 Request_ResourceNotFound', async () => {
		const byName = await graph.get('/users/anna.berg@contoso.example');
		expect(byName.entity).toMatchObject({ displayName: 'Anna Berg', mail: 'anna.berg@contoso.example' });
		expect((await graph.get(`/users/${byName.entity.id}`)).entity.id).toBe(byName.entity.id);
		expect(await graph.get('/users/nobody@contoso.example')).toMatchObject({ status: 404, json: { error: { code: 'Request_ResourceNotFound' } } });
	});

	it('are listed in pages, filtered, searched and selected', async () => {
		expect(await graph.round('/users?$top=2&$select=displayName')).toMatchObject({ pages: 2, entries: [{ displayName: 'Anna Berg' }, {}, {}, {}] });
		const found = async (query: string, headers: Record<string, string> = {}): Promise<unknown[]> => (await graph.get(`/users?${query}`, { headers })).json.value.map(({ displayName }) => displayName);
		expect(await found("$filter=startswith(displayName,'b') or startswith(mail,'b')")).toEqual(['Bruno Costa', 'Berta Anders']);
		expect((await graph.get('/users?$search="displayName:b"')).status).toBe(400);
		expect(await found('$search="displayName:be"', { ConsistencyLevel: 'eventual' })).toEqual(['Anna Berg', 'Berta Anders']);
	});

	it('without a mailbox answer 404 MailboxNotEnabledForRESTAPI on mail paths, unknown ones ErrorInvalidUser', async () => {
		expect(await graph.get('/users/room.1@contoso.example/messages')).toMatchObject({ status: 404, json: { error: { code: 'MailboxNotEnabledForRESTAPI' } } });
		expect(await graph.get('/users/nobody@contoso.example/messages')).toMatchObject({ status: 404, json: { error: { code: 'ErrorInvalidUser' } } });
		expect((await graph.get('/users/room.1@contoso.example')).status).toBe(200);
	});

	it('that were deleted stay in the recycle bin, with when, until they are purged or restored under the same id', async () => {
		const { tenant } = simulator;
		const anna = tenant.findUser('anna.berg@contoso.example')!;
		const bin = `/directory/deletedItems/${anna.id}`;
		expect(await graph.get(bin)).toMatchObject({ status: 404, json: { error: { code: 'Request_ResourceNotFound' } } });
		tenant.removeUser(anna);
		expect(await graph.get(`/users/${anna.id}`)).toMatchObject({ status: 404, json: { error: { code: 'Request_ResourceNotFound' } } });
		const { status, json } = await graph.get(`${bin}?$select=id,deletedDateTime`);
		expect({ status, json }).toMatchObject({ status: 200, json: { id: anna.id, deletedDateTime: `${tenant.clock.now().toISOString().slice(0, 19)}Z` } });
		tenant.restoreUser(anna);
		expect([(await graph.get(`/users/${anna.id}`)).status, (await graph.get(bin)).status]).toEqual([200, 404]);
		tenant.purgeUser(anna);
		expect([(await graph.get(`/users/${anna.id}`)).status, (await graph.get(bin)).status]).toEqual([404, 404]);
		tenant.roles.revoke('User.Read.All');
		expect(await graph.get(bin)).toMatchObject({ status: 403, json: { error: { code: 'Authorization_RequestDenied' } } });
	});

	it('are not reachable as /me with application tokens', async () => {
		expect(await graph.get('/me/messages')).toMatchObject({ status: 400, json: { error: { message: '/me request is only valid with delegated authentication flow.' } } });
	});
});

describe('tokens and permissions', () => {
	it('answer 401 without a token, with a foreign one and with an expired one', async () => {
		expect((await fetch(`${simulator.graphUrl}/v1.0/users`)).status).toBe(401);
		expect((await graph.get('/users', { token: 'abc' })).status).toBe(401);
		const { token } = simulator.tenant.tokens.issue();
		expect((await graph.get('/users', { token })).status).toBe(200);
		simulator.tenant.clock.advance(80 * 60_000);
		expect((await graph.get('/users', { token })).status).toBe(401);
		simulator.tenant.tokens.expireAll();
		expect((await graph.get('/users')).status).toBe(401);
	});

	it('allow what their roles allow and answer 403 otherwise', async () => {
		const { roles, tokens } = simulator.tenant;
		roles.set('Mail.ReadBasic.All');
		const { token } = tokens.issue();
		const message = simulator.tenant.mailbox('anna.berg@contoso.example').addMime('inbox', plainMime('x'));
		const path = `/users/anna.berg@contoso.example/messages`;
		const basic = await graph.get(path, { token });
		expect(basic.json.value[0]).toMatchObject({ subject: 'x' });
		for (const hidden of ['body', 'bodyPreview']) expect(basic.json.value[0]).not.toHaveProperty(hidden);
		expect((await graph.get(`${path}?$expand=attachments`, { token })).status).toBe(403);
		expect(await graph.get(`${path}/${message.id}/$value`, { token })).toMatchObject({ status: 403, json: { error: { code: 'ErrorAccessDenied' } } });
		expect(await graph.get('/users', { token })).toMatchObject({ status: 403, json: { error: { code: 'Authorization_RequestDenied' } } });
		roles.grant('Mail.Read');
		expect((await graph.get(`${path}/${message.id}/$value`, { token: tokens.issue().token })).status).toBe(200);
		expect((await graph.post(path, { subject: 'x' }, { token: tokens.issue().token })).status).toBe(403);
	});

	it('lose a revoked role at once, or only in new tokens if told so', async () => {
		const path = '/users/anna.berg@contoso.example/messages';
		simulator.tenant.roles.revoke(['Mail.Read', 'Mail.ReadWrite', 'Mail.ReadBasic.All'], { inIssuedTokens: false });
		expect((await graph.get(path)).status).toBe(200);
		expect((await graph.get(path, { token: simulator.tenant.tokens.issue().token })).status).toBe(403);
		simulator.tenant.roles.revoke(['Mail.Read', 'Mail.ReadWrite', 'Mail.ReadBasic.All']);
		expect((await graph.get(path)).status).toBe(403);
	});

	it('answer 403 for a mailbox that an application policy leaves out', async () => {
		simulator.tenant.mailbox('anna.berg@contoso.example').isForbidden = true;
		expect(await graph.get('/users/anna.berg@contoso.example/messages')).toMatchObject({ status: 403, json: { error: { message: 'Access to OData is disabled.' } } });
		expect((await graph.get('/users/bruno.costa@contoso.example/messages')).status).toBe(200);
	});
});

describe('paths that nobody documented', () => {
	it('answer 404 and are listed as misses', async () => {
		for (const path of ['/users/anna.berg@contoso.example/planner', '/teams', '/users/anna.berg@contoso.example/mailFolders/inbox/nonsense']) expect((await graph.get(path)).status).toBe(404);
		expect(simulator.misses).toHaveLength(3);
	});

	it('tell the organization', async () => {
		expect((await graph.get('/organization')).json.value[0]).toMatchObject({ id: simulator.tenantId });
	});
});
