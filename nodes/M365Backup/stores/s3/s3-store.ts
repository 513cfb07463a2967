import type { Readable } from 'node:stream';
import {
	AbortMultipartUploadCommand,
	DeleteObjectCommand,
	GetObjectCommand,
	ListMultipartUploadsCommand,
	ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import type { Ambient } from '../../base/ambient';
import { Failure, isFailure } from '../../base/failure';
import { throwIfAborted } from '../abortable';
import { checkKey, checkPrefix, temporaryPrefix } from '../keys';
import { refuseRetention, throwIfLocked, type LockedFile } from '../refusals';
import type { ByteRange, PutOptions, Store, StoreCapabilities, StoreFile } from '../store';
import type { S3Bucket } from './s3-bucket';
import { errorFacts } from './s3-failure';
import { extendLock, readLock, type LockMode } from './s3-locks';
import { putObject } from './s3-put';
import { S3Versions } from './s3-versions';

/** Read at once: most files, and all that is asked for by range, are no larger, so that no connection waits for its reader. */
const FIRST_READ_BYTES = 256 * 1024;
const DELETES_AT_ONCE = 8;
const LEFTOVER_AGE_MS = 48 * 60 * 60 * 1000;

export interface S3StoreOptions {
	bucket: S3Bucket;
	/** As `probeCapabilities` found them. */
	capabilities: StoreCapabilities;
	ambient: Pick<Ambient, 'now'>;
	/** Of files with `retainUntil`. Default: COMPLIANCE, which nobody can lift. */
	lockMode?: LockMode;
}

/**
 * A repository in an S3 bucket. What can be read is durable there. Passing faults are tried again by the single requests
 * of a put only; whoever makes the store wraps it in a retrying store for the rest.
 */
export class S3Store implements Store {
	readonly capabilities: StoreCapabilities;
	readonly label: string;
	private readonly bucket: S3Bucket;
	readonly lockedUntil?: NonNullable<Store['lockedUntil']>;
	readonly extendLock?: NonNullable<Store['extendLock']>;
	readonly deleteOldVersions?: NonNullable<Store['deleteOldVersions']>;
	private readonly versions: S3Versions;
	private hasClearedLeftovers = false;

	constructor(private readonly options: S3StoreOptions) {
		this.bucket = options.bucket;
		this.capabilities = options.capabilities;
		this.label = this.bucket.label;
		this.versions = new S3Versions(this.bucket, () => options.ambient.now());
		if (this.capabilities.retainUntil) {
			this.lockedUntil = (key, signal) => this.readLock(key, signal);
			this.extendLock = (key, until, signal) => this.lock(key, until, signal);
		}
		if (this.capabilities.overwriteIsCostly) this.deleteOldVersions = (key, signal) => this.clearVersions(key, signal);
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		checkPrefix(prefix);
		let token: string | undefined;
		do {
			throwIfAborted(signal);
			const ContinuationToken = token;
			const page = await this.bucket.call('list files', 's3:ListBucket', (client) =>
				client.send(
					new ListObjectsV2Command({ Bucket: this.bucket.bucket, Prefix: this.bucket.nameOf(prefix), ...(ContinuationToken !== undefined && { ContinuationToken }) }),
					{ ...(signal && { abortSignal: signal }) },
				),
			);
			if (page.Name === undefined) throw this.notS3('list files');
			for (const { Key, Size, LastModified } of page.Contents ?? []) {
				throwIfAborted(signal);
				if (Key === undefined || Size === undefined || LastModified === undefined) throw this.notS3('list files');
				const key = this.bucket.keyOf(Key);
				// Web consoles mark folders by empty objects with a slash at the end.
				if (Key.endsWith('/') || key.slice(key.lastIndexOf('/') + 1).startsWith(temporaryPrefix)) continue;
				yield { key, sizeBytes: Size, modifiedAt: LastModified };
			}
			token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
		} while (token !== undefined);
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		checkKey(key);
		throwIfAborted(signal);
		const offset = range?.offset ?? 0;
		const wanted = range?.length ?? Number.MAX_SAFE_INTEGER;
		// No range means "nothing", so one byte tells whether there is a file.
		const first = await this.read(key, { offset, length: Math.max(1, Math.min(wanted, FIRST_READ_BYTES)) }, signal);
		if (first === 'missing') return null;
		if (first === 'beyond') return nothing();
		const bytes: Uint8Array[] = [];
		for await (const chunk of first.content) bytes.push(chunk);
		if (wanted === 0) return nothing();
		const end = Math.min(first.totalBytes, offset + wanted);
		return this.joined(key, bytes, { offset: first.end, length: end - first.end }, first.etag, signal);
	}

	private async *joined(key: string, first: Uint8Array[], rest: ByteRange, etag: string | undefined, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
		for (const chunk of first) {
			throwIfAborted(signal);
			yield chunk;
		}
		if (rest.length <= 0) return;
		throwIfAborted(signal);
		const more = await this.read(key, rest, signal, etag);
		if (typeof more === 'string') {
			throw new Failure(more === 'missing' ? 'notFound' : 'corrupt', `${key} in ${this.label} was deleted or changed while it was read`, { nextStep: 'Run again.' });
		}
		yield* more.content;
	}

	private async read(
		key: string,
		range: ByteRange,
		signal?: AbortSignal,
		etag?: string,
	): Promise<'missing' | 'beyond' | { content: AsyncGenerator<Uint8Array>; end: number; totalBytes: number; etag: string | undefined }> {
		const doing = `read ${key}`;
		const end = range.offset + range.length - 1;
		const Range = `bytes=${range.offset}-${end < Number.MAX_SAFE_INTEGER ? end : ''}`;
		try {
			const command = new GetObjectCommand({ Bucket: this.bucket.bucket, Key: this.bucket.nameOf(key), Range, ...(etag !== undefined && { IfMatch: etag }) });
			const { Body, ContentRange, ETag } = await this.bucket.client.send(command, { ...(signal && { abortSignal: signal }) });
			const answered = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '');
			const body = Body as Readable | undefined;
			if (body === undefined || !answered || Number(answered[1]) !== range.offset) {
				body?.destroy();
				throw this.notS3(doing);
			}
			const [endBytes, totalBytes] = [Number(answered[2]) + 1, Number(answered[3])];
			return { content: this.bytesOf(body, endBytes - range.offset, doing, signal), end: endBytes, totalBytes, etag: ETag };
		} catch (error) {
			const { code, status } = errorFacts(error);
			if (code === 'NoSuchKey' || (status === 404 && code === 'NotFound')) return 'missing';
			if (code === 'InvalidRange' || status === 416) return 'beyond';
			throw this.bucket.failure(error, doing, 's3:GetObject');
		}
	}

	private async *bytesOf(body: Readable, lengthBytes: number, doing: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
		const stop = (): void => void body.destroy();
		signal?.addEventListener('abort', stop, { once: true });
		let received = 0;
		try {
			throwIfAborted(signal);
			for await (const chunk of body as AsyncIterable<Uint8Array>) {
				throwIfAborted(signal);
				received += chunk.length;
				yield chunk;
			}
			if (received < lengthBytes) {
				throw new Failure('transient', `Could not ${doing} in ${this.label}: the connection ended ${lengthBytes - received} bytes early`, { nextStep: 'Run again.' });
			}
		} catch (error) {
			throwIfAborted(signal);
			throw this.bucket.failure(error, doing, 's3:GetObject');
		} finally {
			signal?.removeEventListener('abort', stop);
			body.destroy();
		}
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		checkKey(key);
		if (!this.capabilities.retainUntil) refuseRetention(options);
		throwIfAborted(options.signal);
		await this.clearLeftovers(options.signal);
		await putObject(this.bucket, key, source, options, { mode: this.lockMode, now: () => this.options.ambient.now() });
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) checkKey(key);
		throwIfAborted(signal);
		const left = [...keys];
		const locked: LockedFile[] = [];
		// One by one: not every server knows the request for many, and those that do differ in what they demand of it.
		const work = async (): Promise<void> => {
			for (let key = left.pop(); key !== undefined; key = left.pop()) {
				throwIfAborted(signal);
				try {
					const lock = await (this.keepsVersions ? this.versions.deleteAll(key, signal) : this.deletePlainly(key, signal));
					if (lock) locked.push(lock);
				} catch (error) {
					// Whoever is told of the failure must not find files going afterwards.
					left.length = 0;
					throw error;
				}
			}
		};
		const done = await Promise.allSettled(Array.from({ length: Math.min(DELETES_AT_ONCE, keys.length) }, work));
		for (const each of done) if (each.status === 'rejected') throw each.reason;
		throwIfLocked(this.label, locked);
	}

	private get keepsVersions(): boolean {
		return this.capabilities.overwriteIsCostly || this.capabilities.retainUntil;
	}

	private get lockMode(): LockMode {
		return this.options.lockMode ?? 'COMPLIANCE';
	}

	private async deletePlainly(key: string, signal?: AbortSignal): Promise<LockedFile | undefined> {
		const command = new DeleteObjectCommand({ Bucket: this.bucket.bucket, Key: this.bucket.nameOf(key) });
		const { DeleteMarker, VersionId } = await this.bucket.call(`delete ${key}`, 's3:DeleteObject', (client) => client.send(command, { ...(signal && { abortSignal: signal }) }));
		// It keeps versions after all, which this key may not ask about, or which somebody has just switched on.
		return DeleteMarker === true && VersionId !== undefined ? await this.versions.deleteBehind(key, VersionId, signal) : undefined;
	}

	private async readLock(key: string, signal?: AbortSignal): Promise<Date | null> {
		checkKey(key);
		throwIfAborted(signal);
		const lock = await readLock(this.bucket, { key }, signal);
		return lock?.mode !== undefined && lock.until !== undefined && lock.until > this.options.ambient.now() ? lock.until : null;
	}

	private async lock(key: string, until: Date, signal?: AbortSignal): Promise<void> {
		checkKey(key);
		throwIfAborted(signal);
		const ends = await this.versions.ends(key, signal);
		for (const version of ends?.ids ?? []) await extendLock(this.bucket, { key, version }, { until, mode: this.lockMode, now: this.options.ambient.now() }, signal);
		if (ends && !ends.isHidden) return;
		const what = ends ? 'was deleted; its versions are there still, hidden by a delete marker' : 'is missing, so that it cannot be locked';
		const nextStep = ends ? 'Find out who did it, and delete the delete marker.' : 'Run Repository → Verify to see what is affected.';
		throw new Failure('notFound', `${key} in ${this.label} ${what}`, { code: 'missingFile', nextStep });
	}

	private async clearVersions(key: string, signal?: AbortSignal): Promise<void> {
		checkKey(key);
		throwIfAborted(signal);
		await this.versions.deleteOld(key, signal);
	}

	/**
	 * Parts of uploads that a killed process left: they are billed and no listing shows them. A living upload is over in
	 * minutes, so old means dead. Once a store, before its first put.
	 */
	private async clearLeftovers(signal?: AbortSignal): Promise<void> {
		if (this.hasClearedLeftovers) return;
		this.hasClearedLeftovers = true;
		const oldest = this.options.ambient.now().getTime() - LEFTOVER_AGE_MS;
		const target = { Bucket: this.bucket.bucket };
		try {
			const found = await this.bucket.call('list unfinished uploads', 's3:ListBucketMultipartUploads', (client) =>
				client.send(new ListMultipartUploadsCommand({ ...target, Prefix: this.bucket.nameOf('') }), { ...(signal && { abortSignal: signal }) }),
			);
			for (const { Key, UploadId, Initiated } of found.Uploads ?? []) {
				if (Key === undefined || UploadId === undefined || Initiated === undefined || Initiated.getTime() > oldest) continue;
				await this.bucket.call('clear an unfinished upload', 's3:AbortMultipartUpload', (client) => client.send(new AbortMultipartUploadCommand({ ...target, Key, UploadId })));
			}
		} catch (error) {
			// Whoever may not, or whose server cannot, clears by a lifecycle rule; the put says what else is wrong.
			if (isFailure(error, 'cancelled')) throw error;
		}
	}

	private notS3(doing: string): Failure {
		return new Failure('invalid', `Could not ${doing} in ${this.label}: the endpoint does not answer as an S3 server does`, {
			code: 'notS3',
			nextStep: 'Check that the endpoint is that of the S3 service, not of its web console.',
		});
	}
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
	// no bytes
}
