const CELL_BYTES = 160;
const STATE_BYTES = 20;
const SHIFT_BITS = 11;

/**
 * QuickXorHash as OneDrive and SharePoint compute it: byte i is XORed into a ring of 160 bits at bit (11 i) mod 160, and at the
 * end the length, as 64 bits in little-endian order, into the last 8 bytes. Positions repeat every 160 bytes, so bytes are
 * first XORed into 160 cells and only those are folded.
 */
export class QuickXorHash {
	private readonly cells = new Uint8Array(CELL_BYTES);
	private lengthBytes = 0;

	update(bytes: Uint8Array): this {
		const { cells } = this;
		let cell = this.lengthBytes % CELL_BYTES;
		for (let i = 0; i < bytes.length; i++) {
			cells[cell]! ^= bytes[i]!;
			if (++cell === CELL_BYTES) cell = 0;
		}
		this.lengthBytes += bytes.length;
		return this;
	}

	/** XORs in what `cellsOf` said of `sizeBytes` that start at a multiple of 160. */
	updateCells(cells: Uint8Array, sizeBytes: number): this {
		for (let i = 0; i < CELL_BYTES; i++) this.cells[i]! ^= cells[i]!;
		this.lengthBytes += sizeBytes;
		return this;
	}

	/** Base64. */
	digest(): string {
		const state = Buffer.alloc(STATE_BYTES);
		for (let i = 0; i < CELL_BYTES; i++) {
			const bit = (i * SHIFT_BITS) % (STATE_BYTES * 8);
			const shifted = this.cells[i]! << (bit & 7);
			const at = bit >> 3;
			state[at]! ^= shifted & 0xff;
			state[(at + 1) % STATE_BYTES]! ^= shifted >> 8;
		}
		const length = Buffer.alloc(8);
		length.writeBigUInt64LE(BigInt(this.lengthBytes));
		for (let i = 0; i < 8; i++) state[STATE_BYTES - 8 + i]! ^= length[i]!;
		return state.toString('base64');
	}
}

/** The 160 cells of bytes whose first one stands at a multiple of 160. */
export function cellsOf(bytes: Uint8Array): Uint8Array {
	const cells = new Uint8Array(CELL_BYTES);
	for (let i = 0; i < bytes.length; i++) cells[i % CELL_BYTES]! ^= bytes[i]!;
	return cells;
}

export function quickXorHash(bytes: Uint8Array): string {
	return new QuickXorHash().update(bytes).digest();
}
