import { createHash } from 'node:crypto';
import { Failure } from '../../base/failure';
import { letGo } from '../../base/let-go';
import { checkKey } from '../keys';
import { ENCRYPTED_SUFFIX, type ByteRange, type PutOptions, type Store, type StoredForm, type StoreFile } from '../store';
import { beginsAsAge, headerLength, makeHeader, MOST_HEADER_BYTES, openHeader } from './age-header';
import type { AgeKey } from './age-key';
import { CHUNK_BYTES, makeNonce, NONCE_BYTES, openChunk, payloadKey, piecesOf, SEALED_CHUNK_BYTES, sealChunk } from './age-payload';

/** Everybody must be able to read these: what a repository is, how to open it, and who works on it. */
const PLAIN = /(^|\/)(repository\.json|README\.txt|lease-\d+\.json)$/;

const MOST_KEPT_KEYS = 1000;

/** What is needed to read anywhere in a file. */
interface OpenFile {
	/** Where the first chunk begins. */
	payloadOffset: number;
	key: Buffer;
}

/**
 * The same files encrypted in the age format, under their names and `.age` (DESIGN §3.6); repository.json, README.txt and
 * leases stay plain. Keys, contents and ranges are the plain ones; sizes in `list` are those of the stored files, and
 * `onStored` of a put tells size and hash of what was stored. A file that was not encrypted is not seen, whatever its
 * name.
 *
 * Additional Failures: `denied` with code `wrongKey`; `corrupt` where a file was cut off or changed, at the latest when
 * it is read to its end.
 */
export function createEncryptedStore(inner: Store, key: AgeKey): Store {
	return new EncryptedStore(inner, key);
}

/** What a file is called in the store below. Throws an `invalid` Failure: with the suffix, a bad key might look like a good one. */
function storedKey(key: string): string {
	checkKey(key);
	return PLAIN.test(key) ? key : key + ENCRYPTED_SUFFIX;
}

/** What the store below knows of locks and versions, by plain keys. */
function locksOf(inner: Store): Pick<Store, 'lockedUntil' | 'extendLock' | 'deleteOldVersions'> {
	const { lockedUntil, extendLock, deleteOldVersions } = {
		lockedUntil: inner.lockedUntil?.bind(inner),
		extendLock: inner.extendLock?.bind(inner),
		deleteOldVersions: inner.deleteOldVersions?.bind(inner),
	};
	return {
		...(lockedUntil && { lockedUntil: async (key, signal) => await lockedUntil(storedKey(key), signal) }),
		...(extendLock && { extendLock: async (key, until, signal) => await extendLock(storedKey(key), until, signal) }),
		...(deleteOldVersions && { deleteOldVersions: async (key, signal) => await deleteOldVersions(storedKey(key), signal) }),
	};
}

class EncryptedStore implements Store {
	readonly lockedUntil?: NonNullable<Store['lockedUntil']>;
	readonly extendLock?: NonNullable<Store['extendLock']>;
	readonly deleteOldVersions?: NonNullable<Store['deleteOldVersions']>;
	private readonly opened = new Map<string, OpenFile>();

	constructor(
		private readonly inner: Store,
		private readonly key: AgeKey,
	) {
		Object.assign(this, locksOf(inner));
	}

	get lockDays(): number | undefined {
		return this.inner.lockDays;
	}

	get capabilities(): Store['capabilities'] {
		return this.inner.capabilities;
	}

	get label(): string {
		return this.inner.label;
	}

	/** Also the file under its own name is reached by its plain key, so that nobody above needs to know the suffix. */
	get asStored(): StoredForm {
		const { inner, opened } = this;
		return {
			nameOf: storedKey,
			open: (key, stored) => (PLAIN.test(key) ? stored : this.openWhole(key, stored)),
			store: {
				capabilities: inner.capabilities,
				label: inner.label,
				list: (prefix, signal) => this.list(prefix, signal),
				get: (key, range, signal) => inner.get(storedKey(key), range, signal),
				put: (key, source, options) => {
					opened.delete(key);
					return inner.put(storedKey(key), source, options);
				},
				delete: (keys, signal) => this.delete(keys, signal),
				lockDays: inner.lockDays,
				...locksOf(inner),
			},
		};
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		for await (const file of this.inner.list(prefix, signal)) {
			if (PLAIN.test(file.key)) yield file;
			else if (file.key.endsWith(ENCRYPTED_SUFFIX)) {
				const key = file.key.slice(0, -ENCRYPTED_SUFFIX.length);
				// A prefix may reach into the suffix; what it names then is no file of ours.
				if (key.startsWith(prefix)) yield { ...file, key };
			}
		}
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		if (PLAIN.test(key)) return this.inner.get(key, range, signal);
		if (range === undefined) {
			const sealed = await this.inner.get(storedKey(key), undefined, signal);
			return sealed === null ? null : this.openWhole(key, sealed);
		}
		const file = await this.open(key, signal);
		return file === null ? null : this.openRange(key, file, range, signal);
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		if (PLAIN.test(key)) return this.inner.put(key, source, options);
		this.opened.delete(key);
		const hash = createHash('sha256');
		let sizeBytes = 0;
		const { onStored, ...passedOn } = options;
		const measured = async function* (sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
			for await (const bytes of sealed) {
				hash.update(bytes);
				sizeBytes += bytes.length;
				yield bytes;
			}
			onStored?.({ sizeBytes, sha256: hash.digest('hex') });
		};
		await this.inner.put(storedKey(key), measured(this.seal(source)), passedOn);
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) this.opened.delete(key);
		await this.inner.delete(keys.map(storedKey), signal);
	}

	private async *seal(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
		const { header, fileKey } = await makeHeader(this.key);
		const nonce = makeNonce();
		const key = payloadKey(fileKey, nonce);
		yield Buffer.concat([header, nonce]);
		let index = 0;
		for await (const { bytes, isLast } of piecesOf(source, CHUNK_BYTES)) {
			for (const part of sealChunk(key, index++, bytes, isLast)) {
				if (part.length > 0) yield part;
				// Each is memory of its own, which V8 would otherwise make a full collection for every 20 MB.
				letGo(part);
			}
		}
	}

	private async *openWhole(name: string, sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
		const reader = new HeadReader(sealed);
		try {
			const { key } = await this.readHead(name, reader);
			let index = 0;
			for await (const { bytes, isLast } of piecesOf(reader.rest(), SEALED_CHUNK_BYTES)) {
				const plain = openChunk(key, index++, bytes, isLast);
				if (plain === undefined || (isLast && plain.length === 0 && index > 1)) throw damaged(name, isLast ? 'it was cut off, or its end was changed' : 'it was changed');
				if (plain.length > 0) yield plain;
			}
		} finally {
			await reader.close();
		}
	}

	private async *openRange(name: string, { payloadOffset, key }: OpenFile, { offset, length }: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
		if (length <= 0) return;
		let index = Math.floor(offset / CHUNK_BYTES);
		const count = Math.ceil((offset + length) / CHUNK_BYTES) - index;
		const range = { offset: payloadOffset + index * SEALED_CHUNK_BYTES, length: count * SEALED_CHUNK_BYTES };
		const sealed = await this.inner.get(storedKey(name), range, signal);
		if (sealed === null) throw new Failure('notFound', `${name} was deleted while it was read`, { nextStep: 'Run again.' });
		let skip = offset - index * CHUNK_BYTES;
		let left = length;
		for await (const { bytes } of piecesOf(sealed, SEALED_CHUNK_BYTES)) {
			// A range that begins at or beyond the end of the file.
			if (bytes.length === 0) return;
			// Whether a full chunk is the file's last one, only the file's end would tell.
			const plain = openChunk(key, index, bytes, false) ?? openChunk(key, index, bytes, true);
			if (plain === undefined) {
				// Another process may have written the file anew, under another key, since its head was read.
				this.opened.delete(name);
				const now = left === length ? await this.open(name, signal) : null;
				if (now === null || now.key.equals(key)) throw damaged(name, 'it was cut off, or changed');
				return yield* this.openRange(name, now, { offset, length }, signal);
			}
			index += 1;
			const wanted = plain.subarray(skip, skip + left);
			skip = 0;
			left -= wanted.length;
			if (wanted.length > 0) yield wanted;
		}
	}

	private async open(name: string, signal?: AbortSignal): Promise<OpenFile | null> {
		const known = this.opened.get(name);
		if (known) return known;
		const head = await this.inner.get(storedKey(name), { offset: 0, length: MOST_HEADER_BYTES + NONCE_BYTES }, signal);
		if (head === null) return null;
		const reader = new HeadReader(head);
		try {
			const file = await this.readHead(name, reader);
			this.opened.set(name, file);
			const oldest = this.opened.keys().next();
			if (this.opened.size > MOST_KEPT_KEYS && oldest.done !== true) this.opened.delete(oldest.value);
			return file;
		} finally {
			await reader.close();
		}
	}

	private async readHead(name: string, reader: HeadReader): Promise<OpenFile> {
		const header = await reader.until(headerLength);
		if (header === undefined) throw damaged(name, beginsAsAge(reader.seen()) ? 'it was cut off' : 'it is not encrypted in the age format');
		const nonce = await reader.until((bytes) => (bytes.length < NONCE_BYTES ? undefined : NONCE_BYTES));
		if (nonce === undefined) throw damaged(name, 'it was cut off');
		const fileKey = await openHeader(header, this.key.identity, name);
		return { payloadOffset: header.length + NONCE_BYTES, key: payloadKey(fileKey, nonce) };
	}
}

function damaged(name: string, reason: string): Failure {
	return new Failure('corrupt', `${name} is damaged: ${reason}`, {
		code: 'damagedFile',
		nextStep: 'Run Repository → Verify to see what is affected, put an undamaged copy of the file back (Repository → Import Files), or use another snapshot.',
	});
}

/** Takes the first bytes of a stream, and hands on the rest. */
class HeadReader {
	private readonly chunks: AsyncIterator<Uint8Array>;
	private buffered: Buffer = Buffer.alloc(0);
	private isDone = false;

	constructor(source: AsyncIterable<Uint8Array>) {
		this.chunks = source[Symbol.asyncIterator]();
	}

	/** As many bytes as `length` says once it can tell; undefined where the stream ends, or goes on too long, before. */
	async until(length: (bytes: Buffer) => number | undefined): Promise<Buffer | undefined> {
		for (;;) {
			const count = length(this.buffered);
			if (count !== undefined) {
				const taken = Buffer.from(this.buffered.subarray(0, count));
				this.buffered = this.buffered.subarray(count);
				return taken;
			}
			if (this.buffered.length > MOST_HEADER_BYTES || !(await this.more())) return undefined;
		}
	}

	seen(): Buffer {
		return this.buffered;
	}

	async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
		do {
			if (this.buffered.length > 0) yield this.buffered;
			this.buffered = Buffer.alloc(0);
		} while (await this.more());
	}

	async close(): Promise<void> {
		if (!this.isDone) await this.chunks.return?.();
		this.isDone = true;
	}

	private async more(): Promise<boolean> {
		if (this.isDone) return false;
		const next = await this.chunks.next();
		this.isDone = next.done === true;
		// The source may use its buffer again.
		if (next.done !== true) this.buffered = Buffer.concat([this.buffered, next.value]);
		return next.done !== true;
	}
}
