import { withoutNames } from './graph-path';

/** Tenants with more licences than this get the factor below it ("How to avoid getting throttled or blocked in SharePoint Online"). */
const sizes: readonly { above: number; factor: number }[] = Object.freeze([
	{ above: 50_000, factor: 5 },
	{ above: 15_000, factor: 4 },
	{ above: 5_000, factor: 3 },
	{ above: 1_000, factor: 2 },
]);

/** How many times the resource units of the smallest tenants a tenant gets, by the minute and by the day. */
export function sizeFactor(licences: number): number {
	return sizes.find(({ above }) => licences > above)?.factor ?? 1;
}

const lists = /\/(children|items|lists|drives|sites|columns|contentTypes|versions|pages|getAllSites|followedSites|bundles|subscriptions|operations|pages\/microsoft\.graph\.sitePage)(\(\))?$/i;

/**
 * Resource units of a SharePoint or OneDrive request ("How to avoid getting throttled or blocked in SharePoint
 * Online"): 5 for permissions, 2 for lists, delta without a token, and writes, 1 for one item, delta with a token,
 * and downloads.
 */
export function resourceUnits(method: string, pathWithNames: string): number {
	const path = withoutNames(pathWithNames);
	const [bare = '', query = ''] = path.split('?');
	if (/\/permissions\b/i.test(bare) || isSharing(method, bare) || /expand=[^&]*permissions/i.test(query)) return 5;
	if (method !== 'GET') return 2;
	if (/\/delta\b/i.test(bare)) return /\(\s*token=/i.test(bare) || /(^|&)(\$|%24)?(deltatoken|skiptoken|token)=/i.test(query) ? 1 : 2;
	return lists.test(bare) || /\/search(\(|$)/i.test(bare) ? 2 : 1;
}

/** Whether it is one of the sharing calls, of which an app has 300 in 5 minutes (same source). */
export function isSharing(method: string, path: string): boolean {
	return method === 'POST' && /\/(createLink|invite|grant)$/i.test(withoutNames(path).split('?')[0] ?? '');
}
