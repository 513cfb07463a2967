import { isFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import { batchResult } from '../../graph/client';
import type { Failure } from '../../base/failure';
import type { GraphList } from './graph-site';
import { sitePath } from './graph-site';
import type { SiteRun, Web } from './site-run';

/** Without `system` named, Graph leaves out the service's own lists. */
const SELECT = 'id,name,displayName,description,eTag,lastModifiedDateTime,list,system';
const EXPAND = 'columns,contentTypes,drive($select=id)';

/** All lists of a site with their columns and content types, by one request for each page of them. */
export async function readLists(run: SiteRun, web: Web, signal: AbortSignal): Promise<GraphList[]> {
	const path = `${sitePath(web.siteId)}/lists?$select=${SELECT}`;
	try {
		const lists = await all<GraphList>(run, `${path}&$expand=${EXPAND}`, signal);
		for (const list of lists) await complete(run, web, list, signal);
		return lists;
	} catch (error) {
		// Where a listing does not expand so much, each list is asked for its own.
		if (!isFailure(error, 'invalid')) throw error;
		const lists = await all<GraphList>(run, path, signal);
		const { found, failures } = await askLists(run, web, lists.map(({ id }) => id), signal);
		const [failure] = failures.values();
		if (failure) throw failure;
		return [...found.values()];
	}
}

async function all<T>(run: SiteRun, path: string, signal: AbortSignal): Promise<T[]> {
	const values = new Map<string, T>();
	for await (const page of run.graph.pages<T & { id: string }>({ path, signal })) for (const one of page) values.set(one.id, one);
	return [...values.values()];
}

/** An expanded collection may break off with a link to its rest, and a library may come without its drive. */
async function complete(run: SiteRun, web: Web, list: GraphList, signal: AbortSignal): Promise<void> {
	for (const name of ['columns', 'contentTypes'] as const) {
		const link = (list as unknown as JsonObject)[`${name}@odata.nextLink`];
		if (typeof link !== 'string') continue;
		for await (const page of run.graph.pages<JsonObject>({ path: link, signal })) list[name] = [...(list[name] ?? []), ...page];
	}
	if (list.list?.template !== 'documentLibrary' || list.drive?.id !== undefined || list.system !== undefined) return;
	try {
		list.drive = await run.graph.json<{ id: string }>({ path: `${sitePath(web.siteId)}/lists/${list.id}/drive?$select=id`, signal });
	} catch (error) {
		// The library's own part says what is wrong with it.
		if (!isFailure(error, 'denied', 'notFound')) throw error;
	}
}

export interface AskedLists {
	found: Map<string, GraphList>;
	gone: string[];
	failures: Map<string, Failure>;
}

/** Lists by id, twenty to a batch. */
export async function askLists(run: SiteRun, web: Web, ids: readonly string[], signal: AbortSignal): Promise<AskedLists> {
	const asked: AskedLists = { found: new Map(), gone: [], failures: new Map() };
	const requests = ids.map((id) => ({ id, method: 'GET' as const, path: `${sitePath(web.siteId)}/lists/${id}?$select=${SELECT}&$expand=${EXPAND}` }));
	for await (const answer of run.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) {
			const list = result.body as GraphList;
			await complete(run, web, list, signal);
			asked.found.set(answer.id, list);
		} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else if (isFailure(result.failure, 'notFound')) asked.gone.push(answer.id);
		else asked.failures.set(answer.id, result.failure);
	}
	return asked;
}
