import type { Failure } from '../base/failure';
import { connectGraph, type ConnectedGraph } from '../connect/graph';
import { drivesOfUsers, type UserDrive } from '../graph/drives';
import { listUserIds, listUsers, type ListedUser, type UsersWanted } from '../graph/list-users';
import { mailboxKinds, type MailboxKind } from '../graph/mailbox-kinds';
import { hasPermission } from '../graph/permissions';

export type { UserDrive } from '../graph/drives';
export type { ListedUser, UsersWanted } from '../graph/list-users';
export type { MailboxKind } from '../graph/mailbox-kinds';
export { connectGraph, type ConnectedGraph };

/** A user, with the kind of its mailbox where that was asked for. */
export interface TenantUser extends ListedUser {
	kind?: MailboxKind;
}

interface CallOptions {
	signal?: AbortSignal | undefined;
}

/** The users of the tenant that are wanted, a page at a time. */
export function findUsers({ graph, roles }: ConnectedGraph, wanted: UsersWanted, { signal }: CallOptions): AsyncIterable<ListedUser[]> {
	const seesAccounts = roles && hasPermission(roles, 'User.Read.All');
	return listUsers(graph, wanted, { seesAccounts, ...(signal ? { signal } : {}) });
}

/**
 * Those of them whose mailbox is of one of these kinds, or does not tell; all where none is named, and then nothing is asked.
 * Exchange may grant single mailboxes (RBAC for Applications) without a role in the token: whoever refuses is held back until a
 * mailbox tells, be it pages later. Failure `denied`, which names MailboxSettings.Read: none of them all tells, and the token lacks it.
 */
export async function* ofKinds(
	{ graph, roles }: Pick<ConnectedGraph, 'graph' | 'roles'>,
	pages: AsyncIterable<ListedUser[]>,
	kinds: readonly MailboxKind[],
	{ signal }: CallOptions,
): AsyncGenerator<TenantUser[], void, undefined> {
	if (kinds.length === 0) {
		yield* pages;
		return;
	}
	let heldBack: TenantUser[] = [];
	let refused: Failure | undefined;
	let hasTold = roles !== undefined && hasPermission(roles, 'MailboxSettings.Read');
	for await (const users of pages) {
		const { kinds: found, refusal } = await mailboxKinds(graph, users.map(({ id }) => id), signal ? { signal } : {});
		for (const user of users) {
			const kind = found.get(user.id) ?? 'unknown';
			if (kind === 'unknown' || kinds.includes(kind)) heldBack.push({ ...user, kind });
		}
		refused ??= refusal;
		hasTold ||= [...found.values()].some((kind) => kind !== 'unknown' && kind !== 'none');
		if (!hasTold) continue;
		yield heldBack;
		heldBack = [];
	}
	if (refused !== undefined && !hasTold) throw refused;
}

/** Their OneDrives. */
export function findDrives({ graph }: ConnectedGraph, users: readonly ListedUser[], { signal }: CallOptions): Promise<UserDrive[]> {
	return drivesOfUsers(graph, users, signal ? { signal } : {});
}

/** The ids of all users of the tenant. */
export async function* findUserIds({ graph }: ConnectedGraph, { signal }: CallOptions): AsyncGenerator<string, void, undefined> {
	for await (const ids of listUserIds(graph, signal ? { signal } : {})) yield* ids;
}
