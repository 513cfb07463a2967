import { Failure } from '../base/failure';
import type { PutOptions } from './store';

/** What `put` with `ifAbsent` throws when the key exists. */
export function alreadyThere(key: string): Failure {
	return new Failure('conflict', `${key} exists already`, { code: 'exists' });
}

/** For stores without object lock: asking for it is a mistake that must not pass in silence. */
export function refuseRetention(options: PutOptions): void {
	if (options.retainUntil !== undefined) {
		throw new Failure('invalid', 'This kind of repository cannot lock files against deletion', {
			nextStep: 'Switch the lock off, or use an S3 bucket with object lock.',
		});
	}
}
