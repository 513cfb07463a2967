import type { Store } from '../stores/store';
import { findStates, type LineLayer } from './catalog';
import type { IdFilter } from './id-filter';
import { SPILL_LINES, SPILL_TEXT_CHARS } from './limits';
import { LineBuffer } from './line-buffer';
import { mergeLines } from './merge';
import { numberedName } from './names';
import { planMerge } from './plan-merge';
import type { PutContext } from './put-confirmed';
import type { CatalogEntry, CatalogLine, FileRef, SegmentRef, SnapshotRecord } from './records';
import type { ReferencedFiles } from './referenced-files';
import type { SegmentCache } from './segment-cache';
import { SegmentReader } from './segment-reader';
import { writeSegment, type SegmentInput, type WrittenSegment } from './segment-writer';

export interface LinesContext {
	store: Store;
	cache: SegmentCache;
	put: PutContext;
	prefix: string;
	files: ReferencedFiles;
	/** A segment that the store has confirmed. */
	onStored(name: string, sizeBytes: number): void;
	/** 50,000. */
	spillLines: number | undefined;
	memberLines: number | undefined;
	/** Nothing of the parent's segments is taken over. */
	replacesCatalog: boolean;
}

/** The lines of a run since its last commit, on top of the snapshot that it stands on: looked up, spilled, and merged into segments. */
export class RunLines {
	#parents: SegmentReader[] = [];
	#buffer = new LineBuffer();
	#spilled: SegmentReader[] = [];
	#ordinal = 0;
	/** Of the segments that this run has written, by their names. */
	readonly #filters = new Map<string, IdFilter>();
	/**
	 * All that the run has met or written: an item may have contents in archives of several commits, or share one whose
	 * owner has ended in the meantime.
	 */
	readonly #archives = new Map<string, FileRef>();

	constructor(private readonly context: LinesContext) {}

	/** Not committed yet. */
	get pending(): number {
		return this.#buffer.size + this.#spilled.reduce((sum, segment) => sum + segment.ref.lines, 0);
	}

	/** Memory holds as much as it should. */
	get isFull(): boolean {
		const { spillLines = SPILL_LINES } = this.context;
		return this.#buffer.size >= spillLines || this.#buffer.chars >= SPILL_TEXT_CHARS;
	}

	/** Lays the lines on another snapshot. */
	layOn(parent: SnapshotRecord | null): void {
		this.#parents = parent ? parent.segments.map((ref) => this.reader(ref)) : [];
	}

	/** Begins anew on the snapshot that all lines so far have gone into. */
	committed(record: SnapshotRecord): void {
		const named = new Set(record.segments.map(({ name }) => name));
		for (const name of this.#filters.keys()) if (!named.has(name)) this.#filters.delete(name);
		this.layOn(record);
		this.#buffer = new LineBuffer();
		this.#spilled = [];
		this.#ordinal = 0;
	}

	/** The answer is the text that now stands for the id. */
	add(line: CatalogLine): string {
		return this.#buffer.add(line);
	}

	find(ids: readonly string[]): Promise<Map<string, CatalogEntry | null>> {
		const layers: LineLayer[] = [this.#buffer, ...this.#spilled.toReversed()];
		if (!this.context.replacesCatalog) layers.push(...this.#parents.toReversed());
		return findStates(layers, ids, this.context.put.signal);
	}

	async spill(runId: string): Promise<void> {
		const buffer = this.#buffer;
		const written = await this.write(runId, { expectedLines: buffer.size, lines: () => buffer.sorted(), archives: null });
		if (written) this.#spilled.push(this.reader(written.ref));
		this.#buffer = new LineBuffer();
	}

	/** Merges the lines with as many of the parent's newest segments as size-tiering asks for. */
	async merge(runId: string, archives: readonly FileRef[]): Promise<SegmentRef[]> {
		const { files, put } = this.context;
		const { signal } = put;
		const parents = this.context.replacesCatalog ? [] : this.#parents;
		for (const segment of this.#parents) this.know((await segment.index(signal)).archives);
		this.know(archives);

		const kept = planMerge(parents.map(({ ref }) => ref.lines), this.pending);
		const merged = [...parents.slice(kept), ...this.#spilled];
		const needed: FileRef[] = [];
		for (const segment of parents.slice(0, kept)) needed.push(...(await segment.index(signal)).archives);
		const segments = parents.slice(0, kept).map(({ ref }) => ref);
		if (this.pending > 0) {
			const buffer = this.#buffer;
			const written = await this.write(runId, {
				expectedLines: merged.reduce((sum, segment) => sum + segment.ref.lines, buffer.size),
				lines: () => mergeLines([...merged.map((segment) => segment.members(signal)), buffer.sorted()], kept === 0 ? 'final' : 'combined'),
				archives: this.#archives,
			});
			if (written) {
				segments.push(written.ref);
				needed.push(...written.archives);
			}
		}
		await files.assertStored([...segments, ...needed], signal);
		return segments;
	}

	/** Archives that lines may point into. */
	know(archives: readonly FileRef[]): void {
		for (const archive of archives) this.#archives.set(archive.name, archive);
	}

	private async write(runId: string, input: Pick<SegmentInput, 'lines' | 'archives' | 'expectedLines'>): Promise<WrittenSegment | null> {
		this.#ordinal++;
		const name = numberedName(runId, 'segment', this.#ordinal);
		const { put, prefix, memberLines } = this.context;
		const written = await writeSegment(put, prefix, { ...input, name, memberLines });
		if (written) {
			this.context.onStored(name, written.ref.size);
			this.#filters.set(name, written.filter);
		}
		return written;
	}

	private reader(ref: SegmentRef): SegmentReader {
		const { store, prefix, cache } = this.context;
		return new SegmentReader(store, prefix, ref, cache, this.#filters.get(ref.name));
	}
}
