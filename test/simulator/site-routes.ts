import { driveAnswer } from './drive-routes';
import { parseAddress } from './drive-path';
import type { Drive } from './drive-store';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { LibraryList } from './list-library';
import { listRoutes, siteSchemaRoutes } from './list-routes';
import { matches, parseFilter } from './odata-filter';
import { pageRoutes } from './page-routes';
import { contextUrl } from './paging';
import { errorAnswer } from './router';
import { mayIn, needEverywhere, needIn, withGrantedRoles } from './site-access';
import { addressedSite, type SiteAddress } from './site-address';
import { siteDelta } from './site-delta';
import { notFound } from './site-errors';
import { siteJson } from './site-json';
import { collection } from './site-paging';
import { sitePermissionRoutes } from './site-permission-routes';
import type { Site } from './site-store';

/** `/sites…`. Never throws: what is refused is counted under its route as well. */
export async function siteRoutes(request: GraphRequest): Promise<GraphAnswer> {
	const isOfTenant = /^(getallsites|delta)(\(.*\))?$/i.test(request.segments[1] ?? '') || request.segments.length === 1;
	let address: SiteAddress | undefined;
	try {
		if (!isOfTenant) address = addressedSite(request);
	} catch (error) {
		request.tenant.sharePoint.spend(1);
		await request.tenant.hold();
		return { ...errorAnswer(error, request), route: `${request.method} /sites/{id}` };
	}
	const rest = address?.rest ?? request.segments.slice(1);
	if (address && isOfDrive(rest)) return driveOfSite(request, address);
	const route = `${request.method} /sites${address ? '/{id}' : ''}${nameOf(rest)}`;
	try {
		request.tenant.sharePoint.spend(unitsOf(request, rest, address === undefined));
		const answer = address ? ofSite(request, address.site, rest) : ofTenant(request, rest[0]?.toLowerCase());
		return answer.route === 'miss' ? answer : { ...answer, route };
	} catch (error) {
		return { ...errorAnswer(error, request), route };
	} finally {
		await request.tenant.hold();
	}
}

const COLLECTIONS = new Set(['lists', 'items', 'columns', 'columnpositions', 'contenttypes', 'pages', 'sites', 'versions', 'drives', 'webparts', 'permissions']);

/** The name under which a request is counted: `/lists/{id}/items/{id}`. */
function nameOf(rest: readonly string[]): string {
	return rest.map((segment, n) => {
		if (/^delta(\(.*\))?$/i.test(segment)) return '/delta';
		const isKey = COLLECTIONS.has(rest[n - 1]?.toLowerCase() ?? '') && !/^(microsoft\.graph\.|addCopy$|delta$)/i.test(segment);
		return isKey ? '/{id}' : `/${segment.replace(/\(\)$/, '')}`;
	}).join('');
}

/** Resource units (graph-facts §5): 1 for one thing and delta with a token, 2 for lists and writes, 5 for permissions. */
function unitsOf(request: GraphRequest, rest: readonly string[], isOfTenant: boolean): number {
	const last = rest.at(-1) ?? '';
	if (rest[0]?.toLowerCase() === 'permissions' || request.query.expand.some(({ path }) => path === 'permissions')) return 5;
	if (request.method !== 'GET') return 2;
	const delta = /^delta(\(.*\))?$/i.exec(last);
	if (delta) return (delta[1]?.length ?? 0) > 2 || request.query.skipToken !== undefined || request.query.deltaToken !== undefined || request.query.other.has('token') ? 1 : 2;
	const isList = isOfTenant || COLLECTIONS.has(last.toLowerCase()) || (/^microsoft\.graph\.sitepage$/i.test(last) && rest.length === 2);
	return isList ? 2 : 1;
}

function ofTenant(request: GraphRequest, what: string | undefined): GraphAnswer {
	const { sites } = request.tenant;
	if (request.method !== 'GET') return miss();
	if (what?.startsWith('delta')) {
		needEverywhere(request, 'read');
		return siteDelta(request, sites, /^delta\(token='(.*)'\)$/i.exec(request.segments[1] ?? '')?.[1]);
	}
	if (what !== undefined) {
		needEverywhere(request, 'read');
		return collection(request, '/sites/getAllSites', 'sites', [...sites.each()], (site) => siteJson(site, request.query.select));
	}
	return found(request, [...sites.each()].filter(({ isPersonal }) => !isPersonal));
}

/** `/sites`, `?search=`, `?$filter=siteCollection/root ne null`: no personal sites; with Sites.Selected only granted ones. */
function found(request: GraphRequest, all: readonly Site[]): GraphAnswer {
	const { query } = request;
	const words = (query.search ?? '*').replace(/\*/g, '').toLowerCase();
	let sites = all.filter((site) => mayIn(request, site, 'read') && [site.displayName, site.name, site.description, site.webUrl].some((text) => text.toLowerCase().includes(words)));
	if (sites.length === 0) needEverywhere(request, 'read');
	if (query.filter !== undefined) {
		const filter = parseFilter(query.filter);
		sites = sites.filter((site) => matches(filter, siteJson(site)));
	}
	return collection(request, '/sites', 'sites', sites, (site) => siteJson(site, query.select));
}

function ofSite(request: GraphRequest, site: Site, rest: readonly string[]): GraphAnswer {
	const [what, ...more] = rest;
	switch (what?.toLowerCase()) {
		case undefined:
			if (request.method !== 'GET') return miss();
			needIn(request, site, 'read');
			return { status: 200, json: { '@odata.context': contextUrl(request, 'sites/$entity'), ...siteJson(site, request.query.select) } };
		case 'sites': {
			if (request.method !== 'GET' || more.length > 1) return miss();
			needIn(request, site, 'read');
			if (more[0] === undefined) return collection(request, `/sites/${site.id}/sites`, 'sites', site.sites, (one) => siteJson(one, request.query.select));
			const subsite = site.sites.find(({ id, webGuid }) => id === more[0] || webGuid === more[0]);
			if (!subsite) throw notFound('Requested site could not be found');
			return { status: 200, json: { '@odata.context': contextUrl(request, 'sites/$entity'), ...siteJson(subsite, request.query.select) } };
		}
		case 'lists':
			return listRoutes(request, site, more);
		case 'columns':
			return more.length > 1 ? miss() : siteSchemaRoutes(request, site, 'columns', more[0]);
		case 'contenttypes':
			return more.length > 1 ? miss() : siteSchemaRoutes(request, site, 'contentTypes', more[0]);
		case 'permissions':
			return sitePermissionRoutes(request, site, more);
		case 'pages':
			return pageRoutes(request, site, more);
		default:
			return miss();
	}
}

function isOfDrive([first, , third, , fifth]: readonly string[]): boolean {
	const is = (segment: string | undefined, name: RegExp): boolean => segment !== undefined && name.test(segment);
	return is(first, /^drives?$/i) || (is(first, /^lists$/i) && (is(third, /^drive$/i) || is(fifth, /^driveitem$/i)));
}

/** `/drive…`, `/drives…`, `/lists/{id}/drive…`, `/lists/{id}/items/{id}/driveItem…`: as the drive itself answers. */
function driveOfSite(asked: GraphRequest, { site, rest }: SiteAddress): Promise<GraphAnswer> {
	const request = withGrantedRoles(asked, site);
	const need = (): void => needIn(request, site, request.method === 'GET' ? 'read' : 'write');
	// Names of files are taken as they are written, so the drive's own parts come from the URL again.
	const parts = parseAddress(request.url);
	const isByFunction = request.segments.some((segment) => /^getByPath\(/i.test(segment));
	// A path between colons is part of what stands before it: the site is two parts in either spelling.
	const siteParts = isByFunction ? request.segments.length - rest.length : 2;
	const tail = (count: number): typeof parts => parts.slice(siteParts + count);
	const [first = '', second = '', third = ''] = rest;
	if (/^drive$/i.test(first)) return driveAnswer(request, '/sites/{id}/drive', tail(1), () => (need(), defaultDrive(site)));
	if (/^drives$/i.test(first) && second === '') return driveAnswer(request, '/sites/{id}/drives', [], () => (need(), libraries(site).map(({ drive }) => drive)));
	if (/^drives$/i.test(first)) return driveAnswer(request, '/sites/{id}/drives/{id}', tail(2), () => (need(), libraryWith(site, ({ drive }) => drive.id === second).drive));
	const list = (): LibraryList => {
		need();
		return libraryWith(site, (one) => one === site.findList(second));
	};
	if (/^drive$/i.test(third)) return driveAnswer(request, '/sites/{id}/lists/{id}/drive', tail(3), () => list().drive);
	const item = /^\d+$/.test(rest[3] ?? '') ? Number(rest[3]) : 0;
	const library = site.findList(second);
	const id = library instanceof LibraryList && item > 0 && library.find(item) ? library.drive.idOf(library.drive.nodes[item]!) : 'none';
	return driveAnswer(request, '/sites/{id}/lists/{id}/items/{id}/driveItem', [{ name: 'items' }, { name: id }, ...tail(5)], () => list().drive);
}

/** Those that people see. */
function libraries(site: Site): LibraryList[] {
	return site.lists.filter((list): list is LibraryList => list instanceof LibraryList && !list.isSystem && !list.hidden);
}

function defaultDrive(site: Site): Drive {
	const [first] = libraries(site);
	if (!first) throw notFound();
	return first.drive;
}

function libraryWith(site: Site, is: (list: LibraryList) => boolean): LibraryList {
	const found = site.lists.find((list): list is LibraryList => list instanceof LibraryList && is(list));
	if (!found) throw notFound();
	return found;
}

/** `/drives/{id}/list…`: a drive as the list that it is. Never throws. */
export async function listOfDriveRoutes(request: GraphRequest): Promise<GraphAnswer> {
	const [, driveId = '', , ...rest] = request.segments;
	const route = `${request.method} /drives/{id}/list${nameOf(rest)}`;
	try {
		request.tenant.sharePoint.spend(unitsOf(request, rest, false));
		const drive = request.tenant.drives.get(driveId);
		const library = drive && request.tenant.sites.libraryOf(drive);
		if (!library) throw notFound();
		const answer = listRoutes(request, library.site, [library.id, ...rest]);
		return answer.route === 'miss' ? answer : { ...answer, route };
	} catch (error) {
		return { ...errorAnswer(error, request), route };
	} finally {
		await request.tenant.hold();
	}
}

/** The site of `/drives/{id}`, whose grants count for its libraries as well. */
export function siteOfDrive({ tenant, segments }: GraphRequest): Site | undefined {
	const about = tenant.drives.get(segments[1] ?? '')?.about;
	return about && tenant.sites.byIds(about.siteGuid, about.webGuid);
}
