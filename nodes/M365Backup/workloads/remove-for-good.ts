import { isFailure } from '../base/failure';
import type { GraphClient } from '../graph/client';
import type { RemovedTo } from './scratch';

/**
 * Deletes something without leaving it in Deleted Items or a recycle bin (`permanentDelete` of messages, mail folders,
 * events, calendars, contacts, contact folders and drive items). Where that is refused, as by a cloud that does not know the
 * action or by a retention policy, a DELETE is tried. What is gone already is fine.
 *
 * @param path of the thing itself
 */
export async function removeForGood(graph: GraphClient, path: string, signal: AbortSignal | undefined): Promise<RemovedTo> {
	try {
		await graph.json({ method: 'POST', path: `${path}/permanentDelete`, repeatable: true, ...(signal ? { signal } : {}) });
		return 'forGood';
	} catch (error) {
		// 404 is of the thing, or of an action that this cloud lacks: the DELETE tells.
		if (!isFailure(error, 'notFound', 'invalid', 'denied', 'conflict')) throw error;
	}
	return await removeToBin(graph, path, signal);
}

/** DELETE, for what knows nothing else. */
export async function removeToBin(graph: GraphClient, path: string, signal: AbortSignal | undefined): Promise<RemovedTo> {
	try {
		await graph.json({ method: 'DELETE', path, ...(signal ? { signal } : {}) });
		return 'bin';
	} catch (error) {
		if (isFailure(error, 'notFound')) return 'forGood';
		throw error;
	}
}
