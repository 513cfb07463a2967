import type { Catalog } from '../repository/catalog';
import type { CatalogEntry, ItemType } from '../repository/records';
import { seededRandom, shuffle } from './seeded-random';

export interface SampleOptions {
	/** At most so many items. */
	items: number;
	/** Only these types; all if absent. */
	kinds?: readonly ItemType[] | undefined;
	/** Larger items, all their contents together, are left out. */
	largestBytes: number;
	/** The same seed over the same snapshot gives the same sample. */
	seed: string;
	/** Why items of a type cannot be drilled; undefined if they can. */
	notDrilled: (type: ItemType) => string | undefined;
	/** Archives that are not here, since copies hold them. */
	elsewhere?: ReadonlySet<string>;
	signal?: AbortSignal | undefined;
}

/** Items of one type that are in the snapshot, but in no sample. */
export interface NotDrilled {
	kind: ItemType;
	items: number;
	reason: string;
}

export interface DrillSample {
	entries: CatalogEntry[];
	notDrilled: NotDrilled[];
}

const ELSEWHERE = 'Their archives are held by a copy alone: bring these back first (restore-from-copied-archives.json), or drill newer items';
const NO_CONTENT = 'Their content could not be stored yet: the failures of the backup name them';

/**
 * A random sample over all kinds in the snapshot: as many of each kind as of any other, as far as there are so many, so
 * that fifty contacts are not lost among a hundred thousand messages; within a kind each item is equally likely. One pass
 * over the catalog, holding at most `items` entries of each kind.
 */
export async function drawSample(catalog: Catalog, options: SampleOptions): Promise<DrillSample> {
	const { items, kinds, largestBytes, elsewhere, signal } = options;
	const random = seededRandom(options.seed);
	const reservoirs = new Map<ItemType, { met: number; entries: CatalogEntry[] }>();
	const left = new Map<string, NotDrilled>();
	for await (const entry of catalog.entries(signal ? { signal } : {})) {
		const { type } = entry;
		if (type === 'folder' || kinds?.includes(type) === false) continue;
		const reason = options.notDrilled(type) ?? unfit(entry, largestBytes, elsewhere);
		if (reason !== undefined) {
			count(left, type, reason);
			continue;
		}
		const reservoir = reservoirs.get(type) ?? { met: 0, entries: [] };
		reservoirs.set(type, reservoir);
		reservoir.met += 1;
		if (reservoir.entries.length < items) {
			reservoir.entries.push(entry);
			continue;
		}
		const place = Math.floor(random() * reservoir.met);
		if (place < items) reservoir.entries[place] = entry;
	}
	const byKind = [...reservoirs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { entries }]) => shuffle(entries, random));
	return { entries: evenly(shuffle(byKind, random), items).sort((a, b) => (a.id < b.id ? -1 : 1)), notDrilled: [...left.values()] };
}

function unfit({ content }: CatalogEntry, largestBytes: number, elsewhere: ReadonlySet<string> | undefined): string | undefined {
	if (content === undefined || content.length === 0) return NO_CONTENT;
	if (elsewhere && content.some(({ archive }) => elsewhere.has(archive))) return ELSEWHERE;
	const sizeBytes = content.reduce((sum, { size }) => sum + size, 0);
	return sizeBytes > largestBytes ? `Larger than the ${Math.round(largestBytes / 1e6)} MB that the largest item of a drill may have` : undefined;
}

function count(left: Map<string, NotDrilled>, kind: ItemType, reason: string): void {
	const key = `${kind} ${reason}`;
	const known = left.get(key);
	if (known) known.items += 1;
	else left.set(key, { kind, items: 1, reason });
}

/** One of each kind in turn, until there are enough. */
function evenly(byKind: readonly CatalogEntry[][], items: number): CatalogEntry[] {
	const chosen: CatalogEntry[] = [];
	for (let round = 0; chosen.length < items && byKind.some((entries) => entries.length > round); round += 1) {
		for (const entries of byKind) {
			const entry = entries[round];
			if (entry && chosen.length < items) chosen.push(entry);
		}
	}
	return chosen;
}
