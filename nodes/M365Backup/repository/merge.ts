import { composeLines, hidesOlder, isTombstone, type LineText } from './catalog-line';
import { compareIds } from './compare-ids';

/** Sorted batches of lines, one line an id. */
export type LineSource = AsyncIterable<readonly LineText[]>;

/**
 * - `combined`: one line an id, marks, tombstones and nulls kept: what lies below is not known.
 * - `final`: the oldest source is the base: living items only, each as one whole line.
 * - `finalWithEnded`: the same, and tombstones.
 */
export type MergeMode = 'combined' | 'final' | 'finalWithEnded';

const OUTPUT_LINES = 50;

class Cursor {
	#batch: readonly LineText[] = [];
	#position = 0;
	readonly #iterator: AsyncIterator<readonly LineText[]>;

	constructor(source: LineSource) {
		this.#iterator = source[Symbol.asyncIterator]();
	}

	get head(): LineText | undefined {
		return this.#batch[this.#position];
	}

	/** Steps on; true if the batch is used up and `fill` must be called. */
	advance(): boolean {
		this.#position++;
		return this.#position >= this.#batch.length;
	}

	async fill(): Promise<void> {
		this.#position = 0;
		this.#batch = [];
		for (;;) {
			const step = await this.#iterator.next();
			if (step.done === true) return;
			if (step.value.length > 0) {
				this.#batch = step.value;
				return;
			}
		}
	}

	async close(): Promise<void> {
		await this.#iterator.return?.();
	}
}

function withText(line: LineText['line'], sources: readonly LineText[]): LineText {
	// A line that no other one touched goes on byte for byte, with whatever fields a later version put there.
	const untouched = sources.find((source) => source.line === line);
	return untouched ?? { id: line.id, line, text: JSON.stringify(line) };
}

function combine(newestFirst: readonly LineText[], mode: MergeMode): LineText | null {
	let line = newestFirst[0]?.line;
	if (line === undefined) return null;
	for (let index = 1; index < newestFirst.length && !hidesOlder(line); index++) {
		const older = newestFirst[index];
		if (older) line = composeLines(line, older.line);
	}
	if (mode !== 'combined') {
		if (isTombstone(line) ? mode === 'final' : line.whole !== true) return null;
	}
	return withText(line, newestFirst);
}

/** Merges sorted sources, oldest first, in memory that does not grow with them. */
export async function* mergeLines(oldestFirst: readonly LineSource[], mode: MergeMode): LineSource {
	const cursors = oldestFirst.map((source) => new Cursor(source)).reverse();
	try {
		await Promise.all(cursors.map((cursor) => cursor.fill()));
		let output: LineText[] = [];
		for (;;) {
			const same = withSmallestId(cursors);
			if (same.length === 0) break;
			const heads = same.flatMap((cursor) => cursor.head ?? []);
			const line = combine(heads, mode);
			if (line) output.push(line);
			const empty = same.filter((cursor) => cursor.advance());
			if (output.length >= OUTPUT_LINES) {
				yield output;
				output = [];
			}
			for (const cursor of empty) await cursor.fill();
		}
		if (output.length > 0) yield output;
	} finally {
		await Promise.all(cursors.map((cursor) => cursor.close()));
	}
}

/** Newest first, since the cursors are. */
function withSmallestId(cursors: readonly Cursor[]): Cursor[] {
	let smallest: string | undefined;
	let same: Cursor[] = [];
	for (const cursor of cursors) {
		const id = cursor.head?.id;
		if (id === undefined) continue;
		const order = smallest === undefined ? -1 : compareIds(id, smallest);
		if (order < 0) {
			smallest = id;
			same = [cursor];
		} else if (order === 0) {
			same.push(cursor);
		}
	}
	return same;
}
