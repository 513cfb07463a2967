import type { Failure } from '../../base/failure';
import { batchResult } from '../../graph/client';
import type { SourceSize } from '../workload';
import type { GraphSite } from './graph-site';
import { sitePath } from './graph-site';
import type { SiteOptions } from './site-options';

/**
 * The bytes in the libraries of a site, and of the sites below it where these are backed up, too: one request for a site
 * and one for a library, whose root tells the bytes of all its files (driveItem resource: size). Lists and pages, which
 * have no size, are not counted. Throws Failures.
 */
export async function siteSize({ graph, siteId, subsites = false }: SiteOptions, signal: AbortSignal): Promise<SourceSize> {
	let bytes = 0;
	const sites = [siteId];
	for (const id of sites) {
		const libraries: string[] = [];
		for await (const page of graph.pages<{ id: string }>({ path: `${sitePath(id)}/drives?$select=id`, signal })) libraries.push(...page.map((drive) => drive.id));
		bytes += await sizeOfAll(graph, libraries, signal);
		if (!subsites) continue;
		for await (const page of graph.pages<GraphSite>({ path: `${sitePath(id)}/sites?$select=id`, signal })) sites.push(...page.map((site) => site.id));
	}
	return { bytes };
}

async function sizeOfAll(graph: SiteOptions['graph'], libraries: readonly string[], signal: AbortSignal): Promise<number> {
	let bytes = 0;
	let failure: Failure | undefined;
	const roots = libraries.map((id) => ({ id, method: 'GET' as const, path: `/drives/${encodeURIComponent(id)}/root?$select=id,size` }));
	for await (const answer of graph.batch(roots, { signal })) {
		const result = batchResult(answer);
		if (result.ok) bytes += (result.body as { size?: number | null }).size ?? 0;
		else failure = result.failure;
	}
	if (failure) throw failure;
	return bytes;
}
