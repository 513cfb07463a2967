import { STANDARD_WEB_PARTS } from '../simulator/page-web-parts';
import type { SeenItem } from './graph-items';
import type { GraphReader } from './graph-reader';

export type SiteItemKind = 'listItem' | 'page';
export type SeenSiteItem = SeenItem<SiteItemKind>;

type Json = Record<string, unknown>;

/** What says a column's type, in Graph's names. */
const facets = ['number', 'currency', 'dateTime', 'boolean', 'choice', 'personOrGroup', 'lookup', 'term', 'hyperlinkOrPicture', 'geolocation', 'thumbnail', 'calculated'];
const ofService = new Set(['ContentType', 'Attachments', 'Edit', '_ColorTag', 'ComplianceAssetId', 'LinkTitle', 'LinkTitleNoMenu', 'ID', 'Author', 'Editor', 'Created', 'Modified', 'DocIcon', 'ItemChildCount', 'FolderChildCount', '_UIVersionString', '_ComplianceFlags', '_ComplianceTag', '_ComplianceTagWrittenTime', '_ComplianceTagUserId', 'AppAuthor', 'AppEditor']);

/** The lists that people made, libraries not among them. */
export async function userLists(graph: GraphReader, site: string): Promise<Json[]> {
	const lists = await graph.list(`${site}/lists?$select=id,name,displayName,list,system`);
	return lists.filter(({ list, system }) => system === undefined && (list as Json)['template'] === 'genericList' && (list as Json)['hidden'] !== true);
}

/** The type of each column that people fill in, by its internal name. */
export async function columnTypes(graph: GraphReader, site: string, listId: string): Promise<Map<string, string>> {
	const columns = await graph.list(`${site}/lists/${listId}/columns`);
	return new Map(columns.filter(({ name, hidden }) => hidden !== true && !ofService.has(String(name))).map((column) => [String(column['name']), typeOf(column)]));
}

function typeOf(column: Json): string {
	const facet = facets.find((name) => column[name] !== undefined);
	if (facet !== undefined) return facet;
	return (column['text'] as Json | undefined)?.['textType'] === 'richText' ? 'richText' : 'text';
}

/**
 * Every item of the lists that people made, as Graph serves it: its fields by the types of their columns. What points to
 * another item is told by that item's title, since numbers are new.
 *
 * @param site its path below /v1.0, `/sites/…`
 * @param typesBefore by list: a column that was made anew may have another type, its values are compared all the same
 */
export async function seenListItems(graph: GraphReader, site: string, typesBefore?: ReadonlyMap<string, readonly [string, string][]>): Promise<SeenSiteItem[]> {
	const seen: SeenSiteItem[] = [];
	for (const list of await userLists(graph, site)) {
		const listPath = `${site}/lists/${String(list['id'])}`;
		const known = typesBefore?.get(String(list['displayName']));
		const types = known ? new Map(known) : await columnTypes(graph, site, String(list['id']));
		const items = await graph.list(`${listPath}/items?$expand=fields`);
		const titles = new Map(items.map((item) => [String(item['id']), titleOf(item['fields'] as Json)]));
		for (const item of items) {
			const fields = item['fields'] as Json;
			seen.push({
				kind: 'listItem',
				id: String(item['id']),
				path: `${listPath}/items/${String(item['id'])}`,
				place: String(list['displayName']),
				name: titleOf(fields),
				properties: { ...ownProperties(item), ...valuesByType(fields, types, titles) },
			});
		}
	}
	return seen;
}

function titleOf({ Title: title }: Json): string {
	return typeof title === 'string' ? title : '';
}

function ownProperties(item: Json): Json {
	// Not its number: a new one may happen to be what another item had, which would tell namesakes apart wrongly.
	const { createdBy, createdDateTime, lastModifiedBy, lastModifiedDateTime } = item;
	return { createdBy, createdDateTime, lastModifiedBy, lastModifiedDateTime, contentType: (item['contentType'] as Json | undefined)?.['name'] };
}

function valuesByType(fields: Json, types: ReadonlyMap<string, string>, titles: ReadonlyMap<string, string>): Json {
	const byType: Record<string, Json> = {};
	for (const [name, type] of types) {
		for (const field of [name, `${name}LookupId`]) {
			const value = fields[field];
			if (value === undefined || value === null) continue;
			(byType[type] ??= {})[field] = type === 'lookup' ? titled(value, titles) : type === 'term' ? withoutNumber(value) : value;
		}
	}
	return byType;
}

/** A term is its label and GUID; the number is that of a hidden list of the site. */
function withoutNumber(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withoutNumber);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'WssId'));
}

function titled(value: unknown, titles: ReadonlyMap<string, string>): unknown {
	if (Array.isArray(value)) return value.map((one) => titled(one, titles));
	if (typeof value === 'object' && value !== null && 'LookupId' in value) return titled((value as Json)['LookupId'], titles);
	return titles.get(String(value)) ?? value;
}

const pageProperties = ['name', 'title', 'description', 'titleArea', 'showComments', 'showRecommendedPages', 'promotionKind', 'pageLayout', 'thumbnailWebUrl', 'publishingState', 'createdBy', 'createdDateTime', 'lastModifiedBy', 'lastModifiedDateTime', 'reactions'];

/** Every modern page as Graph serves it, but for the ids of its parts. */
export async function seenPages(graph: GraphReader, site: string): Promise<SeenSiteItem[]> {
	const pages = await graph.list(`${site}/pages/microsoft.graph.sitePage`);
	const seen: SeenSiteItem[] = [];
	for (const { id } of pages) {
		const page = await graph.json(`${site}/pages/${String(id)}/microsoft.graph.sitePage?$expand=canvasLayout`);
		const foreign: string[] = [];
		const properties: Json = { canvasLayout: ownParts(withoutIds(page['canvasLayout']), foreign), foreignWebParts: foreign.length > 0 ? foreign : null };
		for (const name of pageProperties) if (page[name] !== undefined) properties[name] = name === 'publishingState' ? (page[name] as Json)['level'] : page[name];
		seen.push({ kind: 'page', id: String(id), path: `${site}/pages/${String(id)}`, place: 'Site Pages', name: String(page['name']), properties });
	}
	return seen;
}

/** A layout without the web parts that Graph cannot make, whose types go to `foreign`. */
function ownParts(value: unknown, foreign: string[]): unknown {
	if (Array.isArray(value)) return value.filter((one) => !isForeign(one, foreign)).map((one) => ownParts(one, foreign));
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, ownParts(inner, foreign)]));
}

function isForeign(part: unknown, foreign: string[]): boolean {
	const type = typeof part === 'object' && part !== null && 'webPartType' in part ? String(part.webPartType) : undefined;
	if (type === undefined || type in STANDARD_WEB_PARTS) return false;
	foreign.push(type);
	return true;
}

function withoutIds(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withoutIds);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'id' && !name.startsWith('@odata.context')).map(([name, inner]) => [name, withoutIds(inner)]));
}
