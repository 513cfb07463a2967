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
import { siteSize } from './site-size';
import { Subsites } from './subsites';

export type { SiteOptions, SitePartName } from './site-options';
export { SITE_PARTS } from './site-options';

/** One SharePoint site as the engine drives it: its parts, one after the other. One instance serves one run. */
export function siteWorkload(options: SiteOptions): Workload {
	const run: SiteRun = { graph: options.graph, ambient: options.ambient, options };
	const web: Web = { siteId: options.siteId, guid: webGuidOf(options.siteId), path: [], parent: undefined, above: undefined };
	const chosen = new Set<SitePartName>(options.content ?? SITE_PARTS);
	const parts: Part[] = [];
	const leftOut: PartName[] = [];
	if (!chosen.has('site')) leftOut.push({ scope: siteScope(web), title: SITE_TITLE });
	if (!chosen.has('pages')) leftOut.push({ scope: pagesScope(web), title: PAGES_TITLE });
	addWeb(run, web, '', chosen, parts);
	const joined = joinParts(parts, { known: knownScopes, leftOut });
	// What is left of lists and pages cannot be told.
	return chosen.has('libraries') ? { ...joined, size: (signal) => siteSize(options, signal) } : joined;
}

/** The parts of one site; those of its lists and of the sites below it follow once they are known. */
function addWeb(run: SiteRun, web: Web, name: string, chosen: ReadonlySet<SitePartName>, parts: Part[]): void {
	// A subsite's container is needed whatever is chosen of it.
	if (chosen.has('site') || web.parent !== undefined) parts.push(sitePart(run, web, { withDocument: chosen.has('site'), name }));
	const subsites = new Subsites(run, web, (one, displayName) => addWeb(run, one, displayName, chosen, parts));
	parts.push(contentsPart(run, web, parts, subsites));
	if (chosen.has('pages')) parts.push(pagesPart(run, web));
}

/** A site's notes have a key for each scope that a run has gone through. */
function knownScopes(notes: Readonly<JsonObject>): string[] {
	return Object.entries(notes).flatMap(([scope, value]) => (/^(site|lists|list|library|pages)-/.test(scope) && value !== null ? [scope] : []));
}
