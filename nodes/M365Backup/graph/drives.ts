import { Failure, isFailure } from '../base/failure';
import { folded } from '../base/folded';
import type { GraphClient } from './client';
import { findSite, pathParts, webAddress, type SiteInfo } from './sites';
import { findMailbox, type MailboxUser } from './users';

/** A OneDrive or a document library. */
export interface DriveInfo {
	/** `b!…` */
	id: string;
	/** `anna@contoso.com – OneDrive` or `Marketing/Documents`: what a source is called. */
	name: string;
	/** The drive's own name. */
	title: string;
	/** `business`: somebody's OneDrive; `documentLibrary`. */
	driveType: string;
	webUrl: string;
	/** Sign-in name of the owner of a OneDrive; of a library, the name of its site. */
	owner: string;
}

/** What became of looking for somebody's OneDrive. */
export type UserDrive = { user: MailboxUser; drive: DriveInfo } | { user: MailboxUser; failure: Failure };

interface GraphDrive {
	id: string;
	name?: string | null;
	driveType?: string | null;
	webUrl?: string | null;
	owner?: { user?: { id?: string | null; email?: string | null; displayName?: string | null } | null } | null;
}

interface CallOptions {
	signal?: AbortSignal;
}

const fields = '$select=id,name,driveType,webUrl,owner';
const driveId = /^b![\w-]{20,}$/;

/** The OneDrive of the user with this GUID or address. Failures: as `findMailbox`; `notFound`: the user has no OneDrive. */
export async function driveOfUser(client: GraphClient, idOrAddress: string, options: CallOptions = {}): Promise<DriveInfo> {
	return await driveOf(client, await findMailbox(client, idOrAddress, options), options);
}

async function driveOf(client: GraphClient, user: MailboxUser, options: CallOptions): Promise<DriveInfo> {
	try {
		const drive = await client.json<GraphDrive>({ path: `/users/${encodeURIComponent(user.id)}/drive?${fields}`, ...options });
		return fromGraph(drive, user.userPrincipalName);
	} catch (error) {
		if (!isFailure(error, 'notFound')) throw error;
		throw new Failure('notFound', `${user.userPrincipalName} has no OneDrive`, {
			code: 'noOneDrive',
			status: error.status,
			cause: error,
			nextStep: 'A OneDrive is made when its user first opens it, and needs a licence that includes SharePoint. Without one there is nothing to back up',
		});
	}
}

/**
 * The OneDrives of users, in the order of the users: one request each, 20 of them in an HTTP call. Users without one are
 * left out; one that cannot be read comes with the reason. Throws `denied` where the credential may not read drives at all.
 */
export async function drivesOfUsers(client: GraphClient, users: readonly MailboxUser[], options: CallOptions = {}): Promise<UserDrive[]> {
	const found = new Map<string, UserDrive>();
	const byId = new Map(users.map((user) => [user.id, user]));
	const requests = users.map(({ id }) => ({ id, method: 'GET' as const, path: `/users/${encodeURIComponent(id)}/drive?${fields}` }));
	for await (const answer of client.batch(requests, options)) {
		const user = byId.get(answer.id);
		if (user === undefined) continue;
		if (!('failure' in answer)) {
			found.set(user.id, { user, drive: fromGraph(answer.body as GraphDrive, user.userPrincipalName) });
			continue;
		}
		const { failure } = answer;
		if (failure.kind === 'notFound') continue;
		if (['cancelled', 'defect'].includes(failure.kind) || failure.status === 401) throw failure;
		found.set(user.id, { user, failure });
	}
	return users.map(({ id }) => found.get(id)).filter((one) => one !== undefined);
}

/** The document libraries of a site, by name. Failures as `findSite` and Graph's own. */
export async function listLibraries(client: GraphClient, site: Pick<SiteInfo, 'id' | 'name'>, options: CallOptions = {}): Promise<DriveInfo[]> {
	const libraries: DriveInfo[] = [];
	for await (const page of client.pages<GraphDrive>({ path: `/sites/${site.id}/drives?${fields}`, ...options })) {
		libraries.push(...page.map((drive) => fromGraph(drive, site.name)));
	}
	return libraries.sort((a, b) => a.title.localeCompare(b.title));
}

/** The library of a site that has this id, name or end of its address. Failure `notFound`, which names those that there are. */
export async function findLibrary(client: GraphClient, site: Pick<SiteInfo, 'id' | 'name'>, wanted: string, options: CallOptions = {}): Promise<DriveInfo> {
	const libraries = await listLibraries(client, site, options);
	const name = folded(wanted.trim());
	const found =
		libraries.find(({ id }) => id === wanted.trim()) ??
		libraries.find(({ title }) => folded(title) === name) ??
		libraries.find(({ webUrl }) => lastPart(webUrl) === name);
	if (found) return found;
	throw new Failure('notFound', `The site ${site.name} has no library "${wanted}"`, {
		nextStep: libraries.length === 0 ? 'It has none at all' : `It has ${libraries.map(({ title }) => title).join(', ')}. Choose one from the list`,
	});
}

/**
 * The drive with this id, or whose URL this is; a URL may lead deeper into it, to a folder or a view. Failures: `invalid`
 * for anything else, before something is sent, `notFound`, `denied`.
 */
export async function findDrive(client: GraphClient, idOrUrl: string, options: CallOptions = {}): Promise<DriveInfo> {
	const wanted = idOrUrl.trim();
	if (driveId.test(wanted)) return await byId(client, wanted, options);
	const url = webAddress(wanted);
	if (url === null) {
		throw new Failure('invalid', 'The drive is named neither by a URL nor by an ID', {
			nextStep: 'Give a URL such as https://contoso.sharepoint.com/sites/marketing/Shared Documents, or an ID that begins with b!',
		});
	}
	const site = await findSite(client, wanted, options);
	const libraries = await listLibraries(client, site, options);
	const whole = comparable(url);
	const [found] = libraries
		.filter(({ webUrl }) => webUrl !== '' && `${whole}/`.startsWith(`${comparable(new URL(webUrl))}/`))
		.sort((a, b) => b.webUrl.length - a.webUrl.length);
	// Somebody's OneDrive has one drive that counts; its address is mostly given without it.
	const drive = found ?? (site.isPersonal && libraries.length === 1 ? libraries[0] : undefined);
	if (drive) return await withOwner(client, drive, site, options);
	throw new Failure('notFound', `The site ${site.name} has no library at ${wanted}`, {
		nextStep: libraries.length === 0 ? 'It has no libraries' : `It has ${libraries.map(({ webUrl }) => webUrl).join(', ')}`,
	});
}

async function byId(client: GraphClient, id: string, options: CallOptions): Promise<DriveInfo> {
	let drive: GraphDrive;
	try {
		drive = await client.json<GraphDrive>({ path: `/drives/${id}?${fields}`, ...options });
	} catch (error) {
		if (!isFailure(error, 'notFound') && !isFailure(error, 'invalid')) throw error;
		throw new Failure('notFound', `The tenant has no drive ${id}`, {
			code: error.code,
			status: error.status,
			cause: error,
			nextStep: 'Check the ID and the tenant of the credential, or choose the drive by its user or its site',
		});
	}
	const info = fromGraph(drive, '');
	const { user } = drive.owner ?? {};
	if (info.driveType === 'documentLibrary' || !user) return await inSite(client, info, options);
	return named(info, await signInName(client, user, options));
}

/** Names a drive that was found by its URL as one that was found by its user. */
async function withOwner(client: GraphClient, drive: DriveInfo, site: SiteInfo, options: CallOptions): Promise<DriveInfo> {
	return site.isPersonal ? await byId(client, drive.id, options) : drive;
}

/** A library that was named by its id: its site may be one that this app must not read. */
async function inSite(client: GraphClient, drive: DriveInfo, options: CallOptions): Promise<DriveInfo> {
	if (webAddress(drive.webUrl) === null) return drive;
	try {
		return named(drive, (await findSite(client, drive.webUrl, options)).name);
	} catch (error) {
		if (!isFailure(error, 'notFound', 'denied')) throw error;
		return named(drive, pathParts(new URL(drive.webUrl)).slice(0, -1).join('/'));
	}
}

async function signInName(
	client: GraphClient,
	user: { id?: string | null; email?: string | null; displayName?: string | null },
	options: CallOptions,
): Promise<string> {
	const known = user.email ?? user.displayName ?? '';
	if (typeof user.id !== 'string') return known;
	try {
		return (await findMailbox(client, user.id, options)).userPrincipalName;
	} catch (error) {
		// The owner may have been deleted, or users may not be read: the drive is there all the same.
		if (!isFailure(error, 'notFound', 'denied', 'invalid')) throw error;
		return known;
	}
}

function comparable(url: URL): string {
	return folded([url.hostname, ...pathParts(url)].join('/'));
}

function lastPart(webUrl: string): string | undefined {
	const last = URL.canParse(webUrl) ? pathParts(new URL(webUrl)).at(-1) : undefined;
	return last === undefined ? undefined : folded(last);
}

function fromGraph(drive: GraphDrive, owner: string): DriveInfo {
	const title = typeof drive.name === 'string' && drive.name !== '' ? drive.name : 'Documents';
	return named({ id: drive.id, name: '', title, driveType: drive.driveType ?? '', webUrl: drive.webUrl ?? '', owner }, owner);
}

function named(drive: DriveInfo, owner: string): DriveInfo {
	const { title } = drive;
	if (owner === '') return { ...drive, owner, name: title };
	return { ...drive, owner, name: drive.driveType === 'documentLibrary' ? `${owner}/${title}` : `${owner} – ${title}` };
}
