import { isFailure, type Failure } from '../base/failure';
import type { GraphClient } from './client';

/**
 * What a mailbox is for. `none`: there is no mailbox in Exchange Online behind this user. `unknown`: this mailbox refuses to
 * tell, although others do not.
 */
export type MailboxKind = 'user' | 'shared' | 'room' | 'equipment' | 'none' | 'unknown';

const perBatch = 20;

/**
 * The kinds of these users' mailboxes. Neither licence nor blocked sign-in tells them for certain; `userPurpose` of the
 * mailbox settings does (mailboxSettings resource type), at one request a user, 20 of them in an HTTP call. Linked and
 * foreign kinds count as users: whoever filters loses nobody. Failures: `denied` where all mailboxes refuse and the token
 * lacks MailboxSettings.Read (`mayRead`; also true where others have answered before), and whatever says nothing about the mailbox.
 */
export async function mailboxKinds(
	client: GraphClient,
	ids: readonly string[],
	options: { mayRead?: boolean | undefined; signal?: AbortSignal } = {},
): Promise<Map<string, MailboxKind>> {
	const kinds = new Map<string, MailboxKind>();
	const call = options.signal ? { signal: options.signal } : {};
	let denied: Failure | undefined;
	for (let at = 0; at < ids.length; at += perBatch) {
		const requests = ids.slice(at, at + perBatch).map((id) => ({ id, method: 'GET' as const, path: `/users/${id}/mailboxSettings` }));
		for await (const answer of client.batch(requests, { ...call, acrossMailboxes: true })) {
			if ('failure' in answer) {
				if (!isFailure(answer.failure, 'notFound', 'denied')) throw answer.failure;
				if (answer.failure.kind === 'denied') denied ??= answer.failure;
				// MailboxNotEnabledForRESTAPI, or a user that was deleted in the meantime.
				kinds.set(answer.id, answer.failure.kind === 'denied' ? 'unknown' : 'none');
				continue;
			}
			kinds.set(answer.id, kindOf((answer.body as { userPurpose?: string | null }).userPurpose));
		}
	}
	// Exchange may grant single mailboxes (RBAC for Applications) without a role in the token: then some of them answer.
	const isRefused = [...kinds.values()].every((kind) => kind === 'unknown' || kind === 'none');
	if (denied && options.mayRead !== true && isRefused) throw denied;
	return kinds;
}

function kindOf(purpose: string | null | undefined): MailboxKind {
	return purpose === 'shared' || purpose === 'room' || purpose === 'equipment' ? purpose : 'user';
}
