/** A file as the store lists it. `key` uses `/` between folders and never starts with one. */
export interface StoreFile {
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
	/** Object lock until then. Only where `capabilities.retainUntil`. */
	retainUntil?: Date;
	signal?: AbortSignal;
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
 *   Without `ifAbsent` it replaces.
 * - `get` of a missing key is null. The iterable throws a Failure if reading breaks off; it never ends early silently.
 * - `list` yields all keys that start with the prefix (a string prefix, not a folder), in no particular order;
 *   `lease-…` files and everything else alike; no temporary files.
 * - `delete` of a missing key is no error.
 * - Errors are Failures: denied, quota (no space), transient, conflict, invalid (key leaves the root), cancelled.
 */
export interface Store {
	readonly capabilities: StoreCapabilities;
	/** For messages, e.g. `folder /backups/m365`. No secrets. */
	readonly label: string;
	list(prefix: string, signal?: AbortSignal): AsyncIterable<StoreFile>;
	get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
	put(key: string, source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void>;
	delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
}
