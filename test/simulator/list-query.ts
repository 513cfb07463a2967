import type { GraphRequest } from './exchange';
import type { ListItem } from './list-item';
import { itemJson, type ItemShape } from './list-item-json';
import type { SharePointList } from './list-store';
import { matches, parseFilter } from './odata-filter';
import type { OdataQuery } from './odata-query';
import { invalid } from './site-errors';
import type { Json } from './site-json';

const DEFAULT_PAGE_SIZE = 200;
/** Beyond it, columns without an index cannot be searched whatever a client prefers. */
const VIEW_THRESHOLD = 5000;

export function shapeOf(query: OdataQuery): ItemShape {
	const fields = query.expand.find(({ path }) => path.toLowerCase() === 'fields');
	return { select: query.select, ...(fields ? { fields: { select: fields.query.select } } : {}) };
}

export function pageSize(query: OdataQuery, preferred: number | undefined, largest: number): number {
	return Math.max(1, Math.min(query.top ?? preferred ?? DEFAULT_PAGE_SIZE, largest));
}

/** A page of items in the order of their ids, with the token of the next. Only indexed columns can be searched, unless the client prefers otherwise. */
export function itemPage(request: GraphRequest, list: SharePointList): { items: ListItem[]; skipToken: string | null } {
	const { query } = request;
	const limit = pageSize(query, request.prefer.maxPageSize, request.tenant.switches.listLargestPage);
	const from = query.skipToken === undefined ? 0 : startOf(query.skipToken);
	if (query.filter === undefined && query.orderby === undefined) {
		const { items, next } = list.page(from, limit);
		return { items, skipToken: next === null ? null : tokenOf(next) };
	}
	refuseUnindexed(request, list);
	let found = [...list.items()];
	if (query.filter !== undefined) {
		const filter = parseFilter(query.filter);
		found = found.filter((item) => matches(filter, typed(list, itemJson(list, item, { fields: {} }))));
	}
	if (query.orderby !== undefined) found = ordered(list, found, query.orderby);
	// With an order of its own, a page begins at a place rather than at an id.
	return { items: found.slice(from, from + limit), skipToken: from + limit < found.length ? tokenOf(from + limit) : null };
}

function tokenOf(id: number): string {
	return Buffer.from(`Paged=TRUE&p_ID=${id}`).toString('base64url');
}

function startOf(token: string): number {
	const match = /^Paged=TRUE&p_ID=(\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'));
	if (!match) throw invalid('The skip token is not valid.');
	return Number(match[1]);
}

function refuseUnindexed(request: GraphRequest, list: SharePointList): void {
	const text = `${(request.query.filter ?? '').replace(/'(?:[^']|'')*'/g, '')} ${request.query.orderby ?? ''}`;
	const prefers = /HonorNonIndexedQueriesWarningMayFailRandomly/i.test(request.headers.prefer ?? '');
	for (const [, name] of text.matchAll(/fields\/(\w+)/g)) {
		const column = list.columns.find((one) => one.name === name || `${one.name}LookupId` === name);
		if (!column && name !== 'id') throw invalid(`Field name '${name ?? ''}' is not recognized`);
		if (!column || column.indexed) continue;
		if (!prefers) {
			throw invalid(`Field '${column.name}' cannot be referenced in filter or orderby as it is not indexed. Provide the 'Prefer: HonorNonIndexedQueriesWarningMayFailRandomly' header to allow this, but be warned that such queries may fail on large lists.`);
		}
		if (list.itemCount > VIEW_THRESHOLD) throw invalid('The attempted operation is prohibited because it exceeds the list view threshold.');
	}
}

/** The id as a number, as the column ID is. */
function typed(list: SharePointList, json: Json): Json {
	return { ...json, fields: { ...(json.fields as Json), ID: Number(json.id) } };
}

function ordered(list: SharePointList, items: ListItem[], orderby: string): ListItem[] {
	const [path = '', direction] = orderby.trim().split(/\s+/);
	const name = path.replace(/^fields\//, '');
	const value = (item: ListItem): string | number => {
		const json = itemJson(list, item, { fields: {} });
		const found = path.startsWith('fields/') ? (json.fields as Json)[name] : json[name];
		return typeof found === 'number' || typeof found === 'string' ? found : '';
	};
	const sign = direction?.toLowerCase() === 'desc' ? -1 : 1;
	return items.sort((a, b) => sign * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a.id - b.id));
}
