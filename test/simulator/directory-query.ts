import type { GraphRequest } from './exchange';
import { badRequest, type GraphError } from './graph-error';
import { clausesOf, parseFilter, pathsOf, usesOperator, type Filter } from './odata-filter';

/** Filterable by default, that is with eq, startsWith and in (user resource type). */
const PLAIN = new Set(['id', 'displayname', 'givenname', 'surname', 'mail', 'mailnickname', 'userprincipalname', 'usertype', 'accountenabled', 'jobtitle', 'assignedlicenses', 'proxyaddresses', 'othermails', 'createddatetime']);
const ENDS_WITH = new Set(['mail', 'userprincipalname', 'proxyaddresses', 'othermails']);
/** Seen in errors of the service. */
const MOST_OR_CLAUSES = 15;

/**
 * The `$filter` of a directory listing, refused as Entra refuses it: what needs an advanced query without one, what is not
 * filterable at all, too many conditions ("Advanced query capabilities on Microsoft Entra ID objects").
 */
export function directoryFilter(request: GraphRequest): Filter | undefined {
	const { query } = request;
	if (query.filter === undefined) return undefined;
	const filter = parseFilter(query.filter);
	const isAdvanced = isEventual(request) && query.count;
	for (const path of pathsOf(filter)) if (!PLAIN.has(path.split('/')[0]!.toLowerCase())) throw badRequest(`Property '${path}' does not exist as a declared property or extension property, or is not filterable.`, 'Request_UnsupportedQuery');
	if (usesOperator(filter, 'contains')) throw badRequest("Unsupported Query: 'contains' is not supported.", 'Request_UnsupportedQuery');
	const wantsAdvanced = usesOperator(filter, 'endswith') || usesOperator(filter, 'ne') || usesOperator(filter, 'not') || pathsOf(filter).some((path) => path.endsWith('/$count'));
	if (wantsAdvanced && !isAdvanced) throw unsupported();
	if (usesOperator(filter, 'endswith') && !pathsOf(filter, 'endswith').every((path) => ENDS_WITH.has(path.toLowerCase()))) throw unsupported();
	if (clausesOf(filter) > MOST_OR_CLAUSES) {
		throw badRequest(`Too many child clauses specified in search filter expression containing 'OR' operators: ${clausesOf(filter)}. Max allowed: ${MOST_OR_CLAUSES}.`, 'Request_UnsupportedQuery');
	}
	if (request.tenant.switches.combinedUserFilters === 'refused' && new Set(pathsOf(filter)).size > 1 && pathsOf(filter).some((path) => path.startsWith('assignedLicenses'))) throw unsupported();
	return filter;
}

/** What no directory listing answers: `$skip`, `$count` and `$search` without ConsistencyLevel, pages that are too long. */
export function refuseUnsupported(request: GraphRequest, largestPage = 999): void {
	const { query } = request;
	if (query.skip !== undefined) throw badRequest("'$skip' is not supported by the service.", 'Request_UnsupportedQuery');
	if ((query.search !== undefined || query.count) && !isEventual(request)) {
		throw badRequest("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'", 'Request_UnsupportedQuery');
	}
	if (query.top !== undefined && (query.top < 1 || query.top > largestPage)) throw badRequest(`Invalid page size specified: '${query.top}'. Must be between 1 and ${largestPage} inclusive.`, 'Request_UnsupportedQuery');
}

export function isEventual(request: GraphRequest): boolean {
	return request.headers.consistencylevel?.toLowerCase() === 'eventual';
}

/** A page of a directory listing: 100 unless `$top` says otherwise. */
export function directoryPage<T>(request: GraphRequest, context: string, found: readonly T[], json: (one: T) => unknown): Record<string, unknown> {
	const { query } = request;
	const limit = query.top ?? 100;
	const start = query.skipToken === undefined ? 0 : Number(Buffer.from(query.skipToken, 'base64url').toString('utf8'));
	const page: Record<string, unknown> = { '@odata.context': context };
	if (query.count) page['@odata.count'] = found.length;
	page.value = found.slice(start, start + limit).map(json);
	if (start + limit < found.length) {
		const token = Buffer.from(String(start + limit)).toString('base64url');
		const path = request.segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
		page['@odata.nextLink'] = `${request.origin}/v1.0${path}?${query.repeatable ? `${query.repeatable}&` : ''}$skiptoken=${token}`;
	}
	return page;
}

function unsupported(): GraphError {
	return badRequest('Unsupported or invalid query filter clause specified for property of resource \'User\', or it needs ConsistencyLevel: eventual and $count=true.', 'Request_UnsupportedQuery');
}
