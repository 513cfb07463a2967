import { readFileSync } from 'node:fs';

/** Size of the buffers in which long contents travel: what brings 16 KB at a time pays its way through a dozen hands each time. */
export const PIECE_BYTES = 1024 * 1024;
/** So many wait for the next use, 8 MB: the queues of two contents. */
const MOST_WAITING = 8;
/** And so many more, of those who read ahead. */
let mostWaitingAhead = 0;
/** So many begin at a page, whoever has them: each reserves gigabytes of addresses around it, which are no memory. */
const MOST_ALIGNED = 24;
/** And so many more for what is written to files: eight at once. */
const MOST_ALIGNED_TO_WRITE = 16;
/** Of the system's memory, on every processor that Node runs on; the unit of a WebAssembly program's memory, too. */
const PAGE_BYTES = 64 * 1024;

/** Of what lib.dom would declare, what is used here. */
declare const WebAssembly: { Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } };

/** The one that was used last is taken first: it is in the processor's cache. */
const waiting: ArrayBuffer[] = [];
/** Those that are out, so that nothing else is ever taken back, nor anything twice. */
const lent = new WeakSet<ArrayBuffer>();
/** And whether those that are held have been given back meanwhile. */
const held = new Map<ArrayBuffer, boolean>();
const aligned = new WeakSet<ArrayBuffer>();
let alignedAlive = 0;
let isRefused: boolean | undefined;
const whenGone = new FinalizationRegistry(() => alignedAlive--);

/**
 * A buffer for a piece of a long content, with whatever stood in it before. Whoever uses its bytes last may
 * `giveBack` it; who does not leaves it to V8. Fresh ones cost the system a quarter of what a download costs, and V8 a
 * full collection every few megabytes.
 */
export function takePiece(): Buffer<ArrayBuffer> {
	return lend(waiting.pop() ?? makeAligned(MOST_ALIGNED) ?? Buffer.allocUnsafeSlow(PIECE_BYTES).buffer);
}

/** The same, for who writes it to a file: one that begins at a page if there is one to be had. */
export function takeAligned(): Buffer<ArrayBuffer> {
	const index = waiting.findLastIndex((memory) => aligned.has(memory));
	const [found] = index < 0 ? [] : waiting.splice(index, 1);
	const memory = found ?? makeAligned(MOST_ALIGNED + MOST_ALIGNED_TO_WRITE);
	return memory ? lend(memory) : takePiece();
}

/** Whether these bytes begin at a page of the system's memory. */
export function isAligned(bytes: Uint8Array): boolean {
	return aligned.has(bytes.buffer as ArrayBuffer) && bytes.byteOffset % PAGE_BYTES === 0;
}

/** Whether these bytes are part of a buffer of ours, given back or not. */
export function isPiece(bytes: Uint8Array): boolean {
	const memory = bytes.buffer as ArrayBuffer;
	return lent.has(memory) || aligned.has(memory) || waiting.includes(memory);
}

/** Takes back the buffer that these bytes are part of, if it is one of ours. Nobody may read or write it from now on. */
export function giveBack(bytes: Uint8Array): void {
	const memory = bytes.buffer as ArrayBuffer;
	if (held.has(memory)) held.set(memory, true);
	else if (lent.delete(memory) && waiting.length < MOST_WAITING + mostWaitingAhead) waiting.push(memory);
}

/** Keeps the buffer that these bytes are part of from its next use, whoever gives it back, until what is returned is called. */
export function hold(bytes: Uint8Array): () => void {
	const memory = bytes.buffer as ArrayBuffer;
	held.set(memory, false);
	return () => {
		const isBack = held.get(memory) === true;
		held.delete(memory);
		if (isBack) giveBack(bytes);
	};
}

/** Of those given back, so many more are kept for the next use until another number is told. */
export function keepMore(pieces: number): void {
	mostWaitingAhead = pieces;
	waiting.length = Math.min(waiting.length, MOST_WAITING + pieces);
}

function lend(memory: ArrayBuffer): Buffer<ArrayBuffer> {
	lent.add(memory);
	return Buffer.from(memory);
}

/**
 * Memory of a WebAssembly program that there is not: unlike other memory that JavaScript can have, it begins at a page
 * of the system's. Undefined where so many are alive.
 */
function makeAligned(most: number): ArrayBuffer | undefined {
	isRefused ??= areAddressesScarce();
	if (isRefused || alignedAlive >= most) return undefined;
	try {
		const pages = PIECE_BYTES / PAGE_BYTES;
		const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
		alignedAlive += 1;
		aligned.add(buffer);
		whenGone.register(buffer, undefined);
		return buffer;
	} catch {
		isRefused = true;
		return undefined;
	}
}

/** Whether somebody limits them (`ulimit -v`; proc(5)): what we reserve, WebAssembly programs of others, such as `fetch`'s, would lack. */
function areAddressesScarce(): boolean {
	try {
		return !/^Max address space +unlimited/m.test(readFileSync('/proc/self/limits', 'latin1'));
	} catch {
		// Not Linux, which alone has such a file, and the use for aligned pieces.
		return false;
	}
}
