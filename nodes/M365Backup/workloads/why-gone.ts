import { isFailure } from '../base/failure';
import type { GraphClient } from '../graph/client';

/**
 * That something is not in Microsoft 365 any more, in words; undefined if it is.
 *
 * @param what as the sentence begins: `The drive`
 */
export async function whyGone(graph: GraphClient, path: string, what: string, signal: AbortSignal): Promise<string | undefined> {
	try {
		await graph.json({ path: `${path}?$select=id`, signal });
		return undefined;
	} catch (error) {
		if (isFailure(error, 'notFound')) return `${what} is not in Microsoft 365 any more`;
		// Who may not ask learns it from what comes next.
		if (isFailure(error, 'denied')) return undefined;
		throw error;
	}
}
