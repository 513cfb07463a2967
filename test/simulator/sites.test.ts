import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller } from './graph-caller';
import type { Site } from './site-store';
import { startSimulator, type RunningSimulator } from './start';

let simulator: RunningSimulator;
let graph: GraphCaller;
let site: Site;
beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	site = simulator.tenant.addSite({ name: 'marketing', displayName: 'Marketing', description: 'What we sell' });
});
afterEach(() => simulator.stop());

/** A caller whose token has exactly these roles. */
function as(...roles: string[]): { token: string } {
	simulator.tenant.roles.grant(...roles);
	return { token: simulator.tenant.tokens.issue({ roles }).token };
}

describe('sites', () => {
	it('is found in all spellings of its address', async () => {
		const { host } = simulator.tenant;
		const subsite = site.addSubsite({ name: 'events', displayName: 'Events' });
		for (const path of [site.id, `${host},${site.siteGuid}`, site.siteGuid, `${host}:/sites/marketing`, `${host}:/sites/marketing:`, `${host}:/sites/Marketing:/`, 'root:/sites/marketing', `${host}/getByPath(path='/sites/marketing')`, `root/getByPath(path='%2Fsites%2Fmarketing')`]) {
			const answer = await graph.get(`/sites/${path}`);
			expect([path, answer.status, answer.entity.id]).toEqual([path, 200, site.id]);
		}
		expect((await graph.get(`/sites/${host}:/sites/marketing/events`)).entity.id).toBe(subsite.id);
		expect((await graph.get(`/sites/${host}:/sites/marketing:/lists?$select=displayName`)).json.value.map(({ displayName }) => displayName)).toEqual(['Documents', 'Site Pages']);
		expect((await graph.get('/sites/root')).entity['webUrl']).toBe(`https://${host}`);
		expect((await graph.get(`/sites/${host}`)).entity.id).toBe(simulator.tenant.sites.root.id);
		expect(simulator.misses).toEqual([]);
	});

	it('refuses other hosts, malformed ids and sites that are not there', async () => {
		expect((await graph.get('/sites/fabrikam.sharepoint.com:/sites/x')).json.error).toMatchObject({ code: 'invalidRequest', message: 'Invalid hostname for this tenancy' });
		expect((await graph.get('/sites/nonsense')).status).toBe(400);
		const missing = await graph.get(`/sites/${simulator.tenant.host}:/sites/none`);
		expect([missing.status, missing.json.error.code]).toEqual([404, 'itemNotFound']);
		simulator.tenant.sites.delete(site);
		expect((await graph.get(`/sites/${site.id}`)).status).toBe(404);
	});

	it('lists, searches and counts subsites; personal sites only where all are listed', async () => {
		simulator.tenant.addUser({ displayName: 'Anna Berg' });
		const subsite = site.addSubsite({ name: 'events' });
		const all = (await graph.get('/sites/getAllSites')).json.value;
		expect(all.filter(({ isPersonalSite }) => isPersonalSite === true).map(({ displayName }) => displayName)).toEqual(['Anna Berg']);
		expect(all.map(({ id }) => id)).toContain(subsite.id);
		expect((await graph.get('/sites?search=market')).json.value.map(({ name }) => name)).toEqual(['marketing', 'events']);
		expect((await graph.get('/sites?search=*&$select=id,isPersonalSite')).json.value.every(({ isPersonalSite }) => isPersonalSite === false)).toBe(true);
		expect((await graph.get(`/sites/${site.id}/sites`)).json.value.map(({ id }) => id)).toEqual([subsite.id]);
		const pages = await graph.round('/sites/getAllSites?$top=1');
		expect([pages.pages, pages.entries.length]).toEqual([all.length, all.length]);
	});

	it('tells by delta which sites were added, changed and deleted', async () => {
		const { sites } = simulator.tenant;
		const first = await graph.round('/sites/delta');
		expect(first.entries.map(({ name }) => name)).toContain('marketing');
		const added = simulator.tenant.addSite({ name: 'sales' });
		sites.change(site, { displayName: 'Marketing & Sales' });
		const second = await graph.round(first.deltaLink);
		expect(second.entries.map(({ id, displayName }) => [id, displayName])).toEqual([[added.id, 'sales'], [site.id, 'Marketing & Sales']]);
		sites.delete(added);
		expect((await graph.round(second.deltaLink)).entries).toEqual([{ id: added.id, name: 'sales', deleted: { state: 'deleted' } }]);
		const latest = await graph.round('/sites/delta?token=latest');
		expect([latest.entries, latest.deltaLink !== '']).toEqual([[], true]);
		sites.expireDelta();
		const gone = await graph.get(second.deltaLink);
		expect([gone.status, gone.json.error.code]).toEqual([410, 'resyncRequired']);
		expect((await graph.round(gone.headers.get('location')!)).entries.length).toBeGreaterThan(0);
	});

	it('lets an application with Sites.Selected only where it was granted, and only as much', async () => {
		const other = simulator.tenant.addSite({ name: 'secret' });
		const list = site.addList({ displayName: 'Open' });
		site.grantApp(['read']);
		const selected = as('Sites.Selected');
		expect((await graph.get(`/sites/${site.id}`, selected)).status).toBe(200);
		expect((await graph.get(`/sites/${other.id}`, selected)).json.error.code).toBe('accessDenied');
		expect((await graph.get(`/sites/${other.id}/lists`, selected)).status).toBe(403);
		expect((await graph.get('/sites/getAllSites', selected)).status).toBe(403);
		expect((await graph.get('/sites/delta', selected)).status).toBe(403);
		expect((await graph.get('/sites?search=*', selected)).json.value.map(({ name }) => name)).toEqual(['marketing']);
		expect((await graph.post(`/sites/${site.id}/lists/${list.id}/items`, { fields: { Title: 'x' } }, selected)).status).toBe(403);
		site.grants[0]!.roles = ['write'];
		expect((await graph.post(`/sites/${site.id}/lists/${list.id}/items`, { fields: { Title: 'x' } }, selected)).status).toBe(201);
		expect((await graph.get(`/sites/${site.id}/permissions`, selected)).status).toBe(403);
		site.library().drive.addFile('', 'a.txt', 'A');
		for (const path of [`/sites/${site.id}/drive/root/children`, `/drives/${site.library().drive.id}/root/children`]) expect((await graph.get(path, selected)).json.value).toHaveLength(1);
		for (const path of [`/sites/${other.id}/drive/root/children`, `/drives/${other.library().drive.id}/root/children`]) expect((await graph.get(path, selected)).status).toBe(403);
	});

	it('asks each role for what it is for', async () => {
		const path = `/sites/${site.id}`;
		const read = as('Sites.Read.All');
		expect((await graph.get(`${path}/lists`, read)).status).toBe(200);
		expect((await graph.get(`${path}/lists`, as('Files.ReadWrite.All'))).status).toBe(403);
		expect((await graph.post(`${path}/lists`, { displayName: 'New' }, as('Sites.ReadWrite.All'))).status).toBe(403);
		expect((await graph.post(`${path}/lists`, { displayName: 'New' }, as('Sites.Manage.All'))).status).toBe(201);
		expect((await graph.get(`${path}/permissions`, as('Sites.Manage.All'))).status).toBe(403);
		const full = as('Sites.FullControl.All');
		const granted = await graph.post(`${path}/permissions`, { roles: ['write'], grantedTo: { application: { id: '89ea5c94-7736-4e25-95ad-3fa95f62b66e', displayName: 'Other' } } }, full);
		expect(granted.entity).toMatchObject({ roles: ['write'], grantedToIdentitiesV2: [{ application: { displayName: 'Other' } }] });
		expect((await graph.get(`${path}/permissions`, full)).json.value).toHaveLength(1);
		expect((await graph.call('DELETE', `${path}/permissions/${granted.entity.id}`, full)).status).toBe(204);
	});

	it('answers 423 for a locked site, or 403 with the other switch, and only refuses writes where it is read-only', async () => {
		const list = site.addList({ displayName: 'Open' });
		site.lock = 'readOnly';
		expect((await graph.get(`/sites/${site.id}/lists`)).status).toBe(200);
		expect((await graph.post(`/sites/${site.id}/lists/${list.id}/items`, { fields: {} })).status).toBe(423);
		site.lock = 'noAccess';
		const locked = await graph.get(`/sites/${site.id}/lists`);
		expect([locked.status, locked.json.error]).toMatchObject([423, { code: 'notAllowed', innerError: { code: 'resourceLocked' } }]);
		expect((await graph.get(`/sites/${site.id}/drive`)).status).toBe(423);
		simulator.tenant.switches.lockedSiteAnswer = 403;
		expect((await graph.get(`/sites/${site.id}`)).status).toBe(403);
	});

	it('counts resource units by kind of request, and its routes by name', async () => {
		const { sharePoint } = simulator.tenant;
		const cost = async (path: string, options = {}): Promise<number> => {
			const before = sharePoint.units;
			await graph.get(path, options);
			return sharePoint.units - before;
		};
		const { deltaLink } = await graph.round(`/sites/${site.id}/lists/Documents/items/delta`);
		expect([await cost(`/sites/${site.id}`), await cost(`/sites/${site.id}/lists`), await cost(`/sites/${site.id}/permissions`), await cost(deltaLink), await cost(`/sites/${site.id}/lists/Documents/items/delta`), await cost(`/sites/${site.id}/lists/Documents`)]).toEqual([1, 2, 5, 1, 2, 1]);
		expect(simulator.requestLog.count('GET /sites/{id}/lists/{id}/items/delta')).toBe(3);
		expect(simulator.requestLog.count('GET /sites/{id}/permissions')).toBe(1);
	});

	it('gives its libraries’ drives, by site, list and item', async () => {
		const library = site.addLibrary('Contracts');
		const file = library.drive.addFile('2026', 'offer.txt', 'Hello');
		const drives = (await graph.get(`/sites/${site.id}/drives`)).json.value;
		expect(drives.map(({ name }) => name)).toEqual(['Documents', 'Contracts']);
		expect((await graph.get(`/sites/${site.id}/drive`)).entity.id).toBe(site.library().drive.id);
		expect((await graph.get(`/sites/${site.id}/lists/${library.id}/drive`)).entity.id).toBe(library.drive.id);
		expect((await graph.get(`/sites/${simulator.tenant.host}:/sites/marketing:/lists/Contracts/drive/root:/2026/offer.txt`)).entity['name']).toBe('offer.txt');
		const items = (await graph.get(`/sites/${site.id}/lists/${library.id}/items?$expand=fields,driveItem($select=id,name)`)).json.value;
		expect(items.map(({ fields, driveItem }) => [(fields as { FileLeafRef: string }).FileLeafRef, (driveItem as { name: string }).name])).toEqual([['2026', '2026'], ['offer.txt', 'offer.txt']]);
		expect((await graph.get(`/sites/${site.id}/lists/${library.id}/items/${file.sequence}/driveItem`)).entity.id).toBe(library.drive.idOf(file));
		expect((await graph.get(`/sites/${site.id}/lists/${library.id}/items/${file.sequence}/driveItem/content`)).text).toBe('Hello');
		const itemPath = `/drives/${library.drive.id}/items/${library.drive.idOf(file)}/listItem`;
		expect((await graph.get(`${itemPath}?$expand=fields`)).entity).toMatchObject({ id: String(file.sequence), fields: { FileLeafRef: 'offer.txt', FileSizeDisplay: '5' } });
		library.addColumn({ name: 'Customer', text: {} });
		expect((await graph.call('PATCH', `${itemPath}/fields`, { body: { Customer: 'Fabrikam' } })).entity['Customer']).toBe('Fabrikam');
		expect((await graph.get(`/drives/${library.drive.id}/root/children?$expand=listItem($expand=fields($select=FileLeafRef))`)).json.value[0]!['listItem']).toMatchObject({ fields: { FileLeafRef: '2026' } });
		const anna = simulator.tenant.addUser({ displayName: 'Anna Berg' });
		anna.drive!.addFile('', 'mine.txt', 'A');
		expect((await graph.get(`/users/${anna.id}/drive/root:/mine.txt:/listItem`)).entity).toMatchObject({ id: '1', fields: { FileLeafRef: 'mine.txt' } });
		expect((await graph.get(`/drives/${library.drive.id}/list`)).entity.id).toBe(library.id);
	});
});
