import { directoryFilter, directoryPage, refuseUnsupported } from './directory-query';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import { matches } from './odata-filter';
import { contextUrl } from './paging';
import type { TenantUser } from './tenant';
import { need } from './permissions';
import { allUserProperties, DEFAULT_USER_PROPERTIES, userFilterJson, userJson } from './user-json';

/** `/users` and `/users/{id or principal name}`. */
export function userRoutes(request: GraphRequest): GraphAnswer {
	const key = request.segments[1];
	if (request.method !== 'GET') return miss();
	need(request, 'readUsers');
	if (key === undefined) return { ...list(request), route: 'GET /users' };
	if (key.toLowerCase() === 'delta' || key === '$count') return miss();
	const user = request.tenant.findUser(key);
	if (!user) throw new GraphError(404, 'Request_ResourceNotFound', `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`);
	return { status: 200, route: 'GET /users/{id}', json: { '@odata.context': contextUrl(request, 'users/$entity'), ...userJson(request, user, request.query.select) } };
}

function list(request: GraphRequest): GraphAnswer {
	const { query, tenant } = request;
	refuseUnsupported(request);
	let found = tenant.users;
	const filter = directoryFilter(request);
	if (filter !== undefined) found = found.filter((user) => matches(filter, userFilterJson(user)));
	if (query.search !== undefined) found = found.filter(searched(query.search));
	if (query.orderby !== undefined) found = [...found].sort((a, b) => a.displayName.localeCompare(b.displayName));
	return { status: 200, json: directoryPage(request, contextUrl(request, 'users'), found, (user) => userJson(request, user, query.select)) };
}

/** `"displayName:anna" OR "mail:anna"`: words that begin so. */
function searched(search: string): (user: TenantUser) => boolean {
	const clauses = search.split(/\s+OR\s+/).map((clause) => {
		const [property = '', ...words] = clause.replace(/"/g, '').split(':');
		return { property, words: words.join(':').toLowerCase() };
	});
	if (clauses.some(({ words }) => words === '')) throw badRequest('Syntax error: the search must be of the form "property:value".', 'Request_BadRequest');
	return (user) =>
		clauses.some(({ property, words }) => {
			const value = allUserProperties(user)[property];
			return typeof value === 'string' && value.toLowerCase().split(/[\s@.]+/).some((_, index, parts) => value.toLowerCase().startsWith(words) || parts.slice(index).join(' ').startsWith(words));
		});
}

/** `/directory/deletedItems/{id}`: users alone. */
export function deletedItemRoutes(request: GraphRequest): GraphAnswer {
	const [, collection, key] = request.segments;
	if (request.method !== 'GET' || collection?.toLowerCase() !== 'deleteditems' || key === undefined || request.segments.length > 3) return miss();
	need(request, 'readDeletedUsers');
	const found = request.tenant.deletedUsers.get(key.toLowerCase());
	if (!found) throw new GraphError(404, 'Request_ResourceNotFound', `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`);
	const full: Record<string, unknown> = { ...allUserProperties(found.user), deletedDateTime: `${found.deletedAt.toISOString().slice(0, 19)}Z` };
	const names = request.query.select ?? [...DEFAULT_USER_PROPERTIES, 'deletedDateTime'];
	return {
		status: 200,
		route: 'GET /directory/deletedItems/{id}',
		json: { '@odata.context': contextUrl(request, 'directoryObjects/$entity'), '@odata.type': '#microsoft.graph.user', ...Object.fromEntries(names.map((name) => [name, full[name]])) },
	};
}

export function organizationRoutes(request: GraphRequest): GraphAnswer {
	if (request.method !== 'GET' || request.segments.length > 1) return miss();
	need(request, 'readOrganization');
	const { tenant } = request;
	return {
		status: 200,
		route: 'GET /organization',
		json: {
			'@odata.context': contextUrl(request, 'organization'),
			value: [
				{
					id: tenant.tenantId,
					displayName: 'Contoso (simulated)',
					countryLetterCode: 'DE',
					tenantType: 'AAD',
					verifiedDomains: [{ name: tenant.domain, isDefault: true, isInitial: true, type: 'Managed', capabilities: 'Email, OfficeCommunicationsOnline' }],
				},
			],
		},
	};
}
