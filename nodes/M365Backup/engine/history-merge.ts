import type { LineText } from '../repository/catalog-line';
import { compareIds } from '../repository/compare-ids';
import type { SegmentReader } from '../repository/segment-reader';

/** What all segments say of one id. */
export interface LinesOfId {
	id: string;
	/** By the segment's place among those that are merged. */
	lines: ReadonlyMap<number, LineText>;
}

/** Segments opened at the same time: in a bucket each one takes a round trip. */
const PARALLEL_OPENINGS = 8;

interface Cursor {
	place: number;
	batch: readonly LineText[];
	position: number;
	head: LineText;
	source: AsyncIterator<readonly LineText[]>;
}

/**
 * Lays any number of sorted segments side by side: one answer for each id, in their order. Every segment is read once.
 * Holds one member of each at a time, whatever their length.
 */
export async function* linesById(segments: readonly SegmentReader[], signal?: AbortSignal): AsyncGenerator<LinesOfId> {
	const sources = segments.map((segment) => segment.members(signal, { lean: true })[Symbol.asyncIterator]());
	try {
		const heap: Cursor[] = [];
		for (let start = 0; start < sources.length; start += PARALLEL_OPENINGS) {
			const some = sources.slice(start, start + PARALLEL_OPENINGS);
			for (const cursor of await Promise.all(some.map((source, index) => open(source, start + index)))) if (cursor) push(heap, cursor);
		}
		for (let first = heap[0]; first; first = heap[0]) {
			signal?.throwIfAborted();
			const { id } = first.head;
			const lines = new Map<number, LineText>();
			for (let top: Cursor | undefined = first; top?.head.id === id; top = heap[0]) {
				lines.set(top.place, top.head);
				if (!step(top) && !(await refill(top))) removeTop(heap);
				else siftDown(heap);
			}
			yield { id, lines };
		}
	} finally {
		for (const source of sources) await source.return?.();
	}
}

async function open(source: AsyncIterator<readonly LineText[]>, place: number): Promise<Cursor | null> {
	const batch = await nextBatch(source);
	const head = batch?.[0];
	return batch && head ? { place, batch, position: 0, head, source } : null;
}

async function nextBatch(source: AsyncIterator<readonly LineText[]>): Promise<readonly LineText[] | null> {
	for (;;) {
		const next = await source.next();
		if (next.done === true) return null;
		if (next.value.length > 0) return next.value;
	}
}

/** False: its batch is used up. */
function step(cursor: Cursor): boolean {
	cursor.position += 1;
	const head = cursor.batch[cursor.position];
	if (head) cursor.head = head;
	return head !== undefined;
}

/** False: the segment has no more. */
async function refill(cursor: Cursor): Promise<boolean> {
	const batch = await nextBatch(cursor.source);
	const head = batch?.[0];
	if (!batch || !head) return false;
	cursor.batch = batch;
	cursor.position = 0;
	cursor.head = head;
	return true;
}

/** A binary heap, the smallest id on top: with a thousand segments, looking at all of them for each id would take minutes. */
function push(heap: Cursor[], cursor: Cursor): void {
	let at = heap.push(cursor) - 1;
	while (at > 0) {
		const parent = (at - 1) >>> 1;
		if (!swapIfBefore(heap, at, parent)) return;
		at = parent;
	}
}

function removeTop(heap: Cursor[]): void {
	const last = heap.pop();
	if (!last || heap.length === 0) return;
	heap[0] = last;
	siftDown(heap);
}

function siftDown(heap: Cursor[]): void {
	for (let at = 0; ; ) {
		const left = 2 * at + 1;
		const right = left + 1;
		const smaller = isBefore(heap, right, left) ? right : left;
		if (!swapIfBefore(heap, smaller, at)) return;
		at = smaller;
	}
}

function swapIfBefore(heap: Cursor[], below: number, above: number): boolean {
	const [a, b] = [heap[below], heap[above]];
	if (!a || !b || compareIds(a.head.id, b.head.id) >= 0) return false;
	heap[above] = a;
	heap[below] = b;
	return true;
}

function isBefore(heap: readonly Cursor[], one: number, other: number): boolean {
	const [a, b] = [heap[one], heap[other]];
	return a !== undefined && b !== undefined && compareIds(a.head.id, b.head.id) < 0;
}
