import type { GraphRequest } from './exchange';
import { invalid, notFound } from './site-errors';
import type { Site } from './site-store';
import type { Tenant } from './tenant';

export interface SiteAddress {
	site: Site;
	/** What follows the site in the path. */
	rest: string[];
}

/**
 * A site in all its spellings: `host,guid,guid`, `host,guid`, `guid`, `guid,guid`, `host`, `root`, `host:/sites/name` with or without
 * a closing colon, and `…/getByPath(path='/sites/name')`.
 *
 * @throws GraphError 400 for another host and malformed ids, 404 for sites that are not there
 */
export function addressedSite(request: GraphRequest): SiteAddress {
	const { tenant, segments } = request;
	const key = segments[1] ?? '';
	const found = key.endsWith(':') ? byRelativePath(tenant, siteOf(tenant, key.slice(0, -1)), segments.slice(2)) : { site: siteOf(tenant, key), rest: segments.slice(2) };
	return /^getByPath\(/i.test(found.rest[0] ?? '') ? byFunction(tenant, found) : found;
}

function siteOf(tenant: Tenant, key: string): Site {
	const { sites } = tenant;
	if (key.toLowerCase() === 'root') return sites.root;
	const parts = key.split(',');
	const hasHost = /\./.test(parts[0] ?? '');
	const hosts = [tenant.host, tenant.host.replace(/^(\w+)/, '$1-my')];
	if (hasHost && !hosts.includes(parts[0]!.toLowerCase())) throw invalid('Invalid hostname for this tenancy');
	if (hasHost && parts.length === 1) return sites.root;
	const [siteGuid = '', webGuid, more] = hasHost ? parts.slice(1) : parts;
	if (more !== undefined || ![siteGuid, webGuid ?? siteGuid].every((one) => /^[0-9a-f-]{36}$/i.test(one))) throw invalid('The site ID is malformed.');
	const site = sites.byIds(siteGuid, webGuid);
	if (!site) throw notFound('Requested site could not be found');
	return site;
}

/** `/sites/a/b:/lists`: up to the segment that ends in a colon, or to the end. */
function byRelativePath(tenant: Tenant, base: Site, segments: readonly string[]): SiteAddress {
	const colon = segments.findIndex((segment) => segment.endsWith(':'));
	const names = (colon < 0 ? segments : segments.slice(0, colon + 1)).map((segment, n) => (n === colon ? segment.slice(0, -1) : segment));
	return { site: at(tenant, base, names), rest: colon < 0 ? [] : segments.slice(colon + 1) };
}

/** The slashes of the path may have been left as they are. */
function byFunction(tenant: Tenant, { site, rest }: SiteAddress): SiteAddress {
	const end = rest.findIndex((segment) => segment.endsWith("')"));
	const match = /^getByPath\(path='(.*)'\)$/i.exec(rest.slice(0, end + 1).join('/'));
	if (!match) throw invalid('The path is not valid.');
	return { site: at(tenant, site, match[1]!.split('/').filter((name) => name !== '')), rest: rest.slice(end + 1) };
}

function at(tenant: Tenant, base: Site, names: readonly string[]): Site {
	const found = tenant.sites.byPath([base.webPath, ...names].join('/').replace(/\/$/, ''));
	if (!found) throw notFound('Requested site could not be found');
	return found;
}
