import { isFailure, type Failure } from '../base/failure';
import type { GraphClient } from './client';

/**
 * What a mailbox is for. `none`: there is no mailbox in Exchange Online behind this user. `unknown`: this mailbox refuses to
 * tell, although others do not.
 */
export type MailboxKind = 'user' | 'shared' | 'room' | 'equipment' | 'none' | 'unknown';

export interface MailboxKinds {
	/** By the id of the user. */
	kinds: Map<string, MailboxKind>;
	/** `denied`: the first refusal, where mailboxes refuse and none tells. It says nothing about those that were not asked. */
	refusal?: Failure;
}

const perBatch = 20;

/**
 * The kinds of these users' mailboxes. Neither licence nor blocked sign-in tells them for certain; `userPurpose` of the
 * mailbox settings does (mailboxSettings resource type), at one request a user, 20 of them in an HTTP call. Linked and
 * foreign kinds count as users: whoever filters loses nobody. Failures: whatever says nothing about the mailbox.
 */
export async function mailboxKinds(client: GraphClient, ids: readonly string[], options: { signal?: AbortSignal } = {}): Promise<MailboxKinds> {
	const kinds = new Map<string, MailboxKind>();
	let refusal: Failure | undefined;
	for (let at = 0; at < ids.length; at += perBatch) {
		const requests = ids.slice(at, at + perBatch).map((id) => ({ id, method: 'GET' as const, path: `/users/${encodeURIComponent(id)}/mailboxSettings` }));
		for await (const answer of client.batch(requests, { ...options, acrossMailboxes: true })) {
			if ('failure' in answer) {
				if (!isFailure(answer.failure, 'notFound', 'denied')) throw answer.failure;
				if (answer.failure.kind === 'denied') refusal ??= answer.failure;
				// MailboxNotEnabledForRESTAPI, or a user that was deleted in the meantime.
				kinds.set(answer.id, answer.failure.kind === 'denied' ? 'unknown' : 'none');
				continue;
			}
			kinds.set(answer.id, kindOf((answer.body as { userPurpose?: string | null }).userPurpose));
		}
	}
	const hasTold = [...kinds.values()].some((kind) => kind !== 'unknown' && kind !== 'none');
	return refusal === undefined || hasTold ? { kinds } : { kinds, refusal };
}

function kindOf(purpose: string | null | undefined): MailboxKind {
	return purpose === 'shared' || purpose === 'room' || purpose === 'equipment' ? purpose : 'user';
}
