import { copyItem } from './drive-copy';
import { driveDelta, hasToken } from './drive-delta';
import { itemAt, refuseOtherState } from './drive-items';
import { driveAccessDenied, driveJson, invalidDriveRequest, itemGone, shownItem } from './drive-json';
import type { DriveNode } from './drive-node';
import { itemAddress, parseAddress, type AddressPart, type ItemAddress } from './drive-path';
import { createLink, invite, permissionRoutes } from './drive-sharing-routes';
import type { Drive } from './drive-store';
import { createUploadSession, putContent } from './drive-upload';
import { downloadUrl, refuseUnreadable } from './drive-urls';
import { versionRoutes } from './drive-versions';
import { createFolder, deleteItem, patchItem } from './drive-writes';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { GraphError } from './graph-error';
import { contextUrl } from './paging';
import { needFiles } from './permissions';
import { errorAnswer } from './router';

const DEFAULT_PAGE_SIZE = 200;
const LARGEST_PAGE = 1000;

/** `/drives/{id}…`, `/users/{id}/drive…`, `/users/{id}/drives…`. Never throws. */
export async function driveRoutes(request: GraphRequest): Promise<GraphAnswer> {
	let parts: AddressPart[];
	try {
		parts = parseAddress(request.url);
	} catch (error) {
		return { ...errorAnswer(error, request), route: `${request.method} /drives` };
	}
	const [first, second = '', third, fourth] = parts.map(({ name }) => name);
	if (first?.toLowerCase() === 'drives') return second === '' ? miss() : driveAnswer(request, '/drives/{id}', parts.slice(2), () => knownDrive(request, second));
	if (third?.toLowerCase() === 'drive') return driveAnswer(request, '/users/{id}/drive', parts.slice(3), () => driveOfUser(request, second));
	if (fourth === undefined) return driveAnswer(request, '/users/{id}/drives', [], () => [driveOfUser(request, second)]);
	return driveAnswer(request, '/users/{id}/drives/{id}', parts.slice(4), () => knownDrive(request, fourth));
}

/** @throws GraphError 404, or 400 for what cannot be an id */
export function knownDrive({ tenant }: GraphRequest, id: string): Drive {
	const drive = tenant.drives.get(id);
	if (!drive) throw id.startsWith('b!') ? itemGone() : invalidDriveRequest('The provided drive id appears to be malformed, or does not represent a valid drive.');
	return drive;
}

function driveOfUser({ tenant }: GraphRequest, key: string): Drive {
	const user = tenant.findUser(key);
	if (!user) throw new GraphError(404, 'ResourceNotFound', `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`);
	if (!user.drive) throw new GraphError(404, 'ResourceNotFound', "User's mysite not found.");
	return user.drive;
}

/**
 * Whatever is asked of a drive, or of a list of drives, wherever it hangs: `/sites/{id}/drive` as well. Never throws.
 *
 * @param prefix how the requests are counted
 * @param rest the parts behind the drive
 */
export async function driveAnswer(request: GraphRequest, prefix: string, rest: readonly AddressPart[], resolve: () => Drive | readonly Drive[]): Promise<GraphAnswer> {
	const address = itemAddress(rest);
	if (!address) return miss();
	const route = `${request.method} ${prefix}${addressName(address)}`;
	try {
		request.tenant.sharePoint.spend(...cost(request, address, prefix.endsWith('/drives')));
		needFiles(request, request.method === 'GET' ? 'read' : 'write', address.tail[0]?.toLowerCase() === 'createuploadsession');
		const answer = answerDrive(request, resolve(), address);
		return answer.route === 'miss' ? answer : { ...answer, route };
	} catch (error) {
		return { ...errorAnswer(error, request), route };
	} finally {
		await request.tenant.hold();
	}
}

/** The name under which a request is counted. */
function addressName({ id, isByPath, tail }: ItemAddress): string {
	if (id === undefined) return '';
	const item = `${id.toLowerCase() === 'root' ? '/root' : '/items/{id}'}${isByPath ? ':/{path}' : ''}`;
	const named = tail.map((name, n) => (n === 1 && /^(versions|permissions)$/i.test(tail[0]!) ? '{id}' : name.replace(/\(.*\)$/, '')));
	return `${item}${isByPath && named.length ? ':' : ''}${named.map((name) => `/${name}`).join('')}`;
}

/** Resource units, and whether it is one of the sharing calls that have a limit of their own (graph-facts §5). */
function cost(request: GraphRequest, { tail }: ItemAddress, isDriveList: boolean): [number, boolean] {
	const kind = tail[0]?.toLowerCase() ?? '';
	const isSharing = kind === 'invite' || kind === 'createlink';
	if (isSharing || kind === 'permissions' || request.query.expand.some(({ path }) => path === 'permissions')) return [5, isSharing];
	if (request.method !== 'GET') return [2, false];
	if (kind.startsWith('delta')) return [hasToken(request, tail[0]!) ? 1 : 2, false];
	const isList = kind === 'children' || (kind === 'versions' && tail.length === 1) || isDriveList;
	return [isList ? 2 : 1, false];
}

function answerDrive(request: GraphRequest, found: Drive | readonly Drive[], address: ItemAddress): GraphAnswer {
	if (!isDrive(found)) return request.method === 'GET' ? { status: 200, json: { '@odata.context': contextUrl(request, 'drives'), value: found.map((drive) => driveJson(request, drive, false)) } } : miss();
	if (found.isForbidden) throw driveAccessDenied();
	if (found.isLocked) throw new GraphError(423, 'resourceLocked', 'The site is locked.');
	if (address.id === undefined) return request.method === 'GET' ? { status: 200, json: driveJson(request, found, true) } : miss();
	const [kind = '', ...rest] = address.tail;
	if (request.method === 'PUT' && kind.toLowerCase() === 'content' && rest.length === 0) return putContent(request, found, address);
	if (request.method === 'POST' && kind.toLowerCase() === 'createuploadsession' && rest.length === 0) return createUploadSession(request, found, address);
	return itemRoutes(request, found, itemAt(found, address), kind, rest);
}

function isDrive(found: Drive | readonly Drive[]): found is Drive {
	return !Array.isArray(found);
}

function itemRoutes(request: GraphRequest, drive: Drive, node: DriveNode, kind: string, rest: readonly string[]): GraphAnswer {
	const lower = kind.toLowerCase();
	if (lower === 'permissions') return permissionRoutes(request, drive, node, rest);
	if (lower === 'versions') return versionRoutes(request, drive, node, rest);
	if (lower === 'listitem' && drive.listItems) return drive.listItems.answer(node, request, rest);
	if (rest.length > 0) return miss();
	if (request.method === 'GET') {
		if (lower === '') return { status: 200, json: { '@odata.context': contextUrl(request, `drives('${drive.id}')/items/$entity`), ...shownItem(request, drive, node, request.query) } };
		if (lower === 'children') return children(request, drive, node);
		if (lower === 'content') return content(drive, node);
		if (lower === 'thumbnails') return { status: 200, json: { '@odata.context': contextUrl(request, 'thumbnails'), value: [] } };
		return /^delta(\(.*\))?$/.test(lower) ? driveDelta(request, drive, node, kind) : miss();
	}
	if (lower === '') return request.method === 'PATCH' ? patchItem(request, drive, node) : request.method === 'DELETE' ? deleteItem(request, drive, node, false) : miss();
	if (request.method !== 'POST') return miss();
	switch (lower) {
		case 'children':
			return createFolder(request, drive, node);
		case 'copy':
			return copyItem(request, drive, node);
		case 'invite':
			return invite(request, drive, node);
		case 'createlink':
			return createLink(request, drive, node);
		case 'permanentdelete':
			return deleteItem(request, drive, node, true);
		case 'checkout':
		case 'checkin':
			refuseOtherState(request, drive, node);
			drive.checkOut(node, lower === 'checkout' ? request.tenant.applicationIdentity : null);
			return { status: 204 };
		default:
			return miss();
	}
}

/** 302 to where the bytes are. @throws GraphError 404 for folders and notebooks, 403 for what is infected */
function content(drive: Drive, node: DriveNode): GraphAnswer {
	if (!node.content) throw itemGone(node.packageType === undefined ? 'You cannot get content for a folder' : 'The resource could not be found.');
	refuseUnreadable(node);
	return { status: 302, headers: { Location: downloadUrl(drive, node) } };
}

function children(request: GraphRequest, drive: Drive, node: DriveNode): GraphAnswer {
	if (!node.isFolder) throw invalidDriveRequest('The item is no folder.');
	const { query } = request;
	if (query.filter !== undefined || query.search !== undefined) throw invalidDriveRequest('$filter and $search are not supported on children.');
	const limit = Math.min(query.top ?? request.prefer.maxPageSize ?? DEFAULT_PAGE_SIZE, LARGEST_PAGE);
	const start = query.skipToken === undefined ? 0 : Number(Buffer.from(query.skipToken, 'base64url').toString('latin1'));
	if (!Number.isInteger(start) || limit < 1) throw invalidDriveRequest('The page token or size is not valid.');
	const all = ordered(node, query.orderby);
	const json: Record<string, unknown> = { '@odata.context': contextUrl(request, `drives('${drive.id}')/items('${drive.idOf(node)}')/children`) };
	if (query.count) json['@odata.count'] = all.length;
	if (start + limit < all.length) {
		const path = request.url.split('?', 1)[0]!;
		json['@odata.nextLink'] = `${request.origin}${path}?${query.repeatable ? `${query.repeatable}&` : ''}$skiptoken=${Buffer.from(String(start + limit)).toString('base64url')}`;
	}
	json.value = all.slice(start, start + limit).map((child) => shownItem(request, drive, child, query));
	return { status: 200, json };
}

const ORDERS: Record<string, (node: DriveNode) => string | number> = { name: (node) => node.name.toLowerCase(), size: (node) => node.sizeBytes, lastmodifieddatetime: (node) => node.fsModifiedMs };

function ordered(node: DriveNode, orderby: string | undefined): readonly DriveNode[] {
	const sorted = node.sortedChildren();
	if (orderby === undefined) return sorted;
	const [name = '', direction = 'asc'] = orderby.toLowerCase().split(/\s+/);
	const by = ORDERS[name];
	if (!by) throw invalidDriveRequest(`Ordering by '${name}' is not supported.`);
	const sign = direction === 'desc' ? -1 : 1;
	return [...sorted].sort((a, b) => (by(a) < by(b) ? -sign : by(a) > by(b) ? sign : 0));
}
