import { Failure, isFailure } from '../base/failure';
import type { GraphClient, GraphRequest } from './client';
import { findGroup, membersPath } from './groups';
import { licenceIds } from './licences';
import { asksAboutAccounts, serverFilter, userMatcher, type FilteredUser, type UserFilter } from './user-filter';
import { isGuest, userFromGraph, type GraphUser, type MailboxUser } from './users';

/** A user with what an administrator tells users apart by. */
export interface ListedUser extends MailboxUser {
	/** Whether the account may sign in; absent where the credential may not see it. */
	enabled?: boolean;
	/** Whether it has any licence; absent where the credential may not see it. */
	licensed?: boolean;
}

/** Which users to list: the filter, before names were looked up. */
export interface UsersWanted extends Omit<UserFilter, 'licences'> {
	/** Names, addresses or object ids of groups; members of one of them, directly or not. */
	groups?: readonly string[];
	/** Part numbers (`SPE_E3`) or GUIDs; a single `any` or `none` asks for any licence at all, or none. */
	licences?: readonly string[];
}

export interface ListUsersOptions {
	/**
	 * Whether the credential may see more than the basic profile (User.Read.All); undefined: not known. What only that
	 * shows is left out where it may not, and refused where the filter needs it.
	 */
	seesAccounts?: boolean | undefined;
	signal?: AbortSignal;
}

/** The most that Graph gives at once (user-list, group-list-transitivemembers). */
const perPage = 999;
const basicFields = 'id,displayName,userPrincipalName,mail';
const accountFields = `${basicFields},accountEnabled,assignedLicenses`;

interface GraphAccount extends GraphUser {
	accountEnabled?: boolean | null;
	assignedLicenses?: { skuId: string }[] | null;
}

/**
 * The tenant's users that are wanted, a page at a time, each once; guests never. As many requests as Graph's pages of 999
 * need, and one for each group and for the names of licences. What Graph cannot sort out is sorted out here.
 * Failures: `denied`, which names the permission; `notFound`, `invalid` for groups and licences that there are not.
 */
export async function* listUsers(client: GraphClient, wanted: UsersWanted, options: ListUsersOptions = {}): AsyncGenerator<ListedUser[], void, undefined> {
	const call = options.signal ? { signal: options.signal } : {};
	const { groups = [], licences: named = [], ...plain } = wanted;
	const filter: UserFilter = { ...plain };
	if (named.length > 0 && options.seesAccounts !== false) filter.licences = await licencesOf(client, named, call);
	const needsAccounts = asksAboutAccounts(filter) || named.length > 0;
	if (needsAccounts && options.seesAccounts === false) throw noAccounts();
	const select = `$select=${options.seesAccounts === true || needsAccounts ? accountFields : basicFields}`;
	const isWanted = userMatcher(filter);
	// Members of several groups come with each, and Graph may repeat an entry on the page after.
	const seen = new Set<string>();
	const sources = groups.length === 0 ? [undefined] : await groupIds(client, groups, call);
	for (const group of sources) {
		const pages = group === undefined ? everyone(client, select, filter, call) : client.pages<GraphAccount>({ ...membersPath(group, select, perPage), ...call });
		for await (const page of pages) {
			if (needsAccounts && page.length > 0 && page.every(isSecretive)) throw noAccounts();
			const users = page.map(accountFromGraph).filter((user) => !isGuest(user) && isWanted(user) && isNew(user.id, seen));
			yield users.map(listed);
		}
	}
}

/** The ids of all users, for who needs to know which are gone. */
export async function* listUserIds(client: GraphClient, options: { signal?: AbortSignal } = {}): AsyncGenerator<string[], void, undefined> {
	for await (const page of client.pages<{ id: string }>({ path: `/users?$select=id&$top=${perPage}`, ...options })) yield page.map(({ id }) => id);
}

async function licencesOf(client: GraphClient, named: readonly string[], call: { signal?: AbortSignal }): Promise<NonNullable<UserFilter['licences']>> {
	const [only = '', ...others] = named.map((one) => one.toLowerCase());
	if (others.length === 0 && (only === 'any' || only === 'none')) return only;
	return await licenceIds(client, named, call);
}

async function groupIds(client: GraphClient, groups: readonly string[], call: { signal?: AbortSignal }): Promise<string[]> {
	const ids = new Set<string>();
	for (const group of groups) ids.add((await findGroup(client, group, call)).id);
	return [...ids];
}

/** Where Graph refuses a combination of conditions that it knows one by one, all are listed and sorted out here. */
async function* everyone(client: GraphClient, select: string, filter: UserFilter, call: { signal?: AbortSignal }): AsyncGenerator<GraphAccount[], void, undefined> {
	const path = `/users?${select}&$top=${perPage}`;
	const { condition, isAdvanced } = serverFilter(filter);
	if (condition === undefined) {
		yield* client.pages<GraphAccount>({ path, ...call });
		return;
	}
	const filtered: GraphRequest = {
		path: `${path}${isAdvanced ? '&$count=true' : ''}&$filter=${encodeURIComponent(condition)}`,
		...(isAdvanced && { headers: { ConsistencyLevel: 'eventual' } }),
		...call,
	};
	let isFirst = true;
	try {
		for await (const page of client.pages<GraphAccount>(filtered)) {
			isFirst = false;
			yield page;
		}
	} catch (error) {
		if (!isFirst || !isFailure(error, 'invalid') || error.status !== 400) throw error;
		yield* client.pages<GraphAccount>({ path, ...call });
	}
}

function accountFromGraph(user: GraphAccount): FilteredUser {
	// Members of groups come with their ids alone where the credential may not read users ("limited information returned for inaccessible member objects").
	if (typeof user.userPrincipalName !== 'string') throw hiddenMembers();
	return {
		...userFromGraph(user),
		...(typeof user.accountEnabled === 'boolean' && { enabled: user.accountEnabled }),
		...(Array.isArray(user.assignedLicenses) && { skuIds: user.assignedLicenses.map(({ skuId }) => skuId.toLowerCase()) }),
	};
}

/** Graph leaves out what the credential may not see, and answers all the same: nobody would seem enabled, or to have a licence. */
function isSecretive({ accountEnabled, assignedLicenses }: GraphAccount): boolean {
	return typeof accountEnabled !== 'boolean' && !Array.isArray(assignedLicenses);
}

function listed({ skuIds, ...user }: FilteredUser): ListedUser {
	return { ...user, ...(skuIds && { licensed: skuIds.length > 0 }) };
}

function isNew(id: string, seen: Set<string>): boolean {
	if (seen.has(id)) return false;
	seen.add(id);
	return true;
}

function noAccounts(): Failure {
	return new Failure('denied', 'The credential may not see whether accounts are enabled, nor their licences', {
		code: 'missingPermission',
		nextStep: 'Grant the application permission User.Read.All to the app registration in Entra and give admin consent, or leave out the filters Account and Licence',
	});
}

function hiddenMembers(): Failure {
	return new Failure('denied', 'The credential may see the members of groups, but not who they are', {
		code: 'missingPermission',
		nextStep: 'Grant the application permission User.ReadBasic.All (or User.Read.All) to the app registration in Entra and give admin consent',
	});
}
