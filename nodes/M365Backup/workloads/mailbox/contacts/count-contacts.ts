import { isFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import type { ContactRun } from './contact-run';

/**
 * How many contacts Graph counts in each folder, by Graph id. A contact that left a folder and came back to it (out of
 * Deleted Items) may never be reported again (docs-contrib #72): only the number tells. Contact folders have no
 * totalItemCount, so that a list of one is asked for its `$count`. What gives no count is not compared.
 */
export async function countContacts(run: ContactRun, signal: AbortSignal): Promise<Map<string, number>> {
	const totals = new Map<string, number>();
	const requests: BatchRequest[] = run.tree.ids.map((id) => ({
		id,
		method: 'GET',
		path: `${run.userPath}/contactFolders/${encodeURIComponent(id)}/contacts?$count=true&$top=1&$select=id`,
	}));
	for await (const answer of run.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (!result.ok) {
			if (isFailure(result.failure, 'cancelled')) throw result.failure;
			continue;
		}
		const total = (result.body as { '@odata.count'?: unknown })['@odata.count'];
		if (typeof total === 'number') totals.set(answer.id, total);
	}
	return totals;
}
