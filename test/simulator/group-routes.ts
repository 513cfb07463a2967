import type { DirectoryGroup } from './directory-groups';
import { directoryFilter, directoryPage, isEventual, refuseUnsupported } from './directory-query';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import { TENANT_SKUS } from './licence-skus';
import { matches, parseFilter } from './odata-filter';
import { contextUrl } from './paging';
import { need } from './permissions';
import { hiddenUserJson, userFilterJson, userJson } from './user-json';

/** `/groups`, `/groups/{id}` and the users in a group: group-list, group-get, group-list-transitivemembers. */
export function groupRoutes(request: GraphRequest): GraphAnswer {
	const [, key, relation, cast] = request.segments;
	if (request.method !== 'GET' || request.segments.length > 4) return miss();
	if (key === undefined) {
		need(request, 'readGroups');
		return { ...list(request), route: 'GET /groups' };
	}
	if (relation !== undefined && (relation.toLowerCase() !== 'transitivemembers' || cast?.toLowerCase() !== 'microsoft.graph.user')) return miss();
	need(request, 'readGroups');
	const group = request.tenant.groups.find(key);
	if (!group) throw new GraphError(404, 'Request_ResourceNotFound', `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`);
	if (relation !== undefined) return { ...members(request, group), route: 'GET /groups/{id}/transitiveMembers/microsoft.graph.user' };
	return { status: 200, route: 'GET /groups/{id}', json: { '@odata.context': contextUrl(request, 'groups/$entity'), ...groupJson(group, request.query.select) } };
}

function list(request: GraphRequest): GraphAnswer {
	refuseUnsupported(request);
	const filter = request.query.filter === undefined ? undefined : parseFilter(request.query.filter);
	const found = request.tenant.groups.all.filter((group) => filter === undefined || matches(filter, groupJson(group)));
	return { status: 200, json: directoryPage(request, contextUrl(request, 'groups'), found, (group) => groupJson(group, request.query.select)) };
}

function members(request: GraphRequest, group: DirectoryGroup): GraphAnswer {
	refuseUnsupported(request);
	if (!isEventual(request) || !request.query.count) throw badRequest("The specified OData cast needs the header ConsistencyLevel: eventual and the query parameter $count=true.", 'Request_UnsupportedQuery');
	const filter = directoryFilter(request);
	const users = request.tenant.groups.usersIn(group).filter((user) => request.tenant.findUser(user.id) && (filter === undefined || matches(filter, userFilterJson(user))));
	const seesUsers = ['User.ReadBasic.All', 'User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'].some((role) => request.roles.has(role));
	return { status: 200, json: directoryPage(request, contextUrl(request, 'users'), users, (user) => (seesUsers ? userJson(request, user, request.query.select) : hiddenUserJson(user, request.query.select))) };
}

function groupJson(group: DirectoryGroup, select?: readonly string[]): Record<string, unknown> {
	const all: Record<string, unknown> = { id: group.id, displayName: group.displayName, mail: group.mail, mailEnabled: group.mail !== null, securityEnabled: true, groupTypes: [] };
	if (!select) return all;
	return Object.fromEntries(Object.entries(all).filter(([name]) => select.some((wanted) => wanted.toLowerCase() === name.toLowerCase())));
}

/** `/subscribedSkus`: `$select` alone (subscribedsku-list). */
export function skuRoutes(request: GraphRequest): GraphAnswer {
	if (request.method !== 'GET' || request.segments.length > 1) return miss();
	need(request, 'readLicences');
	if (request.query.filter !== undefined || request.query.top !== undefined) throw badRequest('The query is not supported.', 'Request_UnsupportedQuery');
	const { tenant } = request;
	return {
		status: 200,
		route: 'GET /subscribedSkus',
		json: {
			'@odata.context': contextUrl(request, 'subscribedSkus'),
			value: TENANT_SKUS.map(({ skuId, skuPartNumber }) => ({ id: `${tenant.tenantId}_${skuId}`, skuId, skuPartNumber, appliesTo: 'User', capabilityStatus: 'Enabled' })),
		},
	};
}
