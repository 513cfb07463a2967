import { Failure } from '../../../nodes/M365Backup/base/failure';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { ByteRange, PutOptions, Store } from '../../../nodes/M365Backup/stores/store';

/** A store in memory that behaves as `lie` says in what it names. */
export function lyingStore(lie: (honest: Store) => Partial<Store>, inner: Store = createMemoryStore()): Store {
	const honest: Store = {
		capabilities: inner.capabilities,
		label: 'a storage that lies',
		list: (prefix, signal) => inner.list(prefix, signal),
		get: (key, range, signal) => inner.get(key, range, signal),
		put: (key, source, options) => inner.put(key, source, options),
		delete: (keys, signal) => inner.delete(keys, signal),
	};
	return { ...honest, ...lie(honest) };
}

export interface LockingStoreOptions {
	now: () => Date;
	/** Deletes what is locked all the same. */
	deletesLocked?: boolean;
	/** Takes the lock and forgets it. */
	forgetsLocks?: boolean;
	/** Locks every file by itself for so long. */
	ownLockMs?: number;
}

/** Object lock in memory, that holds unless told otherwise. */
export function lockingStore({ now, deletesLocked = false, forgetsLocks = false, ownLockMs = 0 }: LockingStoreOptions): Store {
	const locks = new Map<string, Date>();
	const inner = createMemoryStore({ now });
	return {
		...lyingStore(() => ({}), inner),
		capabilities: { ifAbsent: true, retainUntil: true, overwriteIsCostly: true },
		put: async (key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}) => {
			const { retainUntil, ...rest } = options;
			await inner.put(key, source, rest);
			const own = ownLockMs > 0 ? new Date(now().getTime() + ownLockMs) : undefined;
			const until = retainUntil ?? own;
			if (until && !forgetsLocks) locks.set(key, until);
		},
		lockedUntil: async (key: string) => locks.get(key) ?? null,
		delete: async (keys: readonly string[]) => {
			const isLocked = (key: string): boolean => !deletesLocked && (locks.get(key)?.getTime() ?? 0) > now().getTime();
			await inner.delete(keys.filter((key) => !isLocked(key)));
			const locked = keys.find(isLocked);
			if (locked !== undefined) throw new Failure('denied', `${locked} is locked until ${locks.get(locked)!.toISOString()}`, { code: 'locked' });
		},
	};
}

export type { ByteRange };
