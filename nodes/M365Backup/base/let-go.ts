import { giveBack, isPiece } from './pieces';

/**
 * Frees the memory of bytes that are the caller's alone and that nobody reads any more. Otherwise V8 does so at its next
 * collection, and it counts objects, not the megabytes that small ones of them hold: a merge would fill 100 MB with
 * members that it is through with. A piece (pieces.ts) is given back.
 */
export function letGo(bytes: Uint8Array): void {
	if (isPiece(bytes)) {
		giveBack(bytes);
		return;
	}
	const memory = bytes.buffer as ArrayBuffer & { transfer(lengthBytes: number): ArrayBuffer };
	// Small Buffers stand in memory that they share with others.
	if (memory.byteLength - bytes.length <= 1) memory.transfer(0);
}
