import { Failure, isFailure, toFailure } from '../../base/failure';

/**
 * Why a drive as a whole cannot be read, in words for its owner: it is gone, nobody may read it, or its site is locked
 * (graph-facts §8: users without a licence, "mysite not found").
 */
export function driveRefused(error: unknown): Failure {
	const failure = toFailure(error);
	const { kind, message, code, status, retryAfterMs } = failure;
	const details = { code, status, retryAfterMs, cause: error };
	if (isFailure(failure, 'notFound')) {
		return new Failure(kind, message, {
			...details,
			title: 'This drive does not exist (any more)',
			nextStep: 'Choose the drive again. A OneDrive is there only once its owner has a licence and has opened it; it goes some time after its owner was deleted',
		});
	}
	if (status === 423) {
		return new Failure('denied', message, {
			...details,
			title: 'The site of this drive is locked',
			nextStep: 'Unlock the site in the SharePoint admin centre, or take the drive off the list of sources',
		});
	}
	return failure;
}
