import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { jsonBody } from './json-body';
import { columnJson } from './list-column';
import { contentTypeJson } from './list-content-type';
import { listItemRoutes } from './list-item-routes';
import { listJson } from './list-json';
import { libraryDriveJson } from './list-library';
import { columnRoutes, contentTypeRoutes, newColumns } from './list-schema-routes';
import type { SharePointList } from './list-store';
import { matches, parseFilter } from './odata-filter';
import { contextUrl } from './paging';
import { needIn } from './site-access';
import { denied, invalid, nameTaken, notFound } from './site-errors';
import { expands, selects, type Json } from './site-json';
import { collection } from './site-paging';
import type { Site } from './site-store';

/** Lists that Graph does not make (corso lists.go), and those that are the service's own. */
const NOT_CREATED = new Set(['webTemplateExtensionsList', 'sharingLinks', 'accessRequest', 'userInformation', 'designCatalog', 'webPageLibrary']);

/** `/sites/{id}/lists…`; `rest` is what follows `lists`. */
export function listRoutes(request: GraphRequest, site: Site, rest: readonly string[]): GraphAnswer {
	const [key, part, ...more] = rest;
	if (key === undefined) {
		if (request.method === 'POST') return createList(request, site);
		return request.method === 'GET' ? allLists(request, site) : miss();
	}
	const list = site.findList(key);
	if (!list) {
		needIn(request, site, 'read');
		throw notFound('The specified list was not found');
	}
	if (list.isForbidden) throw denied();
	if (part === undefined) return oneList(request, list);
	const base = `/sites/${site.id}/lists/${list.id}`;
	switch (part.toLowerCase()) {
		case 'items':
			return listItemRoutes(request, list, more, base);
		case 'columns':
			return columnRoutes(request, list, more);
		case 'contenttypes':
			return contentTypeRoutes(request, list, more);
		default:
			return miss();
	}
}

function allLists(request: GraphRequest, site: Site): GraphAnswer {
	needIn(request, site, 'read');
	const withSystem = selects(request, 'system');
	let lists = site.lists.filter((list) => withSystem || !list.isSystem);
	if (request.query.filter !== undefined) {
		const filter = parseFilter(request.query.filter);
		lists = lists.filter((list) => matches(filter, listJson(list, undefined)));
	}
	return collection(request, `/sites/${site.id}/lists`, 'lists', lists, (list) => ({ ...listJson(list, request.query.select, expands(request)), ...drivePart(request, list) }));
}

/** `$expand=drive`. */
function drivePart(request: GraphRequest, list: SharePointList): Json {
	const drive = expands(request).has('drive') ? libraryDriveJson(request, list) : undefined;
	return drive ? { drive } : {};
}

/** POST: `displayName`, `columns`, `list.template` (list-create). */
function createList(request: GraphRequest, site: Site): GraphAnswer {
	needIn(request, site, 'manage');
	const body = jsonBody(request);
	const { displayName, name, description } = body;
	const title = typeof displayName === 'string' && displayName !== '' ? displayName : name;
	if (typeof title !== 'string' || title === '') throw invalid('The display name of the list is missing.');
	const template = (body.list as { template?: unknown } | undefined)?.template ?? 'genericList';
	if (typeof template !== 'string' || NOT_CREATED.has(template)) throw invalid('A list of this template cannot be created.');
	if (site.findList(title)) throw nameTaken('name');
	const columns = newColumns(site, body.columns);
	const list = site.addList({ displayName: title, template, columns, by: request.tenant.applicationIdentity, ...(typeof description === 'string' ? { description } : {}) });
	return { status: 201, json: { '@odata.context': contextUrl(request, 'lists/$entity'), ...listJson(list, undefined) } };
}

function oneList(request: GraphRequest, list: SharePointList): GraphAnswer {
	const { site } = list;
	if (request.method === 'GET') {
		needIn(request, site, 'read');
		const expand = expands(request);
		const json = { '@odata.context': contextUrl(request, 'lists/$entity'), ...listJson(list, request.query.select, expand), ...drivePart(request, list) };
		if (expand.has('items')) return { status: 200, json: { ...json, items: (listItemRoutes({ ...request, query: request.query.expand.find(({ path }) => path === 'items')!.query }, list, [], '').json as { value: unknown }).value } };
		return { status: 200, json };
	}
	needIn(request, site, 'manage');
	if (request.method === 'DELETE') {
		if (list.isSystem || list.template === 'webPageLibrary') throw invalid('This list cannot be deleted.');
		site.deleteList(list);
		return { status: 204 };
	}
	if (request.method !== 'PATCH') return miss();
	const { displayName, description } = jsonBody(request);
	if (typeof displayName === 'string') {
		const taken = site.findList(displayName);
		if (taken && taken !== list) throw nameTaken('name');
		list.displayName = displayName;
	}
	if (typeof description === 'string') list.description = description;
	list.touch();
	return { status: 200, json: { '@odata.context': contextUrl(request, 'lists/$entity'), ...listJson(list, undefined) } };
}

/** `/sites/{id}/columns` and `/sites/{id}/contentTypes`: those of the site itself. */
export function siteSchemaRoutes(request: GraphRequest, site: Site, what: 'columns' | 'contentTypes', key: string | undefined): GraphAnswer {
	needIn(request, site, request.method === 'GET' ? 'read' : 'manage');
	if (request.method !== 'GET') return miss();
	const columns = site.list('Site Pages').columns.filter(({ isDeletable }) => !isDeletable);
	if (what === 'columns') {
		const found = key === undefined ? undefined : columns.find((column) => column.id === key || column.name === key);
		if (key === undefined) return collection(request, `/sites/${site.id}/columns`, 'columns', columns, columnJson);
		if (!found) throw notFound();
		return { status: 200, json: { '@odata.context': contextUrl(request, 'columns/$entity'), ...columnJson(found) } };
	}
	const expand = expands(request);
	if (key === undefined) return collection(request, `/sites/${site.id}/contentTypes`, 'contentTypes', site.contentTypes, (type) => contentTypeJson(type, expand, columns));
	const type = site.contentTypes.find(({ id }) => id.toLowerCase() === key.toLowerCase());
	if (!type) throw notFound('The specified content type was not found');
	return { status: 200, json: { '@odata.context': contextUrl(request, 'contentTypes/$entity'), ...contentTypeJson(type, expand, columns) } };
}
