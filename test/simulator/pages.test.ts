import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, type Entity } from './graph-caller';
import { fillSite } from './site-generate';
import type { Site } from './site-store';
import { startSimulator, type RunningSimulator } from './start';

let simulator: RunningSimulator;
let graph: GraphCaller;
let site: Site;
let path: string;
beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	site = simulator.tenant.addSite({ name: 'marketing', displayName: 'Marketing' });
	path = `/sites/${site.id}/pages`;
});
afterEach(() => simulator.stop());

const CAST = 'microsoft.graph.sitePage';
const text = (innerHtml: string): object => ({ '@odata.type': '#microsoft.graph.textWebPart', innerHtml });
const canvas = (...webparts: object[]): object => ({ horizontalSections: [{ layout: 'oneColumn', emphasis: 'none', columns: [{ width: 12, webparts }] }] });
const page = (more: object = {}): object => ({ '@odata.type': '#microsoft.graph.sitePage', name: 'news.aspx', title: 'News', pageLayout: 'article', ...more });

describe('pages', () => {
	it('begins as draft 0.1, is published as 1.0, and each change is a draft again', async () => {
		const made = await graph.post(path, page({ canvasLayout: canvas(text('<p>Hello</p><script>alert(1)</script>')), titleArea: { layout: 'plain', textAlignment: 'left' } }));
		expect([made.status, made.entity['publishingState']]).toEqual([201, { level: 'draft', versionId: '0.1' }]);
		const one = `${path}/${made.entity.id}`;
		const state = async (): Promise<unknown> => (await graph.get(one)).entity['publishingState'];
		expect((await graph.call('POST', `${one}/${CAST}/publish`)).status).toBe(204);
		expect(await state()).toEqual({ level: 'published', versionId: '1.0' });
		expect((await graph.call('PATCH', `${one}/${CAST}`, { body: { '@odata.type': '#microsoft.graph.sitePage', title: 'Newer' } })).entity['title']).toBe('Newer');
		expect(await state()).toEqual({ level: 'draft', versionId: '1.1' });
		const shown = (await graph.get(`${one}/${CAST}?$expand=canvasLayout`)).entity['canvasLayout'] as { horizontalSections: { columns: { webparts: Entity[] }[] }[] };
		const [part] = shown.horizontalSections[0]!.columns[0]!.webparts;
		expect(part).toMatchObject({ '@odata.type': '#microsoft.graph.textWebPart', innerHtml: '<p>Hello</p>' });
		expect((await graph.call('DELETE', one)).status).toBe(204);
		expect((await graph.get(one)).json.error.code).toBe('itemNotFound');
		expect(simulator.misses).toEqual([]);
	});

	it('shows the layout only with the cast', async () => {
		site.pages.add({ title: 'Home', canvasLayout: { horizontalSections: [] } });
		expect((await graph.get(`${path}?$expand=canvasLayout`)).json.error.message).toContain("Could not find a property named 'canvasLayout'");
		const [plain] = (await graph.get(path)).json.value;
		expect(plain).not.toHaveProperty('canvasLayout');
		expect(plain).not.toHaveProperty('promotionKind');
		const [full] = (await graph.get(`${path}/${CAST}?$expand=canvasLayout&$select=id,title`)).json.value;
		expect(full).toMatchObject({ title: 'Home', canvasLayout: { horizontalSections: [] } });
		expect(full).not.toHaveProperty('promotionKind');
	});

	it.each([
		['a web part of somebody else', canvas({ '@odata.type': '#microsoft.graph.standardWebPart', webPartType: '11111111-2222-4333-8444-555555555555', data: {} }), 'is not supported'],
		['a section that is no layout', { horizontalSections: [{ layout: 'fourColumns', columns: [] }] }, 'is not valid'],
		['columns of another width', { horizontalSections: [{ layout: 'twoColumns', columns: [{ width: 8, webparts: [] }, { width: 4, webparts: [] }] }] }, 'cannot be 8 wide'],
	])('refuses %s', async (_, canvasLayout, message) => {
		const answer = await graph.post(path, page({ canvasLayout }));
		expect([answer.status, answer.json.error.message]).toEqual([400, expect.stringContaining(message)]);
	});

	it('wants its type, a name of its own and an .aspx', async () => {
		expect((await graph.post(path, { name: 'a.aspx', title: 'A' })).status).toBe(400);
		expect((await graph.post(path, page({ name: 'a.html' }))).status).toBe(400);
		await graph.post(path, page());
		expect((await graph.post(path, page({ name: 'NEWS.aspx' }))).json.error.code).toBe('nameAlreadyExists');
	});

	it('is an item of Site Pages, whose delta tells of it', async () => {
		const items = `/sites/${site.id}/lists/Site Pages/items/delta?$expand=fields`;
		const first = await graph.round(items);
		const made = site.pages.add({ title: 'Home', name: 'home.aspx' });
		const second = await graph.round(first.deltaLink);
		expect(second.entries.map(({ fields }) => (fields as Entity)['FileLeafRef'])).toEqual(['home.aspx']);
		site.pages.delete(made);
		expect((await graph.round(second.deltaLink)).entries[0]).toMatchObject({ deleted: { state: 'deleted' } });
	});

	it('is refused while somebody has it open, and to who may only read', async () => {
		const home = site.pages.add({ title: 'Home' });
		home.checkedOutBy = { user: { id: 'x', displayName: 'X' } };
		expect((await graph.call('POST', `${path}/${home.id}/${CAST}/publish`)).status).toBe(409);
		const { token } = simulator.tenant.tokens.issue({ roles: ['Sites.Read.All'] });
		expect((await graph.post(path, page(), { token })).status).toBe(403);
		expect((await graph.get(`${path}/${home.id}`, { token })).entity['publishingState']).toMatchObject({ level: 'checkout' });
	});

	it('is generated with sections, columns and web parts of several sorts', async () => {
		fillSite(site, { seed: 7, files: 3, lists: 2, items: 5, pages: 12 });
		const { entries } = await graph.round(`${path}/${CAST}?$expand=canvasLayout&$top=5`);
		expect(entries).toHaveLength(12);
		const parts = (await graph.get(`${path}/${entries[9]!.id}/${CAST}/webParts`)).json.value;
		expect(parts.map((part) => part['@odata.type'])).toContain('#microsoft.graph.standardWebPart');
	});
});
