import type { DriveNode, DrivePermission } from './drive-node';
import type { Drive } from './drive-store';

export interface NewGrant {
	/** Id or principal name. */
	user: string;
	/** `read` unless said. */
	role?: 'read' | 'write';
}

export interface NewLink {
	link: 'view' | 'edit';
	/** `organization` unless said. */
	scope?: 'anonymous' | 'organization' | 'users';
	/** Of a link for specific people: ids or principal names. */
	people?: string[];
}

/** @param serial tells apart all grants and links of a drive. @throws Error if the tenant has no such user */
export function newPermission(drive: Drive, item: DriveNode, given: NewGrant | NewLink, serial: number): DrivePermission {
	const permission: DrivePermission = { id: Buffer.from(`${item.sequence}/${serial}`).toString('base64url'), roles: ['read'], grantee: null, link: null, people: [], expirationDateTime: null };
	if ('link' in given) {
		const site = drive.about.webPath.split('/').slice(0, -1).join('/');
		const webUrl = `https://${drive.host}/:u:/g/${site}/E${drive.ids.guid(item.sequence).replace(/-/g, '')}${serial}`;
		permission.roles = [given.link === 'edit' ? 'write' : 'read'];
		permission.link = { type: given.link, scope: given.scope ?? 'organization', webUrl, hasPassword: false };
		permission.people = (given.people ?? []).map((one) => person(drive, one));
	} else {
		permission.roles = [given.role ?? 'read'];
		permission.grantee = person(drive, given.user);
	}
	return permission;
}

function person(drive: Drive, key: string): NonNullable<DrivePermission['grantee']> {
	const user = drive.tenant.findUser(key);
	if (!user) throw new Error(`The tenant has no user ${key}`);
	return { id: user.id, displayName: user.displayName, email: user.mail ?? user.userPrincipalName };
}
