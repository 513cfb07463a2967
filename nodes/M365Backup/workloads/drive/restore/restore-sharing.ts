import { isFailure, toFailure } from '../../../base/failure';
import type { JsonObject, JsonValue } from '../../../base/json';
import { itemPath, signalOf, type DriveContext } from './drive-context';
import type { DriveWriter, Link, Recipient } from './drive-writer';
import { NOTES } from './fidelity-notes';
import type { LivingItem } from './living-item';

interface Grantee {
	kind: string;
	id?: string;
	name?: string;
	email?: string;
	loginName?: string;
}

/** A permission as the backup keeps it; what was inherited is not kept. */
interface StoredPermission {
	roles: string[];
	link?: Link;
	grantedTo: Grantee[];
}

interface GraphPermission {
	roles?: string[];
	link?: { type?: string; scope?: string };
	grantedToV2?: Record<string, { id?: string; email?: string; loginName?: string } | undefined>;
	inheritedFrom?: { id?: string };
}

/** Roles that an invitation can give. */
const ROLES = ['write', 'read'] as const;

/**
 * Gives an item the permissions and links that it had, never with an invitation: nobody hears of it. Those that are
 * there already are left alone; none is ever taken away.
 *
 * @returns what is not as it was, in plain sentences
 */
export async function shareAgain(context: DriveContext, writer: DriveWriter, meta: JsonObject, living: LivingItem, isNew: boolean): Promise<string[]> {
	const stored = permissionsOf(meta['permissions']);
	if (stored.length === 0) return [];
	const present = isNew ? [] : await readPermissions(context, living.id);
	const notes: string[] = [];
	for (const permission of stored) {
		if (permission.link) notes.push(...(await linkAgain(writer, living, permission.link, permission.grantedTo, present)));
		else for (const grantee of permission.grantedTo) notes.push(...(await grantAgain(writer, living, grantee, permission.roles, present)));
	}
	return notes;
}

function permissionsOf(value: JsonValue | undefined): StoredPermission[] {
	if (!Array.isArray(value)) return [];
	return value.flatMap((one): StoredPermission[] => {
		if (typeof one !== 'object' || one === null || Array.isArray(one) || one['inherited'] === true) return [];
		const { roles, link, grantedTo } = one;
		const isLink = typeof link === 'object' && link !== null && !Array.isArray(link);
		return [
			{
				roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
				...(isLink ? { link: { type: textOf(link['type']) ?? 'view', scope: textOf(link['scope']) ?? 'organization' } } : {}),
				grantedTo: Array.isArray(grantedTo) ? grantedTo.flatMap(granteeOf) : [],
			},
		];
	});
}

function granteeOf(value: JsonValue): Grantee[] {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
	const [kind, id, name, email, loginName] = ['kind', 'id', 'name', 'email', 'loginName'].map((key) => textOf(value[key]));
	return [{ kind: kind ?? 'user', ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }), ...(loginName === undefined ? {} : { loginName }) }];
}

function textOf(value: JsonValue | undefined): string | undefined {
	return typeof value === 'string' ? value : undefined;
}

async function readPermissions(context: DriveContext, itemId: string): Promise<GraphPermission[]> {
	const found: GraphPermission[] = [];
	for await (const page of context.graph.pages<GraphPermission>({ path: `${itemPath(context, itemId)}/permissions`, ...signalOf(context) })) found.push(...page);
	return found;
}

async function linkAgain(writer: DriveWriter, living: LivingItem, link: Link, people: readonly Grantee[], present: readonly GraphPermission[]): Promise<string[]> {
	if (present.some((one) => one.link?.type === link.type && one.link.scope === link.scope)) return [];
	try {
		await writer.createLink(living.id, link, people.flatMap(recipientOf));
		return [NOTES.newLink(link.type, link.scope)];
	} catch (error) {
		if (isPassing(error)) throw error;
		return [NOTES.linkRefused(link.type, link.scope)];
	}
}

async function grantAgain(writer: DriveWriter, living: LivingItem, grantee: Grantee, roles: readonly string[], present: readonly GraphPermission[]): Promise<string[]> {
	// The owner is who the drive belongs to.
	if (roles.includes('owner')) return [];
	const who = grantee.email ?? grantee.name ?? grantee.loginName ?? grantee.id ?? 'somebody';
	const role = ROLES.find((one) => roles.includes(one));
	if (role === undefined) return [NOTES.notShared(who, `Microsoft Graph cannot give the role ${roles.join(', ') || 'that it had'}`)];
	if (present.some((one) => hasGrantee(one, grantee) && one.roles?.includes(role))) return [];
	const [recipient] = recipientOf(grantee);
	if (!recipient) return [NOTES.notShared(who, 'groups and people whom only SharePoint knows cannot be named through Microsoft Graph')];
	try {
		await writer.invite(living.id, recipient, role);
		return [];
	} catch (error) {
		if (isPassing(error)) throw error;
		return [NOTES.notShared(who, 'Microsoft 365 did not find them, or sharing is not allowed here')];
	}
}

/** An application, or a group of SharePoint's own, has no address. */
function recipientOf({ kind, id, email }: Grantee): Recipient[] {
	if (kind === 'application') return [];
	if (id !== undefined && (kind === 'user' || kind === 'group')) return [{ objectId: id }];
	return email === undefined ? [] : [{ email }];
}

function hasGrantee(permission: GraphPermission, grantee: Grantee): boolean {
	return Object.values(permission.grantedToV2 ?? {}).some(
		(one) => one !== undefined && ((grantee.id !== undefined && one.id === grantee.id) || (grantee.email !== undefined && one.email?.toLowerCase() === grantee.email.toLowerCase()) || (grantee.loginName !== undefined && one.loginName === grantee.loginName)),
	);
}

function isPassing(error: unknown): boolean {
	return isFailure(toFailure(error), 'cancelled', 'transient', 'throttled');
}
