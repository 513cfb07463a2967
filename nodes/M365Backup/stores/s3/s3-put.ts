import { createHash, randomBytes } from 'node:crypto';
import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	HeadObjectCommand,
	ListPartsCommand,
	PutObjectCommand,
	UploadPartCommand,
	type CompletedPart,
} from '@aws-sdk/client-s3';
import { Failure, isFailure } from '../../base/failure';
import { abortable, throwIfAborted } from '../abortable';
import { alreadyThere } from '../refusals';
import { isPassing, retried } from '../retry';
import type { PutOptions } from '../store';
import { PartReader, type Part } from '../part-reader';
import type { S3Bucket } from './s3-bucket';
import { extendLock, wholeSeconds, type LockMode } from './s3-locks';

const MEBIBYTE = 1024 * 1024;
/** An upload has at most 10,000 parts: larger ones from part 5,001 on reach 350 GB, more than OneDrive takes. Until then all are alike, as some servers demand. */
const PART_BYTES = 8 * MEBIBYTE;
const LATE_PART_BYTES = 64 * MEBIBYTE;
const LATE_FROM_PART = 5001;
const PARTS_IN_FLIGHT = 2;
/** Servers check If-None-Match when an object is put in one piece, not all of them when it comes in parts. */
const LARGEST_IF_ABSENT_BYTES = 64 * MEBIBYTE;
/** A small put is over in no time: cutting it off would only leave open whether it is stored. */
const UNINTERRUPTED_BYTES = MEBIBYTE;
const ABANDON_ATTEMPTS = 3;
/** Tells our own put from others' when its answer was lost. */
const MARK = 'm365-backup-put';

/** One put: in one request if it fits into a part, else as a multipart upload of which nothing is left if it fails. */
export async function putObject(bucket: S3Bucket, key: string, source: AsyncIterable<Uint8Array>, options: PutOptions, lock: { mode: LockMode; now: () => Date }): Promise<void> {
	await new S3Put(bucket, key, options, lock).run(source);
}

class S3Put {
	private readonly target: { Bucket: string; Key: string };
	private readonly mark = randomBytes(12).toString('hex');
	/** Ends the requests of parts, and the reading of the source, when one part has failed for good. */
	private readonly stop = new AbortController();
	private readonly signal: AbortSignal;

	constructor(
		private readonly bucket: S3Bucket,
		private readonly key: string,
		private readonly options: PutOptions,
		private readonly lock: { mode: LockMode; now: () => Date },
	) {
		this.target = { Bucket: bucket.bucket, Key: bucket.nameOf(key) };
		this.signal = options.signal ? AbortSignal.any([options.signal, this.stop.signal]) : this.stop.signal;
	}

	async run(source: AsyncIterable<Uint8Array>): Promise<void> {
		throwIfAborted(this.options.signal);
		const parts = new PartReader(abortable(source, this.signal));
		try {
			const first = await parts.next(this.options.ifAbsent === true ? LARGEST_IF_ABSENT_BYTES : PART_BYTES);
			throwIfAborted(this.options.signal);
			const version = first.isLast ? await this.putWhole(first.bytes) : await this.putInParts(first, parts);
			if (this.options.retainUntil) await this.ensureLock(this.options.retainUntil, version);
		} finally {
			parts.close();
		}
	}

	private get common(): Record<'Metadata', Record<string, string>> & { ObjectLockMode?: LockMode; ObjectLockRetainUntilDate?: Date } {
		const { retainUntil } = this.options;
		return {
			Metadata: { [MARK]: this.mark },
			...(retainUntil && { ObjectLockMode: this.lock.mode, ObjectLockRetainUntilDate: wholeSeconds(retainUntil) }),
		};
	}

	/** The version's id where the bucket has versions. */
	private async putWhole(bytes: Buffer): Promise<string | undefined> {
		const ifAbsent = this.options.ifAbsent === true;
		const abortSignal = bytes.length > UNINTERRUPTED_BYTES ? this.signal : undefined;
		return await this.persistently(async (attempt) => {
			try {
				const command = new PutObjectCommand({ ...this.target, ...this.common, Body: bytes, ContentMD5: md5(bytes), ...(ifAbsent && { IfNoneMatch: '*' }) });
				return (await this.bucket.client.send(command, { ...(abortSignal && { abortSignal }) })).VersionId;
			} catch (error) {
				const failure = this.failure(error, 'write');
				if (!ifAbsent || failure.kind !== 'conflict') throw failure;
				// After a lost answer it is our own file that is in the way.
				const isOurs = attempt > 1 ? await this.ours() : undefined;
				if (isOurs) return isOurs.version;
				throw alreadyThere(this.key);
			}
		});
	}

	private async putInParts(first: Part, parts: PartReader): Promise<string | undefined> {
		if (this.options.ifAbsent === true) {
			throw new Failure('invalid', `${this.key} is larger than ${LARGEST_IF_ABSENT_BYTES / MEBIBYTE} MB: an S3 bucket cannot store it only if it is not there`, { code: 'tooLarge' });
		}
		const uploadId = await this.begin();
		const done: CompletedPart[] = [];
		const running = new Set<Promise<void>>();
		let fault: unknown;
		const send = (part: Part, number: number): void => {
			const sending = this.sendPart(uploadId, part.bytes, number)
				.then((completed) => {
					done.push(completed);
					parts.reuse(part);
				})
				.catch((error: unknown) => {
					if (this.stop.signal.aborted) return;
					fault = error;
					this.stop.abort();
				})
				.finally(() => running.delete(sending));
			running.add(sending);
		};
		try {
			for (let part = first, number = 1; ; number += 1) {
				send(part, number);
				if (part.isLast) break;
				while (running.size >= PARTS_IN_FLIGHT) await Promise.race(running);
				part = await parts.next(number + 1 < LATE_FROM_PART ? PART_BYTES : LATE_PART_BYTES);
			}
			await Promise.all(running);
			throwIfAborted(this.signal);
			return await this.complete(uploadId, done);
		} catch (error) {
			this.stop.abort();
			await Promise.all(running);
			await this.abandon(uploadId);
			throw fault ?? error;
		}
	}

	private async begin(): Promise<string> {
		return await this.persistently(async () => {
			const { UploadId } = await this.send('write', (signal) => this.bucket.client.send(new CreateMultipartUploadCommand({ ...this.target, ...this.common }), signal));
			if (UploadId === undefined) throw new Failure('invalid', `Could not write ${this.key} in ${this.bucket.label}: the server began no upload in parts`);
			return UploadId;
		});
	}

	private async sendPart(UploadId: string, bytes: Buffer, PartNumber: number): Promise<CompletedPart> {
		const ContentMD5 = md5(bytes);
		return await this.persistently(async () => {
			const { ETag } = await this.send(`write part ${PartNumber} of`, (signal) =>
				this.bucket.client.send(new UploadPartCommand({ ...this.target, UploadId, PartNumber, Body: bytes, ContentMD5 }), signal),
			);
			return { PartNumber, ETag };
		});
	}

	/** The request is not cut off: afterwards nobody could say whether it is stored. */
	private async complete(UploadId: string, done: readonly CompletedPart[]): Promise<string | undefined> {
		const Parts = [...done].sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
		return await this.persistently(async (attempt) => {
			try {
				const command = new CompleteMultipartUploadCommand({ ...this.target, UploadId, MultipartUpload: { Parts } });
				return (await this.bucket.client.send(command)).VersionId;
			} catch (error) {
				const failure = this.failure(error, 'complete the upload of');
				// The answer to the try before was lost: the upload is over, and what stands there is ours.
				const isOurs = attempt > 1 && !isPassing(failure) ? await this.ours() : undefined;
				if (isOurs) return isOurs.version;
				throw failure;
			}
		});
	}

	/** The version that stands there, if this very put wrote it. Whoever was in the way may have gone meanwhile. */
	private async ours(): Promise<{ version: string | undefined } | undefined> {
		try {
			const { Metadata, VersionId } = await this.send('look at', () => this.bucket.client.send(new HeadObjectCommand(this.target)), 's3:GetObject');
			return Metadata?.[MARK] === this.mark ? { version: VersionId } : undefined;
		} catch (error) {
			if (isFailure(error, 'notFound')) return undefined;
			throw error;
		}
	}

	/**
	 * Leaves no part behind, since parts are billed but not listed. A part that was on its way can arrive after the end
	 * of the upload, hence the look afterwards. What cannot be cleared now, the next run's clearing of leftovers finds.
	 */
	private async abandon(UploadId: string): Promise<void> {
		try {
			for (let attempt = 1; attempt <= ABANDON_ATTEMPTS; attempt += 1) {
				await this.bucket.client.send(new AbortMultipartUploadCommand({ ...this.target, UploadId }));
				await this.bucket.client.send(new ListPartsCommand({ ...this.target, UploadId, MaxParts: 1 }));
			}
		} catch {
			// Usually: there is no such upload any more, as it should be. Everything else matters less than why the put failed.
		}
	}

	/** "Stored" with a lock means read back as locked. Older servers take no lock with an upload in parts: they get it afterwards. */
	private async ensureLock(until: Date, version: string | undefined): Promise<void> {
		const wanted = { until, mode: this.lock.mode, now: this.lock.now() };
		await this.persistently(() => extendLock(this.bucket, { key: this.key, version }, wanted, this.signal));
	}

	private async send<T>(doing: string, request: (options: { abortSignal: AbortSignal }) => Promise<T>, permission?: string): Promise<T> {
		try {
			return await request({ abortSignal: this.signal });
		} catch (error) {
			throw this.failure(error, doing, permission);
		}
	}

	private failure(error: unknown, doing: string, permission = this.options.retainUntil ? 's3:PutObject and s3:PutObjectRetention' : 's3:PutObject'): Failure {
		return this.bucket.failure(error, `${doing} ${this.key}`, permission);
	}

	private async persistently<T>(action: (attempt: number) => Promise<T>): Promise<T> {
		return await retried(action, this.bucket.patience, this.signal);
	}
}

function md5(bytes: Buffer): string {
	return createHash('md5').update(bytes).digest('base64');
}
