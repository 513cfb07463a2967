import { Failure } from '../../base/failure';

/** How often one run begins the listing of a folder anew because its links have expired (410) on the way. */
export const MOST_RESTARTS = 3;

/** What its scope says then; the next run begins anew. */
export function brokenOff(): Failure {
	return new Failure('expiredCursor', 'Microsoft 365 broke off its listing again and again', { title: 'Microsoft 365 broke off its listing again and again' });
}
