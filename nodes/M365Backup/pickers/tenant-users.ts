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
 * Those of them whose mailbox is of one of these kinds; all where none is named, and then nothing is asked. `answers` is
 * kept from page to page: once a mailbox has told, a page on which all refuse is no lack of a permission.
 */
export async function ofKinds(
	{ graph, roles }: Pick<ConnectedGraph, 'graph' | 'roles'>,
	users: readonly ListedUser[],
	kinds: readonly MailboxKind[],
	{ signal, answers }: CallOptions & { answers: { any: boolean } },
): Promise<TenantUser[]> {
	if (kinds.length === 0) return [...users];
	const mayRead = answers.any || (roles && hasPermission(roles, 'MailboxSettings.Read'));
	const found = await mailboxKinds(graph, users.map(({ id }) => id), { mayRead, ...(signal ? { signal } : {}) });
	answers.any ||= [...found.values()].some((kind) => kind !== 'unknown' && kind !== 'none');
	return users.flatMap((user) => {
		const kind = found.get(user.id) ?? 'unknown';
		return kind === 'unknown' || kinds.includes(kind) ? [{ ...user, kind }] : [];
	});
}

/** Their OneDrives. */
export function findDrives({ graph }: ConnectedGraph, users: readonly ListedUser[], { signal }: CallOptions): Promise<UserDrive[]> {
	return drivesOfUsers(graph, users, signal ? { signal } : {});
}

/** The ids of all users of the tenant. */
export async function* findUserIds({ graph }: ConnectedGraph, { signal }: CallOptions): AsyncGenerator<string, void, undefined> {
	for await (const ids of listUserIds(graph, signal ? { signal } : {})) yield* ids;
}
