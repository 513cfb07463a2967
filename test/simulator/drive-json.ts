import { contextUrl } from './paging';
import type { GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import type { Json } from './message-json';
import type { OdataQuery } from './odata-query';
import { mimeTypeOf } from './drive-names';
import type { DriveNode, DrivePermission, Identity } from './drive-node';
import type { Drive } from './drive-store';
import { downloadUrl } from './drive-urls';

export function itemGone(message = 'The resource could not be found.'): GraphError {
	return new GraphError(404, 'itemNotFound', message);
}

export function invalidDriveRequest(message: string): GraphError {
	return badRequest(message, 'invalidRequest');
}

export function driveAccessDenied(): GraphError {
	return new GraphError(403, 'accessDenied', 'Access denied');
}

export const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

export function eTag(drive: Drive, node: DriveNode): string {
	return `"{${drive.ids.guid(node.sequence)}},${node.etag}"`;
}

export function cTag(drive: Drive, node: DriveNode): string {
	return `"c:{${drive.ids.guid(node.sequence)}},${node.isFolder ? 0 : node.ctag}"`;
}

export function webUrl(drive: Drive, node: DriveNode): string {
	const path = [drive.about.webPath, node.path].filter((part) => part !== '').join('/');
	return `https://${drive.host}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** `/drives/{id}/root:/Docs`, encoded as Graph does it: only what would break a URL. */
export function parentPath(drive: Drive, parent: DriveNode): string {
	return `/drives/${drive.id}/root:${parent.path === '' ? '' : `/${parent.path.split('/').map((name) => encodeURIComponent(name)).join('/')}`}`;
}

export function parentReference(drive: Drive, node: DriveNode, withPath = true): Json {
	const reference: Json = { driveType: drive.about.driveType, driveId: drive.id };
	if (node.parent) Object.assign(reference, { id: drive.idOf(node.parent), name: node.parent.parent ? node.parent.name : 'root', ...(withPath ? { path: parentPath(drive, node.parent) } : {}) });
	reference.siteId = drive.about.siteGuid;
	return reference;
}

/** A grant or link of its own, or one that it has from above. */
export function sharedScope(node: DriveNode): string | undefined {
	for (let at: DriveNode | null = node; at?.parent; at = at.parent) {
		if (at.permissions?.length) {
			const scopes = at.permissions.map(({ link }) => link?.scope ?? 'users');
			return scopes.includes('anonymous') ? 'anonymous' : scopes.includes('organization') ? 'organization' : 'users';
		}
		if (at.isDetached) return undefined;
	}
	return undefined;
}

/** Everything that is said of an item without `$expand`. */
export function itemJson(drive: Drive, node: DriveNode): Json {
	const json: Json = {
		createdDateTime: time(node.createdMs),
		eTag: eTag(drive, node),
		id: drive.idOf(node),
		lastModifiedDateTime: time(Math.max(node.fsModifiedMs, 0)),
		name: node.name,
		webUrl: webUrl(drive, node),
		cTag: cTag(drive, node),
		size: node.sizeBytes,
		createdBy: node.createdBy,
		lastModifiedBy: node.modifiedBy,
		parentReference: parentReference(drive, node),
		fileSystemInfo: { createdDateTime: time(node.fsCreatedMs), lastModifiedDateTime: time(node.fsModifiedMs) },
	};
	if (node.description !== undefined) json.description = node.description;
	if (!node.parent) json.root = {};
	if (node.content) {
		const hash = node.hashless || drive.tenant.switches.driveHashes === 'absent' ? null : node.content.quickXorHash;
		json.file = { mimeType: mimeTypeOf(node.name), ...(hash === null ? {} : { hashes: { quickXorHash: hash } }) };
		json['@microsoft.graph.downloadUrl'] = downloadUrl(drive, node);
	} else {
		json.folder = { childCount: node.children!.size };
		if (node.packageType !== undefined) json.package = { type: node.packageType };
	}
	if (node.malware !== undefined) json.malware = { description: node.malware };
	if (node.checkedOutBy) json.publication = { level: 'checkout', versionId: `${node.versionNumber}.0`, checkedOutBy: node.checkedOutBy };
	const scope = sharedScope(node);
	if (scope !== undefined) json.shared = { scope };
	return json;
}

function sharepointIds(drive: Drive, node: DriveNode): Json {
	const { tenant, about, webGuid, listGuid } = drive;
	const item = node.parent ? { listItemId: String(node.sequence), listItemUniqueId: drive.ids.guid(node.sequence).toLowerCase() } : {};
	return { listId: listGuid, ...item, siteId: about.siteGuid, siteUrl: `https://${drive.host}/${about.webPath.split('/').slice(0, -1).join('/')}`, tenantId: tenant.tenantId, webId: webGuid };
}

const EXPANDABLE = new Set(['children', 'permissions', 'thumbnails', 'versions', 'listItem']);

/** `$select` and `$expand` applied. @throws GraphError 400 */
export function shownItem(request: GraphRequest, drive: Drive, node: DriveNode, query: OdataQuery): Json {
	const full = itemJson(drive, node);
	// Only those who name it get it (sharepointids resource).
	if (query.select?.some((name) => /^sharepointIds$/i.test(name))) full.sharepointIds = sharepointIds(drive, node);
	const json = selected(full, query.select);
	for (const { path, query: inner } of query.expand) {
		if (!EXPANDABLE.has(path)) throw invalidDriveRequest(`The property '${path}' on type 'microsoft.graph.driveItem' cannot be expanded.`);
		if (path === 'children' && node.children) json.children = node.sortedChildren().slice(0, inner.top ?? 200).map((child) => shownItem(request, drive, child, inner));
		if (path === 'permissions') json.permissions = permissionsJson(drive, node);
		if (path === 'listItem' && drive.listItems && node.parent) json.listItem = drive.listItems.json(node, request, inner);
		if (path === 'thumbnails') json.thumbnails = [];
		if (path === 'versions' && node.content) json.versions = versionsJson(node);
	}
	return json;
}

/** The selected properties; the download URL is asked for under either of two names. */
export function selected(json: Json, select: readonly string[] | undefined): Json {
	if (!select) return json;
	const wanted = new Set(select.map((name) => name.toLowerCase()));
	const kept: Json = {};
	for (const [name, value] of Object.entries(json)) {
		const isAsked = wanted.has(name.toLowerCase()) || wanted.has('*') || (name === '@microsoft.graph.downloadUrl' && wanted.has('content.downloadurl'));
		if (isAsked || name.startsWith('@odata.') || name === '@microsoft.graph.sharedChanged') kept[name] = value;
	}
	return kept;
}

export function versionsJson(node: DriveNode): Json[] {
	const current = { id: `${node.versionNumber}.0`, lastModifiedDateTime: time(node.fsModifiedMs), size: node.sizeBytes, lastModifiedBy: node.modifiedBy };
	const older = (node.versions ?? []).map(({ number, content, modifiedMs, modifiedBy }) => ({ id: `${number}.0`, lastModifiedDateTime: time(modifiedMs), size: content.sizeBytes, lastModifiedBy: modifiedBy }));
	return [current, ...older.reverse()];
}

/** The ones that hold for an item: its own and those from above. */
export function effectivePermissions(drive: Drive, node: DriveNode): { permission: DrivePermission; from: DriveNode }[] {
	const found: { permission: DrivePermission; from: DriveNode }[] = [];
	for (let at: DriveNode | null = node; at; at = at.parent) {
		for (const permission of at.permissions ?? []) found.push({ permission, from: at });
		if (at.isDetached) break;
	}
	return found;
}

export function permissionsJson(drive: Drive, node: DriveNode): Json[] {
	const own = effectivePermissions(drive, node).map(({ permission, from }) => permissionJson(drive, permission, from === node ? undefined : from));
	const { user } = drive.about.owner;
	if (user) own.push({ id: Buffer.from(`owner/${user.id}`).toString('base64url'), roles: ['owner'], ...granted(user), ...(node.parent ? { inheritedFrom: inheritedFrom(drive, drive.root) } : {}) });
	return own;
}

export function permissionJson(drive: Drive, permission: DrivePermission, from: DriveNode | undefined): Json {
	const json: Json = { id: permission.id, roles: permission.roles };
	if (permission.grantee) Object.assign(json, granted(permission.grantee));
	if (permission.link) {
		const { type, scope, webUrl: url, hasPassword } = permission.link;
		Object.assign(json, { shareId: `u!${Buffer.from(url).toString('base64url')}`, link: { type, scope, webUrl: url, preventsDownload: false }, hasPassword, grantedToIdentitiesV2: permission.people.map((person) => granted(person).grantedToV2), grantedToIdentities: permission.people.map((person) => ({ user: person })) });
	}
	if (permission.expirationDateTime !== null) json.expirationDateTime = permission.expirationDateTime;
	if (from) json.inheritedFrom = inheritedFrom(drive, from);
	return json;
}

function granted(user: NonNullable<Identity['user']>): { grantedToV2: Json; grantedTo: Json } {
	return { grantedToV2: { user, siteUser: { id: '7', displayName: user.displayName, loginName: `i:0#.f|membership|${user.email ?? ''}` } }, grantedTo: { user } };
}

function inheritedFrom(drive: Drive, node: DriveNode): Json {
	return { driveId: drive.id, driveType: drive.about.driveType, id: drive.idOf(node), path: parentPath(drive, node) };
}

/** The drive resource. */
export function driveJson(request: GraphRequest, drive: Drive, isOne: boolean): Json {
	const json: Json = {
		...(isOne ? { '@odata.context': contextUrl(request, 'drives/$entity') } : {}),
		createdDateTime: time(drive.createdMs),
		description: '',
		id: drive.id,
		lastModifiedDateTime: time(drive.root.modifiedMs),
		name: drive.about.name,
		webUrl: `https://${drive.host}/${drive.about.webPath.split('/').map(encodeURIComponent).join('/')}`,
		driveType: drive.about.driveType,
		createdBy: { user: { displayName: 'System Account' } },
		lastModifiedBy: drive.root.modifiedBy,
		owner: drive.about.owner,
		quota: { deleted: 0, remaining: Math.max(0, drive.quotaTotalBytes - drive.usedBytes), state: drive.usedBytes < drive.quotaTotalBytes ? 'normal' : 'exceeded', total: drive.quotaTotalBytes, used: drive.usedBytes },
	};
	return selected(json, request.query.select);
}
