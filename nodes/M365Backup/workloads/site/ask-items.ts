import { isFailure } from '../../base/failure';
import { batchResult } from '../../graph/client';
import { isGone } from '../is-gone';
import { itemReason } from '../item-reason';
import type { Change, KnownItem } from '../workload';
import type { GraphListItem } from './graph-site';
import { sitePath } from './graph-site';
import type { ListContext } from './list-context';
import { isStored, wholeChanges } from './list-context';
import { graphIdIn, rootOf } from './site-run';

/** One GET an item, twenty to a batch: items that failed before, and those that a complete listing did not show. */
export async function askItems(context: ListContext, ids: readonly string[], known: ReadonlyMap<string, KnownItem>, signal: AbortSignal): Promise<Change[]> {
	const { run, info } = context;
	const list = `${sitePath(info.web.siteId)}/lists/${info.listId}`;
	const requests = ids.map((id) => ({ id, method: 'GET' as const, path: `${list}/items/${encodeURIComponent(graphIdIn(id))}?$expand=fields` }));
	const changes: Change[] = [];
	const found: GraphListItem[] = [];
	for await (const answer of run.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) {
			const item = result.body as GraphListItem;
			if (!isStored(item, known.get(answer.id))) found.push(item);
			continue;
		}
		const { failure } = result;
		if (isFailure(failure, 'cancelled')) throw failure;
		const before = known.get(answer.id);
		if (isGone(failure)) {
			if (before) changes.push({ kind: 'gone', id: answer.id });
		} else {
			changes.push({ kind: 'failed', id: answer.id, type: 'listItem', name: before?.name ?? `Item ${graphIdIn(answer.id)}`, parent: rootOf(info.scope), reason: itemReason(failure), failure });
		}
	}
	return [...changes, ...(await wholeChanges(context, found, known, signal))];
}
