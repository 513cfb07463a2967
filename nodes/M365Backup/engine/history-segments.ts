import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { SegmentReader } from '../repository/segment-reader';

/**
 * Several snapshots of one source, seen as what they are made of. They share most of their segments, so that all of them
 * together are little more than one.
 */
export interface SharedSegments {
	/** Oldest first; a snapshot's place in it is its ordinal. */
	snapshots: readonly SnapshotRecord[];
	/** Each one once. */
	segments: readonly SegmentReader[];
	/** By ordinal: places in `segments`, newest first, as that snapshot lays them over one another. */
	layers: readonly (readonly number[])[];
	/** By segment: the ordinals at which snapshots begin or cease to have it. Between them it changes nothing. */
	turns: readonly (readonly number[])[];
}

/** Reads nothing yet. */
export function sharedSegments(repository: Repository, snapshots: readonly SnapshotRecord[]): SharedSegments {
	const places = new Map<string, number>();
	const segments: SegmentReader[] = [];
	const turns: number[][] = [];
	const layers: number[][] = [];
	let before = new Set<number>();
	for (const [ordinal, snapshot] of snapshots.entries()) {
		const layer = repository.catalog(snapshot).newestFirst.map((segment) => {
			const known = places.get(segment.ref.name);
			if (known !== undefined) return known;
			places.set(segment.ref.name, segments.length);
			turns.push([]);
			return segments.push(segment) - 1;
		});
		const now = new Set(layer);
		for (const place of now) if (!before.has(place)) turns[place]?.push(ordinal);
		for (const place of before) if (!now.has(place)) turns[place]?.push(ordinal);
		layers.push(layer);
		before = now;
	}
	return { snapshots, segments, layers, turns };
}
