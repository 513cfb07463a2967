import { folded } from '../base/folded';
import { literalStart, Wildcards } from '../base/wildcards';
import { eitherText, spellings, startsOf } from './odata-text';

/** A user with what filters ask about. */
export interface FilteredUser {
	id: string;
	displayName: string;
	userPrincipalName: string;
	mail?: string;
	/** Absent where it was not asked for. */
	enabled?: boolean;
	/** GUIDs of its licences, in lower case; absent where they were not asked for. */
	skuIds?: readonly string[];
}

/** Which users are wanted. What is absent or empty does not matter. */
export interface UserFilter {
	/** The start of the name, of the sign-in name, or of the address. */
	startsWith?: string;
	/** Patterns with `*` and `?` of the name, the sign-in name, or the address. */
	names?: readonly string[];
	/** Of the sign-in name or the address, without @. May hold wildcards. */
	domains?: readonly string[];
	/** Whether the account may sign in. Shared mailboxes, rooms and equipment usually may not. */
	enabled?: boolean;
	/** Any licence at all, none, or one of these (GUIDs). Shared mailboxes usually have none. */
	licences?: 'any' | 'none' | readonly string[];
	/** Patterns of names, sign-in names, addresses and ids that are not wanted. */
	exclude?: readonly string[];
}

/** What Graph is asked to leave out by itself. */
export interface ServerFilter {
	/** An OData `$filter`; absent: everything is listed. */
	condition?: string;
	/** Graph answers it only with `ConsistencyLevel: eventual` and `$count=true`. */
	isAdvanced: boolean;
}

/**
 * A condition of Graph may have only so many parts; Graph tells the number (15) nowhere but in its error "Too many child
 * clauses". What does not fit is sorted out here, page by page.
 */
const mostParts = 12;

/**
 * As much of the filter as Graph documents for `/users`: eq and startsWith for all; endsWith (mail, userPrincipalName) and
 * `assignedLicenses/$count` for advanced queries alone ("Advanced query capabilities on Microsoft Entra ID objects").
 * It lets through at least what `matches` wants.
 */
export function serverFilter(filter: UserFilter): ServerFilter {
	const { startsWith = '', names = [], domains = [], enabled, licences } = filter;
	const groups: string[][] = [];
	let isAdvanced = false;
	let parts = 0;
	const add = (either: string[], advanced = false): void => {
		if (either.length === 0 || parts + either.length > mostParts) return;
		groups.push(either);
		parts += either.length;
		isAdvanced ||= advanced;
	};
	if (enabled !== undefined) add([`accountEnabled eq ${String(enabled)}`]);
	if (licences === 'any') add(['assignedLicenses/$count ne 0'], true);
	else if (licences === 'none') add(['assignedLicenses/$count eq 0'], true);
	else if (licences !== undefined) add(licences.map((id) => `assignedLicenses/any(x:x/skuId eq ${id})`));
	if (startsWith.trim() !== '') add(startingWith(startsWith.trim()));
	const starts = names.map(literalStart);
	if (starts.every((start) => start.trim() !== '')) add(starts.flatMap(startingWith));
	if (!domains.some((domain) => /[*?]/.test(domain))) add(domains.flatMap((domain) => eitherText(['userPrincipalName', 'mail'], spellings(`@${domain}`), (field, text) => `endswith(${field},${text})`)), true);
	if (groups.length === 0) return { isAdvanced: false };
	const [only] = groups;
	const condition = groups.length === 1 && only ? only.join(' or ') : groups.map((either) => (either.length === 1 ? either.join('') : `(${either.join(' or ')})`)).join(' and ');
	return { condition, isAdvanced };
}

/** Whether the filter asks about more of an account than the basic profile, which User.ReadBasic.All does not show. */
export function asksAboutAccounts({ enabled, licences }: UserFilter): boolean {
	return enabled !== undefined || (licences !== undefined && licences.length > 0);
}

/** The whole filter, for what Graph let through. */
export function userMatcher(filter: UserFilter): (user: FilteredUser) => boolean {
	const { startsWith = '', enabled, licences } = filter;
	const names = new Wildcards(filter.names ?? []);
	const domains = new Wildcards(filter.domains ?? []);
	const exclude = new Wildcards(filter.exclude ?? []);
	const start = folded(startsWith.trim());
	return (user) => {
		const called = [user.displayName, user.userPrincipalName, user.mail];
		if (start !== '' && !called.some((text) => text !== undefined && folded(text).startsWith(start))) return false;
		if (!names.isEmpty && !names.matches(...called)) return false;
		if (!domains.isEmpty && !domains.matches(domainOf(user.userPrincipalName), domainOf(user.mail))) return false;
		if (enabled !== undefined && user.enabled !== enabled) return false;
		if (!hasLicence(user.skuIds ?? [], licences)) return false;
		return !exclude.matches(user.id, ...called);
	};
}

function hasLicence(has: readonly string[], wanted: UserFilter['licences']): boolean {
	if (wanted === 'any') return has.length > 0;
	if (wanted === 'none') return has.length === 0;
	return wanted === undefined || wanted.length === 0 || wanted.some((id) => has.includes(id.toLowerCase()));
}

function domainOf(address: string | undefined): string | undefined {
	const at = address?.lastIndexOf('@') ?? -1;
	return at < 0 ? undefined : address?.slice(at + 1);
}

/** Conditions, one of which must hold: that the name, the sign-in name or the address of a user starts so. */
export function startingWith(text: string): string[] {
	return eitherText(['displayName', 'userPrincipalName', 'mail'], startsOf(text), (field, quoted) => `startswith(${field},${quoted})`);
}
