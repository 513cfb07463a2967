import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import { matches, parseFilter } from './odata-filter';
import { contextUrl } from './paging';
import type { TenantUser } from './tenant';
import { need } from './permissions';

const DEFAULT_PROPERTIES = ['id', 'businessPhones', 'displayName', 'givenName', 'jobTitle', 'mail', 'mobilePhone', 'officeLocation', 'preferredLanguage', 'surname', 'userPrincipalName'];

function allProperties(user: TenantUser): Record<string, unknown> {
	return {
		id: user.id,
		businessPhones: [],
		displayName: user.displayName,
		givenName: user.givenName,
		jobTitle: user.jobTitle,
		mail: user.mail,
		mobilePhone: null,
		officeLocation: null,
		preferredLanguage: user.preferredLanguage,
		surname: user.surname,
		userPrincipalName: user.userPrincipalName,
		accountEnabled: user.accountEnabled,
		userType: user.userType,
		mailNickname: user.userPrincipalName.split('@')[0],
		proxyAddresses: user.mail ? [`SMTP:${user.mail}`] : [],
		otherMails: [],
		assignedLicenses: user.mailbox && user.mailbox.settings.userPurpose !== 'shared' ? [{ skuId: '6fd2c87f-b296-42f0-b197-1e91e994b900', disabledPlans: [] }] : [],
		createdDateTime: '2024-01-15T08:00:00Z',
	};
}

function userJson(user: TenantUser, select: readonly string[] | undefined): Record<string, unknown> {
	const full = allProperties(user);
	const names = select ?? DEFAULT_PROPERTIES;
	const json: Record<string, unknown> = {};
	for (const wanted of names) {
		const name = Object.keys(full).find((one) => one.toLowerCase() === wanted.toLowerCase());
		if (!name) throw badRequest(`Could not find a property named '${wanted}' on type 'microsoft.graph.user'.`, 'Request_BadRequest');
		json[name] = full[name];
	}
	return json;
}

/** `/users` and `/users/{id or principal name}`. */
export function userRoutes(request: GraphRequest): GraphAnswer {
	const key = request.segments[1];
	if (request.method !== 'GET') return miss();
	need(request, 'readUsers');
	if (key === undefined) return { ...list(request), route: 'GET /users' };
	if (key.toLowerCase() === 'delta' || key === '$count') return miss();
	const user = request.tenant.findUser(key);
	if (!user) throw new GraphError(404, 'Request_ResourceNotFound', `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`);
	return { status: 200, route: 'GET /users/{id}', json: { '@odata.context': contextUrl(request, 'users/$entity'), ...userJson(user, request.query.select) } };
}

function list(request: GraphRequest): GraphAnswer {
	const { query, tenant } = request;
	const isEventual = request.headers.consistencylevel?.toLowerCase() === 'eventual';
	if ((query.search !== undefined || query.count) && !isEventual) {
		throw badRequest('Request with $search query parameter only works through MSGraph with a special request header: \'ConsistencyLevel: eventual\'', 'Request_UnsupportedQuery');
	}
	let found = tenant.users;
	if (query.filter !== undefined) {
		const filter = parseFilter(query.filter);
		found = found.filter((user) => matches(filter, allProperties(user)));
	}
	if (query.search !== undefined) found = found.filter(searched(query.search));
	if (query.orderby !== undefined) found = [...found].sort((a, b) => a.displayName.localeCompare(b.displayName));
	const limit = Math.min(query.top ?? 100, 999);
	if (query.top !== undefined && (query.top < 1 || query.top > 999)) throw badRequest('Invalid page size specified: must be between 1 and 999 inclusive.', 'Request_UnsupportedQuery');
	const start = query.skipToken === undefined ? 0 : Number(Buffer.from(query.skipToken, 'base64url').toString('utf8'));
	const json: Record<string, unknown> = { '@odata.context': contextUrl(request, 'users') };
	if (query.count) json['@odata.count'] = found.length;
	json.value = found.slice(start, start + limit).map((user) => userJson(user, query.select));
	if (start + limit < found.length) {
		const token = Buffer.from(String(start + limit)).toString('base64url');
		json['@odata.nextLink'] = `${request.origin}/v1.0/users?${query.repeatable ? `${query.repeatable}&` : ''}$skiptoken=${token}`;
	}
	return { status: 200, json };
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
			const value = allProperties(user)[property];
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
	const full: Record<string, unknown> = { ...allProperties(found.user), deletedDateTime: `${found.deletedAt.toISOString().slice(0, 19)}Z` };
	const names = request.query.select ?? [...DEFAULT_PROPERTIES, 'deletedDateTime'];
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
