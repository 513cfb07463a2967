import { afterEach, describe, expect, it } from 'vitest';
import type { Json } from '../simulator/page-web-parts';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { outcomes, pagePortraits, restoreSite } from './site-restore-help';

const text = (innerHtml: string): Json => ({ '@odata.type': '#microsoft.graph.textWebPart', id: 't1', innerHtml });
const foreign: Json = { '@odata.type': '#microsoft.graph.standardWebPart', id: 'f1', webPartType: '11111111-2222-4333-8444-555555555555', data: { dataVersion: '1.0', title: 'Weather', description: '', properties: {} } };
const image: Json = { '@odata.type': '#microsoft.graph.standardWebPart', id: 'i1', webPartType: 'd1d91016-032f-456d-98a4-721247c305e8', data: { dataVersion: '1.9', title: 'Image', description: '', properties: { imageSourceType: 2, altText: 'Logo' } } };
const canvas = (...parts: Json[]): Json => ({ horizontalSections: [{ layout: 'oneColumn', id: '1', emphasis: 'neutral', columns: [{ id: '1', width: 12, webparts: parts }] }], verticalSection: { emphasis: 'soft', webparts: [text('<p>Beside</p>')] } });

let fixture: SiteFixture | undefined;

afterEach(async () => {
	const { sim } = fixture!;
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.outbox).toEqual([]);
	await fixture!.stop();
});

async function withPages(): Promise<SiteFixture> {
	fixture = await siteFixture();
	const { site } = fixture;
	site.addPage({ title: 'Home', name: 'home.aspx', canvasLayout: canvas(text('<h2>Welcome</h2>'), image), titleArea: { layout: 'colorBlock', textAlignment: 'center' }, showComments: false });
	site.addPage({ title: 'News', name: 'news.aspx', promotionKind: 'newsPost', canvasLayout: canvas(text('<p>New</p>')), description: 'What is new' });
	site.addPage({ title: 'Draft', name: 'draft.aspx', published: false, canvasLayout: canvas(text('<p>Soon</p>')) });
	site.addPage({ title: 'Weather', name: 'weather.aspx', canvasLayout: canvas(text('<p>Rain</p>'), foreign) });
	await fixture.backUp({ content: ['pages'] });
	return fixture;
}

describe('Pages', () => {
	it('that were deleted come back, published if they were, once', async () => {
		const { site } = await withPages();
		const before = pagePortraits(site).filter(({ name }) => name !== 'weather.aspx');
		for (const page of [...site.pages.all()]) site.pages.delete(page);
		const preview = await restoreSite(fixture!, { mode: 'preview' });
		expect([...site.pages.all()]).toEqual([]);
		const results = await restoreSite(fixture!);
		expect(outcomes(results)).toEqual({ created: 4 });
		expect(preview.map(({ id, outcome, targetPath, fidelity }) => ({ id, outcome, targetPath, fidelity }))).toEqual(results.map(({ id, outcome, targetPath, fidelity }) => ({ id, outcome, targetPath, fidelity })));
		expect(pagePortraits(site).filter(({ name }) => name !== 'weather.aspx')).toEqual(before);
		expect(results.find(({ name }) => name === 'Weather')!.fidelity.join()).toContain('web part Weather');
		expect(JSON.stringify(site.pages.page('weather.aspx').canvasLayout)).toContain('Rain');
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: 4 });
		expect(outcomes(await restoreSite(fixture!, { conflictPolicy: 'replace' }))).toEqual({ skipped: 4 });
		expect([...site.pages.all()]).toHaveLength(4);
	});

	it('that are in their place stay; changed ones are set back with Replace', async () => {
		const { site } = await withPages();
		const before = pagePortraits(site);
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: 4 });
		site.pages.edit(site.pages.page('home.aspx'), { title: 'Hacked', canvasLayout: canvas(text('<p>Nothing</p>')) });
		site.pages.publish(site.pages.page('home.aspx'));
		site.pages.edit(site.pages.page('weather.aspx'), { title: 'Storm' });
		const skipped = await restoreSite(fixture!);
		expect(outcomes(skipped)).toEqual({ skipped: 4 });
		expect(skipped.filter(({ reason }) => reason?.includes('choose Replace'))).toHaveLength(2);
		const results = await restoreSite(fixture!, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ skipped: 2, replaced: 2 });
		// The foreign web part is still there: only what differed was written.
		expect(pagePortraits(site)).toEqual(before);
	});

	it('that somebody has open are named, and the others go on', async () => {
		const { site, owner } = await withPages();
		for (const name of ['home.aspx', 'news.aspx']) site.pages.edit(site.pages.page(name), { title: 'Changed' });
		site.pages.page('home.aspx').checkedOutBy = { user: { id: owner.id, displayName: owner.displayName } };
		const results = await restoreSite(fixture!, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ skipped: 2, replaced: 1, failed: 1 });
		expect(results.find(({ outcome }) => outcome === 'failed')).toMatchObject({ name: 'Home', reason: 'The page is checked out by Olga Owner', nextStep: expect.stringContaining('discard the check-out') as string });
		expect(site.pages.page('news.aspx').title).toBe('News');
	});

	it('go into another site, below a folder under a new name, and beside what is there', async () => {
		const { tenant, owner, site } = await withPages();
		const other = tenant.addSite({ name: 'other', displayName: 'Other', owner });
		expect(outcomes(await restoreSite(fixture!, { siteId: other.id }))).toEqual({ created: 4 });
		expect(outcomes(await restoreSite(fixture!, { siteId: other.id }))).toEqual({ skipped: 4 });
		expect(pagePortraits(other).filter(({ name }) => name !== 'weather.aspx')).toEqual(pagePortraits(site).filter(({ name }) => name !== 'weather.aspx'));
		const destination = { kind: 'folder' as const, path: ['Restored', '2026'] };
		expect(outcomes(await restoreSite(fixture!, { destination }))).toEqual({ created: 4 });
		expect(outcomes(await restoreSite(fixture!, { destination }))).toEqual({ skipped: 4 });
		expect(site.pages.page('Restored - 2026 - home.aspx').title).toBe('Home');
		expect(outcomes(await restoreSite(fixture!, { conflictPolicy: 'keepBoth' }))).toEqual({ created: 4 });
		expect(outcomes(await restoreSite(fixture!, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: 4 });
		expect([...site.pages.all()]).toHaveLength(12);
	});

	it('of which the answer was lost are not made twice, and one that was not published is published by a second restore', async () => {
		const { site, tenant } = await withPages();
		for (const page of [...site.pages.all()]) site.pages.delete(page);
		tenant.faults.script({ match: /^POST \/sites\/[^/]+\/pages$/, when: 'after', do: { reset: true } });
		tenant.faults.script({ match: /^POST .*\/publish$/, skip: 1, times: 1, do: { status: 403 } });
		const results = await restoreSite(fixture!);
		expect(outcomes(results)).toEqual({ created: 1, failed: 3 });
		expect(outcomes(await restoreSite(fixture!))).toEqual({ created: 3, skipped: 1 });
		expect([...site.pages.all()].map(({ name, minor }) => [name, minor]).sort()).toEqual([['draft.aspx', 1], ['home.aspx', 0], ['news.aspx', 0], ['weather.aspx', 0]]);
	});

	it('of a locked site fail at once, with what to do', async () => {
		const { site, sim } = await withPages();
		for (const page of [...site.pages.all()]) site.pages.delete(page);
		site.lock = 'readOnly';
		sim.requestLog.reset();
		const results = await restoreSite(fixture!);
		expect(outcomes(results)).toEqual({ failed: 4 });
		expect(results[0]).toMatchObject({ reason: 'The site is locked', nextStep: expect.stringContaining('Unlock the site') as string });
		expect(sim.requestLog.count('POST /sites/{id}/pages')).toBe(1);
	});
});
