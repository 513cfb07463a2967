import type { Identity } from './drive-node';
import type { Drive } from './drive-store';
import { LibraryList } from './list-library';
import { SharePointList, type NewList } from './list-store';
import { siteContentTypes, type ContentType } from './list-content-type';
import { SitePages, type NewPage, type Page } from './page-store';
import type { Tenant, TenantUser } from './tenant';

export interface NewSite {
	/** Last part of its URL. */
	name: string;
	displayName?: string;
	description?: string;
	/** A subsite of this one. */
	parent?: Site;
	/** Somebody's OneDrive: `/personal/name`. */
	isPersonal?: boolean;
	owner?: TenantUser;
	created?: Date | string;
	/** Of a personal site: its library. */
	drive?: Drive;
}

export interface AppGrant {
	id: string;
	appId: string;
	displayName: string;
	roles: string[];
}

/** `noAccess` answers nothing at all, `readOnly` refuses writes. */
export type SiteLock = 'none' | 'noAccess' | 'readOnly';

const SYSTEM_LISTS: readonly NewList[] = [
	{ displayName: 'User Information List', name: 'users', template: 'userInformation', hidden: true, isSystem: true, columns: ['Name', 'EMail', 'UserName', 'JobTitle', 'FirstName', 'LastName'].map((name) => ({ name, text: {} })) },
	{ displayName: 'TaxonomyHiddenList', hidden: true, isSystem: true, columns: ['IdForTerm', 'IdForTermSet', 'Term', 'Path'].map((name) => ({ name, text: {} })) },
	{ displayName: 'Composed Looks', name: 'design', template: 'designCatalog', hidden: true, isSystem: true },
	{ displayName: 'Style Library', template: 'documentLibrary', isSystem: true },
	{ displayName: 'Form Templates', name: 'FormServerTemplates', template: 'documentLibrary', isSystem: true },
	{ displayName: 'Site Assets', name: 'SiteAssets', template: 'documentLibrary', isSystem: true },
	{ displayName: 'Site Pages', name: 'SitePages', template: 'webPageLibrary', columns: [{ name: 'PromotedState', number: {} }, { name: 'BannerImageUrl', hyperlinkOrPicture: { isPicture: true } }, { name: 'Description', text: { allowMultipleLines: true } }] },
];
const DOCUMENTS: NewList = { displayName: 'Documents', name: 'Shared Documents', template: 'documentLibrary' };
const FIRST_USER_ID = 6;

/** A SharePoint site (a web): lists, pages, subsites, and the people that it knows. */
export class Site {
	readonly key: string;
	/** Of the site collection, and of this web. */
	readonly siteGuid: string;
	readonly webGuid: string;
	readonly name: string;
	readonly host: string;
	displayName: string;
	description: string;
	readonly isPersonal: boolean;
	readonly parent: Site | null;
	readonly createdMs: number;
	modifiedMs: number;
	readonly owner: Identity;
	readonly lists: SharePointList[] = [];
	readonly sites: Site[] = [];
	readonly contentTypes: ContentType[] = siteContentTypes();
	readonly pages: SitePages;
	/** Grants of applications that have Sites.Selected. */
	readonly grants: AppGrant[] = [];
	/** 403 for everything. */
	isForbidden = false;
	isDeleted = false;
	/** In Microsoft 365 Archive, or on its way back (siteArchiveStatus). */
	archiveStatus: 'recentlyArchived' | 'fullyArchived' | 'reactivating' | null = null;
	private lockState: SiteLock = 'none';
	private readonly userIds = new Map<string, number>();
	private listCount = 0;

	constructor(
		readonly tenant: Tenant,
		about: NewSite,
	) {
		this.parent = about.parent ?? null;
		this.key = `${this.parent ? `${this.parent.key}/` : ''}${about.isPersonal ? 'personal-' : ''}site/${about.name}`;
		const drive = about.drive?.about;
		this.webGuid = drive ? (drive.webGuid ?? tenant.guid(`${drive.key}/web`)) : tenant.guid(`${this.key}/web`);
		this.siteGuid = this.parent?.siteGuid ?? drive?.siteGuid ?? tenant.guid(this.key);
		this.host = about.drive?.host ?? tenant.host;
		this.name = about.name;
		this.displayName = about.displayName ?? about.name;
		this.description = about.description ?? '';
		this.isPersonal = about.isPersonal ?? false;
		this.owner = about.owner ? { user: { id: about.owner.id, displayName: about.owner.displayName, email: about.owner.mail ?? about.owner.userPrincipalName } } : { application: { id: '00000003-0000-0ff1-ce00-000000000000', displayName: 'SharePoint App' } };
		this.createdMs = about.created === undefined ? tenant.clock.nowMs() : new Date(about.created).getTime();
		this.modifiedMs = this.createdMs;
		this.addList(DOCUMENTS, about.drive);
		for (const list of SYSTEM_LISTS) if (!about.drive || list.hidden || list.template === 'webPageLibrary') this.addList(list);
		for (let id = 1; id < FIRST_USER_ID; id++) this.userList.addItem({ Title: ['Everyone', 'System Account', `${this.displayName} Owners`, `${this.displayName} Members`, `${this.displayName} Visitors`][id - 1]! });
		if (about.owner) this.ensureUser(about.owner);
		this.pages = new SitePages(this);
	}

	/** `host,site collection,web`. */
	get id(): string {
		return `${this.host},${this.siteGuid},${this.webGuid}`;
	}

	/** Below the host, with a slash before it; empty for the root site. */
	get webPath(): string {
		if (this.parent) return `${this.parent.webPath}/${this.name}`;
		return this.name === '' ? '' : `/${this.isPersonal ? 'personal' : 'sites'}/${this.name}`;
	}

	get webUrl(): string {
		return `https://${this.host}${encodeURI(this.webPath)}`;
	}

	get lock(): SiteLock {
		return this.lockState;
	}

	/** Holds for its libraries' drives as well. */
	set lock(lock: SiteLock) {
		this.lockState = lock;
		for (const list of this.lists) if (list instanceof LibraryList) list.drive.isLocked = lock === 'noAccess';
	}

	get userList(): SharePointList {
		return this.list('User Information List');
	}

	/** Lookup id of a user in this site, who is known to it from now on. */
	ensureUser(user: TenantUser): number {
		const known = this.userIds.get(user.id);
		if (known !== undefined) return known;
		const email = user.mail ?? user.userPrincipalName;
		const item = this.userList.addItem({ Title: user.displayName, Name: `i:0#.f|membership|${user.userPrincipalName}`, EMail: email, UserName: user.userPrincipalName });
		this.userIds.set(user.id, item.id);
		return item.id;
	}

	/** A library is made with its drive. @throws Error if there is a list of that name */
	addList(about: NewList, drive?: Drive): SharePointList {
		if (this.findList(about.displayName)) throw new Error(`${this.displayName} has a list ${about.displayName} already`);
		const list = about.template === 'documentLibrary' ? new LibraryList(this, about, ++this.listCount, drive) : new SharePointList(this, about, ++this.listCount);
		if (list instanceof LibraryList) this.tenant.sites.libraries.set(list.drive, list);
		this.lists.push(list);
		return list;
	}

	/** By id, or by display name as Graph allows. */
	findList(key: string): SharePointList | undefined {
		const lower = key.toLowerCase();
		return this.lists.find((list) => list.id === lower) ?? this.lists.find((list) => list.displayName.toLowerCase() === lower);
	}

	addLibrary(displayName: string, about: Omit<NewList, 'displayName' | 'template'> = {}): LibraryList {
		this.addList({ ...about, displayName, template: 'documentLibrary' });
		return this.library(displayName);
	}

	/** @throws Error if there is no such library */
	library(key = 'Documents'): LibraryList {
		const list = this.list(key);
		if (!(list instanceof LibraryList)) throw new Error(`${key} is no library`);
		return list;
	}

	/** @throws Error if there is none */
	list(key: string): SharePointList {
		const list = this.findList(key);
		if (!list) throw new Error(`${this.displayName} has no list ${key}`);
		return list;
	}

	deleteList(list: SharePointList): void {
		list.isDeleted = true;
		if (list instanceof LibraryList) this.tenant.drives.delete(list.drive.id);
		this.lists.splice(this.lists.indexOf(list), 1);
	}

	addSubsite(about: Omit<NewSite, 'parent'>): Site {
		return this.tenant.sites.add({ ...about, parent: this });
	}

	addPage(about: NewPage): Page {
		return this.pages.add(about);
	}

	grantApp(roles: readonly string[], appId = this.tenant.clientId, displayName = 'Simulated backup'): AppGrant {
		const id = Buffer.from(`${this.grants.length}/i:0i.t|ms.sp.ext|${appId}@${this.tenant.tenantId}`).toString('base64url');
		const grant = { id, appId, displayName, roles: [...roles] };
		this.grants.push(grant);
		return grant;
	}
}

/** All sites of a tenant. */
export class Sites {
	readonly all: Site[] = [];
	readonly log: Site[] = [];
	deltaEpoch = 0;
	readonly libraries = new Map<Drive, LibraryList>();
	private readonly personal = new Map<string, Site>();
	private rootSite: Site | undefined;

	constructor(private readonly tenant: Tenant) {}

	/** `https://contoso.sharepoint.com/` itself; there as soon as somebody asks. */
	get root(): Site {
		return (this.rootSite ??= this.add({ name: '', displayName: 'Communication site' }));
	}

	add(about: NewSite): Site {
		const site = new Site(this.tenant, about);
		if (about.name !== '') this.rootSite ??= this.add({ name: '', displayName: 'Communication site' });
		if (this.byPath(site.webPath)) throw new Error(`The tenant has a site ${site.webPath} already`);
		(about.parent?.sites ?? this.all).push(site);
		this.log.push(site);
		return site;
	}

	change(site: Site, to: { displayName?: string; description?: string }): void {
		Object.assign(site, to);
		site.modifiedMs = this.tenant.clock.nowMs();
		this.log.push(site);
	}

	delete(site: Site): void {
		for (const one of this.subtree(site)) one.isDeleted = true;
		const among = site.parent?.sites ?? this.all;
		among.splice(among.indexOf(site), 1);
		this.log.push(site);
	}

	/** Each site with those below it; somebody's OneDrive is a site, too. */
	*each(): Generator<Site> {
		this.addPersonalSites();
		for (const site of this.all) yield* this.subtree(site);
	}

	private addPersonalSites(): void {
		for (const user of this.tenant.users) {
			if (!user.drive || this.personal.has(user.id)) continue;
			const site = new Site(this.tenant, { name: user.drive.about.webPath.split('/')[1] ?? user.id, displayName: user.displayName, isPersonal: true, owner: user, drive: user.drive });
			this.personal.set(user.id, site);
			this.all.push(site);
			this.log.push(site);
		}
	}

	private *subtree(site: Site): Generator<Site> {
		yield site;
		for (const one of site.sites) yield* this.subtree(one);
	}

	byPath(webPath: string): Site | undefined {
		const lower = webPath.toLowerCase();
		for (const site of this.each()) if (site.webPath.toLowerCase() === lower) return site;
		return undefined;
	}

	/** @param siteGuid alone: the top site of its collection */
	byIds(siteGuid: string, webGuid?: string): Site | undefined {
		for (const site of this.each()) if (site.siteGuid === siteGuid.toLowerCase() && (webGuid === undefined ? !site.parent : site.webGuid === webGuid.toLowerCase())) return site;
		return undefined;
	}

	/** The list that a drive is. */
	libraryOf(drive: Drive): LibraryList | undefined {
		if (!this.libraries.has(drive)) this.addPersonalSites();
		return this.libraries.get(drive);
	}

	/** All tokens of `/sites/delta` answer 410 from now on. */
	expireDelta(): void {
		this.deltaEpoch++;
	}
}
