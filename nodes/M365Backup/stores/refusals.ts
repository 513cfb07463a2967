import { Failure } from '../base/failure';
import { LOCKED_CODE, type PutOptions } from './store';

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

/** A file that cannot be deleted yet. */
export interface LockedFile {
	key: string;
	/** Null where its end is not known, as of a legal hold. */
	until: Date | null;
}

/** What `delete` throws once it has deleted all but these. */
export function filesLocked(label: string, locked: readonly [LockedFile, ...LockedFile[]]): Failure {
	const [{ key, until }, ...others] = locked;
	const more = others.length === 0 ? '' : `, and so ${others.length === 1 ? 'is 1 other' : `are ${others.length} others`}`;
	const end = until === null ? 'by a legal hold, or for a time that this access key may not see' : `until ${until.toISOString()}`;
	return new Failure('denied', `${key} in ${label} is locked against deletion ${end}${more}`, {
		code: LOCKED_CODE,
		nextStep: 'Nothing is to be done: it can be deleted once its lock has run out.',
	});
}

/** The first files locked, if there are any. */
export function throwIfLocked(label: string, locked: readonly LockedFile[]): void {
	const [first, ...others] = locked;
	if (first) throw filesLocked(label, [first, ...others]);
}
