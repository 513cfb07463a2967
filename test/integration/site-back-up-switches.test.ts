import { afterEach, expect, it } from 'vitest';
import { EVERY_COLUMN, fillList, fillSite } from '../simulator/site-generate';
import type { Switches } from '../simulator/switches';
import type { SiteFixture } from '../support/site-fixture';
import { siteFixture } from '../support/site-fixture';
import { expectSiteSaved } from './site-help';

let fixture: SiteFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

const HOUR_MS = 3_600_000;
const BOTH_WAYS: Partial<Switches>[] = [
	{},
	{ deltaReplays: true },
	{ deltaEmptyPages: 'end' },
	{ deltaEmptyPages: 'always' },
	{ deltaEmptyPages: 'always', deltaReplays: true, listLargestPage: 3 },
	{ listLargestPage: 1 },
	{ siteDeltaTokenLifetimeMs: HOUR_MS / 2 },
	{ siteDeltaTokenLifetimeMs: HOUR_MS / 2, listLargestPage: 4, deltaReplays: true },
	{ listItemGetBringsFields: false },
	{ listRichText: 'kept' },
	{ listLinkWrites: 'accepted', listPlaceWrites: 'accepted' },
	{ batchAnswerOrder: 'asked' },
	{ sharePointRefusal: 503 },
	{ tenantSize: '50k+' },
	{ driveDeltaCTag: 'absent', driveDeltaDownloadUrl: 'absent', driveDeltaParentPath: 'absent', driveDeltaRoot: 'changedOnly' },
	{ driveDeletedDescendants: 'folderOnly', driveDeletedEntries: 'bare' },
	{ driveHashes: 'absent', driveDeltaReportsParents: true },
];

it.each(BOTH_WAYS)('a site is in its backup as it is, whatever Graph does: %j', async (switches) => {
	fixture = await siteFixture({ switches });
	const { site } = fixture;
	fillSite(site, { seed: 11, files: 6, lists: 2, items: 12, pages: 3 });
	site.addSubsite({ name: 'sub', displayName: 'Sub' }).addList({ displayName: 'Below', columns: EVERY_COLUMN }).addItem({ Title: 'b' });
	expect(await fixture.backUp({ subsites: true })).toMatchObject({ status: 'complete', warnings: [], failures: [] });
	await expectSiteSaved(fixture, { subsites: true });

	const list = site.list('List 1');
	list.edit(3, { Title: 'Edited', Amount: null, Rich: '<p>other</p>' });
	list.delete(2);
	fillList(list, { items: 5, seed: 4 });
	const library = site.library('Contracts');
	const [one, two] = [...library.drive.files()];
	library.edit(library.itemOf(one!), { Customer: 'New customer' });
	library.drive.delete(two!);
	library.drive.edit(one!, 'New content');
	const [page] = [...site.pages.all()];
	site.pages.edit(page!, { title: 'Edited' });
	expect(await fixture.backUp({ subsites: true })).toMatchObject({ status: 'complete', warnings: [], failures: [] });
	await expectSiteSaved(fixture, { subsites: true });
	expect((await fixture.backUp({ subsites: true })).status).toBe('unchanged');
});

it('waits where SharePoint asks for fewer requests, and then goes on', async () => {
	fixture = await siteFixture();
	const { site, tenant } = fixture;
	fillSite(site, { seed: 3, files: 10, lists: 2, items: 10, pages: 5 });
	tenant.faults.script({ match: 'GET /sites/*', skip: 2, times: 3, do: { status: 429, headers: { 'Retry-After': '20' } } });
	tenant.faults.script({ match: 'GET /drives/*', skip: 1, times: 2, do: { status: 503, headers: { 'Retry-After': '20' } } });
	expect(await fixture.backUp()).toMatchObject({ status: 'complete', warnings: [], failures: [] });
	await expectSiteSaved(fixture);
});

it('a full backup costs pages of lists, one request a file and a page, and little more', async () => {
	fixture = await siteFixture();
	const { site } = fixture;
	fillSite(site, { seed: 9, files: 100, lists: 5, items: 30, pages: 20 });
	fixture.sim.requestLog.reset();
	const first = await fixture.backUp();
	expect(first.status).toBe('complete');
	const files = ['Documents', 'Contracts', 'Größe & Maß'].reduce((sum, name) => sum + [...site.library(name).drive.files()].length, 0);
	// 3 libraries and Site Assets (drive and columns), 5 lists, the people that lists name, site, lists, pages; and one for each page.
	expect(fixture.sim.requestLog.requests).toBeLessThanOrEqual(files + 20 + 2 * 4 + 5 + 4);
	for (const name of ['Documents', 'Contracts', 'Größe & Maß']) {
		const drive = site.library(name).drive;
		drive.edit([...drive.files()][0]!, 'changed');
	}
	for (let n = 1; n <= 5; n++) site.list(`List ${n}`).edit(1, { Amount: 4711 });
	for (const page of [...site.pages.all()].slice(0, 2)) site.pages.edit(page, { title: 'changed' });
	fixture.sim.requestLog.reset();
	expect((await fixture.backUp()).changes).toMatchObject({ updated: 10 });
	expect(fixture.sim.requestLog.requests).toBeLessThanOrEqual(2 * 4 + 5 + 4 + 3 + 2);
	await expectSiteSaved(fixture);
});
