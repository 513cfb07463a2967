import { isFailure } from '../base/failure';
import type { Store } from '../stores/store';
import { readArchiveDirectory, type ListedEntry } from './archive-directory';
import { readArchiveEntry, type EntryRef } from './archive-reader';
import { CATALOG_ENTRY } from './archive-writer';
import { damagedFile } from './bytes';
import { parseLine, type LineText } from './catalog-line';
import { MAX_ARCHIVE_LIST_BYTES, MAX_LINE_CHARS } from './limits';
import { sourceKey } from './names';
import { parseSource } from './record-schemas';
import type { ContentRef, SourceRef } from './records';

const NEWLINE = 0x0a;

/** What an archive tells of itself without any other file: its entries, whose they are, and the lines of its items. */
export class ArchiveList {
	private readonly entries = new Map<number, ListedEntry>();

	private constructor(
		private readonly store: Store,
		private readonly prefix: string,
		readonly name: string,
		listed: readonly ListedEntry[],
		private readonly list: EntryRef,
		private readonly signal: AbortSignal | undefined,
	) {
		for (const entry of listed) this.entries.set(entry.offset, entry);
	}

	/**
	 * Reads the directory, and the list of items once to its end, so that what `lines` gives is proven by its CRC-32.
	 * Throws `corrupt` if either is damaged.
	 */
	static async open(store: Store, prefix: string, name: string, storedBytes: number, signal?: AbortSignal): Promise<ArchiveList> {
		const listed = await readArchiveDirectory(store, `${prefix}/${name}`, storedBytes, signal);
		const last = listed.at(-1);
		if (last?.name !== CATALOG_ENTRY) throw damagedFile(`${prefix}/${name}`, 'it has no list of its items');
		if (last.size > MAX_ARCHIVE_LIST_BYTES) throw damagedFile(`${prefix}/${name}`, `its list of items is larger than ${MAX_ARCHIVE_LIST_BYTES} bytes`);
		const { offset, length, size } = last;
		const list = new ArchiveList(store, prefix, name, listed, { archive: name, entry: CATALOG_ENTRY, offset, length, size }, signal);
		await drain(list.read());
		return list;
	}

	/** What is wrong with a place in this archive, or undefined: it must be exactly one of its entries. */
	problemOf({ entry, offset, length, size }: ContentRef): string | undefined {
		const found = this.entries.get(offset);
		if (found?.name !== entry || found.length !== length) return 'no such entry stands there';
		return found.size === size ? undefined : `the entry there has ${found.size} bytes instead of ${size}`;
	}

	/** Whose it is; undefined where the version that wrote it did not say so. Throws `corrupt` if it belongs elsewhere. */
	async source(): Promise<SourceRef | undefined> {
		for await (const text of this.texts()) {
			const source = parseSource(text);
			if (source && sourceKey(source) !== this.prefix) throw damagedFile(`${this.prefix}/${this.name}`, 'it belongs to another source');
			return source;
		}
		return undefined;
	}

	/** The lines of items and folders, as they were when the archive was closed. Throws `corrupt` at the first bad one. */
	async *lines(): AsyncGenerator<LineText, void, undefined> {
		let isFirst = true;
		for await (const text of this.texts()) {
			const isSource = isFirst && parseSource(text) !== undefined;
			isFirst = false;
			if (!isSource) yield parseLine(text, `${this.prefix}/${this.name}`);
		}
	}

	private async *texts(): AsyncGenerator<string, void, undefined> {
		const where = `${this.prefix}/${this.name}`;
		let rest: Buffer = Buffer.alloc(0);
		for await (const chunk of this.read()) {
			rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
			let start = 0;
			for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
				if (end > start) yield rest.toString('utf8', start, end);
				start = end + 1;
			}
			rest = rest.subarray(start);
			if (rest.length > MAX_LINE_CHARS) throw damagedFile(where, `a line is longer than ${MAX_LINE_CHARS} characters`);
		}
		if (rest.length > 0) throw damagedFile(where, 'its list of items ends within a line');
	}

	private read(): AsyncIterable<Uint8Array> {
		return readArchiveEntry(this.store, this.prefix, this.list, this.signal);
	}
}

/** To its end, where it is proven. */
async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
	const chunks = source[Symbol.asyncIterator]();
	for (let step = await chunks.next(); step.done !== true; step = await chunks.next());
}

/** What `open` gives, or why it cannot be had. */
export async function tryArchiveList(
	store: Store,
	prefix: string,
	name: string,
	storedBytes: number,
	signal?: AbortSignal,
): Promise<{ list: ArchiveList } | { reason: string }> {
	try {
		return { list: await ArchiveList.open(store, prefix, name, storedBytes, signal) };
	} catch (error) {
		if (isFailure(error, 'corrupt')) return { reason: error.message };
		throw error;
	}
}
