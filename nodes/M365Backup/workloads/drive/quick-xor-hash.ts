/** Positions in the ring repeat after so many bytes: 160 × 11 bits are eleven whole rounds. */
const ROW_BYTES = 160;
const ROW_WORDS = ROW_BYTES / 4;
const STATE_BYTES = 20;
const SHIFT_BITS = 11;
/** What cannot be read as words where it lies is copied in pieces of this size. */
const SCRATCH_BYTES = 16 * 1024;
/** One for all: nothing waits while it is in use. */
const scratch = new Uint8Array(SCRATCH_BYTES);

/**
 * QuickXorHash, the checksum of files in OneDrive for Business and SharePoint (onedrive-api-docs, code snippet
 * quickxorhash): byte i is XORed into a ring of 160 bits at bit (11 i) mod 160; at the end the length, as a 64-bit
 * little-endian number, is XORed into the last 8 bytes. Since positions repeat every 160 bytes, whole rows are XORed
 * into one another as words, and only that one row is folded into the ring.
 */
export class QuickXorHash {
	private readonly words = new Int32Array(ROW_WORDS);
	private readonly row = new Uint8Array(this.words.buffer);
	private sizeBytes = 0;

	update(bytes: Uint8Array): this {
		let at = 0;
		// To the next whole word of the row.
		while (this.sizeBytes % 4 !== 0 && at < bytes.length) at += this.addByte(bytes[at] ?? 0);
		const wholeBytes = (bytes.length - at) & ~3;
		if (wholeBytes > 0) {
			this.addWords(bytes.subarray(at, at + wholeBytes));
			at += wholeBytes;
		}
		while (at < bytes.length) at += this.addByte(bytes[at] ?? 0);
		return this;
	}

	private addByte(byte: number): 1 {
		const cell = this.sizeBytes % ROW_BYTES;
		this.row[cell] = (this.row[cell] ?? 0) ^ byte;
		this.sizeBytes += 1;
		return 1;
	}

	private addWords(bytes: Uint8Array): void {
		if (bytes.byteOffset % 4 === 0) {
			this.xor(new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
			return;
		}
		for (let at = 0; at < bytes.length; at += SCRATCH_BYTES) {
			const piece = bytes.subarray(at, at + SCRATCH_BYTES);
			scratch.set(piece);
			this.xor(new Int32Array(scratch.buffer, 0, piece.length / 4));
		}
	}

	private xor(words: Int32Array): void {
		const { words: row } = this;
		let cell = (this.sizeBytes % ROW_BYTES) / 4;
		let at = 0;
		const end = words.length;
		for (; at < end && cell !== 0; at++) {
			row[cell] = (row[cell] ?? 0) ^ (words[at] ?? 0);
			cell = cell + 1 === ROW_WORDS ? 0 : cell + 1;
		}
		// Four rows for each word that is read and written back.
		for (; at + 4 * ROW_WORDS <= end; at += 4 * ROW_WORDS) {
			for (let column = 0; column < ROW_WORDS; column++) {
				const word = at + column;
				row[column] =
					(row[column] ?? 0) ^ (words[word] ?? 0) ^ (words[word + ROW_WORDS] ?? 0) ^ (words[word + 2 * ROW_WORDS] ?? 0) ^ (words[word + 3 * ROW_WORDS] ?? 0);
			}
		}
		for (; at + ROW_WORDS <= end; at += ROW_WORDS) {
			for (let column = 0; column < ROW_WORDS; column++) row[column] = (row[column] ?? 0) ^ (words[at + column] ?? 0);
		}
		for (; at < end; at++, cell++) row[cell] = (row[cell] ?? 0) ^ (words[at] ?? 0);
		this.sizeBytes += end * 4;
	}

	/** Base64, as `file.hashes.quickXorHash` has it. More may be added afterwards. */
	digest(): string {
		const state = Buffer.alloc(STATE_BYTES);
		for (let cell = 0; cell < ROW_BYTES; cell++) {
			const bit = (cell * SHIFT_BITS) % (STATE_BYTES * 8);
			const first = bit >> 3;
			const shifted = (this.row[cell] ?? 0) << (bit & 7);
			state[first] = (state[first] ?? 0) ^ (shifted & 0xff);
			const second = (first + 1) % STATE_BYTES;
			state[second] = (state[second] ?? 0) ^ (shifted >> 8);
		}
		const tail = STATE_BYTES - 8;
		const low = this.sizeBytes >>> 0;
		const high = Math.floor(this.sizeBytes / 2 ** 32);
		state.writeInt32LE(state.readInt32LE(tail) ^ low, tail);
		state.writeInt32LE(state.readInt32LE(tail + 4) ^ high, tail + 4);
		return state.toString('base64');
	}
}
