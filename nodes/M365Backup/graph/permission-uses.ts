import { hasPermission } from './permissions';

type Use = 'backup' | 'restore' | 'other';

interface PermissionUse {
	permission: string;
	use: Use;
	/** What cannot be done without it. */
	neededFor: string;
	/** The backup of the same, for a restore. */
	reads?: string;
}

/** A permission by its name in Entra, and what it is good for. */
export interface NamedPermission {
	permission: string;
	neededFor: string;
}

export interface LackingPermission extends NamedPermission {
	/** Why it may be there all the same, or in part. */
	note?: string;
}

export interface PermissionReport {
	has: NamedPermission[];
	lacks: LackingPermission[];
	/** In the token, and needed for nothing that the credential is used for. */
	beyondNeed: string[];
}

const all = <T extends PermissionUse>(uses: readonly T[]): readonly T[] => Object.freeze(uses);

/** Least application permissions, by what a person wants to do: the table of the README. Sources as in permissions.ts. */
const uses = all<PermissionUse>([
	{ permission: 'User.ReadBasic.All', use: 'backup', neededFor: 'finding mailboxes and people, always' },
	...pair('mail', 'Mail.Read', 'Mail.ReadWrite'),
	...pair('calendars', 'Calendars.Read', 'Calendars.ReadWrite'),
	...pair('contacts', 'Contacts.Read', 'Contacts.ReadWrite'),
	...pair('tasks (To Do)', 'Tasks.Read.All', 'Tasks.ReadWrite.All'),
	...pair('inbox rules, categories and mailbox settings', 'MailboxSettings.Read', 'MailboxSettings.ReadWrite'),
	...pair('signed and encrypted mail exactly (Exchange Export)', 'MailboxItem.Export.All', 'MailboxItem.ImportExport.All'),
	{ permission: 'User.Read.All', use: 'backup', neededFor: 'Exchange Export, and notice of an in-place archive' },
	{ permission: 'User.Read.All', use: 'other', neededFor: 'Prune: Remove Sources Gone, to see when a person was deleted' },
	{ permission: 'User.Read.All', use: 'other', neededFor: 'Get Many: filters Account and Licence' },
	{ permission: 'LicenseAssignment.Read.All', use: 'other', neededFor: 'Get Many: naming licences as people do' },
	{ permission: 'MailboxSettings.Read', use: 'other', neededFor: 'Get Many: telling shared mailboxes and rooms from those of people' },
	{ permission: 'LicenseAssignment.Read.All', use: 'other', neededFor: 'Get Many: filter by the part number of a licence' },
	{ permission: 'MailboxSettings.Read', use: 'other', neededFor: 'Get Many: filter by the kind of mailbox (user, shared, room, equipment)' },
	{ permission: 'GroupMember.Read.All', use: 'other', neededFor: 'Get Many: filter by membership of a group' },
	{ permission: 'Member.Read.Hidden', use: 'other', neededFor: 'Get Many: filter by membership of a group whose members are hidden' },
	...pair('OneDrive and document libraries, with sharing', 'Files.Read.All', 'Files.ReadWrite.All'),
	...pair('sites: lists, list items, pages', 'Sites.Read.All', 'Sites.ReadWrite.All'),
	{ permission: 'Sites.Read.All', use: 'other', neededFor: 'Get Many: all sites of the tenant' },
	{ permission: 'Sites.Manage.All', use: 'restore', neededFor: 'restoring lists that are gone, with their columns', reads: 'Sites.Read.All' },
	{ permission: 'Sites.FullControl.All', use: 'other', neededFor: 'backing up which apps a site is shared with (rarely worth it)' },
]);

function pair(what: string, backup: string, restore: string): PermissionUse[] {
	return [
		{ permission: backup, use: 'backup', neededFor: `backing up ${what}` },
		{ permission: restore, use: 'restore', neededFor: `restoring ${what}`, reads: backup },
	];
}

const byExchange = /^(Mail|Calendars|Contacts|MailboxSettings|MailboxItem)\./;
const exchangeNote = 'may be granted by Exchange RBAC for some mailboxes, which no token shows';
const selectedNote = 'the app works with Sites.Selected: only the sites that it was given, and what it may do there';
/** What tokens of every app may carry, and what needs no word. */
const harmless: ReadonlySet<string> = new Set(['Sites.Selected', 'User.ReadBasic.All', 'Organization.Read.All']);

/**
 * All that the roles of a token allow and lack, by use. `exchangeGrants`: permissions that a mailbox was seen to give,
 * though the token lacks them.
 */
export function permissionReport(roles: readonly string[], usedFor: 'backup' | 'backupAndRestore', exchangeGrants: ReadonlySet<string> = new Set()): PermissionReport {
	const isSelected = roles.includes('Sites.Selected');
	const has = new Map<string, string[]>();
	const lacks = new Map<string, string[]>();
	const add = (to: Map<string, string[]>, { permission, neededFor }: PermissionUse): void => void to.set(permission, [...(to.get(permission) ?? []), neededFor]);
	for (const use of uses) add(hasPermission(roles, use.permission) ? has : lacks, use);
	return {
		has: named(has),
		lacks: named(lacks).map(({ permission, neededFor }) => {
			const note = exchangeGrants.has(permission)
				? 'a mailbox gives it: granted by Exchange RBAC for some mailboxes'
				: byExchange.test(permission)
					? exchangeNote
					: isSelected && /^(Files|Sites)\.(Read|ReadWrite|Manage)\./.test(permission)
						? selectedNote
						: undefined;
			return { permission, neededFor, ...(note !== undefined && { note }) };
		}),
		beyondNeed: roles.filter((role) => !harmless.has(role) && !isOfUse(role, usedFor, roles)).sort(),
	};
}

/** Whether anything needs this very role: not just what a weaker one allows that is there as well. */
function isOfUse(role: string, usedFor: 'backup' | 'backupAndRestore', roles: readonly string[]): boolean {
	const wanted = uses.filter(({ use }) => use !== 'restore' || usedFor === 'backupAndRestore').map(({ permission }) => permission);
	if (wanted.includes(role)) return true;
	// A stronger one than needed is of use only where it stands in for what is not there itself.
	return isOfNote(role) && wanted.some((permission) => !roles.includes(permission) && hasPermission([role], permission));
}

/** A role that writes is more than a backup needs, whatever it stands in for; those that read a whole directory are in common use. */
function isOfNote(role: string): boolean {
	return !/Write|Manage|FullControl|ImportExport/.test(role);
}

function named(found: ReadonlyMap<string, readonly string[]>): NamedPermission[] {
	return [...found].map(([permission, neededFor]) => ({ permission, neededFor: neededFor.join('; ') }));
}
