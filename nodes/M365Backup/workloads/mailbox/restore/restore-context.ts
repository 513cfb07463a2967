import type { Ambient } from '../../../base/ambient';
import { Failure } from '../../../base/failure';
import type { GraphClient } from '../../../graph/client';
import type { RestorableItem, RestoreRequest } from '../../restorer';
import type { OneAtATime } from './one-at-a-time';

/** The message is back; or why it has to be rebuilt. */
export type Imported = { id: string; fidelity: string[] } | { refused: string };

/** Brings a message back from what was stored of it beside its MIME. See exchange/. */
export interface MessageImport {
	/** Undefined for a message of which nothing was stored beside. */
	bring(item: RestorableItem, folderId: string): Promise<Imported | undefined>;
}

/** What the parts of one restore into one mailbox share. */
export interface RestoreContext {
	graph: GraphClient;
	ambient: Ambient;
	/** GUID of the mailbox that is restored into; the governor books uploads on it. */
	mailboxId: string;
	/** `/users/<id>`, ready to be put before a path. */
	userPath: string;
	/** The mailbox that was backed up, so that living originals may be found in it. */
	isOriginalMailbox: boolean;
	/** Large attachments go one after the other: 150 MB in 5 minutes are all that a mailbox takes, and each needs memory. */
	largeUploads: OneAtATime;
	/** Those of some scoped ids that the snapshot holds; see RestoreRequest. */
	held?: NonNullable<RestoreRequest['held']>;
	/** Brings back whole what the backup holds an Exchange export of; absent where nothing is written. */
	exchange?: MessageImport;
	signal?: AbortSignal;
}

/** Between steps: throws `cancelled` once the user has stopped the run, whatever reason the signal carries. */
export function stopIfCancelled(context: Pick<RestoreContext, 'signal'>): void {
	if (context.signal?.aborted) throw new Failure('cancelled', 'The restore was stopped', { cause: context.signal.reason });
}

/** `{signal}` or nothing, for calls whose options do not take undefined. */
export function signalOf(context: Pick<RestoreContext, 'signal'>): { signal?: AbortSignal } {
	return context.signal ? { signal: context.signal } : {};
}
