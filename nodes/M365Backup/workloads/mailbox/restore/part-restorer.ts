import type { RestoreOutcome, Restorer, RestoreRequest } from '../../restorer';
import { inTurn } from '../../restore-turns';
import type { MailboxRestorerOptions } from '../mailbox-options';
import { OneAtATime } from './one-at-a-time';
import type { RestoreContext } from './restore-context';

/** A restorer of one part of a mailbox. Restores into one mailbox take turns, whatever their parts; previews need none. */
export function partRestorer(options: MailboxRestorerOptions, types: readonly string[], restore: (context: RestoreContext, request: RestoreRequest) => AsyncGenerator<RestoreOutcome>): Restorer {
	const mailbox = `${options.tenantId ?? options.source.tenantId}/${options.mailboxId}`.toLowerCase();
	return {
		types,
		restore: (request) => {
			const outcomes = (): AsyncGenerator<RestoreOutcome> => restore(contextOf(options, request), request);
			return request.preview ? outcomes() : inTurn(mailbox, request.signal, outcomes);
		},
	};
}

function contextOf({ graph, ambient, mailboxId, source, tenantId }: MailboxRestorerOptions, { signal }: RestoreRequest): RestoreContext {
	return {
		graph,
		ambient,
		mailboxId,
		userPath: `/users/${encodeURIComponent(mailboxId)}`,
		isOriginalMailbox: mailboxId.toLowerCase() === source.id.toLowerCase() && (tenantId ?? source.tenantId) === source.tenantId,
		largeUploads: new OneAtATime(),
		...(signal ? { signal } : {}),
	};
}
