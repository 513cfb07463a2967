/** Chance that is the same in every run: mulberry32 over a mixed seed. */
export class SeededRandom {
	private state: number;

	constructor(...seeds: readonly number[]) {
		let mixed = 0x9e3779b9;
		for (const seed of seeds) {
			mixed = Math.imul(mixed ^ seed, 0x85ebca6b);
			mixed ^= mixed >>> 13;
			mixed = Math.imul(mixed + 0x27d4eb2f, 0xc2b2ae35);
			mixed ^= mixed >>> 16;
		}
		this.state = mixed >>> 0;
	}

	/** Uniform in [0, 1). */
	next(): number {
		this.state = (this.state + 0x6d2b79f5) >>> 0;
		let t = this.state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	}

	/** A whole number from 0 to `end` - 1. */
	below(end: number): number {
		return Math.floor(this.next() * end);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	pick<T>(list: readonly T[]): T {
		return list[this.below(list.length)]!;
	}
}

const BLOCK_BYTES = 1 << 16;
let block: Buffer | undefined;

/** Bytes that do not compress, cheaply: pieces of one random block. */
export function randomBytesOf(random: SeededRandom, sizeBytes: number): Buffer {
	if (!block) {
		const source = new SeededRandom(20_261_122);
		block = Buffer.alloc(BLOCK_BYTES * 2);
		for (let i = 0; i < block.length; i += 4) block.writeUInt32LE(Math.floor(source.next() * 4_294_967_296), i);
	}
	const bytes = Buffer.alloc(sizeBytes);
	for (let at = 0; at < sizeBytes; at += BLOCK_BYTES) {
		const from = random.below(BLOCK_BYTES);
		block.copy(bytes, at, from, from + Math.min(BLOCK_BYTES, sizeBytes - at));
	}
	return bytes;
}
