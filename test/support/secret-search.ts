/** A secret to look for: `keys` are the parts of it that nobody can guess, each of at least 16 characters. */
export interface Marked {
	kind: string;
	keys: readonly string[];
}

export interface FoundSecret {
	kind: string;
	/** `as it is`, `base64`, `UTF-16LE`… */
	spelling: string;
	/** What stands there, cut short: enough to find the place, not to use it. */
	around: string;
}

interface Needle {
	bytes: Buffer;
	kind: string;
	spelling: string;
}

/** So much of a key counts as the key: a message that is cut off, and a database's page that ends, must not hide it. */
export const shortestFragmentChars = 16;
const prefixBytes = 4;

/**
 * Looks for many secrets at once, in every spelling in which they may have been written down, whole or in fragments of at
 * least 16 characters: as they are, URL-encoded; base64 and base64url of a text that contains them, at
 * whatever offset; hexadecimal; UTF-16 of either order. A secret inside JSON is as it is, since none has a character that
 * JSON must escape but line breaks, at which keys are split.
 */
export class SecretSearch {
	private readonly byPrefix = new Map<number, Needle[]>();
	/** One bit for each hash of the first four bytes: nearly every place is passed by a look at it. */
	private readonly mayBegin = new Uint8Array(1 << 21);
	private longestBytes = 0;

	constructor(secrets: Iterable<Marked>) {
		const known = new Set<string>();
		for (const { kind, keys } of secrets) {
			for (const key of keys.flatMap((whole) => whole.split(/\s+/)).filter((part) => part !== '')) {
				if (key.length < shortestFragmentChars) throw new Error(`A ${kind} of ${key.length} characters is too short to be looked for`);
				for (let at = 0; at + shortestFragmentChars <= key.length; at++) {
					const fragment = key.slice(at, at + shortestFragmentChars);
					if (known.has(fragment)) continue;
					known.add(fragment);
					for (const [spelling, bytes] of spellings(fragment)) this.add({ bytes, kind, spelling });
				}
			}
		}
	}

	/** Bytes that two neighbouring pieces of a haystack must share, so that nothing is lost between them. */
	get overlapBytes(): number {
		return this.longestBytes;
	}

	/** One find of each kind and spelling. */
	find(haystack: Buffer): FoundSecret[] {
		const found = new Map<string, FoundSecret>();
		let window = 0;
		for (let end = 0; end < haystack.length; end++) {
			window = ((window << 8) | haystack[end]!) >>> 0;
			const slot = slotOf(window);
			if ((this.mayBegin[slot >>> 3]! & (1 << (slot & 7))) === 0 || end < prefixBytes - 1) continue;
			const at = end - prefixBytes + 1;
			for (const { bytes, kind, spelling } of this.byPrefix.get(window) ?? []) {
				if (at + bytes.length > haystack.length || found.has(`${kind} ${spelling}`)) continue;
				if (haystack.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0) found.set(`${kind} ${spelling}`, { kind, spelling, around: around(haystack, at) });
			}
		}
		return [...found.values()];
	}

	private add(needle: Needle): void {
		const prefix = needle.bytes.readUInt32BE(0);
		const slot = slotOf(prefix);
		this.mayBegin[slot >>> 3]! |= 1 << (slot & 7);
		const others = this.byPrefix.get(prefix);
		if (others) others.push(needle);
		else this.byPrefix.set(prefix, [needle]);
		this.longestBytes = Math.max(this.longestBytes, needle.bytes.length);
	}
}

function slotOf(prefix: number): number {
	return Math.imul(prefix, 0x9e37_79b1) >>> 8;
}

function* spellings(fragment: string): Generator<[string, Buffer]> {
	const plain = Buffer.from(fragment);
	yield ['as it is', plain];
	const encoded = encodeURIComponent(fragment);
	if (encoded !== fragment) yield ['URL-encoded', Buffer.from(encoded)];
	yield ['UTF-16LE', Buffer.from(fragment, 'utf16le')];
	yield ['UTF-16BE', Buffer.from(fragment, 'utf16le').swap16()];
	yield ['hexadecimal', Buffer.from(plain.toString('hex'))];
	yield ['hexadecimal', Buffer.from(plain.toString('hex').toUpperCase())];
	for (const offset of [0, 1, 2]) {
		// Where the fragment begins within a group of three bytes is unknown, and so are its neighbours: only what depends on
		// the fragment alone is looked for.
		const text = Buffer.concat([Buffer.alloc(offset), plain]).toString('base64');
		const first = offset === 0 ? 0 : 4;
		const inner = text.slice(first, Math.floor((offset + plain.length) / 3) * 4);
		yield ['base64', Buffer.from(inner)];
		const url = inner.replaceAll('+', '-').replaceAll('/', '_');
		if (url !== inner) yield ['base64url', Buffer.from(url)];
	}
}

/** Printable text around a place, with the place itself blotted out but for its first characters. */
function around(haystack: Buffer, at: number): string {
	const before = haystack.subarray(Math.max(0, at - 120), at + 6).toString('latin1');
	return `${before.replace(/[^\x20-\x7e]+/g, '·')}…`;
}
