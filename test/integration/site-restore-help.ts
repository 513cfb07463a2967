import { createHash } from 'node:crypto';
import type { RestoreOptions, RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { restore } from '../../nodes/M365Backup/engine/restore';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import type { SnapshotRecord } from '../../nodes/M365Backup/repository/records';
import type { SiteRestorerOptions } from '../../nodes/M365Backup/workloads/site/restore-site';
import { siteRestorer } from '../../nodes/M365Backup/workloads/site/restore-site';
import { kindOf } from '../simulator/list-column';
import type { FieldValue, ListItem } from '../simulator/list-item';
import type { LibraryList } from '../simulator/list-library';
import type { SharePointList } from '../simulator/list-store';
import type { Page } from '../simulator/page-store';
import type { Site } from '../simulator/site-store';
import type { SiteFixture } from '../support/site-fixture';

export interface RestoreCall extends Partial<RestoreOptions>, Partial<Pick<SiteRestorerOptions, 'permissions' | 'roles' | 'siteId'>> {
	graph?: GraphClient;
}

export async function newestSnapshot(fixture: SiteFixture): Promise<SnapshotRecord> {
	return (await fixture.repository.snapshots(fixture.key)).at(-1)!;
}

/** Restores as the node would: everything of the newest snapshot to where it was, unless told otherwise. */
export async function restoreSite(fixture: SiteFixture, options: RestoreCall = {}): Promise<RestoreResult[]> {
	const { siteId = fixture.source.id, graph = fixture.client(), permissions, roles, ...rest } = options;
	const results: RestoreResult[] = [];
	for await (const result of restore({
		repository: fixture.repository,
		source: fixture.source,
		snapshot: rest.snapshot ?? (await newestSnapshot(fixture)),
		selection: { kind: 'everything' },
		destination: { kind: 'original' },
		conflictPolicy: 'skip',
		mode: 'restore',
		restorer: siteRestorer({ graph, siteId, ambient: fixture.ambient, source: fixture.source, ...(permissions === undefined ? {} : { permissions }), ...(roles ? { roles } : {}) }),
		ambient: fixture.ambient,
		...rest,
	})) {
		results.push(result);
	}
	return results;
}

export function outcomes(results: readonly RestoreResult[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
	return counts;
}

/** What a user sees of an item: its content type and columns, people by name, lookups by what they show. No ids, no times. */
export function itemPortrait(list: SharePointList, item: ListItem): Record<string, unknown> {
	const portrait: Record<string, unknown> = { contentType: list.contentTypes.find(({ id }) => id === item.contentTypeId)?.name };
	for (const column of list.columns) {
		const value = item.values[column.name];
		if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
		portrait[column.name] = shown(list, column, value);
	}
	return Object.fromEntries(Object.entries(portrait).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shown(list: SharePointList, column: SharePointList['columns'][number], value: FieldValue): unknown {
	const { site } = list;
	switch (kindOf(column)) {
		case 'person':
		case 'multiPerson':
			return [value].flat().map((id) => site.userList.item(Number(id)).values.Title);
		case 'lookup':
		case 'multiLookup': {
			const other = site.lists.find(({ id }) => id === column.settings.listId);
			return ([value].flat() as number[]).map((id) => other?.find(id)?.values[String(column.settings.columnName)] ?? `nothing (${id})`);
		}
		case 'term':
		case 'multiTerm':
			return [value].flat().map((term) => (term as unknown as { Label: string }).Label);
		case 'note':
			return (value as string).replace(/<div class="ExternalClass[0-9A-F]*">([\s\S]*)<\/div>/, '$1');
		default:
			return value;
	}
}

/** The items of a list as a user sees them, sorted. */
export function listPortrait(list: SharePointList): string[] {
	return [...list.items()].map((item) => JSON.stringify(itemPortrait(list, item))).sort();
}

/** The columns that users made: what they are, without ids. */
export function schemaPortrait(list: SharePointList): unknown[] {
	return list.columns
		.filter(({ isDeletable, hidden }) => isDeletable && !hidden)
		.map(({ name, displayName, description, facet, required, indexed, enforceUniqueValues, defaultValue, settings }) => ({ name, displayName, description, facet, required, indexed, enforceUniqueValues, defaultValue, settings: { ...settings, listId: undefined } }))
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function pagePortrait(page: Page): Record<string, unknown> {
	const text = JSON.stringify(page.canvasLayout, (key, value: unknown) => (key === 'id' ? undefined : value));
	const { name, title, description, pageLayout, promotionKind, showComments, showRecommendedPages, thumbnailWebUrl, titleArea, minor } = page;
	return { name, title, description, pageLayout, promotionKind, showComments, showRecommendedPages, thumbnailWebUrl, titleArea, isPublished: minor === 0, text };
}

export function pagePortraits(site: Site): Record<string, unknown>[] {
	return [...site.pages.all()].map(pagePortrait).sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
}

/** The files of a library as `2026/a.txt` with their bytes and columns. */
export function libraryPortrait(library: LibraryList): Record<string, unknown> {
	const found: [string, unknown][] = [];
	for (const item of library.items()) {
		const node = library.node(item);
		if (node.isFolder) continue;
		const bytes = Buffer.from(node.content!.read(0, node.content!.sizeBytes));
		found.push([node.path, { content: createHash('sha256').update(bytes).digest('hex'), columns: itemPortrait(library, item) }]);
	}
	return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
