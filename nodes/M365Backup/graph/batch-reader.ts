/**
 * Cuts the objects of `{"responses":[{…},{…}]}` out of a stream of bytes as they arrive, so that an answer of many
 * megabytes is neither parsed in one go nor lost as a whole when its end is missing. Only the JSON's skeleton is looked
 * at here; each object is parsed by itself.
 */
export class BatchAnswerScanner {
	private depth = 0;
	private inString = false;
	private escaped = false;
	private pieces: Buffer[] = [];
	private isOver = false;

	/** The outer object was closed. */
	get isComplete(): boolean {
		return this.isOver;
	}

	/** The objects that end in this chunk, as JSON texts. */
	*push(chunk: Buffer): Generator<string, void, undefined> {
		let start = 0;
		let at = 0;
		while (at < chunk.length) {
			if (this.inString) {
				at = this.skipString(chunk, at);
				continue;
			}
			const byte = chunk[at];
			at++;
			if (byte === quote) this.inString = true;
			else if (byte === openBrace || byte === openBracket) {
				this.depth++;
				// Depth 1 is the outer object, 2 the array, 3 one answer.
				if (this.depth === answerDepth && byte === openBrace) start = at - 1;
			} else if (byte === closeBrace || byte === closeBracket) {
				if (this.depth === answerDepth && byte === closeBrace) {
					const last = chunk.subarray(start, at);
					const text = this.pieces.length === 0 ? last.toString('utf8') : Buffer.concat([...this.pieces, last]).toString('utf8');
					this.pieces = [];
					yield text;
				}
				this.depth--;
				if (this.depth === 0) this.isOver = true;
			}
		}
		if (this.depth >= answerDepth) this.pieces.push(copyOf(chunk, start));
	}

	/** The position after the string's end, or the chunk's end. */
	private skipString(chunk: Buffer, from: number): number {
		let at = from;
		if (this.escaped) {
			this.escaped = false;
			at++;
		}
		for (;;) {
			const end = chunk.indexOf(quote, at);
			const stop = end < 0 ? chunk.length : end;
			let backslashes = 0;
			while (stop - 1 - backslashes >= at && chunk[stop - 1 - backslashes] === backslash) backslashes++;
			const isEscaped = backslashes % 2 === 1;
			if (end < 0) {
				this.escaped = isEscaped;
				return chunk.length;
			}
			at = end + 1;
			if (!isEscaped) {
				this.inString = false;
				return at;
			}
		}
	}
}

/** In memory of its own: what stands in Node's common pool stays as long as anything else that was put there. */
function copyOf(chunk: Buffer, start: number): Buffer {
	const copy = Buffer.allocUnsafeSlow(chunk.length - start);
	chunk.copy(copy, 0, start);
	return copy;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const answerDepth = 3;
