import { realAmbient } from '../base/ambient';
import { Failure } from '../base/failure';
import { abortable, throwIfAborted } from './abortable';
import { checkKey, checkPrefix } from './keys';
import { alreadyThere, refuseRetention, throwIfLocked, type LockedFile } from './refusals';
import type { ByteRange, PutOptions, Store, StoreCapabilities, StoreFile } from './store';

const chunkBytes = 64 * 1024;

export interface MemoryStoreOptions {
	/** The store's clock; the real one without. */
	now?: () => Date;
	/** Keeps versions and locks them, as a bucket with object lock does. */
	locks?: {
		/** Every version is locked for so long that was put without a lock of its own. Default 0. */
		defaultMs?: number;
	};
}

interface Version {
	bytes: Buffer;
	modifiedAt: Date;
	/** With locks. */
	lockedUntil?: Date;
}

/** A repository in memory, gone with the process: for tests and for trying things out. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
	const now = options.now ?? ((): Date => realAmbient.now());
	return options.locks ? new LockingMemoryStore(now, options.locks.defaultMs ?? 0) : new MemoryStore(now);
}

class MemoryStore implements Store {
	readonly capabilities: StoreCapabilities = { ifAbsent: true, retainUntil: false, overwriteIsCostly: false };
	readonly label = 'memory';
	/** Newest last; more than one only where versions are kept. */
	protected readonly files = new Map<string, readonly Version[]>();

	constructor(protected readonly now: () => Date) {}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		checkPrefix(prefix);
		await Promise.resolve();
		for (const key of [...this.files.keys()]) {
			throwIfAborted(signal);
			const file = this.newest(key);
			if (file && key.startsWith(prefix)) yield { key, sizeBytes: file.bytes.length, modifiedAt: new Date(file.modifiedAt) };
		}
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		checkKey(key);
		throwIfAborted(signal);
		await Promise.resolve();
		const file = this.newest(key);
		if (!file) return null;
		const from = range?.offset ?? 0;
		return chunks(file.bytes.subarray(from, range ? from + range.length : undefined), signal);
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		checkKey(key);
		if (!this.capabilities.retainUntil) refuseRetention(options);
		throwIfAborted(options.signal);
		const parts: Buffer[] = [];
		for await (const chunk of abortable(source, options.signal)) parts.push(Buffer.from(chunk));
		throwIfAborted(options.signal);
		if (options.ifAbsent === true && this.files.has(key)) throw alreadyThere(key);
		this.keep(key, { bytes: Buffer.concat(parts), modifiedAt: this.now() }, options);
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) checkKey(key);
		for (const key of keys) {
			throwIfAborted(signal);
			this.files.delete(key);
			await Promise.resolve();
		}
	}

	protected keep(key: string, version: Version, _options: PutOptions): void {
		this.files.set(key, [version]);
	}

	protected newest(key: string): Version | undefined {
		return this.files.get(key)?.at(-1);
	}
}

class LockingMemoryStore extends MemoryStore {
	override readonly capabilities = { ifAbsent: true, retainUntil: true, overwriteIsCostly: true };

	constructor(
		now: () => Date,
		private readonly defaultMs: number,
	) {
		super(now);
	}

	async lockedUntil(key: string, signal?: AbortSignal): Promise<Date | null> {
		checkKey(key);
		throwIfAborted(signal);
		await Promise.resolve();
		const until = this.newest(key)?.lockedUntil;
		return until && until > this.now() ? new Date(until) : null;
	}

	async extendLock(key: string, until: Date, signal?: AbortSignal): Promise<void> {
		checkKey(key);
		throwIfAborted(signal);
		await Promise.resolve();
		const version = this.newest(key);
		if (!version) throw new Failure('notFound', `${key} is missing, so that it cannot be locked`);
		if (!version.lockedUntil || version.lockedUntil < until) version.lockedUntil = new Date(until);
	}

	override async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) checkKey(key);
		const locked: LockedFile[] = [];
		for (const key of keys) {
			throwIfAborted(signal);
			const until = this.files.get(key)?.map((version) => this.lockOf(version)).find((lock) => lock !== undefined);
			if (until) locked.push({ key, until });
			else this.files.delete(key);
			await Promise.resolve();
		}
		throwIfLocked(this.label, locked);
	}

	async deleteOldVersions(key: string, signal?: AbortSignal): Promise<void> {
		checkKey(key);
		throwIfAborted(signal);
		await Promise.resolve();
		const versions = this.files.get(key);
		const newest = versions?.at(-1);
		if (!versions || !newest) return;
		const firstLocked = versions.findIndex((version) => this.lockOf(version));
		this.files.set(key, firstLocked < 0 ? [newest] : [...versions.slice(firstLocked, -1), newest]);
	}

	protected override keep(key: string, version: Version, { retainUntil }: PutOptions): void {
		const lockedUntil = retainUntil ?? (this.defaultMs > 0 ? new Date(this.now().getTime() + this.defaultMs) : undefined);
		const locked = { ...version, ...(lockedUntil && { lockedUntil: new Date(lockedUntil) }) };
		this.files.set(key, [...(this.files.get(key) ?? []), locked]);
	}

	private lockOf({ lockedUntil }: Version): Date | undefined {
		return lockedUntil && lockedUntil > this.now() ? lockedUntil : undefined;
	}
}

async function* chunks(bytes: Buffer, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
	for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
		throwIfAborted(signal);
		await Promise.resolve();
		// A copy, so that nobody can change what is stored.
		yield Buffer.from(bytes.subarray(offset, offset + chunkBytes));
	}
}
