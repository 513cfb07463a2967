import type { Ambient } from '../base/ambient';
import { Failure } from '../base/failure';
import { assertCanLock, type ByteRange, type PutOptions, type Store, type StoreFile } from './store';

const DAY_MS = 24 * 3_600_000;
/** Ten years: a lock that nobody can lift should not be a slip of the keyboard. */
export const MOST_LOCK_DAYS = 3650;

export interface LockingOptions {
	/** A whole number, 1 to {@link MOST_LOCK_DAYS}. */
	days: number;
	ambient: Pick<Ambient, 'now'>;
	/** Files that are written once and deleted by prune alone, by their stored keys: they are locked, no others. */
	isLockable: (key: string) => boolean;
}

/**
 * Locks every file as it is put that is written once. Where the store has no locks, nothing at all is written: `put` throws
 * `invalid` with code `noObjectLock`. Reading, as for a restore, works all the same. Throws `invalid` for days that make no sense.
 */
export function createLockingStore(inner: Store, options: LockingOptions): Store {
	const { days } = options;
	if (!Number.isInteger(days) || days < 1 || days > MOST_LOCK_DAYS) {
		throw new Failure('invalid', `Locking files for ${days} days makes no sense`, {
			code: 'invalidLockDays',
			nextStep: `Set Lock Files For (Days) to a whole number up to ${MOST_LOCK_DAYS}; 0 switches locking off.`,
		});
	}
	return new LockingStore(inner, options);
}

class LockingStore implements Store {
	readonly lockedUntil?: NonNullable<Store['lockedUntil']>;
	readonly extendLock?: NonNullable<Store['extendLock']>;
	readonly deleteOldVersions?: NonNullable<Store['deleteOldVersions']>;

	constructor(
		private readonly inner: Store,
		private readonly options: LockingOptions,
	) {
		if (inner.lockedUntil) this.lockedUntil = inner.lockedUntil.bind(inner);
		if (inner.extendLock) this.extendLock = inner.extendLock.bind(inner);
		if (inner.deleteOldVersions) this.deleteOldVersions = inner.deleteOldVersions.bind(inner);
	}

	get capabilities(): Store['capabilities'] {
		return this.inner.capabilities;
	}

	get label(): string {
		return this.inner.label;
	}

	get lockDays(): number {
		return this.options.days;
	}

	list(prefix: string, signal?: AbortSignal): AsyncIterable<StoreFile> {
		return this.inner.list(prefix, signal);
	}

	get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		return this.inner.get(key, range, signal);
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		assertCanLock(this);
		const { days, ambient, isLockable } = this.options;
		if (!isLockable(key)) return this.inner.put(key, source, options);
		const until = new Date(ambient.now().getTime() + days * DAY_MS);
		const retainUntil = options.retainUntil && options.retainUntil > until ? options.retainUntil : until;
		await this.inner.put(key, source, { ...options, retainUntil });
	}

	delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		return this.inner.delete(keys, signal);
	}
}
