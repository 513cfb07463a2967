import type { JsonObject } from '../../base/json';
import type { Part, PartName } from '../join-parts';
import { joinParts } from '../join-parts';
import type { Workload } from '../workload';
import { contentsPart } from './contents-part';
import { webGuidOf } from './graph-site';
import { PAGES_TITLE, pagesPart, pagesScope } from './pages-part';
import type { SiteOptions, SitePartName } from './site-options';
import { SITE_PARTS } from './site-options';
import { SITE_TITLE, sitePart, siteScope } from './site-part';
import type { SiteRun, Web } from './site-run';
import { titleOf } from './site-run';

export type { SiteOptions, SitePartName } from './site-options';
export { SITE_PARTS } from './site-options';

/** One SharePoint site as the engine drives it: its parts, one after the other. One instance serves one run. */
export function siteWorkload(options: SiteOptions): Workload {
	const run: SiteRun = { graph: options.graph, ambient: options.ambient, options };
	const web: Web = { siteId: options.siteId, guid: webGuidOf(options.siteId), path: [], parent: undefined, above: undefined };
	const chosen = new Set<SitePartName>(options.content ?? SITE_PARTS);
	const parts: Part[] = [];
	const leftOut: PartName[] = [];
	const take = (name: SitePartName, part: PartName, make: () => Part): void => {
		if (chosen.has(name)) parts.push(make());
		else leftOut.push(part);
	};
	take('site', { scope: siteScope(web), title: titleOf(web, SITE_TITLE) }, () => sitePart(run, web, { withDocument: true, name: '' }));
	parts.push(contentsPart(run, web, parts, { async *enumerate() { yield* await Promise.resolve([]); }, notesOf: () => ({}) }));
	take('pages', { scope: pagesScope(web), title: titleOf(web, PAGES_TITLE) }, () => pagesPart(run, web));
	return joinParts(parts, { known: knownScopes, leftOut });
}

/** A site's notes have a key for each scope that a run has gone through. */
function knownScopes(notes: Readonly<JsonObject>): string[] {
	return Object.entries(notes).flatMap(([scope, value]) => (/^(site|lists|list|library|pages)-/.test(scope) && value !== null ? [scope] : []));
}
