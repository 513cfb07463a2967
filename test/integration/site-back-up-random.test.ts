import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { LibraryList } from '../simulator/list-library';
import { fillEveryColumn, EVERY_COLUMN } from '../simulator/site-generate';
import type { Site } from '../simulator/site-store';
import type { Switches } from '../simulator/switches';
import type { SiteFixture } from '../support/site-fixture';
import { randomRuns } from '../support/random-runs';
import { siteFixture } from '../support/site-fixture';
import { backedUpLists, expectSiteSaved } from './site-help';

const RUNS = randomRuns(200);

type Step =
	| { do: 'edit'; what: number; a: number; b: number }
	| { do: 'backUp'; stopAfterBytes: number | null; commitEveryBytes: number; fullResync: boolean; part: number }
	| { do: 'expire'; which: number }
	| { do: 'loseCursor' }
	| { do: 'forbid'; which: number }
	| { do: 'fault'; which: number; skip: number };

const nat = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 16, arbitrary: fc.record({ do: fc.constant('edit' as const), what: nat, a: nat, b: nat }) },
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constant('backUp' as const),
			stopAfterBytes: fc.option(fc.integer({ min: 100, max: 20_000 }), { freq: 2 }),
			commitEveryBytes: fc.constantFrom(500, 5000, 1_000_000),
			fullResync: fc.constantFrom(false, false, false, false, true),
			part: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const), which: nat }) },
	{ weight: 1, arbitrary: fc.constant({ do: 'loseCursor' as const }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('forbid' as const), which: nat }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), which: nat, skip: fc.nat({ max: 30 }) }) },
);

const switches: fc.Arbitrary<Partial<Switches>> = fc.record({
	deltaEmptyPages: fc.constantFrom('never' as const, 'end' as const, 'always' as const),
	deltaReplays: fc.boolean(),
	listLargestPage: fc.constantFrom(2, 5, 5000),
	batchAnswerOrder: fc.constantFrom('reversed' as const, 'asked' as const),
	listItemGetBringsFields: fc.boolean(),
	listRichText: fc.constantFrom('wrapped' as const, 'kept' as const),
	driveDeltaRoot: fc.constantFrom('always' as const, 'changedOnly' as const),
	driveDeltaParentPath: fc.constantFrom('present' as const, 'absent' as const),
	driveDeltaCTag: fc.constantFrom('present' as const, 'absent' as const),
	driveDeltaDownloadUrl: fc.constantFrom('present' as const, 'absent' as const),
	driveDeletedDescendants: fc.constantFrom('reported' as const, 'folderOnly' as const),
	siteDeltaTokenLifetimeMs: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2 * 3_600_000),
	downloadRanges: fc.constantFrom('honoured' as const, 'ignored' as const),
});

function pick<T>(all: readonly T[], n: number): T | undefined {
	return all[n % Math.max(1, all.length)];
}

/** One edit as users make them; what cannot be done in this state is left out. */
function edit(fixture: SiteFixture, serial: number, { what, a, b }: Step & { do: 'edit' }): void {
	const sites: Site[] = [...fixture.tenant.sites.each()].filter((one) => one.siteGuid === fixture.site.siteGuid);
	const site = what % 3 === 0 ? pick(sites, b)! : fixture.site;
	const lists = backedUpLists(site).filter((one) => !(one instanceof LibraryList));
	const libraries = backedUpLists(site).filter((one) => one instanceof LibraryList);
	const list = pick(lists, a);
	const library = pick(libraries, a)!;
	const { drive } = library;
	const items = list ? [...list.items()] : [];
	const item = pick(items, b);
	const files = [...drive.files()];
	const file = pick(files, b);
	const pages = [...site.pages.all()];
	const page = pick(pages, a);
	switch (what % 22) {
		case 0:
		case 1:
			if (list) list.addItem({ Title: `Item ${serial}`, ...(b % 3 === 0 ? { Note: 'x'.repeat(b) } : {}) });
			return;
		case 2:
			if (list) fillEveryColumn(list, { person: site.ensureUser(fixture.owner), title: `Full ${serial}` });
			return;
		case 3:
		case 4:
			if (list && item) list.edit(item, { Title: b % 5 === 0 ? null : `Edited ${serial}`, Amount: b % 2 ? serial : null });
			return;
		case 5:
			if (list && item) list.delete(item);
			return;
		case 6:
			if (b % 3 === 0) site.addList({ displayName: `List ${serial}`, columns: EVERY_COLUMN });
			else if (list && b % 3 === 1) list.addColumn({ name: `Column ${serial}`, text: {} });
			else if (list) Object.assign(list, { displayName: `Renamed ${serial}` }).touch();
			return;
		case 7:
			if (list && b % 3 === 0) site.deleteList(list);
			return;
		case 8:
			if (b % 3 === 0) site.addLibrary(`Library ${serial}`, { columns: [{ name: 'Customer', text: {} }] });
			else if (b % 3 === 1 && library.displayName.startsWith('Library')) site.deleteList(library);
			return;
		case 9:
		case 10:
			drive.addFile(b % 2 ? 'Folder' : '', `File ${serial}.txt`, `${serial} ${'y'.repeat(b)}`);
			return;
		case 11:
			if (file) drive.edit(file, `Edited ${serial}`);
			return;
		case 12:
			if (file) drive.rename(file, `Renamed ${serial}.txt`);
			return;
		case 13:
			if (file) drive.move(file, drive.addFolder(`Moved ${serial}`));
			return;
		case 14:
			if (file) drive.delete(file);
			else if (drive.bin.size > 0) drive.restore(pick([...drive.bin], a)!);
			return;
		case 15:
		case 16:
			if (file) library.edit(library.itemOf(file), library.column('Customer') ? { Customer: b % 4 ? `Customer ${serial}` : null } : { Title: b % 4 ? `Title ${serial}` : null });
			return;
		case 17:
			site.addPage({ title: `Page ${serial}`, canvasLayout: { horizontalSections: [{ id: String(b) }] } });
			return;
		case 18:
			if (page) site.pages.edit(page, { title: `Edited ${serial}`, canvasLayout: { horizontalSections: [{ id: String(serial) }] } });
			return;
		case 19:
			if (page && b % 2) site.pages.publish(page);
			else if (page) site.pages.delete(page);
			return;
		case 20:
			fixture.tenant.sites.change(site, b % 2 ? { description: `About ${serial}` } : {});
			return;
		default:
			if (sites.length < 4) site.addSubsite({ name: `sub${serial}`, displayName: `Sub ${serial}` }).addList({ displayName: 'Below', columns: EVERY_COLUMN }).addItem({ Title: 'b' });
			else if (site !== fixture.site) fixture.tenant.sites.delete(site);
	}
}

function expire(fixture: SiteFixture, which: number): void {
	const list = pick(backedUpLists(fixture.site), which)!;
	list.expireDelta(which % 2 ? 'resyncRequired' : 'resyncChangesApplyDifferences');
	if (list instanceof LibraryList && which % 3 === 0) list.drive.expireDelta();
}

function fault(fixture: SiteFixture, { which, skip }: Step & { do: 'fault' }): void {
	const { faults } = fixture.tenant;
	const all: Parameters<typeof faults.script>[0][] = [
		{ match: '*', skip, do: { status: 503 } },
		{ match: '*', skip, do: { truncateAtByte: 200 } },
		{ match: 'POST /$batch', when: 'during', do: { reset: true } },
		{ match: 'GET /sites/*/lists*', skip: skip % 5, do: { status: 429, headers: { 'Retry-After': '3' } } },
		{ match: 'GET /sites/*/pages*', skip: skip % 5, times: 30, do: { status: 500 } },
		{ match: 'GET /sites/*/items/delta*', skip: skip % 5, times: 30, do: { status: 500 } },
		{ match: 'GET /sites/*/lists?*', times: 30, do: { status: 500 } },
	];
	faults.script(pick(all, which)!);
}

/** Everything answers again. */
function heal(fixture: SiteFixture): void {
	fixture.tenant.faults.clear();
	for (const site of fixture.tenant.sites.each()) for (const list of site.lists) list.isForbidden = false;
}

it(`follows ${RUNS} random histories of a site, through faults, limits and lost cursors`, async () => {
	await fc.assert(
		fc.asyncProperty(switches, fc.array(step, { minLength: 10, maxLength: 40 }), async (chosen, steps) => {
			const fixture = await siteFixture({ switches: chosen });
			try {
				const { site } = fixture;
				let serial = 0;
				const list = site.addList({ displayName: 'Projects', columns: EVERY_COLUMN });
				for (; serial < 6; serial++) list.addItem({ Title: `Item ${serial}`, Amount: serial });
				site.addLibrary('Library 0', { columns: [{ name: 'Customer', text: {} }] }).drive.addFile('Folder', 'a.txt', 'A');
				site.addPage({ title: 'Home' });
				let isDisturbed = false;
				for (const one of steps) {
					serial += 1;
					if (one.do === 'edit') edit(fixture, serial, one);
					else if (one.do === 'expire') expire(fixture, one.which);
					else if (one.do === 'loseCursor') await fixture.store.delete([`${fixture.key}/cursor.json`]);
					else if (one.do === 'forbid') {
						isDisturbed = true;
						pick(backedUpLists(site), one.which)!.isForbidden = true;
					} else if (one.do === 'fault') {
						isDisturbed = true;
						fault(fixture, one);
					} else {
						const content = [undefined, ['lists' as const], ['site' as const, 'pages' as const], ['libraries' as const]][one.part];
						const options = { subsites: true, ...(content ? { content } : {}), stopAfter: { bytes: one.stopAfterBytes ?? undefined }, commitEvery: { bytes: one.commitEveryBytes }, fullResync: one.fullResync };
						const summary = await fixture.backUp(options).catch((error: unknown) => {
							// Where nothing of what was chosen can be read, the run says so.
							if (!isDisturbed) throw error;
							return null;
						});
						if (summary && !isDisturbed && !summary.hasMore && !content) {
							expect(summary).toMatchObject({ failures: [], warnings: [] });
							await expectSiteSaved(fixture, { subsites: true });
						}
						heal(fixture);
						isDisturbed = false;
					}
				}
				heal(fixture);
				let summary = await fixture.backUp({ subsites: true });
				for (let again = 0; !['complete', 'unchanged'].includes(summary.status) && again < 3; again++) summary = await fixture.backUp({ subsites: true });
				expect(summary).toMatchObject({ failures: [], warnings: [], hasMore: false });
				await expectSiteSaved(fixture, { subsites: true });
				expect((await fixture.backUp({ subsites: true })).status).toBe('unchanged');
				expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
				expect(fixture.sim.misses).toEqual([]);
				expect(fixture.tenant.outbox).toEqual([]);
				expect(fixture.tenant.leaks).toEqual([]);
			} finally {
				await fixture.stop();
			}
		}),
		{ numRuns: RUNS, endOnFailure: false },
	);
});
