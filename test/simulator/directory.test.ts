import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller } from './graph-caller';
import { MICROSOFT_E5, OFFICE_E3, POWER_BI_FREE } from './licence-skus';
import { startSimulator, type RunningSimulator } from './start';

const eventual = { headers: { ConsistencyLevel: 'eventual' } };

describe('users, groups and licences of the directory', () => {
	let simulator: RunningSimulator;
	let graph: GraphCaller;
	const names = async (path: string, options = {}): Promise<unknown> => {
		const { status, json } = await graph.get(path, options);
		return status === 200 ? json.value.map(({ displayName }) => displayName) : [status, json.error?.code];
	};

	beforeEach(async () => {
		simulator = await startSimulator({ http: true, users: 0 });
		graph = new GraphCaller(simulator);
		const { tenant } = simulator;
		const anna = tenant.addUser({ displayName: 'Anna Berg', skuIds: [MICROSOFT_E5.skuId] });
		const bruno = tenant.addUser({ displayName: 'Bruno Costa', accountEnabled: false });
		tenant.addUser({ displayName: 'Info', shared: true });
		const cleo = tenant.addUser({ displayName: 'Cleo', userPrincipalName: 'cleo@fabrikam.example', mailbox: false, skuIds: [POWER_BI_FREE.skuId] });
		const inner = tenant.groups.add({ displayName: 'Inner', members: [bruno, cleo] });
		const outer = tenant.groups.add({ displayName: "Sales 'n more", mail: 'sales@contoso.example', members: [anna, bruno, inner] });
		inner.members.push(outer);
	});
	afterEach(() => simulator.stop());

	it('users are filtered by account and licence', async () => {
		expect(await names('/users?$filter=accountEnabled eq false')).toEqual(['Bruno Costa', 'Info']);
		expect(await names(`/users?$filter=assignedLicenses/any(x:x/skuId eq ${OFFICE_E3.skuId})`)).toEqual(['Bruno Costa']);
		expect(await names(`/users?$filter=assignedLicenses/any(x:x/skuId eq ${POWER_BI_FREE.skuId}) and accountEnabled eq true`)).toEqual(['Cleo']);
	});

	it('what is no plain comparison needs ConsistencyLevel: eventual and $count', async () => {
		for (const [filter, found] of [
			['assignedLicenses/$count eq 0', ['Info']],
			["endswith(mail,'@contoso.example')", ['Anna Berg', 'Bruno Costa', 'Info']],
			["endswith(userPrincipalName,'@fabrikam.example') or endswith(mail,'x')", ['Cleo']],
			['accountEnabled ne true', ['Bruno Costa', 'Info']],
		] as const) {
			expect(await names(`/users?$filter=${filter}`)).toEqual([400, 'Request_UnsupportedQuery']);
			expect(await names(`/users?$filter=${filter}`, eventual)).toEqual([400, 'Request_UnsupportedQuery']);
			expect(await names(`/users?$filter=${filter}&$count=true`, eventual)).toEqual(found);
		}
	});

	it('what Entra does not answer is refused, not overlooked', async () => {
		for (const query of ["$filter=contains(displayName,'a')", '$skip=1', '$top=1000', '$top=0', '$count=true', "$filter=mailboxSettings/userPurpose eq 'shared'", `$filter=${Array.from({ length: 16 }, (_, n) => `startswith(mail,'${n}')`).join(' or ')}`, "$filter=endswith(displayName,'a')&$count=true"]) {
			expect([query, await names(`/users?${query}`)]).toEqual([query, [400, 'Request_UnsupportedQuery']]);
		}
		simulator.tenant.switches.combinedUserFilters = 'refused';
		expect(await names(`/users?$filter=assignedLicenses/any(x:x/skuId eq ${OFFICE_E3.skuId}) and accountEnabled eq false`)).toEqual([400, 'Request_UnsupportedQuery']);
	});

	it('User.ReadBasic.All shows the basic profile only', async () => {
		const { roles, tokens, switches } = simulator.tenant;
		roles.set('User.ReadBasic.All');
		const { token } = tokens.issue();
		const path = '/users?$select=mail,accountEnabled,assignedLicenses&$top=1';
		expect((await graph.get(path, { token })).json.value).toEqual([{ mail: 'anna.berg@contoso.example', accountEnabled: null, assignedLicenses: null }]);
		switches.basicUserFields = 'refused';
		expect((await graph.get(path, { token })).status).toBe(403);
		expect((await graph.get('/users?$select=mail', { token })).status).toBe(200);
	});

	it('groups are found by name and address; their users include those of groups within, each once, and need the cast’s header', async () => {
		const { json } = await graph.get("/groups?$filter=displayName eq 'sales ''n more' or mail eq 'x'&$select=id,displayName");
		expect(json.value).toEqual([{ id: expect.any(String) as string, displayName: "Sales 'n more" }]);
		expect(await names("/groups?$filter=mail eq 'sales@contoso.example'")).toEqual(["Sales 'n more"]);
		const members = `/groups/${json.value[0]!.id}/transitiveMembers/microsoft.graph.user?$select=displayName`;
		expect(await names(members)).toEqual([400, 'Request_UnsupportedQuery']);
		expect(await names(`${members}&$count=true`, eventual)).toEqual(['Anna Berg', 'Bruno Costa', 'Cleo']);
		const first = await graph.get(`${members}&$count=true&$top=2`, eventual);
		expect(first.json.value).toHaveLength(2);
		expect(first.json['@odata.nextLink']).toContain('/transitiveMembers/microsoft.graph.user?');
		expect((await graph.get(`/groups/${simulator.tenantId}`)).status).toBe(404);
		expect(simulator.misses).toEqual([]);
	});

	it('each need their permission; who may read groups alone sees ids', async () => {
		const { roles, tokens, groups } = simulator.tenant;
		roles.set('GroupMember.Read.All');
		const { token } = tokens.issue();
		expect((await graph.get('/subscribedSkus', { token })).status).toBe(403);
		const { json } = await graph.get(`/groups/${groups.all[0]!.id}/transitiveMembers/microsoft.graph.user?$count=true&$select=id,userPrincipalName&$top=1`, { token, ...eventual });
		expect(json.value).toEqual([{ '@odata.type': '#microsoft.graph.user', id: simulator.tenant.users[1]!.id, userPrincipalName: null }]);
		roles.set('LicenseAssignment.Read.All');
		const other = tokens.issue().token;
		expect((await graph.get('/groups', { token: other })).status).toBe(403);
		expect((await graph.get('/subscribedSkus', { token: other })).json.value.map((sku) => sku['skuPartNumber'])).toEqual(['ENTERPRISEPACK', 'SPE_E5', 'POWER_BI_STANDARD']);
	});
});
