import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { driveOfUser, drivesOfUsers, findDrive, findLibrary, listLibraries } from '../../../nodes/M365Backup/graph/drives';
import { listUsers } from '../../../nodes/M365Backup/graph/list-users';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import { findSite, listSites, searchSites } from '../../../nodes/M365Backup/graph/sites';
import { startSimulator, type RunningSimulator } from '../../simulator/start';

/** How drives and sites are found, against the simulated tenant. */
describe('finding drives and sites', () => {
	let simulator: RunningSimulator;
	let graph: GraphClient;
	const client = (token: string): GraphClient =>
		createGraphClient({ graphUrl: simulator.graphUrl, tokens: fixedToken(token), ambient: realAmbient, tenantId: simulator.tenantId });

	beforeAll(async () => {
		simulator = await startSimulator({ http: true, users: 0 });
		const { tenant } = simulator;
		const anna = tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' });
		tenant.addUser({ displayName: 'Bob', userPrincipalName: 'bob@contoso.example', drive: false });
		tenant.addUser({ displayName: 'Carla', userPrincipalName: 'carla@contoso.example' });
		anna.drive!.addFile('Docs', 'a.txt', 'A');
		const site = tenant.addSite({ name: 'marketing', displayName: 'Marketing & Sales' });
		site.addLibrary('Contracts');
		site.addSubsite({ name: 'events', displayName: 'Events' }).addLibrary('Photos');
		tenant.addSite({ name: 'hr', displayName: 'Human Resources' });
		graph = client(simulator.token);
	});
	afterAll(async () => simulator?.stop());

	const all = async <T>(pages: AsyncIterable<T[]>): Promise<T[]> => {
		const found: T[] = [];
		for await (const page of pages) found.push(...page);
		return found;
	};
	const driveNamed = (name: string) => simulator.tenant.users.find(({ displayName }) => displayName === name)!.drive!;

	describe('OneDrives', () => {
		it('are found by address, named after their owner', async () => {
			expect(await driveOfUser(graph, 'anna@contoso.example')).toMatchObject({ id: driveNamed('Anna Berg').id, name: 'anna@contoso.example – OneDrive', driveType: 'business', owner: 'anna@contoso.example' });
		});

		it('that are not there are explained in plain words', async () => {
			await expect(driveOfUser(graph, 'bob@contoso.example')).rejects.toMatchObject({
				kind: 'notFound',
				message: 'bob@contoso.example has no OneDrive',
				nextStep: expect.stringContaining('first opens it') as string,
			});
		});

		it('are listed without users who have none, and with the reason where one is refused', async () => {
			const drives = async function* (startsWith = '') {
				for await (const users of listUsers(graph, { startsWith })) yield await drivesOfUsers(graph, users);
			};
			driveNamed('Carla').isForbidden = true;
			const found = await all(drives());
			driveNamed('Carla').isForbidden = false;
			expect(found.map((one) => [one.user.displayName, 'drive' in one ? one.drive.title : one.failure.kind])).toEqual([
				['Anna Berg', 'OneDrive'],
				['Carla', 'denied'],
			]);
			expect((await all(drives('carla'))).map(({ user }) => user.displayName)).toEqual(['Carla']);
		});

		it.each(['', '/Docs', '/Docs/2026'])('are found by their URL%s, under the same name', async (deeper) => {
			const drive = driveNamed('Anna Berg');
			const url = `https://${drive.host}/${drive.about.webPath}${deeper}`;
			expect(await findDrive(graph, url)).toMatchObject({ id: drive.id, name: 'anna@contoso.example – OneDrive' });
			expect(await findDrive(graph, drive.id)).toMatchObject({ id: drive.id, name: 'anna@contoso.example – OneDrive' });
		});
	});

	describe('libraries', () => {
		const site = { id: '', name: '' };
		beforeAll(async () => {
			Object.assign(site, await findSite(graph, `https://${simulator.tenant.host}/sites/marketing`));
		});

		it('are listed by name, and found by name and ID', async () => {
			const libraries = await listLibraries(graph, site);
			expect(libraries.map(({ name }) => name)).toEqual(['Marketing & Sales/Contracts', 'Marketing & Sales/Documents']);
			expect(await findLibrary(graph, site, 'contracts')).toEqual(libraries[0]);
			expect(await findLibrary(graph, site, libraries[1]!.id)).toEqual(libraries[1]);
			expect(await findDrive(graph, libraries[0]!.id)).toEqual(libraries[0]);
		});

		it.each(['Contracts', 'Contracts/2026/a.docx', 'contracts/Forms/AllItems.aspx'])('are found by the URL %s', async (path) => {
			expect(await findDrive(graph, `https://${simulator.tenant.host}/sites/marketing/${path}`)).toMatchObject({ name: 'Marketing & Sales/Contracts' });
		});

		it('of a subsite are found by URL', async () => {
			expect(await findDrive(graph, `https://${simulator.tenant.host}/sites/marketing/events/Photos/x`)).toMatchObject({ name: 'Events/Photos' });
		});

		it('that are not there: says which ones are', async () => {
			await expect(findLibrary(graph, site, 'Nowhere')).rejects.toMatchObject({ kind: 'notFound', nextStep: expect.stringContaining('Contracts, Documents') as string });
			await expect(findDrive(graph, `https://${simulator.tenant.host}/sites/marketing/Nowhere`)).rejects.toMatchObject({ kind: 'notFound' });
			await expect(findDrive(graph, 'b!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')).rejects.toMatchObject({ kind: 'notFound', message: expect.stringContaining('no drive') as string });
		});
	});

	describe('sites', () => {
		it('are listed, OneDrives only if wanted', async () => {
			const names = (await all(listSites(graph))).map(({ name }) => name);
			expect(names).toEqual(expect.arrayContaining(['Marketing & Sales', 'Human Resources']));
			expect(names).not.toContain('Anna Berg');
			expect((await all(listSites(graph, { personal: true }))).map(({ name }) => name)).toContain('Anna Berg');
			expect((await all(listSites(graph, { search: 'market' }))).map(({ name }) => name)).toContain('Marketing & Sales');
			expect((await all(listSites(graph, { search: 'resources' }))).map(({ name }) => name)).toEqual(['Human Resources']);
		});

		it.each(['NFC', 'NFD'] as const)('and their libraries are found by names whose umlauts are typed as %s, whichever way they are stored', async (form) => {
			const typed = (text: string): string => text.normalize(form);
			for (const [name, stored] of [['composed', 'NFC'], ['decomposed', 'NFD']] as const) {
				const site = simulator.tenant.sites.byPath(`/sites/${name}`) ?? simulator.tenant.addSite({ name, displayName: `${name} Ger\u00e4te`.normalize(stored) });
				if (form === 'NFC') site.addLibrary('Vertr\u00e4ge'.normalize(stored));
				expect(await findLibrary(graph, { id: site.id, name }, typed('vertr\u00e4ge'))).toMatchObject({ title: 'Vertr\u00e4ge'.normalize(stored) });
				expect(await findDrive(graph, typed(`${site.webUrl}/Vertr\u00e4ge/a.docx`))).toMatchObject({ title: 'Vertr\u00e4ge'.normalize(stored) });
			}
			expect((await all(listSites(graph, { search: typed('ger\u00e4te') }))).map(({ webUrl }) => webUrl.split('/').at(-1))).toEqual(['composed', 'decomposed']);
			expect((await all(listSites(graph, { names: [typed('*ger\u00e4te')], exclude: [typed('composed ger\u00e4te')] }))).map(({ webUrl }) => webUrl.split('/').at(-1))).toEqual(['decomposed']);
		});

		it('that the app may use come where it may not list all (Sites.Selected)', async () => {
			simulator.tenant.sites.byPath('/sites/hr')!.grantApp(['read']);
			const selected = client(simulator.tenant.tokens.issue({ roles: ['Sites.Selected'] }).token);
			expect((await all(listSites(selected))).map(({ name }) => name)).toEqual(['Human Resources']);
		});

		it('are searched by name', async () => {
			const { sites } = await searchSites(graph, { search: 'human' });
			expect(sites.map(({ name }) => name)).toEqual(['Human Resources']);
		});

		it('are found by ID, and by a URL that leads deeper', async () => {
			const site = simulator.tenant.sites.byPath('/sites/marketing')!;
			const expected = { id: site.id, name: 'Marketing & Sales' };
			expect(await findSite(graph, site.id)).toMatchObject(expected);
			expect(await findSite(graph, site.siteGuid)).toMatchObject(expected);
			expect(await findSite(graph, `${site.webUrl}/SitePages/Home.aspx?x=1`)).toMatchObject(expected);
			expect(await findSite(graph, `${site.webUrl}/events/`)).toMatchObject({ name: 'Events' });
		});

		it('that are not there are explained; the root site is not taken instead', async () => {
			await expect(findSite(graph, `https://${simulator.tenant.host}/sites/nowhere/x`)).rejects.toMatchObject({ kind: 'notFound', message: expect.stringContaining('/sites/nowhere') as string });
		});

		it.each(['', 'marketing', 'contoso.sharepoint.com', '../users', 'http://contoso.sharepoint.com/sites/x'])('nothing is sent for "%s"', async (text) => {
			const before = graph.stats.requests;
			await expect(findSite(graph, text)).rejects.toMatchObject({ kind: 'invalid' });
			await expect(findDrive(graph, text)).rejects.toMatchObject({ kind: 'invalid' });
			expect(graph.stats.requests).toBe(before);
		});
	});

	it('asks nothing that the tenant does not know', () => {
		expect(simulator.misses).toEqual([]);
	});
});
