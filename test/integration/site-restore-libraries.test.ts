import { afterEach, describe, expect, it } from 'vitest';
import type { LibraryList } from '../simulator/list-library';
import type { Site } from '../simulator/site-store';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { libraryPortrait, outcomes, restoreSite, schemaPortrait } from './site-restore-help';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	const { sim } = fixture!;
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.outbox).toEqual([]);
	expect(sim.tenant.leaks).toEqual([]);
	await fixture!.stop();
});

async function withLibraries(): Promise<{ site: Site; contracts: LibraryList }> {
	fixture = await siteFixture();
	const { site, owner } = fixture;
	const customers = site.addList({ displayName: 'Customers' });
	const [a, b] = [customers.addItem({ Title: 'Contoso' }), customers.addItem({ Title: 'Fabrikam' })];
	const contracts = site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }, { name: 'Year', number: {} }, { name: 'Owner', personOrGroup: {} }, { name: 'Tags', choice: { choices: ['Red', 'Green'], displayAs: 'checkBoxes' } }] });
	contracts.addColumn({ name: 'Of', lookup: { listId: customers.id, columnName: 'Title' } });
	const { drive } = contracts;
	const file = drive.addFile('2026', 'a.txt', 'A');
	contracts.edit(contracts.itemOf(file), { Customer: 'Contoso', Year: 2026, Owner: site.ensureUser(owner), Tags: ['Red'], Of: a.id });
	contracts.edit(contracts.itemOf(drive.addFile('2026/Q1', 'b.txt', 'B')), { Customer: 'Fabrikam', Of: b.id });
	drive.addFile('', 'plain.txt', 'P');
	site.library('Documents').drive.addFile('Docs', 'd.txt', 'D');
	await fixture.backUp({ content: ['libraries', 'lists'] });
	return { site, contracts };
}

describe('Files of a library', () => {
	it('come back with their columns, once', async () => {
		const { site, contracts } = await withLibraries();
		const before = libraryPortrait(contracts);
		const { drive } = contracts;
		for (const path of ['2026', 'plain.txt']) drive.delete(drive.byPath(path)!);
		for (const node of [...drive.bin]) drive.purge(node);
		const preview = await restoreSite(fixture!, { mode: 'preview' });
		const results = await restoreSite(fixture!);
		expect(outcomes(results)).toEqual({ folderCreated: 2, created: 3, skipped: 3 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		expect(results.find(({ name }) => name === 'b.txt')).toMatchObject({ folderPath: 'Contracts/2026/Q1', targetPath: 'Contracts/2026/Q1/b.txt' });
		expect(libraryPortrait(contracts)).toEqual(before);
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: 6 });
		expect(site.library('Documents').itemCount).toBe(2);
	});

	it('come back with their library', async () => {
		const { site, contracts } = await withLibraries();
		const before = libraryPortrait(contracts);
		const schema = schemaPortrait(contracts);
		site.deleteList(contracts);
		const preview = await restoreSite(fixture!, { mode: 'preview' });
		const results = await restoreSite(fixture!);
		expect(outcomes(results)).toEqual({ folderCreated: 3, created: 3, skipped: 3 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		expect(preview.map(({ id, targetPath }) => `${id} ${targetPath}`).sort()).toEqual(results.map(({ id, targetPath }) => `${id} ${targetPath}`).sort());
		const made = site.library('Contracts');
		expect(schemaPortrait(made)).toEqual(schema);
		expect(libraryPortrait(made)).toEqual(before);
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: 6 });
	});

	it('are set back in their columns alone, with Replace', async () => {
		const { contracts } = await withLibraries();
		const before = libraryPortrait(contracts);
		const file = contracts.itemOf(contracts.drive.byPath('2026/a.txt')!);
		contracts.edit(file, { Customer: 'Wrong', Year: null, Tags: null });
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: 6 });
		expect(libraryPortrait(contracts)).not.toEqual(before);
		const preview = await restoreSite(fixture!, { mode: 'preview', conflictPolicy: 'replace' });
		const results = await restoreSite(fixture!, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ skipped: 5, replaced: 1 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		expect(libraryPortrait(contracts)).toEqual(before);
	});

	it('go into another site, and below a folder', async () => {
		const { contracts } = await withLibraries();
		const { tenant, owner } = fixture!;
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		other.ensureUser(tenant.addUser({ displayName: 'Somebody', drive: false }));
		other.ensureUser(owner);
		const results = await restoreSite(fixture!, { siteId: other.id });
		expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		expect(libraryPortrait(other.library('Contracts'))).toEqual(libraryPortrait(contracts));
		expect(outcomes(await restoreSite(fixture!, { siteId: other.id }))).toEqual({ skipped: 6 });
		const below = await restoreSite(fixture!, { siteId: other.id, destination: { kind: 'folder', path: ['Restored'] }, selection: { kind: 'folder', folderId: `library-${contracts.id}/root`, includeSubfolders: true } });
		expect(below.filter(({ type }) => type === 'file').map(({ targetPath }) => targetPath).sort()).toEqual(['Contracts/Restored/2026/Q1/b.txt', 'Contracts/Restored/2026/a.txt', 'Contracts/Restored/plain.txt']);
		expect(Object.keys(libraryPortrait(other.library('Contracts')))).toHaveLength(6);
	});
});

describe('Files that somebody else has put there', () => {
	it('keep their columns with Skip, empty ones too; what a restore could not finish is finished', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		const columns = [{ name: 'Customer', text: {} }];
		const contracts = site.addLibrary('Contracts', { columns });
		for (const name of ['other', 'empty', 'same', 'unfinished']) contracts.edit(contracts.itemOf(contracts.drive.addFile('', `${name}.txt`, name, { modified: '2026-01-01T00:00:00Z' })), { Customer: 'Contoso' });
		await fixture.backUp({ content: ['libraries'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		const there = other.addLibrary('Contracts', { columns });
		const put = (name: string, content: string, customer: string | null): void => void there.edit(there.itemOf(there.drive.addFile('', `${name}.txt`, content, { modified: '2026-01-01T00:00:00Z' })), { Customer: customer });
		put('other', 'quite another file', 'Fabrikam');
		put('empty', 'quite another file, too', null);
		put('same', 'same', 'Northwind');
		put('unfinished', 'unfinished', null);
		const results = await restoreSite(fixture, { siteId: other.id });
		expect(Object.fromEntries([...there.items()].map((item) => [there.node(item).name, item.values.Customer]))).toEqual({ 'other.txt': 'Fabrikam', 'empty.txt': undefined, 'same.txt': 'Northwind', 'unfinished.txt': 'Contoso' });
		expect(outcomes(results)).toEqual({ skipped: 3, created: 1 });
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ skipped: 4 });
	});
});

describe('Requests for 300 files with columns', () => {
	it('to make them: an upload and a PATCH each, 20 of these to a call; for a second restore a listing', async () => {
		fixture = await siteFixture({ switches: { throttling: false } });
		const { site, tenant } = fixture;
		const library = site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }] });
		for (let n = 0; n < 300; n++) library.edit(library.itemOf(library.drive.addFile('', `${n}.txt`, `${n}`)), { Customer: `C${n}` });
		await fixture.backUp({ content: ['libraries'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		const graph = fixture.client();
		expect(outcomes(await restoreSite(fixture, { graph, siteId: other.id }))).toEqual({ folderCreated: 1, created: 300 });
		expect(libraryPortrait(other.library('Contracts'))).toEqual(libraryPortrait(library));
		expect(graph.stats.requests).toBeLessThanOrEqual(3 * 300 + 30);
		const again = fixture.client();
		expect(outcomes(await restoreSite(fixture, { graph: again, siteId: other.id, conflictPolicy: 'replace' }))).toEqual({ skipped: 300 });
		expect(again.stats.requests).toBeLessThanOrEqual(130);
		const made = other.library('Contracts');
		for (const item of [...made.items()]) made.edit(item, { Customer: 'x' });
		const back = fixture.client();
		expect(outcomes(await restoreSite(fixture, { graph: back, siteId: other.id, conflictPolicy: 'replace' }))).toEqual({ replaced: 300 });
		expect(libraryPortrait(made)).toEqual(libraryPortrait(library));
		expect(back.stats.calls).toBeLessThanOrEqual(50);
	}, 60_000);
});

describe('One thing alone', () => {
	it('a file, a page, a list item, by their ids', async () => {
		const { site, contracts } = await withLibraries();
		site.addPage({ title: 'Home', name: 'home.aspx' });
		await fixture!.backUp();
		const entries = [...(await fixture!.entries()).values()];
		const before = libraryPortrait(contracts);
		const { drive } = contracts;
		drive.purge(drive.byPath('2026/a.txt')!);
		site.pages.delete(site.pages.page('home.aspx'));
		const customers = site.list('Customers');
		customers.delete(1);
		const ids = entries.filter(({ name, type }) => (name === 'a.txt' || name === 'Home' || name === 'Contoso') && type !== 'folder').map(({ id }) => id);
		expect(ids).toHaveLength(3);
		const preview = await restoreSite(fixture!, { selection: { kind: 'ids', ids }, mode: 'preview' });
		const results = await restoreSite(fixture!, { selection: { kind: 'ids', ids } });
		expect(outcomes(results)).toEqual({ created: 3 });
		expect(preview.map(({ id, outcome, targetPath }) => [id, outcome, targetPath]).sort()).toEqual(results.map(({ id, outcome, targetPath }) => [id, outcome, targetPath]).sort());
		// The file points to the customer under its new number.
		expect(libraryPortrait(contracts)).toEqual(before);
		expect(outcomes(await restoreSite(fixture!, { selection: { kind: 'ids', ids } }))).toEqual({ skipped: 3 });
	});

	it('a file whose customer lives', async () => {
		const { contracts } = await withLibraries();
		const before = libraryPortrait(contracts);
		const { drive } = contracts;
		const id = [...(await fixture!.entries()).values()].find(({ name }) => name === 'a.txt')!.id;
		drive.purge(drive.byPath('2026/a.txt')!);
		expect(outcomes(await restoreSite(fixture!, { selection: { kind: 'ids', ids: [id] } }))).toEqual({ created: 1 });
		expect(libraryPortrait(contracts)).toEqual(before);
	});
});

describe('The site itself', () => {
	it('is compared, and what Graph cannot set is said', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		await fixture.backUp({ content: ['site'] });
		expect(await restoreSite(fixture)).toMatchObject([{ type: 'site', outcome: 'skipped', reason: 'Its name and description are as the backup holds them' }]);
		tenant.sites.change(site, { displayName: 'Hacked', description: '' });
		const [result] = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(result).toMatchObject({ outcome: 'skipped', reason: expect.stringContaining('cannot change') as string, fidelity: [expect.stringContaining('name "Marketing", description "Where marketing works"') as string] });
	});
});

describe('Subsites', () => {
	it('get back what is theirs, and one that is gone is named', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		const events = site.addSubsite({ name: 'events', displayName: 'Events' });
		const list = events.addList({ displayName: 'Guests' });
		list.addItem({ Title: 'Anna' });
		events.library('Documents').drive.addFile('', 'e.txt', 'E');
		events.addPage({ title: 'Party', name: 'party.aspx' });
		await fixture.backUp({ subsites: true });
		events.deleteList(list);
		const { drive } = events.library('Documents');
		drive.purge(drive.byPath('e.txt')!);
		events.pages.delete(events.pages.page('party.aspx'));
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ folderCreated: 1, created: 3, skipped: 2 });
		expect(results.find(({ type }) => type === 'listItem')).toMatchObject({ folderPath: 'Events/Lists/Guests', targetPath: 'Events/Lists/Guests' });
		expect([...events.list('Guests').items()].map(({ values }) => values.Title)).toEqual(['Anna']);
		tenant.sites.delete(events);
		const gone = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(gone.filter(({ outcome }) => outcome === 'failed').map(({ type }) => type).sort()).toEqual(['file', 'folder', 'folder', 'folder', 'listItem', 'page', 'site']);
		expect(gone.find(({ type }) => type === 'file')).toMatchObject({ reason: 'The subsite Events is not there', nextStep: expect.stringContaining('create it in SharePoint') as string });
		const again = site.addSubsite({ name: 'events', displayName: 'Events' });
		expect(outcomes(await restoreSite(fixture))).toEqual({ folderCreated: 1, created: 3, skipped: 2 });
		expect([...again.list('Guests').items()].map(({ values }) => values.Title)).toEqual(['Anna']);
	});
});
