import type { GraphRequest } from './exchange';
import { accessDenied, GraphError } from './graph-error';

/** Application permissions of the simulated app registration: what an administrator consented to. */
export const ALL_ROLES = [
	'Mail.ReadBasic.All',
	'Mail.Read',
	'Mail.ReadWrite',
	'Mail.Send',
	'MailboxSettings.Read',
	'MailboxSettings.ReadWrite',
	'Calendars.Read',
	'Calendars.ReadWrite',
	'Contacts.Read',
	'Contacts.ReadWrite',
	'Tasks.Read.All',
	'Tasks.ReadWrite.All',
	'User.ReadBasic.All',
	'User.Read.All',
	'GroupMember.Read.All',
	'LicenseAssignment.Read.All',
	'Organization.Read.All',
	'Files.Read.All',
	'Files.ReadWrite.All',
	'Sites.Read.All',
	'Sites.ReadWrite.All',
] as const;

/** Granted by nobody unless a test says so: `tenant.roles.grant(...EXCHANGE_ROLES)`, and a token issued after that. */
export const EXCHANGE_ROLES = ['MailboxFolder.ReadWrite.All', 'MailboxItem.Read.All', 'MailboxItem.ImportExport.All'] as const;

/** Which roles are granted. New tokens carry them; revoking bites at once, in tokens already issued too, unless told otherwise. */
export class Roles {
	private readonly granted = new Set<string>(ALL_ROLES);
	private readonly revokedAtOnce = new Set<string>();

	list(): string[] {
		return [...this.granted];
	}

	grant(...roles: string[]): void {
		for (const role of roles) {
			this.granted.add(role);
			this.revokedAtOnce.delete(role);
		}
	}

	/** Grants exactly these. */
	set(...roles: string[]): void {
		this.revoke([...this.granted].filter((role) => !roles.includes(role)));
		this.grant(...roles);
	}

	/** @param options.inIssuedTokens false: tokens already issued keep the role until they expire, as in reality */
	revoke(roles: string | readonly string[], options: { inIssuedTokens?: boolean } = {}): void {
		for (const role of typeof roles === 'string' ? [roles] : roles) {
			this.granted.delete(role);
			if (options.inIssuedTokens ?? true) this.revokedAtOnce.add(role);
		}
	}

	/** The roles of a token that still hold. */
	effective(tokenRoles: readonly string[]): Set<string> {
		return new Set(tokenRoles.filter((role) => !this.revokedAtOnce.has(role)));
	}
}

/** Any one of these suffices (graph-facts §6; Microsoft's permissions.json). */
export const NEEDED = {
	listMail: ['Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite'],
	readMail: ['Mail.Read', 'Mail.ReadWrite'],
	writeMail: ['Mail.ReadWrite'],
	sendMail: ['Mail.Send'],
	readContacts: ['Contacts.Read', 'Contacts.ReadWrite'],
	writeContacts: ['Contacts.ReadWrite'],
	readMailboxFolders: ['MailboxFolder.Read.All', 'MailboxFolder.ReadWrite.All'],
	readMailboxItems: ['MailboxItem.Read.All', 'MailboxItem.Export.All', 'MailboxItem.ImportExport.All'],
	exportMailboxItems: ['MailboxItem.Export.All', 'MailboxItem.ImportExport.All'],
	importMailboxItems: ['MailboxItem.ImportExport.All'],
	readTasks: ['Tasks.Read.All', 'Tasks.ReadWrite.All'],
	writeTasks: ['Tasks.ReadWrite.All'],
	readCalendars: ['Calendars.Read', 'Calendars.ReadWrite'],
	writeCalendars: ['Calendars.ReadWrite'],
	readUsers: ['User.ReadBasic.All', 'User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	/** directory-deleteditems-get, users: no less than this. */
	readDeletedUsers: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	/** group-list, group-list-transitivemembers. */
	readGroups: ['GroupMember.Read.All', 'Group.Read.All', 'GroupMember.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	/** subscribedsku-list. */
	readLicences: ['LicenseAssignment.Read.All', 'LicenseAssignment.ReadWrite.All', 'Organization.Read.All', 'Organization.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	readOrganization: ['Organization.Read.All', 'Organization.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	writeMailboxSettings: ['MailboxSettings.ReadWrite'],
	/** settings/exchange needs no less (usersettings-list-exchange). */
	readExchangeSettings: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
	readMailboxSettings: ['MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
} as const;

export type Need = keyof typeof NEEDED;

const DIRECTORY: ReadonlySet<Need> = new Set<Need>(['readUsers', 'readDeletedUsers', 'readOrganization', 'readGroups', 'readLicences']);

/** @throws GraphError 403 unless the token has one of the roles */
export function need(request: Pick<GraphRequest, 'roles'>, what: Need): void {
	if (!NEEDED[what].some((role) => request.roles.has(role))) {
		throw DIRECTORY.has(what)
			? new GraphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')
			: accessDenied();
	}
}

const SITES_WRITE = ['Sites.ReadWrite.All', 'Sites.Manage.All', 'Sites.FullControl.All'];
const SITES_READ = ['Sites.Read.All', ...SITES_WRITE];

/** Files of all drives; upload sessions may want more (graph-facts §6, §9). @throws GraphError 403 */
export function needFiles(request: Pick<GraphRequest, 'roles' | 'tenant'>, what: 'read' | 'write', isUploadSession: boolean): void {
	const enough = what === 'read' ? ['Files.Read.All', 'Files.ReadWrite.All', ...SITES_READ] : isUploadSession && request.tenant.switches.uploadSessionRole === 'sitesOnly' ? SITES_WRITE : ['Files.ReadWrite.All', ...SITES_WRITE];
	if (!enough.some((role) => request.roles.has(role))) throw new GraphError(403, 'accessDenied', 'Access denied');
}
