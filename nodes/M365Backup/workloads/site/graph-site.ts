import type { JsonObject, JsonValue } from '../../base/json';

/** createdBy, lastModifiedBy. */
export interface GraphIdentitySet {
	user?: { id?: string; displayName?: string; email?: string };
	application?: { id?: string; displayName?: string };
}

/** site resource. */
export interface GraphSite {
	id: string;
	name?: string;
	displayName?: string;
	description?: string;
	webUrl?: string;
	createdDateTime?: string;
	lastModifiedDateTime?: string;
}

/** list resource, with what was expanded. `system` is there if the list is the service's own. */
export interface GraphList {
	id: string;
	name?: string;
	displayName?: string;
	description?: string;
	webUrl?: string;
	eTag?: string;
	lastModifiedDateTime?: string;
	list?: { contentTypesEnabled?: boolean; hidden?: boolean; template?: string };
	system?: JsonObject;
	drive?: { id?: string };
	columns?: JsonObject[];
	contentTypes?: JsonObject[];
}

/** listItem resource. Entries of delta that say `deleted` have little else. */
export interface GraphListItem {
	id: string;
	eTag?: string;
	createdDateTime?: string;
	lastModifiedDateTime?: string;
	createdBy?: GraphIdentitySet;
	lastModifiedBy?: GraphIdentitySet;
	contentType?: { id?: string; name?: string };
	fields?: JsonObject;
	deleted?: JsonObject;
}

/** baseSitePage resource. */
export interface GraphPage {
	id: string;
	eTag?: string;
	name?: string;
	title?: string;
	lastModifiedDateTime?: string;
	createdDateTime?: string;
	createdBy?: GraphIdentitySet;
	lastModifiedBy?: GraphIdentitySet;
	publishingState?: { level?: string; versionId?: string };
}

/** `host,site collection,web` → the web's GUID, by which a site's scopes are named. */
export function webGuidOf(siteId: string): string {
	return (siteId.split(',').at(-1) ?? siteId).toLowerCase();
}

/** `/sites/<id>`, relative to the version. */
export function sitePath(siteId: string): string {
	return `/sites/${siteId}`;
}

/** Annotations that change from answer to answer, or say how to ask again. Types (`…@odata.type`) stay. */
const VOLATILE = /(^|@)odata\.(etag|context|id|editLink|readLink|navigationLink|associationLink|count|nextLink)$/i;

/** A Graph answer as it is kept: everything but its volatile annotations, at any depth. */
export function lasting(value: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(value).flatMap(([name, one]): [string, JsonValue][] => (VOLATILE.test(name) ? [] : [[name, lastingValue(one)]])));
}

function lastingValue(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(lastingValue);
	return typeof value === 'object' && value !== null ? lasting(value) : value;
}

/** E-mail address, else name. */
export function whoOf(identity: GraphIdentitySet | undefined): string | undefined {
	return identity?.user?.email ?? identity?.user?.displayName ?? identity?.application?.displayName;
}

/** The bytes of a stored document. */
export function documentBytes(document: JsonObject): Buffer {
	return Buffer.from(`${JSON.stringify(document, null, '\t')}\n`, 'utf8');
}
