import { expect } from 'vitest';
import type { CatalogEntry } from '../../nodes/M365Backup/repository/records';
import { columnJson } from '../simulator/list-column';
import type { ListItem } from '../simulator/list-item';
import { itemJson } from '../simulator/list-item-json';
import { LibraryList } from '../simulator/list-library';
import type { SharePointList } from '../simulator/list-store';
import { pageJson } from '../simulator/page-json';
import { siteJson } from '../simulator/site-json';
import type { Site } from '../simulator/site-store';
import type { SiteFixture } from '../support/site-fixture';

type Json = Record<string, unknown>;

const LEFT_OUT = new Set(['userInformation', 'designCatalog', 'webPageLibrary']);

/** Lists and libraries that a backup of the site takes. */
export function backedUpLists(site: Site): SharePointList[] {
	return site.lists.filter((list) => !LEFT_OUT.has(list.template) && (!list.isSystem || list.name === 'SiteAssets'));
}

/** Without what only says how to ask again. */
function lasting(value: unknown): Json {
	return JSON.parse(JSON.stringify(value), (name, one: unknown) => (/odata\.(etag|context)$/.test(name) ? undefined : one)) as Json;
}

/** What a file has in columns that users fill, as `meta.columns` keeps it. */
function columnsOf(library: LibraryList, item: ListItem): Json | undefined {
	const { fields } = itemJson(library, item, { fields: {} }) as { fields: Json };
	const names = new Set(library.columns.filter(({ readOnly, hidden, name }) => !readOnly && !hidden && !['FileLeafRef', '_ColorTag'].includes(name)).flatMap(({ name }) => [name, `${name}LookupId`]));
	const own = Object.fromEntries(Object.entries(fields).filter(([name]) => names.has(name)));
	return Object.keys(own).length > 0 ? own : undefined;
}

/** The newest snapshot holds exactly what the site (and, if asked for, those below it) holds now, field by field and byte by byte. */
export async function expectSiteSaved(fixture: SiteFixture, options: { subsites?: boolean } = {}): Promise<void> {
	const entries = await fixture.entries();
	const expected = new Set<string>();
	await expectWebSaved(fixture, fixture.site, undefined, entries, expected, options.subsites === true);
	const stored = [...entries.values()].filter(({ type, id }) => type !== 'folder' || id.endsWith('/root')).map(({ id }) => id);
	expect(stored.sort()).toEqual([...expected].sort());
}

async function expectWebSaved(fixture: SiteFixture, site: Site, above: string | undefined, entries: Map<string, CatalogEntry>, expected: Set<string>, subsites: boolean): Promise<void> {
	const entry = (id: string): CatalogEntry => {
		expected.add(id);
		const found = entries.get(id);
		if (!found) throw new Error(`The snapshot lacks ${id}`);
		return found;
	};
	const isSubsite = site !== fixture.site;
	const top = isSubsite ? `site-${site.webGuid}/root` : undefined;
	if (top !== undefined) expect(entry(top)).toMatchObject({ name: site.displayName, meta: { kind: 'site' }, ...(above === undefined ? {} : { parent: above }) });
	const { lastModifiedDateTime: _time, ...about } = await fixture.document(entry(`site-${site.webGuid}/site`));
	const { lastModifiedDateTime: _now, ...served } = lasting(siteJson(site));
	expect(about).toEqual(served);
	expect(entry(`lists-${site.webGuid}/root`).parent).toBe(top);
	for (const list of backedUpLists(site)) {
		const scope = `${list instanceof LibraryList ? 'library' : 'list'}-${list.id}`;
		const root = entry(`${scope}/root`);
		expect(root.name).toBe(list.displayName);
		expect(root.parent).toBe(list instanceof LibraryList ? top : `lists-${site.webGuid}/root`);
		expect(root.meta['columns']).toEqual(list.columns.map(columnJson).map(({ id: _id, ...rest }) => lasting(rest)));
		if (list instanceof LibraryList) await expectLibrarySaved(fixture, list, entries, entry);
		else {
			for (const item of list.items()) {
				const found = entry(`${scope}/${item.id}`);
				const { people: _people, ...document } = await fixture.document(found);
				expect(document).toEqual(lasting(itemJson(list, item, { fields: {} })));
			}
		}
	}
	expect(entry(`pages-${site.webGuid}/root`).parent).toBe(top);
	for (const page of site.pages.all()) {
		expect(await fixture.document(entry(`pages-${site.webGuid}/${page.id}`))).toEqual(lasting(pageJson(site, page, { asSitePage: true, canvas: true })));
	}
	if (subsites) for (const one of site.sites) await expectWebSaved(fixture, one, top, entries, expected, subsites);
}

async function expectLibrarySaved(fixture: SiteFixture, library: LibraryList, entries: Map<string, CatalogEntry>, entry: (id: string) => CatalogEntry): Promise<void> {
	const { drive } = library;
	for (const node of drive.files()) {
		const found = entry(`library-${library.id}/${drive.idOf(node)}`);
		expect(pathOf(entries, found)).toBe(`${library.displayName}/${node.path}`);
		expect(await fixture.content(found)).toEqual(Buffer.from(node.content!.read(0, node.sizeBytes)));
		expect(found.meta['columns']).toEqual(columnsOf(library, library.itemOf(node)));
	}
}

/** Display names from the library down. */
function pathOf(entries: Map<string, CatalogEntry>, item: CatalogEntry): string {
	const parent = item.parent === undefined || !item.id.startsWith('library-') ? undefined : entries.get(item.parent);
	return parent && parent.meta['kind'] !== 'site' ? `${pathOf(entries, parent)}/${item.name}` : item.name;
}
