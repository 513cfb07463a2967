import { Failure, isFailure } from '../base/failure';
import type { GraphClient } from './client';
import { isGuid } from './tenant-id';
import { eitherText, spellings } from './odata-text';
import { startingWith } from './user-filter';

/** A user of the tenant. Whether there is a mailbox behind it shows when its mail is first read. */
export interface MailboxUser {
	/** The Entra object id, a GUID. */
	id: string;
	displayName: string;
	userPrincipalName: string;
	/** The primary address, where the user has one. */
	mail?: string;
}

export interface MailboxPage {
	mailboxes: MailboxUser[];
	nextLink?: string;
}

/** As Graph tells of it, with `$select`. */
export interface GraphUser {
	id: string;
	displayName?: string | null;
	userPrincipalName?: string | null;
	mail?: string | null;
}

const fields = '$select=id,displayName,userPrincipalName,mail';
const mostPerPage = 999;
const address = /^[^\s@/"?#%]+@[^\s@/'"?#%]+$/;

/**
 * The user with this GUID, user principal name or primary address. Throws `invalid` for anything else, before something
 * is sent, or for an address that several users have; `notFound` when the tenant has none such, `denied`.
 */
export async function findMailbox(client: GraphClient, idOrAddress: string, options: { signal?: AbortSignal } = {}): Promise<MailboxUser> {
	const wanted = idOrAddress.trim().normalize('NFC');
	if (!isGuid(wanted) && !address.test(wanted)) {
		throw new Failure('invalid', 'The mailbox is named neither by an address nor by an ID', {
			nextStep: 'Give an address such as nathan@example.com, or choose the mailbox from the list',
		});
	}
	try {
		return userFromGraph(await client.json<GraphUser>({ path: `${userPath(wanted)}?${fields}`, ...options }));
	} catch (error) {
		if (!isFailure(error, 'notFound')) throw error;
		const found = isGuid(wanted) ? undefined : await byAddress(client, wanted, options);
		if (found !== undefined) return found;
		throw new Failure('notFound', `The tenant has no user ${wanted}`, {
			code: error.code,
			status: error.status,
			cause: error,
			nextStep: 'Check the spelling and the tenant of the credential. A user that was deleted can be restored in Entra within 30 days',
		});
	}
}

/**
 * A page of the tenant's members and shared mailboxes by name. Licence and "account enabled" are not asked about: shared
 * mailboxes have neither. Guests are left out. `filter`: the start of the name, of the sign-in name, or of the address.
 */
export async function listMailboxes(
	client: GraphClient,
	options: { filter?: string; limit?: number; nextLink?: string; signal?: AbortSignal } = {},
): Promise<MailboxPage> {
	const { filter = '', limit = 100, nextLink, signal } = options;
	const page = await client.json<{ value?: GraphUser[]; '@odata.nextLink'?: string }>({
		path: nextLink ?? firstPage(filter.trim(), Math.max(1, Math.min(limit, mostPerPage))),
		...(signal === undefined ? {} : { signal }),
	});
	const mailboxes = (page.value ?? []).map(userFromGraph).filter((user) => !isGuest(user));
	const next = page['@odata.nextLink'];
	return { mailboxes, ...(next === undefined ? {} : { nextLink: next }) };
}

function firstPage(filter: string, top: number): string {
	const query = `/users?${fields}&$top=${top}`;
	if (filter === '') return query;
	return `${query}&$filter=${encodeURIComponent(startingWith(filter).join(' or '))}`;
}

/** `/users/{address}` takes the sign-in name only; primary addresses may differ from it. */
async function byAddress(client: GraphClient, wanted: string, options: { signal?: AbortSignal }): Promise<MailboxUser | undefined> {
	const condition = encodeURIComponent(eitherText(['mail'], spellings(wanted), (field, text) => `${field} eq ${text}`).join(' or '));
	const page = await client.json<{ value?: GraphUser[] }>({ path: `/users?${fields}&$filter=${condition}`, ...options });
	const [user, ...others] = (page.value ?? []).map(userFromGraph).filter((one) => !isGuest(one));
	if (user === undefined || others.length === 0) return user;
	throw new Failure('invalid', `Several users of the tenant have the address ${wanted}`, {
		nextStep: `Name the one that you mean by the sign-in name: ${[user, ...others].map(({ userPrincipalName }) => userPrincipalName).join(', ')}`,
	});
}

/** A name that begins with $ would be taken for a query option behind a slash, and is refused (user-get). */
function userPath(idOrName: string): string {
	const encoded = (text: string): string => encodeURIComponent(text).replaceAll("'", '%27');
	return idOrName.startsWith('$') ? `/users('${encoded(idOrName.replaceAll("'", "''"))}')` : `/users/${encoded(idOrName)}`;
}

/** Somebody of another tenant; has no mailbox in this one. */
export function isGuest({ userPrincipalName }: Pick<MailboxUser, 'userPrincipalName'>): boolean {
	return /#ext#/i.test(userPrincipalName);
}

/** Without a name it is called by its sign-in name. */
export function userFromGraph(user: GraphUser): MailboxUser {
	const userPrincipalName = user.userPrincipalName ?? '';
	const displayName = user.displayName ?? '';
	return {
		id: user.id,
		displayName: displayName === '' ? userPrincipalName : displayName,
		userPrincipalName,
		...(typeof user.mail === 'string' && user.mail !== '' ? { mail: user.mail } : {}),
	};
}
