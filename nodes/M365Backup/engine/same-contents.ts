import { setImmediate as nextTurn } from 'node:timers/promises';
import { isFailure } from '../base/failure';
import type { Catalog } from '../repository/catalog';
import { isTombstone } from '../repository/catalog-line';
import { KeyTable } from '../repository/key-table';
import type { CatalogEntry, ContentRef, ItemLine, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { SegmentReader } from '../repository/segment-reader';
import { TextList } from '../repository/text-list';
import { fingerprint } from '../workloads/workload';
import { contentsOf } from './item-contents';

/** More lines than this are not looked through: the index would take 80 MB, and the pass a minute. */
const MOST_CATALOG_LINES = 5_000_000;
/** Looking through so few takes half a second at most, whatever it may save. */
const FEW_CATALOG_LINES = 100_000;
/** Contents of this run that are remembered: 60 bytes each. Later ones may be stored twice. */
const MOST_OWN = 1_000_000;

type LookUp = (ids: readonly string[]) => Promise<Map<string, CatalogEntry | null>>;

/**
 * Finds a stored content that another one is probably the same as, by its fingerprint: among what this run has stored,
 * and in the catalog, of which one pass makes an index of 16 bytes an item, when it is first asked for. Answers are
 * hints: whoever gets one compares the bytes.
 */
export class SameContents {
	/** Numbers of ids in `ownIds`, from 1 on, by fingerprint. */
	private readonly own = new KeyTable();
	private readonly ownIds = new TextList();
	private index: CatalogIndex | null | undefined;
	/** Bytes that were asked about: what a pass over the catalog may at best save. */
	private askedBytes = 0;

	constructor(
		private readonly repository: Repository,
		/** The newest states, lines of the run included. */
		private readonly lookUp: LookUp,
		private readonly base: () => SnapshotRecord | null,
		private readonly signal: AbortSignal,
	) {}

	/** To be called once the line of an item whose main content has that fingerprint is written. */
	note(id: string, sameAs: string): void {
		if (this.ownIds.length >= MOST_OWN || this.own.get(sameAs) !== undefined) return;
		this.ownIds.add(id);
		this.own.set(sameAs, this.ownIds.length);
	}

	/** The main content of a living item that probably has the same bytes. */
	async find(sameAs: string): Promise<ContentRef | undefined> {
		const own = this.own.get(sameAs);
		const id = own === undefined ? undefined : this.ownIds.at(own - 1);
		const ids = id === undefined ? await this.inCatalog(sameAs) : [id];
		if (ids.length === 0) return undefined;
		for (const entry of (await this.lookUp(ids)).values()) {
			const main = entry ? contentsOf(entry).main : undefined;
			if (entry && main && (id !== undefined || fingerprintOf(entry) === sameAs)) return main;
		}
		return undefined;
	}

	private async inCatalog(sameAs: string): Promise<string[]> {
		if (this.index === undefined) {
			this.askedBytes += Number(sameAs.slice(sameAs.lastIndexOf(':') + 1)) || 0;
			const base = this.base();
			if (base && !isWorthwhile(base, this.askedBytes)) return [];
			this.index = base && isReadable(base) ? await this.readIndex(base) : null;
		}
		return this.index ? await this.index.find(sameAs, this.signal) : [];
	}

	private async readIndex(base: SnapshotRecord): Promise<CatalogIndex | null> {
		try {
			return await CatalogIndex.read(this.repository.catalog(base), base, this.signal);
		} catch (error) {
			// Room is all that this could save: damage is for those to report who cannot do without what it hit.
			if (isFailure(error, 'corrupt')) return null;
			throw error;
		}
	}
}

function linesIn({ segments }: SnapshotRecord): number {
	return segments.reduce((sum, { lines }) => sum + lines, 0);
}

function isReadable(base: SnapshotRecord): boolean {
	const lines = linesIn(base);
	return lines > 0 && lines <= MOST_CATALOG_LINES;
}

/** Whoever changes one small file must not read a hundred megabytes of catalog for it. */
function isWorthwhile(base: SnapshotRecord, askedBytes: number): boolean {
	return linesIn(base) <= FEW_CATALOG_LINES || askedBytes >= base.segments.reduce((sum, { size }) => sum + size, 0);
}

/** Where in the segments of a catalog lines with a fingerprint stand: the number of their member, 16 bytes a line. */
class CatalogIndex {
	private readonly places: KeyTable;
	/** The number of each segment's first member, counted from 1 through all segments. */
	private readonly firstMembers: number[] = [];

	private constructor(
		private readonly segments: readonly SegmentReader[],
		lines: number,
	) {
		this.places = new KeyTable(lines);
	}

	static async read(catalog: Catalog, base: SnapshotRecord, signal: AbortSignal): Promise<CatalogIndex> {
		const index = new CatalogIndex(catalog.newestFirst, linesIn(base));
		let first = 1;
		for (const segment of index.segments) {
			index.firstMembers.push(first);
			await index.readSegment(segment, first, signal);
			first += (await segment.index(signal)).members.length;
		}
		return index;
	}

	private async readSegment(segment: SegmentReader, first: number, signal: AbortSignal): Promise<void> {
		let place = first;
		for await (const batch of segment.members(signal, { onMember: (number) => (place = first + number) })) {
			// Batches that are decoded already come without a pause.
			await nextTurn();
			for (const { line } of batch) {
				const found = isTombstone(line) ? undefined : fingerprintOf(line);
				if (found !== undefined && this.places.get(found) === undefined) this.places.set(found, place);
			}
		}
	}

	/** Ids of items whose content had that fingerprint; newer lines may say otherwise. */
	async find(sameAs: string, signal: AbortSignal): Promise<string[]> {
		const place = this.places.get(sameAs);
		if (place === undefined) return [];
		const number = this.firstMembers.findLastIndex((first) => first <= place);
		const [segment, first] = [this.segments[number], this.firstMembers[number]];
		if (!segment || first === undefined) return [];
		const lines = await segment.linesOf(place - first, signal);
		return lines.filter(({ line }) => !isTombstone(line) && fingerprintOf(line) === sameAs).map(({ id }) => id);
	}
}

/** Of an item's main content, as far as the line tells both its hash and its size. */
function fingerprintOf({ content, meta }: Pick<ItemLine, 'content' | 'meta'>): string | undefined {
	const hash = meta?.['quickXorHash'];
	const main = content?.find(({ part }) => part === undefined);
	return typeof hash === 'string' && main ? fingerprint(hash, main.size) : undefined;
}
