const BITS_AN_ID = 24;
const PROBES = 8;

/**
 * Whether an id can be among those that were added (a Bloom filter of 3 bytes an id; about one unknown id in ten
 * thousand is taken for a known one). A run asks its own segments for every id it meets, and almost none is there:
 * without this, each page would read them all.
 */
export class IdFilter {
	readonly #bits: Uint8Array;

	/** @param capacity How many ids it is made for. With more it only errs more often. */
	constructor(capacity: number) {
		this.#bits = new Uint8Array(Math.max(8, Math.ceil((capacity * BITS_AN_ID) / 8)));
	}

	add(id: string): void {
		const bits = this.#bits;
		for (const position of positions(id, bits.length * 8)) bits[position >>> 3] = (bits[position >>> 3] ?? 0) | (1 << (position & 7));
	}

	/** False is certain. */
	mayHold(id: string): boolean {
		const bits = this.#bits;
		for (const position of positions(id, bits.length * 8)) if (((bits[position >>> 3] ?? 0) & (1 << (position & 7))) === 0) return false;
		return true;
	}
}

/** Two FNV-1a hashes with different primes; the probes are steps of the second from the first (Kirsch and Mitzenmacher). */
function* positions(id: string, count: number): Generator<number, void, undefined> {
	let one = 0x811c9dc5;
	let other = 0x9747b28c;
	for (let index = 0; index < id.length; index++) {
		const code = id.charCodeAt(index);
		one = Math.imul(one ^ code, 0x01000193);
		other = Math.imul(other ^ code, 0x85ebca6b);
		other ^= other >>> 15;
	}
	one ^= one >>> 16;
	const step = (other ^ (other >>> 13)) | 1;
	for (let probe = 0; probe < PROBES; probe++) yield ((one + Math.imul(probe, step)) >>> 0) % count;
}
