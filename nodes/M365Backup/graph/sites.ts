import { Failure, isFailure } from '../base/failure';
import { folded } from '../base/folded';
import { Wildcards } from '../base/wildcards';
import type { GraphClient } from './client';
import { isGuid } from './tenant-id';

/** A SharePoint site as a person knows it. */
export interface SiteInfo {
	/** `host,site collection GUID,web GUID` */
	id: string;
	/** Its title; without one, the end of its address. */
	name: string;
	webUrl: string;
	/** The site behind somebody's OneDrive. */
	isPersonal: boolean;
	/** In Microsoft 365 Archive, where nothing can read it; absent: it is not, or Graph did not say. */
	isArchived?: true;
}

interface GraphSite {
	id: string;
	name?: string | null;
	displayName?: string | null;
	webUrl?: string | null;
	isPersonalSite?: boolean | null;
	/** `archivalDetails`: only of sites that are archived or on their way back (siteCollection resource type). */
	siteCollection?: { archivalDetails?: { archiveStatus?: string | null } | null } | null;
}

interface CallOptions {
	signal?: AbortSignal;
}

const fields = '$select=id,name,displayName,webUrl,isPersonalSite';
const listFields = `${fields},siteCollection`;
const fullId = /^[a-z0-9.-]+,[0-9a-f-]{36},[0-9a-f-]{36}$/i;

/**
 * The site with this id (`host,GUID,GUID`, or the GUID of its site collection) or URL; a URL may lead deeper into the
 * site, to a library or a page. Failures: `invalid` for anything else, before something is sent, `notFound`, `denied`.
 */
export async function findSite(client: GraphClient, idOrUrl: string, options: CallOptions = {}): Promise<SiteInfo> {
	const wanted = idOrUrl.trim();
	if (fullId.test(wanted) || isGuid(wanted)) return await byKey(client, wanted, options);
	const url = webAddress(wanted);
	if (url === null) {
		throw new Failure('invalid', 'The site is named neither by a URL nor by an ID', {
			nextStep: 'Give a URL such as https://contoso.sharepoint.com/sites/marketing, or choose the site from the list',
		});
	}
	return await byUrl(client, url, options);
}

/** An address on the web; null if it is none. */
export function webAddress(text: string): URL | null {
	return /^https:\/\/[^\s/?#]+\.[^\s/?#]+/i.test(text) && URL.canParse(text) ? new URL(text) : null;
}

/** The path of a URL in its parts, decoded. */
export function pathParts({ pathname }: URL): string[] {
	return pathname.split('/').filter((part) => part !== '').map(decoded);
}

function decoded(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		// A stray percent sign: the part is meant as it stands.
		return part;
	}
}

async function byKey(client: GraphClient, key: string, options: CallOptions): Promise<SiteInfo> {
	try {
		return fromGraph(await client.json<GraphSite>({ path: `/sites/${key}?${fields}`, ...options }));
	} catch (error) {
		throw explained(error, key);
	}
}

/** The longest part of the path that is a site: `/sites/a/b` may be the subsite b, or the library b of the site a. */
async function byUrl(client: GraphClient, url: URL, options: CallOptions): Promise<SiteInfo> {
	const host = url.hostname.toLowerCase();
	for (let parts = pathParts(url); parts.length > 0; parts = parts.slice(0, -1)) {
		const path = parts.map((part) => encodeURIComponent(part).replaceAll("'", '%27')).join('/');
		try {
			return fromGraph(await client.json<GraphSite>({ path: `/sites/${host}:/${path}?${fields}`, ...options }));
		} catch (error) {
			// `/sites/x` alone says which site is meant: without it, the root site is not.
			const isWhole = parts.length === 2 && /^(sites|teams|personal)$/i.test(parts[0] ?? '');
			if (!isFailure(error, 'notFound') || isWhole) throw explained(error, `${url.origin}${url.pathname}`);
		}
	}
	return await byKey(client, host, options);
}

function explained(error: unknown, shown: string): unknown {
	if (!isFailure(error, 'notFound') && !isFailure(error, 'invalid')) return error;
	return new Failure('notFound', `The tenant has no site ${shown}`, {
		code: error.code,
		status: error.status,
		cause: error,
		nextStep: 'Check the address and the tenant of the credential. A deleted site stays in the recycle bin of SharePoint for 93 days',
	});
}

/** Which sites to list. What is absent or empty does not matter. */
export interface SitesWanted {
	/** Part of the name or URL. */
	search?: string;
	/** Also those behind OneDrives; false when absent. */
	personal?: boolean;
	/** Patterns with `*` and `?` of the name or URL. */
	names?: readonly string[];
	/** Patterns of names, URLs and ids that are not wanted. */
	exclude?: readonly string[];
	/** Only those in Microsoft 365 Archive, or only the others. */
	archived?: boolean;
}

/** Those filters that can be asked of a site that is gone, too; without a URL, its name alone counts. */
export function siteMatcher({ search = '', names: named = [], exclude: excluded = [] }: SitesWanted): (site: { id: string; name: string; webUrl?: string }) => boolean {
	const [names, exclude, part] = [new Wildcards(named), new Wildcards(excluded), folded(search.trim())];
	return ({ id, name, webUrl = '' }) => folded(`${name} ${webUrl}`).includes(part) && (names.isEmpty || names.matches(name, webUrl)) && !exclude.matches(id, name, webUrl);
}

/**
 * The sites of the tenant, a page at a time. All of them need Sites.Read.All; an app that may use only some sites
 * (Sites.Selected) gets those.
 */
export async function* listSites(
	client: GraphClient,
	options: CallOptions & SitesWanted = {},
): AsyncGenerator<SiteInfo[], void, undefined> {
	const { personal = false, archived, signal } = options;
	const call: CallOptions = signal ? { signal } : {};
	const isWanted = siteMatcher(options);
	const seen = new Set<string>();
	const fresh = (sites: readonly GraphSite[]): SiteInfo[] =>
		sites.map(fromGraph).filter((site) => {
			if (seen.has(site.id)) return false;
			// Whatever it was, the first way answered.
			seen.add(site.id);
			if (site.isPersonal && !personal) return false;
			return (archived === undefined || (site.isArchived ?? false) === archived) && isWanted(site);
		});
	try {
		for await (const page of client.pages<GraphSite>({ path: `/sites/getAllSites?${listFields}`, ...call })) yield fresh(page);
	} catch (error) {
		// A refusal in the middle of it is none of the kind that asks for another way.
		if (seen.size > 0 || !isFailure(error, 'denied', 'notFound', 'invalid')) throw error;
		for await (const page of client.pages<GraphSite>({ path: `/sites?search=*&${listFields}`, ...call })) yield fresh(page);
	}
}

/** One page of what SharePoint's search finds; it knows a new site only after a while. Without a text: any sites. */
export async function searchSites(
	client: GraphClient,
	options: CallOptions & { search: string; nextLink?: string },
): Promise<{ sites: SiteInfo[]; nextLink?: string }> {
	const { search, nextLink, ...call } = options;
	const words = search.trim() === '' ? '*' : search.trim().normalize('NFC');
	const page = await client.json<{ value?: GraphSite[]; '@odata.nextLink'?: string }>({
		path: nextLink ?? `/sites?search=${encodeURIComponent(words)}&${fields}`,
		...call,
	});
	const next = page['@odata.nextLink'];
	return { sites: (page.value ?? []).map(fromGraph), ...(next === undefined ? {} : { nextLink: next }) };
}

function fromGraph(site: GraphSite): SiteInfo {
	const webUrl = site.webUrl ?? '';
	const title = [site.displayName, site.name].find((text) => typeof text === 'string' && text !== '');
	const isPersonal = site.isPersonalSite === true || /^https:\/\/[^/]+\/personal\//i.test(webUrl);
	const isArchived = /Archived$/i.test(site.siteCollection?.archivalDetails?.archiveStatus ?? '');
	return { id: site.id, name: title ?? webUrl.replace(/^https:\/\//i, ''), webUrl, isPersonal, ...(isArchived && { isArchived }) };
}
