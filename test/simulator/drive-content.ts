import { cellsOf, QuickXorHash } from './drive-hash';
import { randomBytesOf, SeededRandom } from './seeded-random';

/** The bytes of a file, read piece by piece: a file of 6 GB needs no more memory than one of 6 bytes. */
export interface DriveContent {
	readonly sizeBytes: number;
	/** At most `lengthBytes` from `offset` on; fewer only at the end. */
	read(offset: number, lengthBytes: number): Buffer;
	/** Base64; null: the service has none for this file. */
	readonly quickXorHash: string | null;
}

/** What tests may give as content. A function gives `length` bytes from `offset` on. */
export type ContentInput = Buffer | string | DriveContent | { sizeBytes: number; read: (offset: number, lengthBytes: number) => Buffer };

const LARGEST_HASHED_BYTES = 64 * 1024 * 1024;

export function contentOf(input: ContentInput): DriveContent {
	if (typeof input === 'string') return new BytesContent(Buffer.from(input));
	if (Buffer.isBuffer(input)) return new BytesContent(input);
	return 'quickXorHash' in input ? input : new FunctionContent(input.sizeBytes, input.read);
}

export class BytesContent implements DriveContent {
	private hash: string | undefined;

	constructor(private readonly bytes: Buffer) {}

	get sizeBytes(): number {
		return this.bytes.length;
	}

	read(offset: number, lengthBytes: number): Buffer {
		return this.bytes.subarray(offset, offset + lengthBytes);
	}

	get quickXorHash(): string {
		return (this.hash ??= new QuickXorHash().update(this.bytes).digest());
	}
}

/** Bytes by offset. Without a hash above 64 MB: nobody wants to wait for it. */
class FunctionContent implements DriveContent {
	private hash: string | null | undefined;

	constructor(
		readonly sizeBytes: number,
		private readonly readAt: (offset: number, lengthBytes: number) => Buffer,
	) {}

	read(offset: number, lengthBytes: number): Buffer {
		return this.readAt(offset, Math.max(0, Math.min(lengthBytes, this.sizeBytes - offset)));
	}

	get quickXorHash(): string | null {
		if (this.hash === undefined) this.hash = this.sizeBytes > LARGEST_HASHED_BYTES ? null : hashOf(this);
		return this.hash;
	}
}

function hashOf(content: { sizeBytes: number; read: DriveContent['read'] }): string {
	const hash = new QuickXorHash();
	for (let at = 0; at < content.sizeBytes; at += 1 << 20) hash.update(content.read(at, 1 << 20));
	return hash.digest();
}

/** One piece after the other: fragments of an upload, a file and what the service appended to it. */
export class JoinedContent implements DriveContent {
	readonly sizeBytes: number;
	private readonly starts: number[] = [];
	private hash: string | undefined;

	constructor(private readonly parts: readonly DriveContent[]) {
		let at = 0;
		for (const part of parts) {
			this.starts.push(at);
			at += part.sizeBytes;
		}
		this.sizeBytes = at;
	}

	read(offset: number, lengthBytes: number): Buffer {
		const end = Math.min(this.sizeBytes, offset + lengthBytes);
		const pieces: Buffer[] = [];
		for (let n = 0; n < this.parts.length; n++) {
			const start = this.starts[n]!;
			const part = this.parts[n]!;
			if (start + part.sizeBytes <= offset || start >= end) continue;
			const from = Math.max(0, offset - start);
			pieces.push(part.read(from, Math.min(part.sizeBytes, end - start) - from));
		}
		return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
	}

	get quickXorHash(): string {
		return (this.hash ??= hashOf(this));
	}
}

const HEAD_BYTES = 160;
/** 160 × 4,096 bytes that do not compress. Larger files repeat them. */
const RING_BYTES = 655_360;
let ring: { bytes: Buffer; cells: Uint8Array } | undefined;

function ringOf(): { bytes: Buffer; cells: Uint8Array } {
	if (!ring) {
		const bytes = randomBytesOf(new SeededRandom(655_360), RING_BYTES);
		ring = { bytes, cells: cellsOf(bytes) };
	}
	return ring;
}

/**
 * Content that is a few numbers until somebody reads it: a head of 160 bytes that names it, then pieces of one ring of
 * random bytes. Its hash costs no reading: whole rounds of the ring are one XOR.
 */
export class GeneratedContent implements DriveContent {
	private readonly start: number;
	private hash: string | undefined;

	constructor(
		readonly seed: number,
		readonly sizeBytes: number,
	) {
		this.start = new SeededRandom(seed, 77).below(RING_BYTES / HEAD_BYTES) * HEAD_BYTES;
	}

	/** The content whose first bytes these are, if they are of a generated one; so that an upload of it need not be kept. */
	static recognise(bytes: Buffer, sizeBytes: number): GeneratedContent | undefined {
		const found = /^SIMULATED (\d+) (\d+)\n/.exec(bytes.subarray(0, 60).toString('latin1'));
		return found && Number(found[2]) === sizeBytes ? new GeneratedContent(Number(found[1]), sizeBytes) : undefined;
	}

	private get head(): Buffer {
		return Buffer.from(`SIMULATED ${this.seed} ${this.sizeBytes}\n`.padEnd(HEAD_BYTES, '.'), 'latin1');
	}

	read(offset: number, lengthBytes: number): Buffer {
		const end = Math.min(this.sizeBytes, offset + lengthBytes);
		if (end <= offset) return Buffer.alloc(0);
		const bytes = Buffer.allocUnsafe(end - offset);
		let at = offset;
		if (at < HEAD_BYTES) at += this.head.copy(bytes, 0, at, Math.min(HEAD_BYTES, end));
		while (at < end) {
			const from = (this.start + at - HEAD_BYTES) % RING_BYTES;
			at += ringOf().bytes.copy(bytes, at - offset, from, Math.min(RING_BYTES, from + end - at));
		}
		return bytes;
	}

	get quickXorHash(): string {
		return (this.hash ??= this.computedHash());
	}

	private computedHash(): string {
		const hash = new QuickXorHash().update(this.head.subarray(0, Math.min(HEAD_BYTES, this.sizeBytes)));
		let left = this.sizeBytes - HEAD_BYTES;
		const rounds = Math.max(0, Math.floor(left / RING_BYTES));
		// The ring's length and every start are multiples of 160: each whole round has the same cells, and two cancel out.
		hash.updateCells(rounds % 2 === 1 ? ringOf().cells : new Uint8Array(HEAD_BYTES), rounds * RING_BYTES);
		left -= rounds * RING_BYTES;
		if (left > 0) hash.update(this.read(this.sizeBytes - left, left));
		return hash.digest();
	}
}
