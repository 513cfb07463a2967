import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import type { GraphMessage } from '../graph-message';
import { MESSAGE_SELECT, metaChanges } from '../graph-message';
import type { MessageFlag } from '../message-meta';
import { flagRequest } from './create-request';
import type { RestoreContext } from './restore-context';
import { signalOf } from './restore-context';

export type LivingMessage = GraphMessage & { isReadReceiptRequested?: boolean | null };

/** The message, null if it is gone for good, or why nobody can tell. */
export type LivingAnswer = LivingMessage | null | Failure;

/**
 * What became of messages, by immutable id, wherever they are now (also in Deleted Items and Recoverable Items: the id
 * stays when a user deletes). Twenty to a request.
 */
export async function findLiving(context: RestoreContext, graphIds: readonly string[]): Promise<Map<string, LivingAnswer>> {
	const found = new Map<string, LivingAnswer>();
	const requests: BatchRequest[] = [...new Set(graphIds)].map((id) => ({
		id,
		method: 'GET',
		path: `${context.userPath}/messages/${encodeURIComponent(id)}?$select=${MESSAGE_SELECT},isReadReceiptRequested`,
	}));
	if (requests.length === 0) return found;
	for await (const answer of context.graph.batch(requests, signalOf(context))) {
		const result = batchResult(answer);
		if (result.ok) found.set(answer.id, result.body as LivingMessage);
		else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else found.set(answer.id, isFailure(result.failure, 'notFound') ? null : result.failure);
	}
	return found;
}

/** Meta fields that Graph lets us set on a message that is no draft, without loss. */
const PATCHABLE = ['read', 'categories', 'flag', 'importance', 'inference'] as const;

/** Meta fields that stand for what the message says. */
const CONTENT = ['subject', 'preview', 'from', 'to', 'cc', 'bcc', 'replyTo', 'attachments'] as const;

export interface Difference {
	/** It says something else than the backup. */
	content: boolean;
	/** The PATCH that sets its marks (read, categories, flag, importance, focus) back; null if they agree. */
	patch: JsonObject | null;
	/** Something that is left as it is, and why. */
	left?: string;
}

/** How a living message differs from its line in the snapshot. */
export function differenceOf(living: LivingMessage, meta: JsonObject): Difference {
	const changes = metaChanges(living, meta);
	const patch: JsonObject = {};
	let left: string | undefined;
	for (const key of PATCHABLE) {
		if (!(key in changes)) continue;
		const stored = meta[key];
		if (key === 'read') {
			// Marking as read may send a receipt to whoever asked for one.
			if (stored === true && living.isReadReceiptRequested === true) {
				left = 'Its read state was left as it is, since marking it as read could send a read receipt.';
			} else patch['isRead'] = stored === true;
		} else if (key === 'categories') patch['categories'] = stored ?? [];
		else if (key === 'flag') patch['flag'] = flagRequest((stored ?? { status: 'notFlagged' }) as unknown as MessageFlag);
		else if (key === 'importance') patch['importance'] = stored ?? 'normal';
		else patch['inferenceClassification'] = stored ?? 'focused';
	}
	return {
		content: CONTENT.some((key) => key in changes),
		patch: Object.keys(patch).length > 0 ? patch : null,
		...(left === undefined ? {} : { left }),
	};
}
