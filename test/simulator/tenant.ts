import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AccessTokens } from './access-tokens';
import { ClientAssertions } from './client-assertions';
import { VirtualClock } from './clock';
import type { Identity } from './drive-node';
import type { NewDrive } from './drive-options';
import { Drive } from './drive-store';
import { SharePointThrottle } from './drive-throttle';
import type { GraphAnswer } from './exchange';
import { DirectoryGroups } from './directory-groups';
import { Faults } from './faults';
import { listItemsOf } from './list-of-drive';
import { OFFICE_E3 } from './licence-skus';
import { IssuedSecrets } from './issued-secrets';
import { Mailbox } from './mailbox';
import type { MailFolder } from './mail-folder';
import { Roles } from './permissions';
import { RequestLog } from './request-log';
import { Sites, type NewSite, type Site } from './site-store';
import { defaultSwitches, type Switches } from './switches';
import { Throttle } from './throttle';
import { UploadSessions } from './upload-sessions';

export interface TenantUser {
	id: string;
	displayName: string;
	givenName: string | null;
	surname: string | null;
	userPrincipalName: string;
	mail: string | null;
	jobTitle: string | null;
	userType: 'Member' | 'Guest';
	accountEnabled: boolean;
	/** Of its licences. */
	skuIds: string[];
	preferredLanguage: string | null;
	/** null: no licence, a guest, or hosted on-premises. */
	mailbox: Mailbox | null;
	/** null: no licence, a guest, a shared mailbox. */
	drive: Drive | null;
}

export interface NewUser {
	displayName: string;
	userPrincipalName?: string;
	id?: string;
	jobTitle?: string;
	userType?: 'Member' | 'Guest';
	accountEnabled?: boolean;
	/** Licences by id; unless said, Office 365 E3 for who has a mailbox that is not shared. */
	skuIds?: string[];
	/** Unless said: the principal name of who has a mailbox. */
	mail?: string;
	/** False: 404 MailboxNotEnabledForRESTAPI on mail paths. */
	mailbox?: boolean;
	/** False: 404 "User's mysite not found." Unless said, users with a licence have one. */
	drive?: boolean;
	/** A shared mailbox: no licence, sign-in blocked, and a mailbox all the same. */
	shared?: boolean;
	/** Language of the well-known folders' names. */
	locale?: 'en' | 'de';
}

/** Something that Graph would have sent to somebody. Restores must leave it empty. */
export interface OutboxEntry {
	kind: 'mail' | 'receipt' | 'invitation' | 'update' | 'cancellation' | 'response' | 'automaticReply' | 'forwardingRule' | 'reminder';
	mailbox: string;
	subject: string;
	recipients: string[];
	request: string;
}

/** A small Microsoft 365 tenant with state. Tests change it directly; Graph's routes answer from it. */
export class Tenant {
	readonly clock = new VirtualClock();
	readonly switches: Switches;
	readonly users: TenantUser[] = [];
	/** Drives of users and libraries of sites, by id. */
	readonly drives = new Map<string, Drive>();
	/** Requests that brought a token of Graph's to another origin. Must be empty. */
	readonly leaks: string[] = [];
	readonly outbox: OutboxEntry[] = [];
	readonly faults = new Faults();
	/** Of the login service; `faults` are Graph's and those of upload and download addresses. */
	readonly loginFaults = new Faults();
	/** What it handed out that opens something; empty unless `isKept` is set. */
	readonly issued = new IssuedSecrets();
	readonly requestLog = new RequestLog();
	readonly roles: Roles;
	readonly throttle: Throttle;
	/** Resource units of all drives and sites. */
	readonly sharePoint: SharePointThrottle;
	readonly sites: Sites;
	readonly groups: DirectoryGroups;
	readonly tokens: AccessTokens;
	readonly uploads: UploadSessions;
	readonly tenantId: string;
	readonly domain = 'contoso.example';
	/** Of SharePoint; personal sites are at `contoso-my`. */
	readonly host = 'contoso.sharepoint.example';
	readonly clientId: string;
	readonly clientSecret: string;
	/** Certificates of the app registration: `tenant.assertions.register(pem)`. */
	readonly assertions: ClientAssertions;
	/** What each request takes at least, in real milliseconds; a batch takes it once for each wave. */
	latencyMs = 0;
	/** Origin of upload URLs: another one than Graph's. Set when the server listens. */
	uploadOrigin = 'http://127.0.0.1:1';
	/** Users in Entra's recycle bin, by id. */
	readonly deletedUsers = new Map<string, { user: TenantUser; deletedAt: Date }>();
	private readonly byKey = new Map<string, TenantUser>();

	constructor(readonly seed: number, switches: Partial<Switches> = {}) {
		this.switches = { ...defaultSwitches(), ...switches };
		this.tenantId = this.guid('tenant');
		this.clientId = this.guid('client');
		this.clientSecret = `simulated~${this.guid('secret')}`;
		this.roles = new Roles();
		this.throttle = new Throttle(this.clock, this.switches);
		this.sharePoint = new SharePointThrottle(this.clock, this.switches, this.throttle);
		this.sites = new Sites(this);
		this.groups = new DirectoryGroups(this);
		this.tokens = new AccessTokens(this);
		this.assertions = new ClientAssertions(this.clock);
		this.uploads = new UploadSessions(this.clock);
	}

	/** The same name gives the same GUID in every run with this seed. */
	guid(name: string): string {
		const hex = createHash('sha256').update(`${this.seed}/${name}`).digest('hex');
		return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
	}

	addUser(options: NewUser): TenantUser {
		const userPrincipalName = options.userPrincipalName ?? `${options.displayName.toLowerCase().replace(/[^a-z0-9]+/g, '.')}@${this.domain}`;
		const names = options.displayName.split(' ');
		const user: TenantUser = {
			id: options.id ?? this.guid(`user/${userPrincipalName}`),
			displayName: options.displayName,
			givenName: names.length > 1 ? names[0]! : null,
			surname: names.length > 1 ? names.slice(1).join(' ') : null,
			userPrincipalName,
			mail: options.mail ?? (options.mailbox === false ? null : userPrincipalName),
			jobTitle: options.jobTitle ?? null,
			userType: options.userType ?? 'Member',
			accountEnabled: options.accountEnabled ?? options.shared !== true,
			skuIds: options.skuIds ?? (options.mailbox === false || options.shared ? [] : [OFFICE_E3.skuId]),
			preferredLanguage: options.locale === 'de' ? 'de-DE' : null,
			mailbox: null,
			drive: null,
		};
		if (options.mailbox !== false) user.mailbox = new Mailbox(this, user, options.locale ?? 'en');
		if (options.shared && user.mailbox) user.mailbox.settings.userPurpose = 'shared';
		if (options.drive ?? (options.mailbox !== false && !options.shared && user.userType === 'Member')) {
			const name = userPrincipalName.replace(/[^A-Za-z0-9]/g, '_');
			user.drive = this.addDrive({ key: `drive/${user.id}`, driveType: 'business', name: 'OneDrive', owner: { user: { id: user.id, displayName: user.displayName, email: userPrincipalName } }, webPath: `personal/${name}/Documents`, siteGuid: this.guid(`mysite/${user.id}`) });
		}
		this.users.push(user);
		this.byKey.set(user.id.toLowerCase(), user);
		this.byKey.set(userPrincipalName.toLowerCase(), user);
		return user;
	}

	addDrive(options: NewDrive): Drive {
		const drive = new Drive(this, options);
		drive.listItems = listItemsOf(drive);
		this.drives.set(drive.id, drive);
		return drive;
	}

	/** A SharePoint site with its lists, libraries and pages. */
	addSite(options: NewSite): Site {
		return this.sites.add(options);
	}

	/** Who did what an application's request did. */
	get applicationIdentity(): Identity {
		return { application: { id: this.clientId, displayName: 'Simulated backup' }, user: { id: this.guid('app user'), displayName: 'SharePoint App' } };
	}

	findUser(idOrPrincipalName: string): TenantUser | undefined {
		return this.byKey.get(idOrPrincipalName.toLowerCase());
	}

	/** Into Entra's recycle bin; the OneDrive stays until `tenant.drives` loses it. */
	removeUser(user: TenantUser): void {
		this.deletedUsers.set(user.id.toLowerCase(), { user, deletedAt: this.clock.now() });
		this.users.splice(this.users.indexOf(user), 1);
		this.byKey.delete(user.id.toLowerCase());
		this.byKey.delete(user.userPrincipalName.toLowerCase());
	}

	/** Out of the recycle bin for good, as Entra does after 30 days. */
	purgeUser(user: TenantUser): void {
		if (this.findUser(user.id)) this.removeUser(user);
		this.deletedUsers.delete(user.id.toLowerCase());
	}

	/** Out of the recycle bin, under the same id. */
	restoreUser(user: TenantUser): void {
		this.deletedUsers.delete(user.id.toLowerCase());
		this.users.push(user);
		this.byKey.set(user.id.toLowerCase(), user);
		this.byKey.set(user.userPrincipalName.toLowerCase(), user);
	}

	/** @throws Error if there is no such user or the user has no mailbox */
	mailbox(idOrPrincipalName: string): Mailbox {
		const mailbox = this.findUser(idOrPrincipalName)?.mailbox;
		if (!mailbox) throw new Error(`The tenant has no mailbox ${idOrPrincipalName}`);
		return mailbox;
	}

	/** Delta tokens of one folder, or of a whole mailbox, answer 410 from now on, in the middle of an enumeration too. */
	expireDelta(mailbox: Mailbox, folder?: MailFolder): void {
		mailbox.expireDelta(folder);
	}

	/** Keeps a request in its mailbox's slot for as long as the network would. */
	async hold(): Promise<void> {
		if (this.latencyMs > 0) await delay(this.latencyMs);
	}

	async wait(delayMs: number): Promise<void> {
		await delay(delayMs);
	}

	counted(request: { method: string; url: string }, answer: GraphAnswer, inBatch: boolean): void {
		if (!inBatch) this.requestLog.calls++;
		this.requestLog.add(request.method, request.url, answer);
	}
}
