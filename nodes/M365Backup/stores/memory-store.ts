import { realAmbient } from '../base/ambient';
import { abortable, throwIfAborted } from './abortable';
import { checkKey, checkPrefix } from './keys';
import { alreadyThere, refuseRetention } from './refusals';
import type { ByteRange, PutOptions, Store, StoreFile } from './store';

const chunkBytes = 64 * 1024;

export interface MemoryStoreOptions {
	/** The store's clock; the real one without. */
	now?: () => Date;
}

interface StoredFile {
	bytes: Buffer;
	modifiedAt: Date;
}

/** A repository in memory, gone with the process: for tests and for trying things out. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
	return new MemoryStore(options.now ?? (() => realAmbient.now()));
}

class MemoryStore implements Store {
	readonly capabilities = { ifAbsent: true, retainUntil: false, overwriteIsCostly: false };
	readonly label = 'memory';
	private readonly files = new Map<string, StoredFile>();

	constructor(private readonly now: () => Date) {}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		checkPrefix(prefix);
		await Promise.resolve();
		for (const [key, { bytes, modifiedAt }] of [...this.files]) {
			throwIfAborted(signal);
			if (key.startsWith(prefix)) yield { key, sizeBytes: bytes.length, modifiedAt: new Date(modifiedAt) };
		}
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		checkKey(key);
		throwIfAborted(signal);
		await Promise.resolve();
		const file = this.files.get(key);
		if (!file) return null;
		const from = range?.offset ?? 0;
		return chunks(file.bytes.subarray(from, range ? from + range.length : undefined), signal);
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		checkKey(key);
		refuseRetention(options);
		throwIfAborted(options.signal);
		const parts: Buffer[] = [];
		for await (const chunk of abortable(source, options.signal)) parts.push(Buffer.from(chunk));
		throwIfAborted(options.signal);
		if (options.ifAbsent === true && this.files.has(key)) throw alreadyThere(key);
		this.files.set(key, { bytes: Buffer.concat(parts), modifiedAt: this.now() });
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) checkKey(key);
		for (const key of keys) {
			throwIfAborted(signal);
			this.files.delete(key);
			await Promise.resolve();
		}
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
