import { composeLines, hidesOlder, isTombstone, toEntry } from './catalog-line';
import { mergeLines, type LineSource } from './merge';
import type { CatalogEntry, CatalogLine, TombstoneLine } from './records';
import type { SegmentReader } from './segment-reader';

/** Anything that knows lines of ids: a segment, or what a run has not committed yet. */
export interface LineLayer {
	find(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, CatalogLine>>;
}

/**
 * What the layers, newest first, say together of these ids: the living item, null if it has ended, nothing if it
 * never was. A layer is asked only for ids that newer ones leave open.
 */
export async function findStates(
	newestFirst: readonly LineLayer[],
	ids: readonly string[],
	signal?: AbortSignal,
): Promise<Map<string, CatalogEntry | null>> {
	const states = new Map<string, CatalogEntry | null>();
	const partial = new Map<string, CatalogLine>();
	let open: readonly string[] = [...new Set(ids)];
	for (const layer of newestFirst) {
		if (open.length === 0) break;
		const found = await layer.find(open, signal);
		for (const [id, older] of found) {
			const newer = partial.get(id);
			partial.set(id, newer ? composeLines(newer, older) : older);
		}
		open = open.filter((id) => {
			const line = partial.get(id);
			if (!line || !hidesOlder(line)) return true;
			states.set(id, toEntry(line));
			return false;
		});
	}
	return states;
}

/** The list of a snapshot's items: its segments laid over one another. */
export class Catalog {
	/** `oldestFirst` as the snapshot names them. */
	constructor(private readonly oldestFirst: readonly SegmentReader[]) {}

	/**
	 * All living items, sorted by the bytes of their ids, in constant memory. With `includeDeleted` ended ones too, as far
	 * as their tombstones are still kept; they carry `deleted`.
	 */
	async *entries(options: { signal?: AbortSignal | undefined; includeDeleted?: boolean } = {}): AsyncIterable<CatalogEntry> {
		const { signal, includeDeleted = false } = options;
		for await (const batch of this.lines(includeDeleted ? 'finalWithEnded' : 'final', signal)) {
			for (const { line } of batch) {
				if (isTombstone(line)) yield { ...line, meta: {} };
				else {
					const entry = toEntry(line);
					if (entry) yield entry;
				}
			}
		}
	}

	/** Living items among these ids; reads the indexes and only the members needed. */
	async lookUp(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, CatalogEntry>> {
		const living = new Map<string, CatalogEntry>();
		for (const [id, entry] of await findStates(this.newestFirst, ids, signal)) {
			if (entry) living.set(id, entry);
		}
		return living;
	}

	/** Items that have ended, as far as their tombstones are still kept: a merge that includes the base drops them. */
	async *tombstones(signal?: AbortSignal): AsyncIterable<TombstoneLine> {
		for await (const batch of this.lines('finalWithEnded', signal)) {
			for (const { line } of batch) if (isTombstone(line)) yield line;
		}
	}

	/** The catalog's layers for look-ups, newest first. */
	get newestFirst(): SegmentReader[] {
		return this.oldestFirst.toReversed();
	}

	private lines(mode: 'final' | 'finalWithEnded', signal: AbortSignal | undefined): LineSource {
		return mergeLines(
			this.oldestFirst.map((segment) => segment.members(signal)),
			mode,
		);
	}
}
