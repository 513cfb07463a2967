import { afterEach, describe, expect, it } from 'vitest';
import { EVERY_COLUMN, fillEveryColumn, fillSite } from '../simulator/site-generate';
import type { SiteFixture } from '../support/site-fixture';
import { siteFixture } from '../support/site-fixture';

let fixture: SiteFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.tenant.outbox).toEqual([]);
	await fixture.stop();
});

type Json = Record<string, unknown>;

/** As Graph answers right now, without annotations that only say how to ask. */
async function served(path: string): Promise<Json> {
	const answer = await fixture.client().json<Json>({ path });
	return JSON.parse(JSON.stringify(answer), (name, value: unknown) => (/odata\.(etag|context)$/.test(name) ? undefined : value)) as Json;
}

describe('a site', () => {
	it('is backed up with its lists, libraries, pages and metadata, and asks little where nothing has changed', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		site.addList({ displayName: 'Projects', columns: EVERY_COLUMN }).addItem({ Title: 'Alpha', Amount: 1 });
		site.addList({ displayName: 'Hidden helper', hidden: true }).addItem({ Title: 'h' });
		site.addPage({ title: 'Home', name: 'home.aspx' });
		site.library('Documents').drive.addFile('2026', 'a.txt', 'A');
		site.library('Site Assets').drive.addFile('SitePages/Home', 'logo.png', 'P');
		const first = await fixture.backUp();
		expect(first).toMatchObject({ status: 'complete', failures: [], warnings: [] });
		expect(await fixture.paths()).toEqual([
			'Documents/2026/a.txt', 'Lists/Hidden helper/h', 'Lists/Projects/Alpha', 'Marketing', 'Site Assets/SitePages/Home/logo.png', 'Site Pages/Home',
		]);
		const [snapshot] = await fixture.repository.snapshots(fixture.key);
		expect(snapshot?.scopes.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
			'Documents complete', 'Lists/Hidden helper complete', 'Lists/Projects complete', 'Site Assets complete', 'Site Pages complete', 'Site complete',
		]);
		fixture.sim.requestLog.reset();
		const quiet = await fixture.backUp();
		expect(quiet).toMatchObject({ status: 'unchanged', warnings: [] });
		// Two for each of two libraries, one for each of two lists, and site, lists, pages.
		expect(fixture.sim.requestLog.requests).toBe(2 * 2 + 2 + 3);
	});

	it('keeps of every list item, whatever its columns, what Graph serves', async () => {
		fixture = await siteFixture();
		const { site, owner, tenant } = fixture;
		const anna = tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example', drive: false });
		const list = site.addList({ displayName: 'Everything', description: 'All sorts', columns: EVERY_COLUMN, contentTypes: ['Task'] });
		list.addColumn({ name: 'Parent', lookup: { listId: list.id, columnName: 'Title' } });
		list.addColumn({ name: 'Related', lookup: { listId: list.id, columnName: 'Title', allowMultipleValues: true } });
		const [olga, annaId] = [site.ensureUser(owner), site.ensureUser(anna)];
		const full = fillEveryColumn(list, { person: olga });
		list.edit(full, { Team: [olga, annaId] });
		list.addItem({ Title: 'Second', Parent: full.id, Related: [full.id] }, { contentType: 'Task' });
		list.addItem({});
		await fixture.backUp();
		const entries = await fixture.entries();
		for (const item of list.items()) {
			const entry = entries.get(`list-${list.id}/${item.id}`);
			const { people, ...stored } = await fixture.document(entry);
			const now = await served(`/sites/${site.id}/lists/${list.id}/items/${item.id}?$expand=fields`);
			expect(stored).toEqual(now);
			expect(entry).toMatchObject({ type: 'listItem', parent: `list-${list.id}/root`, etag: now['eTag'], modified: now['lastModifiedDateTime'] });
			if (item.id === full.id) {
				expect(people).toEqual({
					[olga]: { name: 'Olga Owner', email: 'olga@contoso.example', loginName: 'i:0#.f|membership|olga@contoso.example' },
					[annaId]: { name: 'Anna Berg', email: 'anna@contoso.example', loginName: 'i:0#.f|membership|anna@contoso.example' },
				});
				expect(entry?.name).toBe('Everything');
				expect(entry?.meta).toMatchObject({ contentType: 'Item', createdBy: 'olga@contoso.example', fields: { Amount: 12.5, Price: 99.9, Due: '2026-12-24T00:00:00Z', At: '2026-12-24T10:30:00Z', Status: 'Open' } });
			} else expect(people).toBeUndefined();
		}
		expect(entries.get(`list-${list.id}/3`)?.name).toBe('Item 3');
	});

	it('keeps what is needed to make a list or library again', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Größe & Maß', description: 'Units', columns: EVERY_COLUMN, contentTypes: ['Task'] });
		const library = site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }] });
		await fixture.backUp();
		const entries = await fixture.entries();
		for (const [one, scope] of [[list, `list-${list.id}`], [library, `library-${library.id}`]] as const) {
			const root = entries.get(`${scope}/root`);
			const columns = (await served(`/sites/${site.id}/lists/${one.id}/columns`))['value'] as Json[];
			const types = (await served(`/sites/${site.id}/lists/${one.id}/contentTypes`))['value'] as Json[];
			expect(root).toMatchObject({ type: 'folder', name: one.displayName });
			expect(root?.meta['columns']).toEqual(columns.map(({ id: _id, ...rest }) => rest));
			expect((root?.meta['contentTypes'] as Json[]).map(({ id, name }) => [id, name])).toEqual(types.map(({ id, name }) => [id, name]));
		}
		expect(entries.get(`list-${list.id}/root`)?.meta).toMatchObject({ kind: 'list', listId: list.id, template: 'genericList', description: 'Units', contentTypesEnabled: true });
		expect(entries.get(`list-${list.id}/root`)?.parent).toBe(`lists-${site.webGuid}/root`);
		expect(entries.get(`library-${library.id}/root`)?.meta).toMatchObject({ kind: 'library', listId: library.id, template: 'documentLibrary', driveId: library.drive.id });
		expect(entries.get(`library-${library.id}/root`)?.parent).toBeUndefined();
	});

	it('keeps pages with their layout, and the site', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		fillSite(site, { seed: 5, files: 0, lists: 0, pages: 25 });
		const first = await fixture.backUp({ content: ['site', 'pages'] });
		expect(first).toMatchObject({ status: 'complete', warnings: [] });
		const entries = await fixture.entries();
		for (const page of site.pages.all()) {
			const entry = entries.get(`pages-${site.webGuid}/${page.id}`);
			expect(await fixture.document(entry)).toEqual(await served(`/sites/${site.id}/pages/${page.id}/microsoft.graph.sitePage?$expand=canvasLayout`));
			expect(entry).toMatchObject({ type: 'page', name: page.title, parent: `pages-${site.webGuid}/root`, meta: { fileName: page.name } });
		}
		const stored = await fixture.document(entries.get(`site-${site.webGuid}/site`));
		expect(stored).toEqual(await served(`/sites/${site.id}`));
		expect([...entries.values()].filter(({ type }) => type === 'page')).toHaveLength(25);

		const [one, two, three] = [...site.pages.all()];
		site.pages.edit(one!, { title: 'Changed', canvasLayout: { horizontalSections: [] } });
		site.pages.publish(two!);
		site.pages.delete(three!);
		site.addPage({ title: 'New one' });
		fixture.sim.requestLog.reset();
		const next = await fixture.backUp({ content: ['site', 'pages'] });
		expect(next.changes).toMatchObject({ added: 1, updated: 2, deleted: 1, failed: 0 });
		expect(fixture.sim.requestLog.count('GET /sites/{id}/pages/{id}/microsoft.graph.sitePage')).toBe(3);
		expect(await fixture.document((await fixture.entries()).get(`pages-${site.webGuid}/${one!.id}`))).toMatchObject({ title: 'Changed' });
	});
});
