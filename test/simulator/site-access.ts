import type { GraphRequest } from './exchange';
import { GraphError } from './graph-error';
import { denied } from './site-errors';
import type { Site } from './site-store';

/** Each includes those before it. `manage`: lists, columns, content types; `fullControl`: permissions. */
const LEVELS = ['none', 'read', 'write', 'manage', 'fullControl'] as const;
export type AccessLevel = Exclude<(typeof LEVELS)[number], 'none'>;

const TENANT_ROLES: Readonly<Record<string, AccessLevel>> = {
	'Sites.Read.All': 'read', 'Sites.ReadWrite.All': 'write', 'Sites.Manage.All': 'manage', 'Sites.FullControl.All': 'fullControl',
};
/** Of a grant for Sites.Selected. */
const GRANT_ROLES: Readonly<Record<string, AccessLevel>> = { read: 'read', write: 'write', manage: 'manage', owner: 'manage', fullcontrol: 'fullControl' };

function tenantLevel(request: Pick<GraphRequest, 'roles'>): number {
	return Math.max(0, ...Object.entries(TENANT_ROLES).map(([role, level]) => (request.roles.has(role) ? LEVELS.indexOf(level) : 0)));
}

/** @throws GraphError 403 unless a role holds for all sites of the tenant */
export function needEverywhere(request: Pick<GraphRequest, 'roles'>, level: AccessLevel): void {
	if (tenantLevel(request) < LEVELS.indexOf(level)) throw denied();
}

/** Whether the caller may do so in this site: by a role for all sites, or by Sites.Selected and a grant on it or the top of its collection. */
export function mayIn(request: Pick<GraphRequest, 'roles' | 'tenant'>, site: Site, level: AccessLevel): boolean {
	let has = tenantLevel(request);
	if (request.roles.has('Sites.Selected')) {
		let top = site;
		while (top.parent) top = top.parent;
		for (const grant of [...site.grants, ...top.grants]) {
			if (grant.appId !== request.tenant.clientId) continue;
			for (const role of grant.roles) has = Math.max(has, LEVELS.indexOf(GRANT_ROLES[role.toLowerCase()] ?? 'read'));
		}
	}
	return has >= LEVELS.indexOf(level);
}

/** For requests to a site's drives: a grant on the site is as good there as the role for all of them. */
export function withGrantedRoles(request: GraphRequest, site: Site | undefined): GraphRequest {
	if (!site || !request.roles.has('Sites.Selected')) return request;
	const granted = mayIn(request, site, 'write') ? 'Sites.ReadWrite.All' : mayIn(request, site, 'read') ? 'Sites.Read.All' : undefined;
	return granted === undefined ? request : { ...request, roles: new Set([...request.roles, granted]) };
}

/** @throws GraphError 403, or 423 for a site that an administrator locked */
export function needIn(request: Pick<GraphRequest, 'roles' | 'tenant'>, site: Site, level: AccessLevel): void {
	if (!mayIn(request, site, level) || site.isForbidden) throw denied();
	if (site.lock === 'noAccess' || (site.lock === 'readOnly' && level !== 'read')) throw siteLocked(request.tenant.switches.lockedSiteAnswer);
}

export function siteLocked(status: 423 | 403): GraphError {
	return new GraphError(status, 'notAllowed', 'Access to this site has been blocked. Please contact the administrator to resolve this problem.', {}, 'resourceLocked');
}
