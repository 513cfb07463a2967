import { shownPath, withoutNames } from './graph-path';

/** Least application permissions for a part of Graph: what reading it for a backup takes, and what writing it for a restore. */
export interface PermissionPair {
	backup: string;
	restore: string;
}

interface PermissionRow extends PermissionPair {
	/** Tested against the path without its query. The first row that matches counts. */
	path: RegExp;
	/** Only for these methods; all when absent. */
	methods?: readonly string[];
}

const user = String.raw`^/users(/[^/]+|\('[^']+'\))`;
const under = (rest: string): RegExp => new RegExp(`${user}/${rest}`, 'i');

/** From Microsoft's permission reference (microsoft-graph-devx-content, permissions.json), application permissions only. */
const rows: readonly PermissionRow[] = Object.freeze([
	{ path: under('mailFolders/[^/]+/messageRules'), backup: 'MailboxSettings.Read', restore: 'MailboxSettings.ReadWrite' },
	{ path: under('(mailboxSettings|outlook/masterCategories)'), backup: 'MailboxSettings.Read', restore: 'MailboxSettings.ReadWrite' },
	{ path: under('(mailFolders|messages)'), backup: 'Mail.Read', restore: 'Mail.ReadWrite' },
	{ path: under('(events|calendars?|calendarGroups|calendarView)\\b'), backup: 'Calendars.Read', restore: 'Calendars.ReadWrite' },
	{ path: under('(contacts|contactFolders)'), backup: 'Contacts.Read', restore: 'Contacts.ReadWrite' },
	{ path: under('todo'), backup: 'Tasks.Read.All', restore: 'Tasks.ReadWrite.All' },
	{ path: under('settings/exchange'), backup: 'User.Read.All', restore: 'User.Read.All' },
	{ path: /^\/admin\/exchange\/mailboxes\/[^/]+\/exportItems/i, backup: 'MailboxItem.Export.All', restore: 'MailboxItem.ImportExport.All' },
	{ path: /^\/admin\/exchange\/mailboxes\/[^/]+\/createImportSession/i, backup: 'MailboxItem.ImportExport.All', restore: 'MailboxItem.ImportExport.All' },
	{ path: /^\/admin\/exchange\/mailboxes\/[^/]+\/folders\/[^/]+\/items/i, backup: 'MailboxItem.Read.All', restore: 'MailboxItem.ImportExport.All' },
	{ path: /^\/admin\/exchange\/mailboxes/i, backup: 'MailboxFolder.Read.All', restore: 'MailboxFolder.ReadWrite.All' },
	{ path: /\/createUploadSession$/i, backup: 'Sites.ReadWrite.All', restore: 'Sites.ReadWrite.All' },
	{ path: /^\/(drives\/[^/]+|(users|groups|sites)\/[^/]+\/drive)\/(list\b|(root|items\/[^/]+)\/listItem)/i, backup: 'Sites.Read.All', restore: 'Sites.ReadWrite.All' },
	{ path: under('(drive|drives)\\b'), backup: 'Files.Read.All', restore: 'Files.ReadWrite.All' },
	{ path: /^\/(drives|shares)\b/i, backup: 'Files.Read.All', restore: 'Files.ReadWrite.All' },
	{ path: /^\/sites\/[^/]+\/permissions/i, backup: 'Sites.FullControl.All', restore: 'Sites.FullControl.All' },
	{ path: /^\/sites\/[^/]+\/(lists$|lists\/[^/]+(\/columns|\/contentTypes|$)|columns|contentTypes)/i, methods: ['POST', 'PATCH', 'PUT', 'DELETE'], backup: 'Sites.Manage.All', restore: 'Sites.Manage.All' },
	{ path: /^\/sites\/[^/]+\/drives?\b/i, backup: 'Files.Read.All', restore: 'Files.ReadWrite.All' },
	{ path: /^\/sites\b/i, backup: 'Sites.Read.All', restore: 'Sites.ReadWrite.All' },
	{ path: /^\/groups\/[^/]+\/drives?\b/i, backup: 'Files.Read.All', restore: 'Files.ReadWrite.All' },
	{ path: /^\/groups\/[^/]+\/sites\b/i, backup: 'Sites.Read.All', restore: 'Sites.ReadWrite.All' },
	{ path: /^\/users\/delta/i, backup: 'User.Read.All', restore: 'User.Read.All' },
	{ path: /^\/directory\/deletedItems\b/i, backup: 'User.Read.All', restore: 'User.Read.All' },
	{ path: /^\/users\b/i, backup: 'User.ReadBasic.All', restore: 'User.ReadBasic.All' },
	{ path: /^\/groups\b/i, backup: 'GroupMember.Read.All', restore: 'GroupMember.Read.All' },
	{ path: /^\/subscribedSkus\b/i, backup: 'LicenseAssignment.Read.All', restore: 'LicenseAssignment.Read.All' },
	{ path: /^\/(organization|domains)\b/i, backup: 'Directory.Read.All', restore: 'Directory.Read.All' },
]);

/** The least application permissions for a method and a path relative to /v1.0; undefined for paths that we do not use. */
export function missingPermission(method: string, path: string): PermissionPair | undefined {
	const bare = shownPath(withoutNames(path));
	const row = rows.find((candidate) => candidate.path.test(bare) && (candidate.methods?.includes(method) ?? true));
	return row === undefined ? undefined : { backup: row.backup, restore: row.restore };
}

/** What to do about a 403: the permission by its name, and the other cause that admins meet. */
export function permissionNextStep(method: string, path: string): string {
	const pair = missingPermission(method, path);
	if (pair === undefined) return 'Check the application permissions of the app registration in Entra and grant admin consent';
	// These read, although they are POSTs.
	const isRead = method === 'GET' || /\/(exportItems|extractSensitivityLabels)$/i.test(shownPath(path));
	const name = isRead ? pair.backup : pair.restore;
	const scoped = /^(Mail|Calendars|Contacts)/.test(name)
		? ' If access is limited to some mailboxes (Exchange RBAC for Applications), add this mailbox to its scope; that takes up to two hours'
		: '';
	const selected = /^(Files|Sites)\.(Read|ReadWrite|Manage)\b/.test(name)
		? ` If the app registration works with Sites.Selected instead, grant it this site (${isRead ? 'read' : name.startsWith('Sites.Manage') ? 'owner' : 'write'})`
		: '';
	return `Grant the application permission ${name} to the app registration in Entra and give admin consent.${scoped}${selected}`;
}

const stronger: Readonly<Record<string, readonly string[]>> = Object.freeze({
	'Mail.Read': ['Mail.ReadWrite'],
	'Calendars.Read': ['Calendars.ReadWrite'],
	'Contacts.Read': ['Contacts.ReadWrite'],
	'Tasks.Read.All': ['Tasks.ReadWrite.All'],
	'MailboxSettings.Read': ['MailboxSettings.ReadWrite'],
	'MailboxItem.Export.All': ['MailboxItem.ImportExport.All'],
	'MailboxFolder.Read.All': ['MailboxFolder.ReadWrite.All'],
	'Files.Read.All': ['Files.ReadWrite.All', 'Sites.Read.All', 'Sites.ReadWrite.All', 'Sites.Manage.All', 'Sites.FullControl.All'],
	'Files.ReadWrite.All': ['Sites.ReadWrite.All', 'Sites.Manage.All', 'Sites.FullControl.All'],
	'Sites.Read.All': ['Sites.ReadWrite.All', 'Sites.Manage.All', 'Sites.FullControl.All'],
	'Sites.ReadWrite.All': ['Sites.Manage.All', 'Sites.FullControl.All'],
	'Sites.Manage.All': ['Sites.FullControl.All'],
	'User.ReadBasic.All': ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	'User.Read.All': ['User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	'LicenseAssignment.Read.All': ['LicenseAssignment.ReadWrite.All', 'Organization.Read.All', 'Organization.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	'GroupMember.Read.All': ['GroupMember.ReadWrite.All', 'Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
});

/** Whether a token's roles hold a permission or a stronger one. */
export function hasPermission(roles: readonly string[], permission: string): boolean {
	return roles.includes(permission) || (stronger[permission] ?? []).some((role) => roles.includes(role));
}
