import { Failure } from '../../../base/failure';
import type { GraphClient } from '../../../graph/client';

/** The import and export API knows mailboxes by ids of its own: `MBX:<mailbox guid>@<tenant guid>`. */
export interface ExchangeMailbox {
	graph: GraphClient;
	/** `/users/<id>`, ready to be put before a path. */
	userPath: string;
	/** The user's Entra GUID: whose quotas the requests count for. */
	mailboxId: string;
}

/**
 * `GET /users/{id}/settings/exchange`.
 *
 * @throws Failure `denied` without permission (User.Read.All), `notFound` or `invalid` in clouds that lack the API
 */
export async function askExchangeMailboxId(mailbox: ExchangeMailbox, signal: AbortSignal | undefined): Promise<string> {
	const settings = await mailbox.graph.json<{ primaryMailboxId?: unknown } | undefined>({
		path: `${mailbox.userPath}/settings/exchange`,
		retries: 2,
		...(signal ? { signal } : {}),
	});
	const id = settings?.primaryMailboxId;
	if (typeof id !== 'string' || id === '') {
		throw new Failure('notFound', 'Exchange names no mailbox of this user for import and export', { code: 'noExchangeMailbox' });
	}
	return id;
}

/** Below `/admin/exchange/mailboxes/{id}`. */
export function exchangePath(exchangeMailboxId: string, rest: string): string {
	return `/admin/exchange/mailboxes/${encodeURIComponent(exchangeMailboxId)}/${rest}`;
}
