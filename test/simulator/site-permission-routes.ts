import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { jsonBody } from './json-body';
import { contextUrl } from './paging';
import { needIn } from './site-access';
import { invalid, notFound } from './site-errors';
import type { Json } from './site-json';
import { collection } from './site-paging';
import type { AppGrant, Site } from './site-store';

const ROLES = new Set(['read', 'write', 'manage', 'owner', 'fullcontrol']);

/** `/sites/{id}/permissions`: what applications with Sites.Selected may do there. SharePoint's groups and users are not in it. */
export function sitePermissionRoutes(request: GraphRequest, site: Site, [key, more]: readonly string[]): GraphAnswer {
	needIn(request, site, 'fullControl');
	if (more !== undefined) return miss();
	if (key === undefined) {
		if (request.method === 'GET') return collection(request, `/sites/${site.id}/permissions`, 'permissions', site.grants, grantJson);
		return request.method === 'POST' ? create(request, site) : miss();
	}
	const grant = site.grants.find(({ id }) => id === key);
	if (!grant) throw notFound();
	if (request.method === 'DELETE') {
		site.grants.splice(site.grants.indexOf(grant), 1);
		return { status: 204 };
	}
	if (request.method === 'PATCH') grant.roles = rolesOf(jsonBody(request));
	else if (request.method !== 'GET') return miss();
	return { status: 200, json: { '@odata.context': contextUrl(request, 'permissions/$entity'), ...grantJson(grant) } };
}

function grantJson({ id, appId, displayName, roles }: AppGrant): Json {
	const identity = { application: { displayName, id: appId } };
	return { id, roles, grantedToIdentitiesV2: [identity], grantedToIdentities: [identity] };
}

function rolesOf({ roles }: Json): string[] {
	if (!Array.isArray(roles) || roles.length === 0 || roles.some((role) => !ROLES.has(String(role).toLowerCase()))) throw invalid('The roles are not valid.');
	return roles as string[];
}

interface Granted {
	application?: { id?: unknown; displayName?: unknown };
}

/** `{ roles, grantedTo: { application: { id } } }`, or the collections that Graph names elsewhere. */
function create(request: GraphRequest, site: Site): GraphAnswer {
	const body = jsonBody(request);
	const first = (list: unknown): unknown => (Array.isArray(list) ? list[0] : undefined);
	const granted = (body.grantedTo ?? body.grantedToV2 ?? first(body.grantedToIdentities) ?? first(body.grantedToIdentitiesV2)) as Granted | null | undefined;
	const { id, displayName } = granted?.application ?? {};
	if (typeof id !== 'string') throw invalid('The application is missing.');
	const grant = site.grantApp(rolesOf(body), id, typeof displayName === 'string' ? displayName : undefined);
	return { status: 201, json: { '@odata.context': contextUrl(request, 'permissions/$entity'), ...grantJson(grant) } };
}
