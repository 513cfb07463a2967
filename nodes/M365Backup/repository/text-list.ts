const FIRST_BYTES = 64 * 1024;
const FIRST_TEXTS = 1024;
const GROWTH = 1.5;

/** Many short texts by number, as bytes: a string takes some 20 bytes more, and is one more object to collect. */
export class TextList {
	#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
	/** Where each text ends. */
	#ends = new Uint32Array(FIRST_TEXTS);
	#length = 0;

	get length(): number {
		return this.#length;
	}

	add(text: string): void {
		const start = this.#endOf(this.#length - 1);
		const end = start + Buffer.byteLength(text);
		if (end > this.#bytes.length) {
			const larger = Buffer.allocUnsafeSlow(Math.ceil(Math.max(end, this.#bytes.length * GROWTH)));
			this.#bytes.copy(larger, 0, 0, start);
			this.#bytes = larger;
		}
		if (this.#length === this.#ends.length) {
			const longer = new Uint32Array(Math.ceil(this.#ends.length * GROWTH));
			longer.set(this.#ends);
			this.#ends = longer;
		}
		this.#bytes.write(text, start);
		this.#ends[this.#length] = end;
		this.#length++;
	}

	at(index: number): string | undefined {
		if (index < 0 || index >= this.#length) return undefined;
		return this.#bytes.toString('utf8', this.#endOf(index - 1), this.#endOf(index));
	}

	#endOf(index: number): number {
		return this.#ends[index] ?? 0;
	}
}
