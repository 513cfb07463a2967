import { DeleteObjectCommand, ListObjectVersionsCommand, type ObjectVersion } from '@aws-sdk/client-s3';
import { isFailure } from '../../base/failure';
import { throwIfAborted } from '../abortable';
import type { LockedFile } from '../refusals';
import type { S3Bucket } from './s3-bucket';
import { isRefusal, readLock } from './s3-locks';

/** A version of an object, or the marker that hides the older ones. */
interface Version {
	id: string;
	isMarker: boolean;
	isNewest: boolean;
	modifiedMs: number;
}

/** Deletion in a bucket that keeps versions, where a plain one only hides them: they stay, and are billed. */
export class S3Versions {
	constructor(
		private readonly bucket: S3Bucket,
		private readonly now: () => Date,
	) {}

	/**
	 * Deletes all versions of a key and its markers, the newest last: should it be cut off, the file is there still, or
	 * still hidden. @returns its lock if it has one; then nothing was deleted.
	 */
	async deleteAll(key: string, signal?: AbortSignal): Promise<LockedFile | undefined> {
		const versions = await this.list(key, signal);
		const contents = versions.filter(({ isMarker }) => !isMarker);
		// A single one is deleted by the server or is not: no need to look before.
		if (contents.length > 1) {
			for (const { id } of contents) {
				const locked = await this.lockOf(key, id, signal);
				if (locked) return locked;
			}
		}
		for (const { id } of versions) {
			throwIfAborted(signal);
			const locked = await this.deleteVersion(key, id, signal);
			if (locked) return locked;
		}
		return undefined;
	}

	/**
	 * The ids of the newest version and, if there are several, of the oldest: whoever overwrites a file that is written once
	 * does not get at that. `isHidden`: a marker stands before them. Null if there is none.
	 */
	async ends(key: string, signal?: AbortSignal): Promise<{ ids: string[]; isHidden: boolean } | null> {
		const versions = await this.list(key, signal);
		const contents = versions.filter(({ isMarker }) => !isMarker).map(({ id }) => id);
		const [oldest, newest] = [contents[0], contents.at(-1)];
		if (oldest === undefined || newest === undefined) return null;
		return { ids: [...new Set([newest, oldest])], isHidden: versions.at(-1)?.isMarker === true };
	}

	/** Deletes what newer versions have replaced, up to the first that is locked: those after it are so for longer. */
	async deleteOld(key: string, signal?: AbortSignal): Promise<void> {
		for (const { id, isNewest } of await this.list(key, signal)) {
			throwIfAborted(signal);
			if (!isNewest && (await this.deleteVersion(key, id, signal))) return;
		}
	}

	/**
	 * For buckets of which nobody knew that they keep versions. `marker`: what a plain deletion has left. Where the file is
	 * locked, that goes again, so that it is seen as before.
	 */
	async deleteBehind(key: string, marker: string, signal?: AbortSignal): Promise<LockedFile | undefined> {
		const locked = await this.deleteAll(key, signal);
		if (locked) await this.deleteVersion(key, marker, signal);
		return locked;
	}

	/** Oldest first. */
	private async list(key: string, signal?: AbortSignal): Promise<Version[]> {
		const name = this.bucket.nameOf(key);
		const found: Version[] = [];
		let next: { KeyMarker: string; VersionIdMarker?: string } | undefined;
		do {
			throwIfAborted(signal);
			const from = next;
			const page = await this.bucket.call(`list the versions of ${key}`, 's3:ListBucketVersions', (client) =>
				client.send(new ListObjectVersionsCommand({ Bucket: this.bucket.bucket, Prefix: name, ...from }), { ...(signal && { abortSignal: signal }) }),
			);
			const take = (isMarker: boolean, { Key, VersionId, IsLatest, LastModified }: Pick<ObjectVersion, 'Key' | 'VersionId' | 'IsLatest' | 'LastModified'>): void => {
				if (Key === name && VersionId !== undefined) found.push({ id: VersionId, isMarker, isNewest: IsLatest === true, modifiedMs: LastModified?.getTime() ?? 0 });
			};
			for (const version of page.Versions ?? []) take(false, version);
			for (const marker of page.DeleteMarkers ?? []) take(true, marker);
			// Listings go by name: once it comes to a longer one, there are no more of ours.
			const isOver = page.IsTruncated !== true || page.NextKeyMarker === undefined || page.NextKeyMarker > name;
			next = isOver || page.NextKeyMarker === undefined ? undefined : { KeyMarker: page.NextKeyMarker, ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }) };
		} while (next);
		// The listing has the newest first, and its times are often whole seconds.
		return found.reverse().sort((a, b) => Number(a.isNewest) - Number(b.isNewest) || a.modifiedMs - b.modifiedMs);
	}

	private async deleteVersion(key: string, id: string, signal?: AbortSignal): Promise<LockedFile | undefined> {
		const command = new DeleteObjectCommand({ Bucket: this.bucket.bucket, Key: this.bucket.nameOf(key), VersionId: id });
		try {
			await this.bucket.call(`delete ${key}`, 's3:DeleteObjectVersion', (client) => client.send(command, { ...(signal && { abortSignal: signal }) }));
			return undefined;
		} catch (error) {
			if (isFailure(error, 'notFound')) return undefined;
			if (!isRefusal(error)) throw error;
			const locked = await this.lockOf(key, id, signal, true);
			if (locked) return locked;
			if (isFailure(error) && /object lock|worm|retention|immutab/i.test(error.message)) return { key, until: null };
			throw error;
		}
	}

	/** `wasRefused`: the server has just shown that it holds a lock to be valid, whatever the clock here says. */
	private async lockOf(key: string, version: string, signal?: AbortSignal, wasRefused = false): Promise<LockedFile | undefined> {
		const lock = await readLock(this.bucket, { key, version }, signal);
		if (!lock) return undefined;
		if (lock.isHeld) return { key, until: null };
		if (lock.mode === undefined || lock.until === undefined) return undefined;
		const toleranceMs = wasRefused ? CLOCK_TOLERANCE_MS : 0;
		return lock.until.getTime() + toleranceMs > this.now().getTime() ? { key, until: lock.until } : undefined;
	}
}

/** A lock that ran out longer ago is not why a deletion was refused. */
const CLOCK_TOLERANCE_MS = 24 * 3_600_000;
