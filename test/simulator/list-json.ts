import { columnJson } from './list-column';
import { contentTypeJson } from './list-content-type';
import type { SharePointList } from './list-store';
import { identityJson, iso, selected, type Json } from './site-json';

export function listJson(list: SharePointList, select: readonly string[] | undefined, expand: ReadonlySet<string> = new Set()): Json {
	const etag = `"${list.id},${list.etag}"`;
	const json: Json = {
		'@odata.etag': etag, id: list.id, eTag: etag, name: list.name, displayName: list.displayName, description: list.description,
		createdDateTime: iso(list.createdMs), lastModifiedDateTime: iso(list.modifiedMs),
		webUrl: `https://${list.site.host}${encodeURI(list.webPath)}`,
		createdBy: identityJson(list.createdBy), parentReference: { siteId: list.site.id },
		list: { contentTypesEnabled: list.contentTypesEnabled, hidden: list.hidden, template: list.template },
		...(list.isSystem ? { system: {} } : {}),
	};
	if (select?.some((name) => name.toLowerCase() === 'sharepointids')) json.sharepointIds = { listId: list.id, siteId: list.site.siteGuid, siteUrl: list.site.webUrl, tenantId: list.site.tenant.tenantId, webId: list.site.webGuid };
	return {
		...selected(json, select),
		...(expand.has('columns') ? { columns: list.columns.map(columnJson) } : {}),
		...(expand.has('contentTypes') ? { contentTypes: list.contentTypes.map((type, n) => contentTypeJson(type, new Set(), list.columns, n)) } : {}),
	};
}
