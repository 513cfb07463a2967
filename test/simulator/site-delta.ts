import type { GraphAnswer, GraphRequest } from './exchange';
import { contextUrl } from './paging';
import { invalid, resync } from './site-errors';
import { selected, siteJson, type Json } from './site-json';
import type { Site, Sites } from './site-store';

interface SiteToken {
	epoch: number;
	/** Next site of the first enumeration; null once it is over. */
	from: number | null;
	position: number;
	query: string;
}

const PAGE_SIZE = 200;

/** `/sites/delta`, of applications only (site-delta): all sites, then those that were added, changed or deleted. */
export function siteDelta(request: GraphRequest, sites: Sites, inPath: string | undefined): GraphAnswer {
	const all = [...sites.each()];
	const { query } = request;
	const given = inPath ?? query.skipToken ?? query.deltaToken ?? query.other.get('token');
	const isLatest = given?.toLowerCase() === 'latest';
	const repeatable = query.repeatable.split('&').filter((pair) => pair !== '' && !/^token=/i.test(pair)).join('&');
	const token: SiteToken = given === undefined || given === '' || isLatest ? { epoch: sites.deltaEpoch, from: isLatest ? null : 0, position: sites.log.length, query: repeatable } : read(given);
	const link = (text: string): string => `${request.origin}/v1.0/sites/delta?${text}`;
	if (token.epoch !== sites.deltaEpoch) throw resync('resyncRequired', link(token.query));
	const select = /(?:^|&)\$?select=([^&]*)/i.exec(token.query)?.[1];
	const names = select === undefined ? undefined : decodeURIComponent(select).split(',');
	const limit = Math.min(query.top ?? request.prefer.maxPageSize ?? PAGE_SIZE, PAGE_SIZE);
	let page: Site[];
	if (token.from !== null) {
		page = all.slice(token.from, token.from + limit);
		token.from = token.from + limit < all.length ? token.from + limit : null;
	} else {
		page = [...new Set(sites.log.slice(token.position))];
		token.position = sites.log.length;
	}
	const text = Buffer.from(JSON.stringify(token)).toString('base64url');
	const next = token.from === null ? { '@odata.deltaLink': link(`token=${text}`) } : { '@odata.nextLink': link(`$skiptoken=${text}`) };
	return { status: 200, json: { '@odata.context': contextUrl(request, 'sites'), ...next, value: page.map((site) => entry(site, names)) } };
}

function entry(site: Site, select: readonly string[] | undefined): Json {
	return site.isDeleted ? selected({ id: site.id, name: site.name, deleted: { state: 'deleted' } }, select) : siteJson(site, select);
}

function read(text: string): SiteToken {
	try {
		const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as SiteToken;
		if (typeof token.epoch === 'number' && typeof token.position === 'number') return token;
	} catch {
		// Falls through to the answer for a token that is none.
	}
	throw invalid('The provided sync token is not valid.');
}
