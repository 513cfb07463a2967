import { createHash } from 'node:crypto';
import type { Ambient } from '../base/ambient';
import { isFailure, toFailure } from '../base/failure';
import { storedBytes, type Store, type StoredFile } from '../stores/store';

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 500;

export interface PutContext {
	store: Store;
	ambient: Ambient;
	signal?: AbortSignal | undefined;
}

/** Whether exactly these bytes are stored under that key. */
export async function isStored(
	{ store, signal }: PutContext,
	key: string,
	expected: { size: number; sha256: string },
): Promise<boolean> {
	const content = await storedBytes(store).get(key, undefined, signal);
	if (content === null) return false;
	const hash = createHash('sha256');
	let sizeBytes = 0;
	for await (const chunk of content) {
		sizeBytes += chunk.length;
		if (sizeBytes > expected.size) return false;
		hash.update(chunk);
	}
	return sizeBytes === expected.size && hash.digest('hex') === expected.sha256;
}

/**
 * Puts a file of a fresh name whose bytes can be made again, as often as passing faults demand: the same bytes under
 * the same name do no harm, so a lost answer costs one more put (§3.5.7). `open` is called once an attempt. The answer is
 * what is stored, where that is not what `open` gave. Encrypted, they are other bytes each time: not guaranteed is that a
 * put whose answer was lost cannot land after its repetition, which verify would then call damaged.
 */
export async function putConfirmed(context: PutContext, key: string, open: () => AsyncIterable<Uint8Array>): Promise<StoredFile | undefined> {
	const { store, ambient, signal } = context;
	for (let attempt = 1; ; attempt++) {
		let stored: StoredFile | undefined;
		try {
			await store.put(key, open(), { onStored: (told) => (stored = told), ...(signal && { signal }) });
			return stored;
		} catch (error) {
			if (!isFailure(error, 'transient', 'throttled') || attempt === ATTEMPTS) throw toFailure(error);
			const delayMs = error.retryAfterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + ambient.random());
			await ambient.sleep(delayMs, signal);
		}
	}
}
