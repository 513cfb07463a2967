import type { GraphRequest } from './exchange';
import type { Identity } from './drive-node';
import type { Site } from './site-store';

export type Json = Record<string, unknown>;

/** SharePoint tells whole seconds. */
export function iso(timeMs: number): string {
	return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

export function identityJson(identity: Identity): Json {
	return { ...identity };
}

/** The selected properties, `id` and annotations always. `*` is everything that comes without being asked for. */
export function selected(json: Json, select: readonly string[] | undefined): Json {
	if (!select || select.includes('*')) return json;
	const names = new Set(select.map((name) => name.toLowerCase()));
	return Object.fromEntries(Object.entries(json).filter(([name]) => name === 'id' || name.startsWith('@') || names.has(name.toLowerCase())));
}

export function siteJson(site: Site, select?: readonly string[]): Json {
	const { tenant } = site;
	const hasRoot = site.parent === null;
	const json: Json = {
		id: site.id, name: site.name, displayName: site.displayName, description: site.description, webUrl: site.webUrl,
		createdDateTime: iso(site.createdMs), lastModifiedDateTime: iso(site.modifiedMs), isPersonalSite: site.isPersonal,
		...(hasRoot ? { root: {} } : { parentReference: { siteId: `${site.host},${site.siteGuid},${site.parent?.webGuid ?? ''}`, id: site.parent?.webGuid } }),
		siteCollection: { hostname: site.host, ...(hasRoot ? { root: {} } : {}), ...(site.archiveStatus && { archivalDetails: { archiveStatus: site.archiveStatus } }) },
	};
	const sharepointIds = { siteId: site.siteGuid, siteUrl: site.webUrl, tenantId: tenant.tenantId, webId: site.webGuid };
	if (select?.some((name) => name.toLowerCase() === 'sharepointids')) json.sharepointIds = sharepointIds;
	return selected(json, select);
}

export function selects(request: GraphRequest, name: string): boolean {
	return request.query.select?.some((one) => one.toLowerCase() === name.toLowerCase()) ?? false;
}

export function expands(request: GraphRequest): Set<string> {
	return new Set(request.query.expand.map(({ path }) => path.split('/')[0]!));
}
