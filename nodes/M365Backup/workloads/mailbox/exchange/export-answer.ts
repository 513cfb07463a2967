import { Failure } from '../../../base/failure';

/** One item of an `exportItems` answer. `data` or `error`. */
export interface ExportedItem {
	itemId: string;
	/** The item's opaque bytes, in pieces. */
	data?: Buffer[];
	/** Graph's code, e.g. `ErrorItemNotFound`. */
	error?: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** An answer without its data: ids, change keys, errors. */
const SKELETON_LIMIT_BYTES = 1024 * 1024;

/**
 * Reads `{"value":[{"itemId","changeKey","data":"<base64>"},{"itemId","error":{"code"}}]}` as it comes, decoding the data
 * on the way: as one JSON text, large items would cost several times their size and a long synchronous stretch. The
 * spelling of names varies (`Error`), base64 may be the URL-safe one, and `+` and `/` may be escaped.
 *
 * @throws Failure `transient` for an answer that is not whole, `quota` (code `exportTooLarge`) beyond `limitBytes`, and
 * what the source throws
 */
export async function readExportAnswer(source: AsyncIterable<Uint8Array>, limitBytes: number): Promise<ExportedItem[]> {
	const reader = new AnswerReader(limitBytes);
	for await (const chunk of source) reader.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
	return reader.items();
}

/** Everything but the data stays JSON (`skeleton`); in place of each data string it has `"#<number>"`. */
class AnswerReader {
	private readonly skeleton: Buffer[] = [];
	private skeletonBytes = 0;
	private dataBytes = 0;
	private readonly data: Base64Decoder[] = [];
	private mode: 'structure' | 'string' | 'data' = 'structure';
	private isEscaped = false;
	/** The string before, which is a name if a colon follows. */
	private lastString = '';
	private isDataNext = false;

	constructor(private readonly limitBytes: number) {}

	take(chunk: Buffer): void {
		let at = 0;
		let kept = 0;
		const keep = (end: number): void => {
			if (end <= kept) return;
			this.skeletonBytes += end - kept;
			if (this.skeletonBytes > SKELETON_LIMIT_BYTES) throw notWhole();
			this.skeleton.push(Buffer.from(chunk.subarray(kept, end)));
		};
		while (at < chunk.length) {
			if (this.mode === 'data') {
				at = this.takeData(chunk, at);
				kept = at;
				continue;
			}
			const byte = chunk[at] ?? 0;
			if (this.mode === 'string') this.takeStringByte(byte);
			else if (byte === QUOTE && this.isDataNext) {
				// The opening quote, the number and the closing quote stand in the skeleton.
				keep(at);
				this.skeleton.push(Buffer.from(`"#${this.data.length}"`));
				this.data.push(new Base64Decoder());
				this.mode = 'data';
				this.isDataNext = false;
			} else this.takeStructure(byte);
			at += 1;
		}
		if (this.mode !== 'data') keep(at);
	}

	private takeStringByte(byte: number): void {
		if (this.isEscaped) this.isEscaped = false;
		else if (byte === BACKSLASH) this.isEscaped = true;
		else if (byte === QUOTE) {
			this.mode = 'structure';
			return;
		}
		if (this.lastString.length < 16) this.lastString += String.fromCharCode(byte);
	}

	private takeStructure(byte: number): void {
		if (byte === QUOTE) {
			this.mode = 'string';
			this.lastString = '';
			return;
		}
		const char = String.fromCharCode(byte);
		if (/\s/.test(char)) return;
		this.isDataNext = char === ':' && this.lastString.toLowerCase() === 'data';
	}

	/** @returns where the data string, or the chunk, ends */
	private takeData(chunk: Buffer, from: number): number {
		const decoder = this.data.at(-1);
		let end = chunk.indexOf(QUOTE, from);
		// An escaped quote has no place in base64.
		const isEnd = end >= 0;
		if (!isEnd) end = chunk.length;
		this.dataBytes += decoder?.take(chunk.toString('latin1', from, end)) ?? 0;
		if (this.dataBytes > this.limitBytes) {
			throw new Failure('quota', 'Exchange exports this message in more bytes than are kept', { code: 'exportTooLarge' });
		}
		if (!isEnd) return end;
		decoder?.end();
		this.mode = 'structure';
		this.lastString = '';
		return end + 1;
	}

	items(): ExportedItem[] {
		let value: unknown;
		try {
			const parsed = JSON.parse(Buffer.concat(this.skeleton).toString('utf8')) as { value?: unknown } | null;
			value = parsed?.value;
		} catch {
			throw notWhole();
		}
		if (!Array.isArray(value) || this.mode === 'data') throw notWhole();
		return value.flatMap((one): ExportedItem[] => {
			const fields = byLowerCase(one);
			const itemId = fields.get('itemid');
			if (typeof itemId !== 'string') return [];
			const data = fields.get('data');
			const decoder = typeof data === 'string' ? this.data[Number(data.slice(1))] : undefined;
			if (decoder?.isWhole === true) return [{ itemId, data: decoder.pieces }];
			const code = byLowerCase(fields.get('error')).get('code');
			return [{ itemId, error: typeof code === 'string' && code !== '' ? code : 'noData' }];
		});
	}
}

function notWhole(): Failure {
	return new Failure('transient', 'An answer of the Exchange export is not complete', { code: 'brokenJson' });
}

function byLowerCase(value: unknown): Map<string, unknown> {
	if (typeof value !== 'object' || value === null) return new Map();
	return new Map(Object.entries(value).map(([name, one]) => [name.toLowerCase(), one as unknown]));
}

/** Base64 in either alphabet, from inside a JSON string, piece by piece. */
class Base64Decoder {
	readonly pieces: Buffer[] = [];
	/** Characters that are no group of four yet, or the beginning of an escape. */
	private rest = '';
	private isEnded = false;
	private isBroken = false;

	/** @returns bytes decoded */
	take(text: string): number {
		let whole = this.rest + text;
		this.rest = '';
		if (whole.includes('\\')) {
			const cut = /\\(?:u[0-9a-fA-F]{0,3})?$/.exec(whole)?.index ?? whole.length;
			const open = whole.slice(cut);
			whole = whole.slice(0, cut).replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_all, code: string | undefined, char: string | undefined) =>
				code === undefined ? (char ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
			);
			const even = whole.length - (whole.length % 4);
			this.rest = whole.slice(even) + open;
			return this.push(whole.slice(0, even));
		}
		const even = whole.length - (whole.length % 4);
		this.rest = whole.slice(even);
		return this.push(whole.slice(0, even));
	}

	private push(text: string): number {
		if (text === '') return 0;
		if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) this.isBroken = true;
		const bytes = Buffer.from(text, 'base64');
		this.pieces.push(bytes);
		return bytes.length;
	}

	end(): void {
		// Without padding the last group may be short, but never a single digit.
		if (this.rest.length === 1) this.isBroken = true;
		this.push(this.rest);
		this.rest = '';
		this.isEnded = true;
	}

	/** Ended as it should, with something in it. */
	get isWhole(): boolean {
		return this.isEnded && !this.isBroken && this.pieces.length > 0;
	}
}
