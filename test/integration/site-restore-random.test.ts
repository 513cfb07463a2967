import { afterEach, describe, expect, it } from 'vitest';
import { kindOf } from '../simulator/list-column';
import { LibraryList } from '../simulator/list-library';
import type { FieldValue } from '../simulator/list-item';
import { SeededRandom } from '../simulator/seeded-random';
import { fillSite } from '../simulator/site-generate';
import type { Site } from '../simulator/site-store';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { libraryPortrait, listPortrait, outcomes, pagePortraits, restoreSite, schemaPortrait } from './site-restore-help';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	const { sim } = fixture!;
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.outbox).toEqual([]);
	expect(sim.tenant.leaks).toEqual([]);
	await fixture!.stop();
});

const listNames = (site: Site): string[] => site.lists.filter((list) => !list.isSystem && !(list instanceof LibraryList) && list.template !== 'webPageLibrary').map(({ displayName }) => displayName);
const libraryNames = ['Documents', 'Contracts', 'Größe & Maß'];

function picture(site: Site, names: readonly string[]): Record<string, unknown> {
	return {
		lists: Object.fromEntries(names.map((name) => [name, { schema: schemaPortrait(site.list(name)), items: listPortrait(site.list(name)) }])),
		libraries: Object.fromEntries(libraryNames.map((name) => [name, { schema: schemaPortrait(site.library(name)), files: libraryPortrait(site.library(name)) }])),
		pages: pagePortraits(site),
	};
}

/** What somebody, or something, does to a site. */
function damage(site: Site, random: SeededRandom): void {
	for (const name of listNames(site)) {
		const list = site.list(name);
		if (random.chance(0.2)) {
			site.deleteList(list);
			continue;
		}
		for (const item of [...list.items()]) {
			if (random.chance(0.2)) list.delete(item);
			else if (random.chance(0.3)) list.edit(item, randomFields(list, random));
		}
		for (let n = random.below(3); n > 0; n--) list.addItem({ Title: `Added since ${random.below(1000)}` });
	}
	for (const name of libraryNames) {
		const library = site.library(name);
		if (name !== 'Documents' && random.chance(0.15)) {
			site.deleteList(library);
			continue;
		}
		for (const item of [...library.items()]) {
			const node = library.node(item);
			if (node.state !== 'living' || node.isFolder) continue;
			if (random.chance(0.15)) library.drive.delete(node);
			else if (random.chance(0.15)) library.drive.edit(node, `encrypted ${random.below(1000)}`);
			else if (library.column('Customer') && random.chance(0.3)) library.edit(item, { Customer: random.chance(0.5) ? 'Somebody' : null, Year: 1999 });
		}
	}
	for (const page of [...site.pages.all()]) {
		if (random.chance(0.3)) site.pages.delete(page);
		else if (random.chance(0.3)) {
			site.pages.edit(page, { title: 'Defaced', description: 'x' });
			site.pages.publish(page);
		}
	}
}

function randomFields(list: Site['lists'][number], random: SeededRandom): Record<string, FieldValue | null> {
	const fields: Record<string, FieldValue | null> = {};
	for (const column of list.columns) {
		if (column.readOnly || column.hidden || !random.chance(0.3) || (!column.isDeletable && column.name !== 'Title')) continue;
		if (kindOf(column) === 'text' || kindOf(column) === 'note') fields[column.name] = `Changed ${random.below(1000)}`;
		else if (kindOf(column) === 'number') fields[column.name] = random.below(1000);
		else if (kindOf(column) !== 'calculated') fields[column.name] = null;
	}
	return fields;
}

describe('A site that was damaged at random', () => {
	it.each([1, 2, 3, 4, 5, 6])('is as it was after a restore with Replace (seed %i)', async (seed) => {
		fixture = await siteFixture({ switches: { listLinkWrites: 'accepted', listPlaceWrites: 'accepted', throttling: false, driveRewrites: 'never', listRichText: seed % 2 ? 'wrapped' : 'kept', listItemGetBringsFields: seed % 3 > 0 } });
		const { site } = fixture;
		const random = new SeededRandom(seed, 9);
		fillSite(site, { seed, files: 8, lists: 3, items: 12, pages: 6 });
		const names = listNames(site);
		await fixture.backUp();
		const before = picture(site, names);
		damage(site, random);
		const preview = await restoreSite(fixture, { mode: 'preview', conflictPolicy: 'replace' });
		const results = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		expect(outcomes(preview)).toEqual(outcomes(results));
		const line = ({ id, outcome, targetPath }: (typeof results)[number]): string => `${id} ${outcome} ${targetPath}`;
		expect(preview.map(line).sort()).toEqual(results.map(line).sort());
		// What came since the backup stays.
		for (const name of names) for (const item of [...site.list(name).items()]) if (JSON.stringify(item.values.Title).startsWith('"Added since ')) site.list(name).delete(item);
		expect(picture(site, names)).toEqual(before);
		const again = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(again.filter(({ outcome }) => outcome !== 'skipped')).toEqual([]);
		const skip = await restoreSite(fixture);
		expect(skip.filter(({ outcome }) => outcome !== 'skipped')).toEqual([]);
		expect(picture(site, names)).toEqual(before);
	}, 60_000);

	it.each([21, 22, 23])('is so but for links and places where Graph refuses those, and every item is there once (seed %i)', async (seed) => {
		fixture = await siteFixture({ switches: { throttling: false, driveRewrites: 'never' } });
		const { site } = fixture;
		fillSite(site, { seed, files: 4, lists: 3, items: 15, pages: 2 });
		const names = listNames(site);
		await fixture.backUp();
		const withoutLinks = (): unknown[] => names.map((name) => listPortrait(site.list(name)).map((text) => ({ ...(JSON.parse(text) as object), Link: undefined, Picture: undefined, Place: undefined })));
		const before = withoutLinks();
		damage(site, new SeededRandom(seed, 9));
		const results = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		for (const name of names) for (const item of [...site.list(name).items()]) if (JSON.stringify(item.values.Title).startsWith('"Added since ')) site.list(name).delete(item);
		expect(withoutLinks()).toEqual(before);
		for (const conflictPolicy of ['replace', 'skip'] as const) expect((await restoreSite(fixture, { conflictPolicy })).filter(({ outcome }) => outcome !== 'skipped')).toEqual([]);
		expect(withoutLinks()).toEqual(before);
	}, 60_000);

	it.each([11, 12])('is whole in another site (seed %i)', async (seed) => {
		fixture = await siteFixture({ switches: { listLinkWrites: 'accepted', listPlaceWrites: 'accepted', throttling: false, driveRewrites: 'never' } });
		const { site, tenant, owner } = fixture;
		fillSite(site, { seed, files: 6, lists: 3, items: 12, pages: 6 });
		const names = listNames(site);
		await fixture.backUp();
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		other.ensureUser(tenant.addUser({ displayName: 'Somebody', drive: false }));
		other.ensureUser(owner);
		const results = await restoreSite(fixture, { siteId: other.id });
		expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		expect(picture(other, names)).toEqual(picture(site, names));
		expect((await restoreSite(fixture, { siteId: other.id })).filter(({ outcome }) => outcome !== 'skipped')).toEqual([]);
	}, 60_000);
});
