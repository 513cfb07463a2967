import type { GraphAnswer, GraphRequest } from './exchange';
import { itemJson } from './list-item-json';
import { pageSize, shapeOf } from './list-query';
import type { SharePointList } from './list-store';
import { parseQuery } from './odata-query';
import { contextUrl } from './paging';
import { invalid, resync } from './site-errors';
import type { Json } from './site-json';

/** What a link stands for; opaque to clients. */
interface ListToken {
	list: string;
	epoch: number;
	issuedMs: number;
	/** The query that the round began with. */
	query: string;
	/** Where in the list's log the round began, and where it is. */
	roundStart: number;
	position: number;
	/** The id from which the first enumeration goes on; null once it is over. */
	from: number | null;
	given: number;
	emptied: boolean;
}

/**
 * `items/delta` (listitem-delta): everything first, then what changed, deleted ones with their facet. `token=latest` answers
 * an empty page with a link; 410 `resyncRequired` for tokens that expired.
 *
 * @param path what links begin with, e.g. `/sites/x/lists/y/items/delta`
 */
export function listDelta(request: GraphRequest, list: SharePointList, path: string, given: string | undefined): GraphAnswer {
	const { switches, clock } = request.tenant;
	const begin = list.observe();
	const isLatest = given?.toLowerCase() === 'latest';
	const token = given === undefined || given === '' || isLatest ? firstToken(list, begin, request.query.repeatable, isLatest) : readToken(given);
	if (token.list !== list.id) throw invalid('The provided sync token is not valid.');
	const link = (query: string): string => `${request.origin}/v1.0${path}?${query}`;
	if (token.epoch !== list.deltaEpoch || clock.nowMs() - token.issuedMs > switches.siteDeltaTokenLifetimeMs) throw resync(list.deltaExpiryCode, link(token.query));
	const query = parseQuery(token.query);
	if (query.filter !== undefined || query.orderby !== undefined || query.search !== undefined) throw invalid('The query option is not supported with delta.');
	const limit = pageSize(query, request.prefer.maxPageSize, switches.listLargestPage);
	const value = entries(list, token, limit, switches.deltaReplays).map((item) => itemJson(list, item, shapeOf(query)));
	token.given += value.length;
	token.issuedMs = clock.nowMs();
	return { status: 200, json: { '@odata.context': contextUrl(request, 'Collection(listItem)'), ...nextOrDelta(list, token, switches.deltaEmptyPages, link), value } };
}

function firstToken(list: SharePointList, position: number, repeatable: string, isLatest: boolean): ListToken {
	const query = repeatable.split('&').filter((pair) => pair !== '' && !/^token=/i.test(pair)).join('&');
	return { list: list.id, epoch: list.deltaEpoch, issuedMs: list.site.tenant.clock.nowMs(), query, roundStart: position, position, from: isLatest ? null : 0, given: 0, emptied: false };
}

function entries(list: SharePointList, token: ListToken, limit: number, replays: boolean): ReturnType<SharePointList['page']>['items'] {
	if (token.from !== null) {
		const { items, next } = list.page(token.from, limit);
		const before = replays && token.from > 0 ? [...list.items()].filter(({ id }) => id < (token.from ?? 0)).slice(-1) : [];
		token.from = next;
		return [...before, ...items];
	}
	const replayed = replays && token.position > token.roundStart ? 1 : 0;
	const page = list.changes(token.position - replayed, limit + replayed);
	token.position = page.position;
	return page.items;
}

function nextOrDelta(list: SharePointList, token: ListToken, emptyPages: string, link: (query: string) => string): Json {
	const isLast = token.from === null && list.changes(token.position, 1).items.length === 0;
	if (!isLast) return { '@odata.nextLink': link(`$skiptoken=${write(token)}`) };
	if (!token.emptied && (emptyPages === 'always' || (emptyPages === 'end' && token.given > 0))) return { '@odata.nextLink': link(`$skiptoken=${write({ ...token, emptied: true })}`) };
	return { '@odata.deltaLink': link(`token=${write({ ...token, roundStart: token.position, given: 0, emptied: false })}`) };
}

function write(token: ListToken): string {
	return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function readToken(text: string): ListToken {
	try {
		const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as ListToken;
		if (typeof token.list === 'string' && typeof token.position === 'number') return token;
	} catch {
		// Falls through to the answer that Graph gives to a broken token.
	}
	throw invalid('The provided sync token is not valid.');
}
