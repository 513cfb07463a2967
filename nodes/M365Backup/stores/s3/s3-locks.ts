import { HeadObjectCommand, PutObjectRetentionCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { Failure, isFailure } from '../../base/failure';
import type { S3Bucket } from './s3-bucket';
import { errorFacts } from './s3-failure';

/** COMPLIANCE: nobody can lift it, not even the account's owner. GOVERNANCE: whoever has the permission s3:BypassGovernanceRetention can. */
export type LockMode = 'COMPLIANCE' | 'GOVERNANCE';

const SECOND_MS = 1000;

/** One version of an object; the newest one without `version`. */
export interface ObjectVersion {
	key: string;
	version?: string | undefined;
}

export interface ObjectLock {
	version: string | undefined;
	mode: LockMode | undefined;
	/** Also one that has run out. */
	until: Date | undefined;
	/** A legal hold: locked without an end. */
	isHeld: boolean;
}

/** Null if there is no such object. */
export async function readLock(bucket: S3Bucket, { key, version }: ObjectVersion, signal?: AbortSignal): Promise<ObjectLock | null> {
	let head: HeadObjectCommandOutput;
	try {
		head = await bucket.client.send(
			new HeadObjectCommand({ Bucket: bucket.bucket, Key: bucket.nameOf(key), ...(version !== undefined && { VersionId: version }) }),
			{ ...(signal && { abortSignal: signal }) },
		);
	} catch (error) {
		const { status, code } = errorFacts(error);
		if (status === 404 && code !== 'NoSuchBucket') return null;
		throw bucket.failure(error, `look at the lock of ${key}`, 's3:GetObject, s3:GetObjectVersion and s3:GetObjectRetention');
	}
	const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold, VersionId } = head;
	return { version: version ?? VersionId, mode, until, isHeld: hold === 'ON' };
}

/** Servers keep whole seconds: rounded up, so that what is read back is never less than what was asked for. */
export function wholeSeconds(until: Date): Date {
	return new Date(Math.ceil(until.getTime() / SECOND_MS) * SECOND_MS);
}

/** Locks a version until then, unless it is for longer, and reads that back. `mode` only where it has no lock that lasts. */
export async function extendLock(bucket: S3Bucket, target: ObjectVersion, wanted: { until: Date; mode: LockMode; now: Date }, signal?: AbortSignal): Promise<void> {
	const { key } = target;
	const until = wholeSeconds(wanted.until);
	const before = await readLock(bucket, target, signal);
	if (before === null) throw new Failure('notFound', `${key} is missing in ${bucket.label}, so that it cannot be locked`, { nextStep: 'Run Repository → Verify to see what is affected.' });
	if (isLockedUntil(before, until)) return;
	const lasts = before.mode !== undefined && before.until !== undefined && before.until > wanted.now;
	const Mode = lasts ? before.mode : wanted.mode;
	await bucket.call(`lock ${key}`, 's3:PutObjectRetention', (client) =>
		client.send(
			new PutObjectRetentionCommand({
				Bucket: bucket.bucket,
				Key: bucket.nameOf(key),
				...(before.version !== undefined && { VersionId: before.version }),
				Retention: { Mode, RetainUntilDate: until },
			}),
			{ ...(signal && { abortSignal: signal }) },
		),
	);
	const after = await readLock(bucket, { key, version: before.version }, signal);
	if (after !== null && isLockedUntil(after, until)) return;
	throw notLocked(bucket, key, until);
}

export function isLockedUntil({ mode, until: locked }: ObjectLock, until: Date): boolean {
	return mode !== undefined && (locked?.getTime() ?? 0) > until.getTime() - SECOND_MS;
}

export function notLocked(bucket: S3Bucket, key: string, until: Date): Failure {
	return new Failure('invalid', `${key} is stored in ${bucket.label}, but the server did not lock it until ${until.toISOString()}`, {
		code: 'notLocked',
		nextStep: 'Check that the bucket was made with object lock and that the access key has the permissions s3:PutObjectRetention, s3:GetObjectRetention and s3:GetObjectVersion.',
	});
}

/** Whether a refused deletion may be due to a lock. */
export function isRefusal(error: unknown): boolean {
	return isFailure(error, 'denied') || (isFailure(error, 'invalid') && [400, 405, 409].includes(error.status ?? 0));
}
