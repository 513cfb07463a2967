import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { jsonBody } from './json-body';
import { listDelta } from './list-delta';
import { readFields } from './list-field-writes';
import type { FieldValue, ItemOptions, ListItem } from './list-item';
import { fieldsJson, itemJson, versionJson, versionsOf } from './list-item-json';
import { driveItemOf } from './list-library';
import { itemPage, shapeOf } from './list-query';
import type { SharePointList } from './list-store';
import { contextUrl } from './paging';
import { needIn } from './site-access';
import { invalid, notFound, stateChanged } from './site-errors';
import { expands, type Json } from './site-json';
import { collection } from './site-paging';

/** `/lists/{id}/items…`; `rest` is what follows `items`, `base` the list's own path. */
export function listItemRoutes(request: GraphRequest, list: SharePointList, rest: readonly string[], base: string): GraphAnswer {
	const [key, part, ...more] = rest;
	const { site } = list;
	needIn(request, site, request.method === 'GET' ? 'read' : 'write');
	if (key === undefined) {
		if (request.method === 'POST') return createItem(request, list);
		return request.method === 'GET' ? allItems(request, list, base) : miss();
	}
	const delta = /^delta(?:\((?:token='(.*)')?\))?$/i.exec(key);
	if (delta) {
		const { query } = request;
		const token = delta[1] ?? query.skipToken ?? query.deltaToken ?? query.other.get('token') ?? (part !== undefined && key.toLowerCase() === 'delta' ? part : undefined);
		return request.method === 'GET' ? listDelta(request, list, `${base}/items/delta`, token) : miss();
	}
	const item = /^\d+$/.test(key) ? list.find(Number(key)) : [...list.items()].find(({ uniqueId }) => uniqueId === key.toLowerCase());
	if (!item) throw notFound();
	switch (part?.toLowerCase()) {
		case undefined:
			return oneItem(request, list, item);
		case 'fields':
			return more.length === 0 ? fieldsOf(request, list, item) : miss();
		case 'versions':
			return versionRoutes(request, list, item, more, base);
		default:
			return miss();
	}
}

function allItems(request: GraphRequest, list: SharePointList, base: string): GraphAnswer {
	const { items, skipToken } = itemPage(request, list);
	const { repeatable } = request.query;
	const next = skipToken === null ? {} : { '@odata.nextLink': `${request.origin}/v1.0${base}/items?${repeatable ? `${repeatable}&` : ''}$skiptoken=${skipToken}` };
	return { status: 200, json: { '@odata.context': contextUrl(request, 'listItems'), ...next, value: items.map((item) => withDriveItem(request, list, item, itemJson(list, item, shapeOf(request.query)))) } };
}

function withDriveItem(request: GraphRequest, list: SharePointList, item: ListItem, json: Json): Json {
	const expanded = request.query.expand.find(({ path }) => path.toLowerCase() === 'driveitem');
	const driveItem = expanded ? driveItemOf(request, list, item, expanded.query) : undefined;
	return driveItem ? { ...json, driveItem } : json;
}

/** POST: `fields`, and a content type of the list (listitem-create). Who made it and when cannot be said. */
function createItem(request: GraphRequest, list: SharePointList): GraphAnswer {
	const body = jsonBody(request);
	if (list.isLibrary) throw invalid('Items of a library are made by uploading files.');
	const { values, options } = readWrite(request, list, body);
	const item = list.addItem(values, options);
	return { status: 201, json: { '@odata.context': contextUrl(request, 'listItems/$entity'), ...itemJson(list, item, { fields: {} }) } };
}

function readWrite(request: GraphRequest, list: SharePointList, body: Json): { values: Record<string, FieldValue | null>; options: ItemOptions } {
	const fields = body.fields ?? {};
	if (typeof fields !== 'object' || fields === null) throw invalid();
	const { values, contentType } = readFields(list, fields as Json);
	const given = body.contentType as { id?: unknown; name?: unknown } | undefined;
	const named = given === undefined ? contentType : String(given.id ?? given.name);
	if (named !== undefined && !list.contentType(named)) throw invalid('The content type is not in the list.');
	return { values, options: { by: request.tenant.applicationIdentity, ...(named === undefined ? {} : { contentType: named }) } };
}

function refuseStale(request: GraphRequest, item: ListItem): void {
	const asked = request.headers['if-match'];
	if (asked === undefined || asked === '*') return;
	if (!asked.split(',').some((_, n, all) => (n % 2 === 0 ? `${all[n]!.trim().replace(/^W\//, '')},${all[n + 1]?.trim() ?? ''}` === `"${item.uniqueId},${item.etag}"` : false))) throw stateChanged();
}

function oneItem(request: GraphRequest, list: SharePointList, item: ListItem): GraphAnswer {
	if (request.method === 'GET') {
		const shape = shapeOf(request.query);
		const bringsFields = request.tenant.switches.listItemGetBringsFields && request.query.select === undefined;
		return { status: 200, json: { '@odata.context': contextUrl(request, 'listItems/$entity'), ...withDriveItem(request, list, item, itemJson(list, item, shape.fields || !bringsFields ? shape : { ...shape, fields: {} })) } };
	}
	refuseStale(request, item);
	if (request.method === 'DELETE') {
		list.delete(item);
		return { status: 204 };
	}
	if (request.method !== 'PATCH') return miss();
	const { values, options } = readWrite(request, list, jsonBody(request));
	return { status: 200, json: { '@odata.context': contextUrl(request, 'listItems/$entity'), ...itemJson(list, list.edit(item, values, options), { fields: {} }) } };
}

function fieldsOf(request: GraphRequest, list: SharePointList, item: ListItem): GraphAnswer {
	const answer = (of: ListItem, select?: readonly string[]): GraphAnswer => ({ status: 200, json: { '@odata.context': contextUrl(request, 'fields/$entity'), ...fieldsJson(list, of, select) } });
	if (request.method === 'GET') return answer(item, request.query.select);
	if (request.method !== 'PATCH') return miss();
	refuseStale(request, item);
	const { values, options } = readWrite(request, list, { fields: jsonBody(request) });
	return answer(list.edit(item, values, options));
}

/** `versions`, one of them, its fields, `restoreVersion`. */
function versionRoutes(request: GraphRequest, list: SharePointList, item: ListItem, [key, part]: readonly string[], base: string): GraphAnswer {
	const versions = versionsOf(item);
	const withFields = [...expands(request)].some((name) => name.toLowerCase() === 'fields');
	if (key === undefined) return request.method === 'GET' ? collection(request, `${base}/items/${item.id}/versions`, 'versions', versions, (one) => versionJson(list, one, withFields ? one.values : undefined)) : miss();
	const version = versions.find(({ number }) => `${number}.0` === key);
	if (!version) throw notFound();
	if (part === undefined && request.method === 'GET') return { status: 200, json: { '@odata.context': contextUrl(request, 'versions/$entity'), ...versionJson(list, version, version.values) } };
	if (part?.toLowerCase() === 'fields' && request.method === 'GET') return { status: 200, json: versionJson(list, version, version.values).fields };
	if (part?.toLowerCase() !== 'restoreversion' || request.method !== 'POST') return miss();
	const emptied = Object.fromEntries(Object.keys(item.values).map((name) => [name, null]));
	list.edit(item, { ...emptied, ...version.values }, { by: request.tenant.applicationIdentity });
	return { status: 204 };
}
