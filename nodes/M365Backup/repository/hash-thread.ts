import type * as Crypto from 'node:crypto';
import type * as Threads from 'node:worker_threads';
import type * as Zlib from 'node:zlib';

/** To the thread, several at once: a hash begins, maybe with a CRC-32; these bytes belong to it; or it is over, and its digest wanted or not. `also`: a second hash of the same bytes. */
export type HashOrder =
	| { hash: number; begin: true; withCrc32: boolean }
	| { hash: number; also?: number; place: number; sizeBytes: number }
	| { hash: number; end: 'digest' | 'discard' };
/** From the thread, several at once: that place may be used again; or a digest. */
export type HashAnswer = { place: number } | { hash: number; sha256: string; crc32: number };
export interface HashThreadData {
	/** Places of `placeBytes` each, which both threads see. */
	memory: SharedArrayBuffer;
	placeBytes: number;
}

/**
 * What the other thread of off-thread-hash.ts does: hashes what stands in the places, in the order in which it is told
 * to. Its text alone goes there, so that it starts at once wherever this file came from: it may use nothing from
 * around it.
 */
function main(load: NodeJS.Require): void {
	const { createHash } = load('node:crypto') as typeof Crypto;
	const { crc32 } = load('node:zlib') as typeof Zlib;
	const threads = load('node:worker_threads') as typeof Threads;
	const { memory, placeBytes } = threads.workerData as HashThreadData;
	const hashes = new Map<number, { sha256: ReturnType<typeof createHash>; crc32: number | undefined }>();
	const { parentPort } = threads;
	const follow = (order: HashOrder): HashAnswer | undefined => {
		const { hash } = order;
		if ('begin' in order) {
			hashes.set(hash, { sha256: createHash('sha256'), crc32: order.withCrc32 ? 0 : undefined });
			return undefined;
		}
		if ('end' in order) {
			const state = hashes.get(hash);
			hashes.delete(hash);
			return order.end === 'discard' || !state ? undefined : { hash, sha256: state.sha256.digest('hex'), crc32: state.crc32 ?? 0 };
		}
		const bytes = new Uint8Array(memory, order.place * placeBytes, order.sizeBytes);
		for (const one of [hash, order.also]) {
			// Bytes that were on their way to a hash that nobody wants any more belong to none.
			const state = one === undefined ? undefined : hashes.get(one);
			if (!state) continue;
			state.sha256.update(bytes);
			if (state.crc32 !== undefined) state.crc32 = crc32(bytes, state.crc32);
		}
		return { place: order.place };
	};
	// Each message wakes a thread: they go together.
	parentPort?.on('message', (orders: readonly HashOrder[]) => {
		parentPort.postMessage(orders.flatMap((order) => follow(order) ?? []));
	});
}

/** A program for `new Worker(…, {eval: true})`. Compilers for development wrap functions in `__name`. */
export const HASH_THREAD = `const __name = (named) => named; (${main.toString()})(require);`;
