import { createHash } from 'node:crypto';
import type { Failure } from '../../../../base/failure';
import { isFailure } from '../../../../base/failure';
import type { BatchRequest } from '../../../../graph/client';
import { batchResult } from '../../../../graph/client';
import type { RestoreContext } from '../../restore/restore-context';
import { signalOf } from '../../restore/restore-context';
import type { GraphContact } from '../graph-contact';

/** The contact, null if it is gone for good, or why nobody can tell. */
export type LivingContact = GraphContact | null | Failure;

/**
 * What became of contacts, by immutable id, wherever they are now (also in Deleted Items: the id stays when a user
 * deletes). Twenty to a request.
 */
export async function findLivingContacts(context: RestoreContext, graphIds: readonly string[]): Promise<Map<string, LivingContact>> {
	const found = new Map<string, LivingContact>();
	const requests: BatchRequest[] = [...new Set(graphIds)].map((id) => ({ id, method: 'GET', path: contactPath(context, id) }));
	if (requests.length === 0) return found;
	for await (const answer of context.graph.batch(requests, signalOf(context))) {
		const result = batchResult(answer);
		if (result.ok) found.set(answer.id, result.body as GraphContact);
		else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else found.set(answer.id, isFailure(result.failure, 'notFound') ? null : result.failure);
	}
	return found;
}

/** Lower-case hex of the SHA-256 of a living contact's photo; null if it has none. */
export async function photoHash(context: RestoreContext, graphId: string): Promise<string | null> {
	try {
		const { body } = await context.graph.stream({ path: `${contactPath(context, graphId)}/photo/$value`, ...signalOf(context) });
		const hash = createHash('sha256');
		for await (const chunk of body) hash.update(chunk);
		return hash.digest('hex');
	} catch (error) {
		// One that Microsoft itself cannot read is no photo that anybody has.
		if (isFailure(error, 'notFound', 'corrupt')) return null;
		throw error;
	}
}

export function contactPath(context: RestoreContext, graphId: string): string {
	return `${context.userPath}/contacts/${encodeURIComponent(graphId)}`;
}
