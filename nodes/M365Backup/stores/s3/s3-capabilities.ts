import { randomBytes } from 'node:crypto';
import { DeleteObjectCommand, GetBucketVersioningCommand, GetObjectLockConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { isFailure } from '../../base/failure';
import { temporaryPrefix } from '../keys';
import { retried } from '../retry';
import type { StoreCapabilities } from '../store';
import type { S3Bucket } from './s3-bucket';
import { errorFacts } from './s3-failure';

const CONTENDERS = 3;

/**
 * What this bucket really guarantees, found out by trying: many servers take If-None-Match and do not look at it. Leaves
 * a tiny file under a temporary name where the bucket locks everything by default. Failures: all but a permission or space
 * that is lacking, which only means that the capability is not there.
 */
export async function probeCapabilities(bucket: S3Bucket, signal?: AbortSignal): Promise<StoreCapabilities> {
	const patiently = <T>(action: () => Promise<T>): Promise<T> => retried(action, bucket.patience, signal);
	const [ifAbsent, retainUntil, hasVersions] = await Promise.all([
		patiently(() => enforcesIfAbsent(bucket, signal)),
		patiently(() => hasObjectLock(bucket, signal)),
		patiently(() => keepsVersions(bucket, signal)),
	]);
	return { ifAbsent, retainUntil, overwriteIsCostly: hasVersions || retainUntil };
}

/** Of several puts at once exactly one must win, and another one must lose afterwards. */
async function enforcesIfAbsent(bucket: S3Bucket, signal?: AbortSignal): Promise<boolean> {
	const target = { Bucket: bucket.bucket, Key: bucket.nameOf(`${temporaryPrefix}probe-${randomBytes(8).toString('hex')}`) };
	const versions: string[] = [];
	const wins = async (content: string): Promise<boolean> => {
		try {
			const { VersionId } = await bucket.client.send(new PutObjectCommand({ ...target, Body: Buffer.from(content), IfNoneMatch: '*' }), { ...(signal && { abortSignal: signal }) });
			if (VersionId !== undefined) versions.push(VersionId);
			return true;
		} catch (error) {
			if (errorFacts(error).code === 'ConditionalRequestConflict') return false;
			const failure = bucket.failure(error, 'try conditional writes', 's3:PutObject');
			if (failure.kind === 'conflict') return false;
			throw failure;
		}
	};
	try {
		const outcomes = await Promise.all(Array.from({ length: CONTENDERS }, (_, index) => wins(`contender ${index}`)));
		return outcomes.filter(Boolean).length === 1 && !(await wins('too late'));
	} catch (error) {
		// Refused as unknown (Backblaze), or nothing may be written here, or fits in: a restore needs neither.
		const isLacking = isFailure(error, 'denied', 'quota') || (isFailure(error, 'invalid') && (error.status === 501 || ['InvalidArgument', 'InvalidRequest'].includes(error.code ?? '')));
		if (isLacking && !isCredentialFault(error)) return false;
		throw error;
	} finally {
		// What is left of it is tiny, is no repository file, and no listing shows it. Without its versions' ids a deletion would only hide them.
		const doomed = versions.length > 0 ? versions.map((VersionId) => ({ ...target, VersionId })) : [target];
		await Promise.all(doomed.map((each) => bucket.client.send(new DeleteObjectCommand(each)).catch(() => undefined)));
	}
}

async function hasObjectLock(bucket: S3Bucket, signal?: AbortSignal): Promise<boolean> {
	return await orFalse(bucket, 's3:GetBucketObjectLockConfiguration', async () => {
		const { ObjectLockConfiguration } = await bucket.client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket.bucket }), { ...(signal && { abortSignal: signal }) });
		return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
	});
}

async function keepsVersions(bucket: S3Bucket, signal?: AbortSignal): Promise<boolean> {
	return await orFalse(bucket, 's3:GetBucketVersioning', async () => {
		const { Status } = await bucket.client.send(new GetBucketVersioningCommand({ Bucket: bucket.bucket }), { ...(signal && { abortSignal: signal }) });
		return Status === 'Enabled';
	});
}

/** A server that does not know the question, or does not let this key ask it, has nothing that we could use. */
async function orFalse(bucket: S3Bucket, permission: string, ask: () => Promise<boolean>): Promise<boolean> {
	try {
		return await ask();
	} catch (error) {
		const failure = bucket.failure(error, 'look at the settings', permission);
		const isPassingOrOurs = isFailure(failure, 'transient', 'throttled', 'cancelled', 'defect') || failure.code === 'NoSuchBucket' || isCredentialFault(failure);
		if (isPassingOrOurs || failure.status === undefined || failure.status < 400) throw failure;
		return false;
	}
}

function isCredentialFault(error: unknown): boolean {
	const codes = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'RequestTimeTooSkewed', 'AuthorizationHeaderMalformed', 'PermanentRedirect'];
	return isFailure(error, 'denied', 'invalid') && codes.includes(error.code ?? '');
}
