/** Size of the buffers in which long contents travel: what brings 16 KB at a time pays its way through a dozen hands each time. */
export const PIECE_BYTES = 1024 * 1024;
/** So many wait for the next use, 8 MB: the queues of two contents. */
const MOST_WAITING = 8;
/** And so many more, of those who read ahead. */
let mostWaitingAhead = 0;

const waiting: ArrayBuffer[] = [];
/** Those that are out, so that nothing else is ever taken back, nor anything twice. */
const lent = new WeakSet<ArrayBuffer>();

/**
 * A buffer for a piece of a long content, with whatever stood in it before. Whoever uses its bytes last may
 * `giveBack` it; who does not leaves it to V8. Fresh ones cost the system a quarter of what a download costs, and V8 a
 * full collection every few megabytes.
 */
export function takePiece(): Buffer<ArrayBuffer> {
	const memory = waiting.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES).buffer;
	lent.add(memory);
	return Buffer.from(memory);
}

/** Takes back the buffer that these bytes are part of, if it is one of ours. Nobody may read or write it from now on. */
export function giveBack(bytes: Uint8Array): void {
	const memory = bytes.buffer as ArrayBuffer;
	if (lent.delete(memory) && waiting.length < MOST_WAITING + mostWaitingAhead) waiting.push(memory);
}

/** Of those given back, so many more are kept for the next use until another number is told. */
export function keepMore(pieces: number): void {
	mostWaitingAhead = pieces;
	waiting.length = Math.min(waiting.length, MOST_WAITING + pieces);
}
