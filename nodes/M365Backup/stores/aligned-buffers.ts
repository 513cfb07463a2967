import { giveBack, PIECE_BYTES, takePiece } from '../base/pieces';

/** Of the system's memory, on every processor that Node runs on; the unit of a WebAssembly program's memory, too. */
const PAGE_BYTES = 64 * 1024;
/** For eight files that are written at once. Those that nobody has written to yet are no memory. */
const PLACES = 16;

/** Of what lib.dom would declare, what is used here. */
declare const WebAssembly: { Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } };

interface Pool {
	memory: ArrayBuffer;
	/** What was used last is taken first: it is in the processor's cache. */
	free: Buffer[];
}

let pool: Pool | undefined;

/**
 * Memory of a WebAssembly program that there is not: unlike other memory that JavaScript can have, it begins at a page
 * of the system's.
 */
function makePool(): Pool | undefined {
	try {
		const pages = (PLACES * PIECE_BYTES) / PAGE_BYTES;
		const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
		return { memory: buffer, free: Array.from({ length: PLACES }, (_, place) => Buffer.from(buffer, place * PIECE_BYTES, PIECE_BYTES)) };
	} catch {
		// The process may not reserve as much address space as this takes (`ulimit -v`).
		return undefined;
	}
}

/** A buffer of `PIECE_BYTES` that begins at a page of the system's memory, unless all are out: then anywhere. It is to be returned. */
export function takeAligned(): Buffer {
	pool ??= makePool();
	return pool?.free.pop() ?? takePiece();
}

/** Once, by who took it and neither reads nor writes it any more. */
export function returnAligned(buffer: Buffer): void {
	if (pool && buffer.buffer === pool.memory) pool.free.push(buffer);
	else giveBack(buffer);
}

/** Whether these bytes begin at such a page. */
export function isAligned(bytes: Uint8Array): boolean {
	return pool !== undefined && bytes.buffer === pool.memory && bytes.byteOffset % PAGE_BYTES === 0;
}
