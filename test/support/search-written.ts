import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { constants, gunzipSync, inflateRawSync } from 'node:zlib';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import type { FoundSecret, SecretSearch } from './secret-search';

/** Where it stands: a path, `path!entry` of what is packed in it, or a table and column. */
export interface Leak extends FoundSecret {
	place: string;
}

/** What was looked through, so that a test can tell a clean search from an empty one. */
export interface Searched {
	leaks: Leak[];
	files: number;
	packed: number;
	bytes: number;
}

const pieceBytes = 64 * 1024 * 1024;
const deepestPacking = 4;
/** What is larger is no longer unpacked whole. */
const longestUnpackedBytes = 512 * 1024 * 1024;

/** Looks through bytes, and through whatever is packed in them: gzip and ZIP, at any depth. */
export async function searchBytes(search: SecretSearch, place: string, bytes: Buffer, into: Searched, depth = 0): Promise<void> {
	into.bytes += bytes.length;
	into.leaks.push(...search.find(bytes).map((found) => ({ ...found, place })));
	if (depth >= deepestPacking) return;
	for await (const [name, content] of unpacked(bytes)) {
		into.packed++;
		await searchBytes(search, `${place}!${name}`, content, into, depth + 1);
	}
}

/** Every file below a folder, but for those that `skip` names by their path within it. */
export async function searchFolder(search: SecretSearch, folder: string, into: Searched, skip: (path: string) => boolean = () => false): Promise<void> {
	for (const found of await readdir(folder, { recursive: true, withFileTypes: true })) {
		const path = join(found.parentPath, found.name);
		const within = path.slice(folder.length + 1);
		if (!found.isFile() || skip(within)) continue;
		into.files++;
		// A file's name is written, too.
		into.leaks.push(...search.find(Buffer.from(within)).map((leak) => ({ ...leak, place: `name of ${within}` })));
		await searchFile(search, path, within, into);
	}
}

async function searchFile(search: SecretSearch, path: string, place: string, into: Searched): Promise<void> {
	const file = await open(path);
	try {
		const { size } = await file.stat();
		if (size <= pieceBytes) {
			await searchBytes(search, place, await file.readFile(), into);
			return;
		}
		for (let at = 0; at < size; at += pieceBytes) {
			const piece = Buffer.alloc(Math.min(pieceBytes + search.overlapBytes, size - at));
			await file.read(piece, 0, piece.length, at);
			await searchBytes(search, place, piece, into, deepestPacking);
		}
	} finally {
		await file.close();
	}
	if (await isZip(path)) await searchBytes(search, place, await readFile(path), into);
}

async function isZip(path: string): Promise<boolean> {
	const file = await open(path);
	try {
		const head = Buffer.alloc(4);
		await file.read(head, 0, 4, 0);
		return head.readUInt32LE() === 0x0403_4b50;
	} finally {
		await file.close();
	}
}

/** Every value of every table of an SQLite database, as its own engine reads it: values span pages in the raw file. */
export async function searchDatabase(search: SecretSearch, path: string, into: Searched): Promise<number> {
	const database = new DatabaseSync(path, { readOnly: true });
	let values = 0;
	try {
		const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
		for (const { name } of tables) {
			for (const row of database.prepare(`SELECT * FROM "${name.replaceAll('"', '""')}"`).iterate()) {
				for (const [column, value] of Object.entries(row)) {
					if (typeof value !== 'string' && !(value instanceof Uint8Array)) continue;
					values++;
					await searchBytes(search, `table ${name}, ${column}`, typeof value === 'string' ? Buffer.from(value) : Buffer.from(value), into);
				}
			}
		}
	} finally {
		database.close();
	}
	return values;
}

async function* unpacked(bytes: Buffer): AsyncGenerator<[string, Buffer]> {
	if (bytes.length < 20) return;
	if (bytes.readUInt16BE() === 0x1f8b) {
		// What breaks off is searched as far as it goes.
		yield ['gzip', gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: longestUnpackedBytes })];
	}
	if (bytes.readUInt32LE() === 0x0403_4b50) yield* zipEntries(bytes);
}

async function* zipEntries(bytes: Buffer): AsyncGenerator<[string, Buffer]> {
	const zip = await new Promise<ZipFile | undefined>((resolve) => {
		fromBuffer(bytes, { lazyEntries: true, autoClose: false, decodeStrings: true, validateEntrySizes: false }, (error, opened) => resolve(error ? undefined : opened));
	});
	if (zip === undefined) {
		// An archive that broke off has no directory: its entries are found by their own heads.
		yield* brokenZipEntries(bytes);
		return;
	}
	for (;;) {
		const entry = await new Promise<Entry | undefined>((resolve, reject) => {
			zip.once('entry', resolve);
			zip.once('end', () => resolve(undefined));
			zip.once('error', reject);
			zip.readEntry();
		});
		zip.removeAllListeners();
		if (entry === undefined) return;
		const pieces: Buffer[] = [];
		await new Promise<void>((resolve, reject) => {
			zip.openReadStream(entry, (error, stream) => {
				if (error) {
					reject(error);
					return;
				}
				stream.on('data', (piece: Buffer) => pieces.push(piece)).once('end', resolve).once('error', reject);
			});
		});
		yield [entry.fileName, Buffer.concat(pieces)];
	}
}

function* brokenZipEntries(bytes: Buffer): Generator<[string, Buffer]> {
	const head = Buffer.from([0x50, 0x4b, 3, 4]);
	for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 4)) {
		if (at + 30 > bytes.length) return;
		const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
		const isDeflated = bytes.readUInt16LE(at + 8) === 8;
		if (!isDeflated || start >= bytes.length) continue;
		try {
			yield [`entry at ${at}`, inflateRawSync(bytes.subarray(start), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: longestUnpackedBytes })];
		} catch {
			// Four bytes of content that look like a head.
		}
	}
}
