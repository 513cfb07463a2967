import { createHash } from 'node:crypto';

/** Uniform numbers in [0, 1), always the same for the same seed (mulberry32: good enough to choose by, not to hide anything). */
export function seededRandom(seed: string): () => number {
	let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** In place: every order is equally likely. */
export function shuffle<T>(values: T[], random: () => number): T[] {
	for (let last = values.length - 1; last > 0; last -= 1) {
		const other = Math.floor(random() * (last + 1));
		const [a, b] = [values[last], values[other]];
		if (a !== undefined && b !== undefined) [values[last], values[other]] = [b, a];
	}
	return values;
}
