import { Failure } from '../base/failure';

/** A file as the store lists it. */
export interface StoreFile {
	/** `/` between folders, none in front; what else a key may be is one rule for all stores: `checkKey` in keys.ts. */
	key: string;
	sizeBytes: number;
	/** By the store's own clock. */
	modifiedAt: Date;
}

/** `length` bytes from `offset`; fewer if the file ends before. */
export interface ByteRange {
	offset: number;
	length: number;
}

export interface PutOptions {
	/** Fails with a `conflict` Failure, changing nothing, if the key exists. Only where `capabilities.ifAbsent`. */
	ifAbsent?: boolean;
	/** Object lock until then. Only where `capabilities.retainUntil`; elsewhere an `invalid` Failure, never silence. */
	retainUntil?: Date;
	/** Stops the put at once, also while its source hangs: nothing is stored then. */
	signal?: AbortSignal;
	/**
	 * Told, once the last byte was handed over, what is to stand in the store where that is not what was put, since the
	 * store encrypts it; true if the put resolves, to be compared if its answer was lost. Never called elsewhere.
	 */
	onStored?: (stored: StoredFile) => void;
}

/** What encrypted files are called in addition, so that people and the program `age` know them. */
export const ENCRYPTED_SUFFIX = '.age';

/** A file's bytes as they are stored. */
export interface StoredFile {
	sizeBytes: number;
	sha256: string;
}

/** How an encrypted store's files are stored. */
export interface StoredForm {
	/** The same files under the same keys, but with their bytes as they are stored, in `get` and `put` alike. */
	readonly store: Store;
	/** What the file of that key is called where it is stored, and in copies. */
	nameOf(key: string): string;
	/** What was put, from the bytes that stand in the store. Throws `corrupt`, or `denied` with code `wrongKey`. */
	open(key: string, stored: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

export interface StoreCapabilities {
	/** `put(…, {ifAbsent: true})` is atomic, also between processes. */
	ifAbsent: boolean;
	retainUntil: boolean;
	/** Overwriting keeps or bills the old version, so that `cursor.json` should be rewritten rarely. */
	overwriteIsCostly: boolean;
}

/**
 * The driver for a repository's bytes. Semantics that every adapter and wrapper keeps:
 *
 * - `put` is all or nothing: a reader sees the whole new file or none of it, also after a crash. It resolves only
 *   once the bytes are durable. If the source throws, nothing is left behind and that very error is rethrown.
 *   Without `ifAbsent` it replaces. The source's buffers may be reused once the next chunk is asked for.
 * - `get` of a missing key is null, as is that of a folder. The iterable can be read once and throws a Failure if
 *   reading breaks off; it never ends early silently. A range beyond the end is empty.
 * - `list` yields all keys that start with the prefix (a string prefix, not a folder), in no particular order;
 *   `lease-…` files and everything else alike; no temporary files. Files that come or go meanwhile may be there or not.
 * - `delete` of a missing key is no error. A forbidden key among others deletes none of them. Where the store keeps
 *   versions, all versions of a key go. Locked files stay as they are, still to be read; all others are deleted, and
 *   then a `denied` Failure with code `locked` names one of them and until when.
 * - A lock is never shortened, and no file counts as locked until the store said so when asked.
 * - Errors are Failures: denied, quota (no space), transient, conflict, invalid (key leaves the root), cancelled.
 */
export interface Store {
	readonly capabilities: StoreCapabilities;
	/** For messages, e.g. `folder /backups/m365`. No secrets. */
	readonly label: string;
	/** Where the store encrypts. */
	readonly asStored?: StoredForm;
	list(prefix: string, signal?: AbortSignal): AsyncIterable<StoreFile>;
	get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
	put(key: string, source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void>;
	delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
	/**
	 * Until when the newest version of a file is locked, by the store's answer; null: it is not, or there is no such
	 * file. Undefined where a store knows no locks.
	 */
	lockedUntil?(key: string, signal?: AbortSignal): Promise<Date | null>;
	/**
	 * Locks the newest version of a file until then, or leaves a longer lock as it is, and reads the lock back; where the store
	 * keeps versions, also the oldest: should somebody have overwritten a file, that is the one to go back to. Throws a
	 * `notFound` Failure if there is no such file, `denied` if it may not be locked. Undefined as `lockedUntil`.
	 */
	extendLock?(key: string, until: Date, signal?: AbortSignal): Promise<void>;
	/**
	 * Deletes the versions of a file that later ones have replaced, oldest first, up to the first that is locked; the file
	 * stays as it is. Undefined where a store keeps no versions.
	 */
	deleteOldVersions?(key: string, signal?: AbortSignal): Promise<void>;
	/** For how many days the store locks files by itself as they are put, those that are overwritten excepted. Undefined: it does not. */
	readonly lockDays?: number | undefined;
}

/** That a file cannot be deleted yet. What throws it has deleted no version of the file. */
export const LOCKED_CODE = 'locked';

/** The store's files with their bytes as they are stored: what sizes and hashes in records are of. */
export function storedBytes(store: Store): Store {
	return store.asStored?.store ?? store;
}

/** What the file of that key is called where it is stored, and in copies. */
export function storedName(store: Store, key: string): string {
	return store.asStored?.nameOf(key) ?? key;
}

/** Throws `invalid` with code `noObjectLock` where files are to be locked as they are put, and the store cannot. */
export function assertCanLock({ lockDays, capabilities, label }: Store): void {
	if (lockDays === undefined || capabilities.retainUntil) return;
	throw new Failure('invalid', `${label} cannot lock files against deletion: it has no object lock, or this access key may not see it; nothing was written`, {
		code: 'noObjectLock',
		nextStep:
			'Create a new bucket with object lock and versioning (most providers cannot add it to an old one), give the access key the permissions s3:GetBucketObjectLockConfiguration, s3:PutObjectRetention and s3:GetObjectRetention, and back up into that one; or set Lock Files For (Days) to 0.',
	});
}
