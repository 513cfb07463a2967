import { Failure, type FailureKind } from '../base/failure';

const kinds: Record<string, { kind: FailureKind; nextStep: string }> = {
	...sameFor(['ENOSPC', 'EDQUOT', 'EFBIG'], 'quota', 'Free some space there or enlarge the disk, then run again: what was stored before is unharmed.'),
	...sameFor(['EACCES', 'EPERM'], 'denied', 'Let the user that n8n runs as (in the Docker image: node, uid 1000) read and write this folder.'),
	...sameFor(['EROFS'], 'denied', 'The file system is mounted read-only: mount it writable, or choose another folder.'),
	...sameFor(['ELOOP', 'ENOTDIR', 'EISDIR', 'EINVAL', 'ENAMETOOLONG', 'EEXIST', 'ENOTEMPTY'], 'invalid', 'Something else stands at this place: choose another folder for the repository, or move that file away.'),
	...sameFor(['EBUSY', 'EMFILE', 'ENFILE', 'EAGAIN', 'EIO', 'ESTALE', 'ETIMEDOUT', 'ENODEV', 'ENXIO', 'EHOSTDOWN', 'ENOTCONN', 'ENOENT'], 'transient', 'Check that the disk or network drive is there and healthy, then run again.'),
};

function sameFor(codes: string[], kind: FailureKind, nextStep: string): Record<string, { kind: FailureKind; nextStep: string }> {
	return Object.fromEntries(codes.map((code) => [code, { kind, nextStep }]));
}

/** The code of an error of Node's file system, e.g. `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
	if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
	return undefined;
}

/** An error of Node's file system as a Failure that says what could not be done, where, and what to do about it. */
export function fileFailure(error: unknown, doing: string): Failure {
	if (error instanceof Failure) return error;
	const code = errorCode(error);
	const known = code === undefined ? undefined : kinds[code];
	const message = error instanceof Error ? error.message : String(error);
	if (known === undefined) return new Failure('defect', `Could not ${doing}: ${message}`, { code, cause: error });
	return new Failure(known.kind, `Could not ${doing}: ${message}`, { code, nextStep: known.nextStep, cause: error });
}

/** What the action throws, as a Failure that says what was being done. */
export async function attempt<T>(doing: string, action: () => Promise<T>): Promise<T> {
	try {
		return await action();
	} catch (error) {
		throw fileFailure(error, doing);
	}
}
