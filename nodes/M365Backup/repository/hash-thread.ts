import type * as Crypto from 'node:crypto';
import type * as Threads from 'node:worker_threads';
import type * as Zlib from 'node:zlib';

/** To the thread: that hash is to have a CRC-32; these bytes belong to it; or it is over, and its digest wanted or not. */
export type HashOrder =
	| { hash: number; withCrc32: true }
	| { hash: number; place: number; sizeBytes: number }
	| { hash: number; end: 'digest' | 'discard' };
/** From the thread: that place may be used again; or a digest. */
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
	parentPort?.on('message', (order: HashOrder) => {
		const state = hashes.get(order.hash) ?? { sha256: createHash('sha256'), crc32: undefined };
		hashes.set(order.hash, state);
		if ('withCrc32' in order) state.crc32 = 0;
		else if ('end' in order) {
			hashes.delete(order.hash);
			if (order.end === 'discard') return;
			parentPort.postMessage({ hash: order.hash, sha256: state.sha256.digest('hex'), crc32: state.crc32 ?? 0 } satisfies HashAnswer);
		} else {
			const bytes = new Uint8Array(memory, order.place * placeBytes, order.sizeBytes);
			state.sha256.update(bytes);
			if (state.crc32 !== undefined) state.crc32 = crc32(bytes, state.crc32);
			parentPort.postMessage({ place: order.place } satisfies HashAnswer);
		}
	});
}

/** A program for `new Worker(…, {eval: true})`. Compilers for development wrap functions in `__name`. */
export const HASH_THREAD = `const __name = (named) => named; (${main.toString()})(require);`;
