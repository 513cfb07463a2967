import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { drivesOfUsers } from '../../../nodes/M365Backup/graph/drives';
import { listUsers, type ListedUser, type ListUsersOptions, type UsersWanted } from '../../../nodes/M365Backup/graph/list-users';
import { mailboxKinds, type MailboxKind } from '../../../nodes/M365Backup/graph/mailbox-kinds';
import { ofKinds } from '../../../nodes/M365Backup/pickers/tenant-users';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import { MICROSOFT_E5, POWER_BI_FREE } from '../../simulator/licence-skus';
import { startSimulator, type RunningSimulator } from '../../simulator/start';

describe('the users of a tenant, by what an administrator tells them apart by', () => {
	let simulator: RunningSimulator;
	let graph: GraphClient;
	const client = (token: string): GraphClient => createGraphClient({ graphUrl: simulator.graphUrl, tokens: fixedToken(token), ambient: realAmbient, governor: new Governor(realAmbient) });
	const names = async (wanted: UsersWanted, options: ListUsersOptions = {}, of = graph): Promise<string[]> => {
		const found: string[] = [];
		for await (const page of listUsers(of, wanted, options)) found.push(...page.map(({ displayName }) => displayName));
		return found;
	};
	const urls = (): string[] => simulator.requestLog.urls.map((url) => decodeURIComponent(url));

	beforeEach(async () => {
		simulator = await startSimulator({ http: true, users: 0 });
		const { tenant } = simulator;
		const anna = tenant.addUser({ displayName: 'Anna Berg', skuIds: [MICROSOFT_E5.skuId] });
		const bruno = tenant.addUser({ displayName: 'Bruno Costa', accountEnabled: false });
		tenant.addUser({ displayName: 'Info', shared: true });
		tenant.addUser({ displayName: 'Cleo (old)', userPrincipalName: 'cleo@fabrikam.example', mailbox: false, skuIds: [POWER_BI_FREE.skuId] });
		tenant.addUser({ displayName: 'Guest', userPrincipalName: 'x_y.com#EXT#@contoso.example', userType: 'Guest', mailbox: false });
		const sales = tenant.groups.add({ displayName: 'Sales', members: [bruno] });
		tenant.groups.add({ displayName: "Backup d'or", mail: 'backup@contoso.example', members: [anna, sales] });
		for (const _ of [1, 2]) tenant.groups.add({ displayName: 'Twice' });
		simulator.requestLog.keepUrls = true;
		graph = client(simulator.token);
	});
	afterEach(() => simulator.stop());

	it('are all listed without guests, in one request for 999', async () => {
		expect(await names({})).toEqual(['Anna Berg', 'Bruno Costa', 'Info', 'Cleo (old)']);
		expect(urls()).toEqual(['GET /v1.0/users?$select=id,displayName,userPrincipalName,mail&$top=999']);
	});

	it.each<[string, UsersWanted, string[]]>([
		['whether the account is enabled', { enabled: false }, ['Bruno Costa', 'Info']],
		['any licence', { licences: ['any'] }, ['Anna Berg', 'Bruno Costa', 'Cleo (old)']],
		['no licence', { licences: ['NONE'] }, ['Info']],
		['a part number', { licences: ['spe_e5'] }, ['Anna Berg']],
		['part number or id', { licences: ['SPE_E5', POWER_BI_FREE.skuId.toUpperCase()] }, ['Anna Berg', 'Cleo (old)']],
		['a domain', { domains: ['Fabrikam.example'] }, ['Cleo (old)']],
		['domains with wildcards', { domains: ['fabri*', 'nowhere'] }, ['Cleo (old)']],
		['a pattern of the name', { names: ['*berg', 'inf?'] }, ['Anna Berg', 'Info']],
		['a pattern of the address', { names: ['bruno.*@contoso.example'] }, ['Bruno Costa']],
		['a pattern whose signs mean nothing else', { names: ['cleo (old)', 'a.*'] }, ['Cleo (old)']],
		['what it starts with', { startsWith: 'bru' }, ['Bruno Costa']],
		['what is excluded', { exclude: ['*@fabrikam.example', 'Info', 'anna.berg@contoso.example'] }, ['Bruno Costa']],
		['a group, through groups', { groups: ["backup d'or"] }, ['Anna Berg', 'Bruno Costa']],
		['a group by its address, and another that shares a member', { groups: ['backup@contoso.example', 'Sales'] }, ['Anna Berg', 'Bruno Costa']],
		['all at once', { groups: ['Sales'], enabled: false, licences: ['any'], domains: ['contoso.example'], names: ['b*'], exclude: ['x'] }, ['Bruno Costa']],
		['all but the group at once', { enabled: false, licences: ['any'], domains: ['contoso.example'], names: ['b*'], startsWith: 'Br' }, ['Bruno Costa']],
		['more names than Graph takes in a condition', { names: [...Array.from({ length: 40 }, (_, n) => `user${n}*`), 'anna*'] }, ['Anna Berg']],
	])('are found by %s', async (_, wanted, found) => {
		expect(await names(wanted)).toEqual(found);
		expect([...simulator.requestLog.byStatus.keys()]).toEqual([200]);
	});

	describe('are found whichever way their umlauts are written: in one sign or in two, as macOS writes them', () => {
		const [composed, decomposed] = ['J\u00fcrgen M\u00fcller', 'Ju\u0308rgen Mu\u0308ller'];

		it.each<[string, (typed: (text: string) => string) => UsersWanted]>([
			['what the name starts with', (typed) => ({ startsWith: typed('J\u00fcrgen M') })],
			['a pattern', (typed) => ({ names: [typed('j\u00fcrgen m\u00fc*')] })],
			['a whole name', (typed) => ({ names: [typed('J\u00fcrgen M\u00fcller')] })],
			['a domain', (typed) => ({ domains: [typed('m\u00fcller.example')] })],
			['a group', (typed) => ({ groups: [typed('Gesch\u00e4ftsf\u00fchrung')] })],
		])('by %s', async (_, wantedAs) => {
			const { tenant } = simulator;
			const both = [composed, decomposed].map((displayName, n) => tenant.addUser({ displayName, userPrincipalName: `jm${n}@contoso.example`, mail: n === 0 ? 'a@m\u00fcller.example' : 'b@mu\u0308ller.example', drive: false }));
			tenant.groups.add({ displayName: 'Gesch\u00e4ftsf\u00fchrung', members: both });
			for (const form of ['NFC', 'NFD'] as const) expect(await names(wantedAs((text) => text.normalize(form))), form).toEqual([composed, decomposed]);
			expect([...simulator.requestLog.byStatus.keys()]).toEqual([200]);
		});

		it('by a name of which only a part is written in two signs', async () => {
			const mixed = 'J\u00fcrgen Mu\u0308ller';
			simulator.tenant.addUser({ displayName: mixed, userPrincipalName: 'jm@contoso.example', drive: false });
			expect(await names({ startsWith: composed })).toEqual([mixed]);
			expect(await names({ names: [decomposed] })).toEqual([mixed]);
		});

		it('and are left out by such a name', async () => {
			simulator.tenant.addUser({ displayName: composed, userPrincipalName: 'jm@contoso.example', drive: false });
			expect(await names({ startsWith: 'j', exclude: [decomposed] })).toEqual([]);
		});
	});

	it('are sorted out by Graph where Graph can', async () => {
		await names({ enabled: true, domains: ['contoso.example'], licences: ['any'] });
		expect(urls()).toEqual([expect.stringContaining("$count=true&$filter=accountEnabled eq true and assignedLicenses/$count ne 0 and (endswith(userPrincipalName,'@contoso.example') or endswith(mail,'@contoso.example'))")]);
	});

	it('are found all the same where Graph refuses conditions that it knows one by one', async () => {
		simulator.tenant.switches.combinedUserFilters = 'refused';
		expect(await names({ enabled: false, licences: ['any'] })).toEqual(['Bruno Costa']);
		expect(urls()).toHaveLength(2);
	});

	it('say whether they are enabled and licensed where the credential may see that', async () => {
		const pages: unknown[] = [];
		for await (const page of listUsers(graph, { startsWith: 'info' }, { seesAccounts: true })) pages.push(...page);
		expect(pages).toMatchObject([{ displayName: 'Info', mail: 'info@contoso.example', enabled: false, licensed: false }]);
	});

	describe('where a permission is lacking', () => {
		const as = (...roles: string[]): GraphClient => {
			simulator.tenant.roles.set(...roles);
			return client(simulator.tenant.tokens.issue().token);
		};

		it('say which one, for each filter, and ask nothing that cannot be answered', async () => {
			const limited = as('User.ReadBasic.All');
			await expect(names({ enabled: true }, { seesAccounts: false }, limited)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('User.Read.All') as string });
			await expect(names({ licences: ['any'] }, { seesAccounts: false }, limited)).rejects.toMatchObject({ nextStep: expect.stringContaining('User.Read.All') as string });
			expect(urls()).toEqual([]);
			await expect(names({ groups: ['Sales'] }, {}, limited)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('GroupMember.Read.All') as string });
			await expect(names({ licences: ['SPE_E5'] }, {}, limited)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('LicenseAssignment.Read.All') as string });
			expect(await names({}, { seesAccounts: false }, limited)).toHaveLength(4);
		});

		it('are not taken for nobody when a group shows only ids', async () => {
			await expect(names({ groups: ['Sales'] }, {}, as('GroupMember.Read.All'))).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('User.ReadBasic.All') as string });
		});
	});

	it('that are named wrongly are explained', async () => {
		await expect(names({ groups: ['Nobody'] })).rejects.toMatchObject({ kind: 'notFound', message: 'The tenant has no group Nobody' });
		await expect(names({ groups: ['Twice'] })).rejects.toMatchObject({ kind: 'invalid', nextStep: expect.stringMatching(/object ID: \S+, \S+$/) as string });
		await expect(names({ licences: ['E9'] })).rejects.toMatchObject({ kind: 'notFound', nextStep: expect.stringContaining('ENTERPRISEPACK, POWER_BI_STANDARD, SPE_E5') as string });
	});

	it('have mailboxes of kinds that only the mailbox tells, 20 in a call; a throttled one is waited for, a refused one is not lost', async () => {
		const { tenant } = simulator;
		const people = Array.from({ length: 45 }, (_, n) => tenant.addUser({ displayName: `Room ${n}`, drive: false }));
		for (const { mailbox } of people) mailbox!.settings.userPurpose = 'room';
		people[1]!.mailbox!.isForbidden = true;
		const again = people[2]!;
		tenant.faults.script({ match: `GET /users/${again.id}/mailboxSettings`, do: { status: 429, headers: { 'Retry-After': '1' } } });
		const ids = tenant.users.map(({ id }) => id);
		const before = simulator.requestLog.calls;
		const { kinds } = await mailboxKinds(graph, ids);
		expect(simulator.requestLog.calls - before).toBe(4);
		const kindOf = (name: string) => kinds.get(tenant.users.find(({ displayName }) => displayName === name)!.id);
		expect(['Anna Berg', 'Info', 'Cleo (old)', 'Room 0', 'Room 1', 'Room 2'].map(kindOf)).toEqual(['user', 'shared', 'none', 'room', 'unknown', 'room']);
	});

	describe('of one kind, where mailboxes refuse to tell it', () => {
		/** Page by page the names of those whom `ofKinds` lets through; `pages` name the users of each page. */
		const told = async (kinds: MailboxKind[], pages: string[][], { of = graph, roles }: { of?: GraphClient; roles?: readonly string[] } = {}): Promise<string[][]> => {
			const users: ListedUser[] = [];
			for await (const page of listUsers(graph, {})) users.push(...page);
			const named = pages.map((names) => names.map((name) => users.find(({ displayName }) => displayName === name)!));
			const found: string[][] = [];
			const listed = (async function* () {
				yield* await Promise.resolve(named);
			})();
			for await (const page of ofKinds({ graph: of, roles }, listed, kinds, { signal: undefined })) found.push(page.map(({ displayName, kind }) => `${displayName}: ${kind ?? ''}`));
			return found;
		};

		beforeEach(() => {
			for (const displayName of ['Refusing', 'Silent']) simulator.tenant.addUser({ displayName }).mailbox!.isForbidden = true;
		});

		it('no page on which all refuse ends the list, be it the first: Exchange grants single mailboxes without a role', async () => {
			expect(await told(['shared'], [['Refusing'], ['Cleo (old)'], ['Info', 'Anna Berg'], ['Silent']])).toEqual([['Refusing: unknown', 'Info: shared'], ['Silent: unknown']]);
		});

		it('it is a lack of the permission only if nobody on any page tells', async () => {
			await expect(told(['shared'], [['Refusing'], ['Cleo (old)', 'Silent']])).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('MailboxSettings.Read') as string });
			simulator.tenant.roles.set('User.ReadBasic.All');
			const limited = client(simulator.tenant.tokens.issue().token);
			await expect(told(['shared'], [['Anna Berg'], ['Info']], { of: limited })).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('MailboxSettings.Read') as string });
		});

		it('nobody is held back where the permission is there: then it lies with the mailboxes', async () => {
			expect(await told(['shared'], [['Refusing'], ['Silent']], { roles: ['MailboxSettings.Read'] })).toEqual([['Refusing: unknown'], ['Silent: unknown']]);
		});

		it('nothing is asked where no kind is', async () => {
			const before = simulator.requestLog.requests;
			expect(await told([], [['Refusing'], ['Info']])).toEqual([['Refusing: '], ['Info: ']]);
			expect(simulator.requestLog.requests - before).toBe(1);
		});

		it('nobody is refused where there is no mailbox at all', async () => {
			expect(await told(['user'], [['Cleo (old)']])).toEqual([]);
		});
	});

	it('come once, though Graph repeats an entry on the page after', async () => {
		const [anna, bruno] = [{ id: 'a', displayName: 'Anna', userPrincipalName: 'a@contoso.example' }, { id: 'b', displayName: 'Bruno', userPrincipalName: 'b@contoso.example' }];
		const repeating = Object.assign(Object.create(graph) as GraphClient, {
			pages: async function* () {
				yield* await Promise.resolve([[anna], [anna, bruno]]);
			},
		});
		expect(await names({}, {}, repeating)).toEqual(['Anna', 'Bruno']);
	});

	it.each<[string, UsersWanted]>([
		['account', { groups: ['Sales'], enabled: true }],
		['missing licence', { groups: ['Sales'], licences: ['none'] }],
	])('are not taken for others by their %s where Graph keeps that to itself', async (_, wanted) => {
		const secretive = Object.assign(Object.create(graph) as GraphClient, {
			pages: async function* () {
				yield* await Promise.resolve([[], [{ id: 'b', displayName: 'Bruno', userPrincipalName: 'b@contoso.example', accountEnabled: null }]]);
			},
		});
		await expect(names(wanted, {}, secretive)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('User.Read.All') as string });
		expect(await names({ groups: ['Sales'] }, {}, secretive)).toEqual(['Bruno']);
	});

	it('bring their OneDrives, 20 in a call', async () => {
		for (let n = 0; n < 25; n++) simulator.tenant.addUser({ displayName: `Person ${n}` });
		const before = simulator.requestLog.calls;
		const found: string[] = [];
		for await (const users of listUsers(graph, {})) found.push(...(await drivesOfUsers(graph, users)).map(({ user }) => user.displayName));
		expect(found).toEqual(['Anna Berg', 'Bruno Costa', ...Array.from({ length: 25 }, (_, n) => `Person ${n}`)]);
		expect(simulator.requestLog.calls - before).toBe(3);
	});
});
