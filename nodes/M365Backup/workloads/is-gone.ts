import { isFailure } from '../base/failure';

/** 404 of the whole source: no licence (any more), soft-deleted, on premises. It says nothing of a single item. */
const OF_THE_SOURCE = /mailboxnot|invaliduser|nonexistentmailbox/i;

/** Whether the service says that this one thing is there no more. */
export function isGone(failure: unknown): boolean {
	return isFailure(failure, 'notFound') && !OF_THE_SOURCE.test(failure.code ?? '');
}
