import { afterEach, describe, expect, it } from 'vitest';
import { EVERY_COLUMN, fillEveryColumn } from '../simulator/site-generate';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { listPortrait, outcomes, restoreSite, schemaPortrait } from './site-restore-help';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	const { sim } = fixture!;
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.outbox).toEqual([]);
	await fixture!.stop();
});

async function withProjects(switches: Parameters<typeof siteFixture>[0] = {}): Promise<{ fixture: SiteFixture; list: ReturnType<SiteFixture['site']['addList']> }> {
	fixture = await siteFixture(switches);
	const { site, owner } = fixture;
	const list = site.addList({ displayName: 'Projects', description: 'What we do', columns: EVERY_COLUMN });
	fillEveryColumn(list, { person: site.ensureUser(owner) });
	list.addItem({ Title: 'Plain' });
	list.addItem({ Title: 'Same', Amount: 1 });
	list.addItem({ Title: 'Same', Amount: 1 });
	await fixture.backUp({ content: ['lists'] });
	return { fixture, list };
}

describe('Items of a list', () => {
	it('that are in their place stay as they are', async () => {
		const { fixture, list } = await withProjects();
		const before = listPortrait(list);
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ skipped: 4 });
		expect(results.every(({ reason }) => reason === 'It is in its place as the backup holds it')).toBe(true);
		expect(listPortrait(list)).toEqual(before);
	});

	it('that were deleted come back with their fields, once', async () => {
		const { fixture, list } = await withProjects();
		const before = listPortrait(list).filter((text) => !text.includes('Everything'));
		for (const item of [...list.items()]) if (item.values.Title !== 'Everything') list.delete(item);
		const preview = await restoreSite(fixture, { mode: 'preview' });
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ skipped: 1, created: 3 });
		expect(preview.map(({ id, outcome }) => [id, outcome]).sort()).toEqual(results.map(({ id, outcome }) => [id, outcome]).sort());
		expect(listPortrait(list).filter((text) => !text.includes('Everything'))).toEqual(before);
		expect(results.find(({ name }) => name === 'Plain')?.fidelity.join()).toContain('olga@contoso.example');
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 4 });
		expect(list.itemCount).toBe(4);
	});

	it('come back with their list and its columns', async () => {
		const { fixture, list } = await withProjects({ switches: { listLinkWrites: 'accepted', listPlaceWrites: 'accepted' } });
		const before = listPortrait(list);
		const schema = schemaPortrait(list);
		fixture.site.deleteList(list);
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ folderCreated: 1, created: 4 });
		const made = fixture.site.list('Projects');
		expect(schemaPortrait(made)).toEqual(schema);
		expect(listPortrait(made)).toEqual(before);
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 4 });
	});
});
