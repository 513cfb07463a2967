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

describe('A list whose links and places Graph refuses to write', () => {
	it('has them as text when it is made anew, and says so', async () => {
		const { fixture, list } = await withProjects();
		const expected = [...list.items()].map(({ values }) => values.Title);
		fixture.site.deleteList(list);
		const preview = await restoreSite(fixture, { mode: 'preview' });
		expect(preview.find(({ type }) => type === 'folder')?.fidelity.join()).toContain('Link, Picture, Place');
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ folderCreated: 1, created: 4 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		const made = fixture.site.list('Projects');
		expect([...made.items()].map(({ values }) => values.Title)).toEqual(expected);
		const full = [...made.items()].find(({ values }) => values.Title === 'Everything')!;
		expect(full.values).toMatchObject({ Link: 'https://contoso.example (Site)', Picture: 'https://contoso.example/logo.png (Logo)', Place: '52.52, 13.4', Amount: 12.5, Tags: ['Red', 'Blue'], Done: true });
		expect(results.find(({ name }) => name === 'Everything')?.fidelity.join()).toContain('The column Link is a text column now');
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 4 });
		expect(made.itemCount).toBe(4);
	});

	it('keeps them empty where the list is there, and a second restore adds nothing', async () => {
		const { fixture, list } = await withProjects();
		list.delete([...list.items()].find(({ values }) => values.Title === 'Everything')!);
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ skipped: 3, created: 1 });
		const fidelity = results.find(({ outcome }) => outcome === 'created')!.fidelity.join('\n');
		for (const column of ['Link', 'Picture', 'Place']) expect(fidelity).toContain(`${column}: Microsoft Graph did not take its value`);
		expect([...list.items()].find(({ values }) => values.Title === 'Everything')?.values).toMatchObject({ Amount: 12.5, Owner: 6, Team: [6] });
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 4 });
		expect(outcomes(await restoreSite(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 4 });
		expect(list.itemCount).toBe(4);
	});
});

describe('Living items that were changed', () => {
	it('stay with Skip, which says so, and are set back with Replace', async () => {
		const { fixture, list } = await withProjects({ switches: { listLinkWrites: 'accepted', listPlaceWrites: 'accepted' } });
		const before = listPortrait(list);
		const full = [...list.items()].find(({ values }) => values.Title === 'Everything')!;
		const emptied = Object.fromEntries(Object.keys(full.values).filter((name) => name !== 'Title').map((name) => [name, null]));
		list.edit(full, emptied);
		list.edit([...list.items()].find(({ values }) => values.Title === 'Plain')!, { Title: 'Changed', Tags: ['Green'], Due: '2027-01-01T00:00:00Z', Link: { Url: 'https://other.example', Description: 'Other' } });
		const changed = listPortrait(list);
		const skipped = await restoreSite(fixture);
		expect(outcomes(skipped)).toEqual({ skipped: 4 });
		expect(skipped.filter(({ reason }) => reason?.includes('choose Replace'))).toHaveLength(2);
		expect(listPortrait(list)).toEqual(changed);
		const preview = await restoreSite(fixture, { mode: 'preview', conflictPolicy: 'replace' });
		expect(listPortrait(list)).toEqual(changed);
		const results = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ skipped: 2, replaced: 2 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		expect(listPortrait(list)).toEqual(before);
		expect(outcomes(await restoreSite(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 4 });
	});

	it('get copies beside them with Keep Both, once', async () => {
		const { fixture, list } = await withProjects();
		expect(outcomes(await restoreSite(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ created: 4 });
		expect(outcomes(await restoreSite(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: 4 });
		expect(list.itemCount).toBe(8);
	});

	it('are given back columns that somebody deleted, with Replace only', async () => {
		const { fixture, list } = await withProjects();
		const before = listPortrait(list);
		list.deleteColumn(list.column('Amount')!);
		const skipped = await restoreSite(fixture);
		expect(outcomes(skipped)).toEqual({ skipped: 4 });
		expect(list.column('Amount')).toBeUndefined();
		expect(outcomes(await restoreSite(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 1, replaced: 3 });
		expect(listPortrait(list)).toEqual(before);
	});
});

describe('Equal items', () => {
	it('are counted: one that is there does not stand for two', async () => {
		const { fixture, list } = await withProjects();
		const [first] = [...list.items()].filter(({ values }) => values.Title === 'Same');
		list.delete(first!);
		const results = await restoreSite(fixture, { selection: { kind: 'search', query: { text: 'Same' } } });
		expect(outcomes(results)).toEqual({ skipped: 1, created: 1 });
		expect([...list.items()].filter(({ values }) => values.Title === 'Same')).toHaveLength(2);
	});

	it('that are alive and not selected stand for themselves', async () => {
		const { fixture, list } = await withProjects();
		const [first] = [...list.items()].filter(({ values }) => values.Title === 'Same');
		const id = [...(await fixture.entries()).keys()].find((one) => one.endsWith(`/${first!.id}`))!;
		list.delete(first!);
		expect(outcomes(await restoreSite(fixture, { selection: { kind: 'ids', ids: [id] } }))).toEqual({ created: 1 });
		expect(outcomes(await restoreSite(fixture, { selection: { kind: 'ids', ids: [id] } }))).toEqual({ skipped: 1 });
		expect([...list.items()].filter(({ values }) => values.Title === 'Same')).toHaveLength(2);
	});
});
