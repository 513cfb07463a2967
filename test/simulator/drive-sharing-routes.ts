import { effectivePermissions, invalidDriveRequest, itemGone, permissionJson, permissionsJson } from './drive-json';
import type { DriveNode, DrivePermission } from './drive-node';
import type { Drive } from './drive-store';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { GraphError } from './graph-error';
import { jsonBody } from './json-body';
import { contextUrl } from './paging';

const entity = (request: GraphRequest): { '@odata.context': string } => ({ '@odata.context': contextUrl(request, 'permission') });

/** `…/permissions` and one of them. */
export function permissionRoutes(request: GraphRequest, drive: Drive, node: DriveNode, [id, ...more]: readonly string[]): GraphAnswer {
	const { method } = request;
	if (more.length > 0) return miss();
	if (id === undefined) return method === 'GET' ? { status: 200, json: { '@odata.context': contextUrl(request, 'permissions'), value: permissionsJson(drive, node) } } : miss();
	if (method === 'GET') {
		const json = permissionsJson(drive, node).find((one) => one.id === id);
		if (!json) throw itemGone();
		return { status: 200, json: { ...entity(request), ...json } };
	}
	const found = effectivePermissions(drive, node).find(({ permission }) => permission.id === id);
	if (!found) throw itemGone();
	if (found.from !== node) throw invalidDriveRequest('An inherited permission can only be changed where it comes from.');
	if (method === 'DELETE') {
		drive.unshare(node, found.permission);
		return { status: 204 };
	}
	if (method !== 'PATCH') return miss();
	found.permission.roles = rolesOf(jsonBody(request).roles);
	drive.sharingChanged(node, found.permission.link !== null);
	return { status: 200, json: { ...entity(request), ...permissionJson(drive, found.permission, undefined) } };
}

function rolesOf(given: unknown): ['read' | 'write'] {
	const [role, ...more] = Array.isArray(given) ? (given as unknown[]) : [];
	if (more.length > 0 || (role !== 'read' && role !== 'write')) throw invalidDriveRequest('The roles must be read or write.');
	return [role];
}

/** `POST …/invite` (driveitem-invite): a grant for each recipient. With `sendInvitation` Graph would have sent mail. */
export function invite(request: GraphRequest, drive: Drive, node: DriveNode): GraphAnswer {
	const body = jsonBody(request);
	const [role] = rolesOf(body.roles);
	const recipients = body.recipients as { objectId?: string; email?: string; alias?: string }[] | undefined;
	if (!Array.isArray(recipients) || recipients.length === 0) throw invalidDriveRequest('The recipients are missing.');
	const users = recipients.map(({ objectId, email, alias }) => request.tenant.findUser(objectId ?? email ?? alias ?? ''));
	const made: DrivePermission[] = [];
	for (const user of users) {
		if (!user) throw new GraphError(400, 'noResolvedUsers', 'No users could be resolved to share with.');
	}
	if (body.retainInheritedPermissions === false) node.isDetached = true;
	for (const user of users) made.push(drive.share(node, { user: user!.id, role }));
	if (typeof body.expirationDateTime === 'string') for (const permission of made) permission.expirationDateTime = body.expirationDateTime;
	if (body.sendInvitation === true) {
		request.tenant.outbox.push({ kind: 'invitation', mailbox: drive.about.owner.user?.email ?? '', subject: `${node.name} was shared with you`, recipients: users.map((user) => user!.userPrincipalName), request: `${request.method} ${request.url}` });
	}
	return { status: 200, json: { '@odata.context': contextUrl(request, 'Collection(permission)'), value: made.map((permission) => permissionJson(drive, permission, undefined)) } };
}

/** `POST …/createLink` (driveitem-createlink): the one that is there already, or a new one. */
export function createLink(request: GraphRequest, drive: Drive, node: DriveNode): GraphAnswer {
	const body = jsonBody(request);
	const { type, scope = 'organization' } = body;
	if (type !== 'view' && type !== 'edit') throw invalidDriveRequest('The type of the link must be view or edit.');
	if (scope !== 'anonymous' && scope !== 'organization' && scope !== 'users') throw invalidDriveRequest('The scope of the link is not valid.');
	if (scope === 'anonymous' && request.tenant.switches.anonymousLinks === 'refused') throw new GraphError(403, 'sharingDisabled', 'Sharing by anonymous links has been disabled on this site.');
	const existing = scope === 'users' ? undefined : node.permissions?.find(({ link }) => link?.type === type && link.scope === scope);
	const recipients = (body.recipients ?? []) as { objectId?: string; email?: string }[];
	const people = recipients.map(({ objectId, email }) => objectId ?? email ?? '').filter((key) => request.tenant.findUser(key));
	const permission = existing ?? drive.share(node, { link: type, scope, people });
	if (permission.link && typeof body.password === 'string') permission.link.hasPassword = true;
	if (typeof body.expirationDateTime === 'string') permission.expirationDateTime = body.expirationDateTime;
	return { status: existing ? 200 : 201, json: { ...entity(request), ...permissionJson(drive, permission, undefined) } };
}
