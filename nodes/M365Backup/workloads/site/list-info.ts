import type { JsonObject } from '../../base/json';
import type { ItemChange } from '../workload';
import type { GraphList } from './graph-site';
import { lasting } from './graph-site';
import type { Web } from './site-run';
import { fingerprint, rootOf, titleOf } from './site-run';

export type ListKind = 'list' | 'library';

/** A list or library as this run found it: what is needed to make it again, and where it stands in the backup. */
export interface ListInfo {
	web: Web;
	kind: ListKind;
	listId: string;
	/** `list-<guid>`, `library-<guid>` */
	scope: string;
	/** Display name. */
	name: string;
	/** Display names down to it, itself included. */
	path: string[];
	/** Of a library. */
	driveId: string | undefined;
	/** Container that it stands in. */
	parent: string | undefined;
	columns: JsonObject[];
	meta: JsonObject;
}

/** Left out, as Corso does: what the service keeps for itself and does not let anybody make (corso lists.go). Pages are told by themselves. */
const TEMPLATES_LEFT_OUT = new Set(['webTemplateExtensionsList', 'sharingLinks', 'accessRequest', 'userInformation', 'designCatalog', 'webPageLibrary']);
/** URL name, in every language, of the system library that people do fill: the pictures of pages. */
const SITE_ASSETS = 'SiteAssets';

/** The list of the people whom a site knows. */
export function isUserList({ list }: GraphList): boolean {
	return list?.template === 'userInformation';
}

/** Lists that are the service's own (`system`: TaxonomyHiddenList, Style Library, Form Templates…) are left out, but for Site Assets. */
export function isBackedUp(list: GraphList): boolean {
	if (TEMPLATES_LEFT_OUT.has(list.list?.template ?? '')) return false;
	return list.system === undefined || list.name === SITE_ASSETS;
}

export function kindOfList({ list, drive }: GraphList): ListKind {
	return list?.template === 'documentLibrary' || drive?.id !== undefined ? 'library' : 'list';
}

export function scopeOfList(kind: ListKind, listId: string): string {
	return `${kind}-${listId.toLowerCase()}`;
}

/** Lists stand below the container `lists-<web>/root`. */
export function listsScope(web: Web): string {
	return `lists-${web.guid}`;
}

export const LISTS_TITLE = 'Lists';

export function listInfo(web: Web, list: GraphList): ListInfo {
	const kind = kindOfList(list);
	const name = list.displayName ?? list.name ?? list.id;
	const columns = (list.columns ?? []).map(definition);
	const driveId = list.drive?.id;
	const { template = 'genericList', hidden = false, contentTypesEnabled = false } = list.list ?? {};
	return {
		web,
		kind,
		listId: list.id,
		scope: scopeOfList(kind, list.id),
		name,
		path: kind === 'list' ? [...web.path, LISTS_TITLE, name] : [...web.path, name],
		driveId,
		parent: kind === 'list' ? rootOf(listsScope(web)) : web.parent,
		columns,
		meta: {
			kind,
			web: web.guid,
			...(driveId === undefined ? {} : { driveId }),
			listId: list.id,
			template,
			...(list.name === undefined ? {} : { urlName: list.name }),
			...(list.description ? { description: list.description } : {}),
			...(hidden ? { hidden: true } : {}),
			...(contentTypesEnabled ? { contentTypesEnabled: true } : {}),
			columns,
			contentTypes: (list.contentTypes ?? []).map(contentType),
		},
	};
}

/** A column as it is kept: everything but its id, which a new one does not have. */
function definition(column: JsonObject): JsonObject {
	const { id: _id, ...rest } = lasting(column);
	return rest;
}

function contentType(type: JsonObject): JsonObject {
	const { id = '', name = '', description, group, hidden, order, parentId } = type;
	return {
		id,
		name,
		...(description ? { description } : {}),
		...(group ? { group } : {}),
		...(hidden === true ? { hidden } : {}),
		...(order ? { order } : {}),
		...(parentId ? { parentId } : {}),
	};
}

/** Changes whenever the list's own line must be written anew: its name, place, columns, content types, settings. */
export function containerPrint({ name, parent, meta }: ListInfo): string {
	return fingerprint({ name, parent: parent ?? null, meta });
}

/** The list's own line: the container at the top of its scope. */
export function containerChange(info: ListInfo, isNew: boolean): ItemChange {
	return {
		kind: 'item',
		id: rootOf(info.scope),
		type: 'folder',
		...(info.parent === undefined ? {} : { parent: info.parent }),
		name: info.name,
		etag: containerPrint(info),
		meta: info.meta,
		isNew,
	};
}

/** `Lists/Projects`, as scopes are called. */
export function listTitle(info: ListInfo): string {
	return titleOf({ ...info.web, path: [] }, ...info.path);
}
