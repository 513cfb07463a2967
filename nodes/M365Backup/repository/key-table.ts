const BYTES_A_SLOT = 12;
/** Beyond that, probing takes too long. */
const MOST_FULL = 0.75;
const GROWTH = 1.6;
const LEAST_SLOTS = 64;

/**
 * Positive whole numbers (up to 32 bits) by text keys, of which only 64 bits of a hash are kept: 16 bytes a key where
 * the number of keys was foretold, at most 26 otherwise. Two keys in some billions of billions are taken for one
 * another, so that an answer is a hint, never a proof.
 */
export class KeyTable {
	/** Two words of hash a slot. */
	#keys: Uint32Array;
	/** 0 where the slot is free. */
	#values: Uint32Array;
	#count = 0;

	/** @param expected How many keys there will be; more make it grow. */
	constructor(expected = 0) {
		const slots = Math.max(LEAST_SLOTS, Math.ceil(expected / MOST_FULL) + 1);
		this.#keys = new Uint32Array(slots * 2);
		this.#values = new Uint32Array(slots);
	}

	get size(): number {
		return this.#count;
	}

	get bytes(): number {
		return this.#values.length * BYTES_A_SLOT;
	}

	get(key: string): number | undefined {
		const [high, low] = hashOf(key);
		const value = this.#values[this.#slotOf(high, low)];
		return value === 0 ? undefined : value;
	}

	set(key: string, value: number): void {
		const [high, low] = hashOf(key);
		this.#put(high, low, value);
	}

	/** Adds one. @returns how many it makes. */
	count(key: string): number {
		const [high, low] = hashOf(key);
		const value = (this.#values[this.#slotOf(high, low)] ?? 0) + 1;
		this.#put(high, low, value);
		return value;
	}

	#put(high: number, low: number, value: number): void {
		let slot = this.#slotOf(high, low);
		if (this.#values[slot] === 0) {
			this.#count++;
			if (this.#count > this.#values.length * MOST_FULL) {
				this.#grow();
				slot = this.#slotOf(high, low);
			}
		}
		this.#keys[slot * 2] = high;
		this.#keys[slot * 2 + 1] = low;
		this.#values[slot] = value;
	}

	/** Where the key stands, or the free slot that it would get. */
	#slotOf(high: number, low: number): number {
		const slots = this.#values.length;
		let slot = low % slots;
		while (this.#values[slot] !== 0 && (this.#keys[slot * 2] !== high || this.#keys[slot * 2 + 1] !== low)) slot = (slot + 1) % slots;
		return slot;
	}

	#grow(): void {
		const [keys, values] = [this.#keys, this.#values];
		const slots = Math.ceil(values.length * GROWTH);
		this.#keys = new Uint32Array(slots * 2);
		this.#values = new Uint32Array(slots);
		for (const [old, value] of values.entries()) {
			if (value === 0) continue;
			const [high, low] = [keys[old * 2] ?? 0, keys[old * 2 + 1] ?? 0];
			const slot = this.#slotOf(high, low);
			this.#keys[slot * 2] = high;
			this.#keys[slot * 2 + 1] = low;
			this.#values[slot] = value;
		}
	}
}

/** Two 32-bit multiply-and-rotate hashes, mixed into one another at the end (after MurmurHash3's finalizer). */
function hashOf(text: string): [high: number, low: number] {
	let one = 0x9747b28c;
	let other = 0x5bd1e995;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		one = Math.imul(one ^ code, 0xcc9e2d51);
		one = (one << 15) | (one >>> 17);
		other = Math.imul(other ^ code, 0x1b873593);
		other = (other << 13) | (other >>> 19);
	}
	one = mix(one ^ text.length ^ other);
	other = mix(other ^ one);
	return [one >>> 0, other >>> 0];
}

function mix(word: number): number {
	let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
	mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
	return mixed ^ (mixed >>> 16);
}
