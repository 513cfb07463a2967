import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { jsonBody } from './json-body';
import { COLUMN_FACETS, columnJson, type NewColumn } from './list-column';
import { contentTypeJson, shownColumns } from './list-content-type';
import type { SharePointList } from './list-store';
import { contextUrl } from './paging';
import { needIn } from './site-access';
import { invalid, nameTaken, notFound } from './site-errors';
import { expands, type Json } from './site-json';
import { collection } from './site-paging';
import type { Site } from './site-store';

/** Column definitions of a request. @throws GraphError 400 */
export function newColumns(site: Site, given: unknown): NewColumn[] {
	if (given === undefined) return [];
	if (!Array.isArray(given)) throw invalid();
	return given.map((one) => checked(site, one as Json));
}

/** A definition says its name and exactly one type; a lookup names a list of the site. */
function checked(site: Site, given: Json): NewColumn {
	if (typeof given.name !== 'string' || given.name === '') throw invalid('The name of the column is missing.');
	const facets = COLUMN_FACETS.filter((facet) => given[facet] !== undefined && given[facet] !== null);
	if (facets.length !== 1) throw invalid('A column needs exactly one type.');
	const lookup = given.lookup as { listId?: unknown } | undefined;
	if (lookup && !site.lists.some(({ id }) => id === lookup.listId)) throw invalid('The list of the lookup was not found.');
	if (facets[0] === 'choice' && !Array.isArray((given.choice as Json).choices)) throw invalid('The choices of the column are missing.');
	if (facets[0] === 'calculated' && typeof (given.calculated as Json).formula !== 'string') throw invalid('The formula of the column is missing.');
	if (facets[0] === 'contentApprovalStatus') throw invalid('Such a column cannot be created.');
	return given;
}

/** `/lists/{id}/columns…`. */
export function columnRoutes(request: GraphRequest, list: SharePointList, [key]: readonly string[]): GraphAnswer {
	const { site } = list;
	needIn(request, site, request.method === 'GET' ? 'read' : 'manage');
	if (key === undefined) {
		if (request.method === 'GET') return collection(request, `/sites/${site.id}/lists/${list.id}/columns`, 'columns', list.columns, columnJson);
		if (request.method !== 'POST') return miss();
		const given = checked(site, jsonBody(request));
		if (list.columns.some(({ name, displayName }) => [name, displayName].includes(String(given.name)))) throw nameTaken('column');
		return entity(request, 201, 'columns', columnJson(list.addColumn(given)));
	}
	const column = list.columns.find(({ id, name }) => id === key || name === key);
	if (!column) throw notFound('The specified column was not found');
	if (request.method === 'GET') return entity(request, 200, 'columns', columnJson(column));
	if (request.method === 'DELETE') {
		if (!column.isDeletable) throw invalid('This column cannot be deleted.');
		list.deleteColumn(column);
		return { status: 204 };
	}
	if (request.method !== 'PATCH') return miss();
	const body = jsonBody(request);
	const facet = COLUMN_FACETS.find((one) => body[one] !== undefined && body[one] !== null);
	if ((facet !== undefined && facet !== column.facet) || (column.isSealed && !column.isDeletable)) throw invalid('The type of a column cannot be changed.');
	for (const name of ['displayName', 'description', 'columnGroup'] as const) if (typeof body[name] === 'string') column[name] = body[name];
	for (const name of ['required', 'hidden', 'indexed', 'enforceUniqueValues'] as const) if (typeof body[name] === 'boolean') column[name] = body[name];
	if (facet) Object.assign(column.settings, body[facet]);
	if (body.defaultValue !== undefined) column.defaultValue = body.defaultValue as Json | null;
	list.touch();
	return entity(request, 200, 'columns', columnJson(column));
}

function entity(request: GraphRequest, status: number, context: string, json: Json): GraphAnswer {
	return { status, json: { '@odata.context': contextUrl(request, `${context}/$entity`), ...json } };
}

/** `/lists/{id}/contentTypes…`: those of the list, in the order of its menu of new items. */
export function contentTypeRoutes(request: GraphRequest, list: SharePointList, [key, part]: readonly string[]): GraphAnswer {
	const { site } = list;
	needIn(request, site, request.method === 'GET' ? 'read' : 'manage');
	const expand = expands(request);
	if (request.method === 'POST') return part === undefined ? addContentType(request, list, key?.toLowerCase()) : miss();
	const path = `/sites/${site.id}/lists/${list.id}/contentTypes`;
	if (key === undefined) return request.method === 'GET' ? collection(request, path, 'contentTypes', list.contentTypes, (type) => contentTypeJson(type, expand, list.columns, list.contentTypes.indexOf(type))) : miss();
	const type = list.contentTypes.find(({ id }) => id.toLowerCase() === key.toLowerCase());
	if (!type) throw notFound('The specified content type was not found');
	if (request.method === 'DELETE' && part === undefined) {
		if ([...list.items()].some(({ contentTypeId }) => contentTypeId === type.id)) throw invalid('The content type is in use.');
		list.contentTypes.splice(list.contentTypes.indexOf(type), 1);
		list.touch();
		return { status: 204 };
	}
	if (request.method !== 'GET') return miss();
	if (part === undefined) return entity(request, 200, 'contentTypes', contentTypeJson(type, expand, list.columns, list.contentTypes.indexOf(type)));
	return /^(columns|columnPositions)$/i.test(part) ? collection(request, `${path}/${type.id}/${part}`, 'columns', shownColumns(type, list.columns), columnJson) : miss();
}

/** `addCopy` with the id of one of the site (contenttype-addcopy), or a definition that names its parent. */
function addContentType(request: GraphRequest, list: SharePointList, action: string | undefined): GraphAnswer {
	const body = jsonBody(request);
	const base = body.base as { id?: unknown } | undefined;
	const parent = action === 'addcopy' ? body.contentType : action === undefined ? (base?.id ?? body.parentId) : undefined;
	if (action !== undefined && action !== 'addcopy') return miss();
	const known = list.site.contentTypes.find(({ id }) => id === parent);
	if (!known) throw invalid('The content type was not found in the site.');
	const name = typeof body.name === 'string' ? body.name : known.name;
	if (list.contentTypes.some((type) => type.name === name)) throw nameTaken('content type');
	const type = list.addContentType(known.id);
	type.name = name;
	if (typeof body.description === 'string') type.description = body.description;
	list.contentTypesEnabled = true;
	list.touch();
	return entity(request, 201, 'contentTypes', contentTypeJson(type, new Set(), list.columns, list.contentTypes.indexOf(type)));
}
