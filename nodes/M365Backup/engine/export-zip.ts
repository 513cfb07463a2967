import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ZipArchive } from 'archiver';
import { Failure, isFailure, toFailure } from '../base/failure';
import type { Repository } from '../repository/repository';
import { CONTENTS_NAME, contentsFile, contentsLine } from './export-contents';
import { exportDate } from './export-format';
import { exportItem, type ExportedFile, type ExportOptions } from './export-items';
import { listFile, listOf, UpcomingItems } from './export-list';
import { safeFileName } from './export-name';
import { count, type ExportTally } from './export-tally';
import type { FoundItem } from './search';
import { writeDirectoryInSlices } from './zip-directory';
import { ZipPaths } from './zip-paths';

export { emptyTally } from './export-tally';

/** Contents up to this size are proven in memory before they are written; larger ones are read twice. */
const PROVEN_IN_MEMORY_BYTES = 1024 * 1024;

/**
 * Items as one ZIP, in their folders, streamed while they are read: memory holds one small content at a time and a line
 * for each item, which the list `contents.csv` at its end is made of. An item that cannot be read stands in that list
 * with the reason; only proven bytes get into the ZIP. Folders among the items are passed over.
 *
 * Failures that end it: `cancelled`, and whatever `items` throws.
 */
export async function* exportZip(
	repository: Repository,
	key: string,
	items: AsyncIterable<FoundItem>,
	tally: ExportTally,
	options: ExportOptions = {},
): AsyncGenerator<Uint8Array> {
	const zip = new ZipArchive({ zlib: { level: 6 } });
	writeDirectoryInSlices(zip);
	const writing = new ZipWriting(zip, repository, key, tally, options).writeAll(items);
	// Whoever reads the ZIP gets the error.
	writing.catch((error: unknown) => zip.destroy(toFailure(error)));
	try {
		for await (const chunk of zip as AsyncIterable<Uint8Array>) {
			tally.bytes += chunk.length;
			yield chunk;
		}
		await writing;
	} finally {
		zip.destroy();
		await writing.catch(() => undefined);
	}
}

class ZipWriting {
	readonly #paths = new ZipPaths([CONTENTS_NAME]);
	readonly #lines: string[] = [];

	constructor(
		private readonly zip: ZipArchive,
		private readonly repository: Repository,
		private readonly key: string,
		private readonly tally: ExportTally,
		private readonly options: ExportOptions,
	) {}

	async writeAll(items: AsyncIterable<FoundItem>): Promise<void> {
		const upcoming = new UpcomingItems(items);
		try {
			for (let item = await upcoming.peek(); item !== null; item = await upcoming.peek()) {
				this.options.signal?.throwIfAborted();
				if (item.type === 'listItem' && this.options.format !== 'original') {
					await this.writeList(item, upcoming);
					continue;
				}
				await upcoming.take();
				if (item.type !== 'folder') await this.writeItem(item);
			}
		} finally {
			await upcoming.close();
		}
		await this.append(CONTENTS_NAME, Readable.from(contentsFile(this.#lines), { objectMode: false }), undefined);
		await this.zip.finalize();
	}

	/** What stands together of one list is one table. */
	private async writeList(first: FoundItem, upcoming: UpcomingItems): Promise<void> {
		const list = listOf(first);
		if (!list) {
			await upcoming.take();
			await this.writeItem(first);
			return;
		}
		const path = this.#paths.take(list.folder, safeFileName(list.name, '.csv'));
		const { repository, key } = this;
		const broken: { error?: unknown } = {};
		const rows = listFile({
			repository,
			key,
			items: upcoming,
			onItem: ({ item, failure }) => this.listed(item, failure === undefined ? [path] : [], failure),
			signal: this.options.signal,
		});
		await this.append(path, Readable.from(noting(rows, broken), { objectMode: false }), undefined);
		this.tally.files += 1;
		if (broken.error !== undefined) throw toFailure(broken.error);
	}

	private async writeItem(item: FoundItem): Promise<void> {
		const files: string[] = [];
		let reason: string | undefined;
		try {
			const exported = exportItem(this.repository, this.key, item, this.options);
			for (const file of [exported, ...exported.beside]) files.push(await this.writeFile(item, file));
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled') || this.zip.destroyed) throw failure;
			reason = failure.message;
		}
		this.listed(item, files, reason);
	}

	/** Counts an item, and writes its line of the list of contents. */
	private listed(item: FoundItem, files: readonly string[], reason: string | undefined): void {
		count(this.tally, { item, ...(reason === undefined ? {} : { failure: reason }) });
		this.#lines.push(contentsLine({ item, files, ...(reason === undefined ? {} : { failure: reason }) }));
	}

	/** Proves the content before its entry is begun, since an entry cannot be taken back. */
	private async writeFile(item: FoundItem, file: ExportedFile): Promise<string> {
		const proven = await proofOf(file);
		const path = this.#paths.take(item.folderPath === '' ? [] : item.folderPath.split('/'), file.fileName);
		const broken: { error?: unknown } = {};
		await this.append(path, Readable.from(proven ? [proven] : endingEarly(file, broken), { objectMode: false }), exportDate(item));
		this.tally.files += 1;
		if (broken.error === undefined) return path;
		throw new Failure('corrupt', `The file ${path} broke off: ${toFailure(broken.error).message}`, { cause: broken.error });
	}

	/** Waits until the entry was taken: one after the other, or everything would wait in memory. */
	private async append(path: string, content: Readable, date: string | undefined): Promise<void> {
		const gone = new AbortController();
		const onClose = (): void => gone.abort(new Failure('cancelled', 'Whoever read the ZIP stopped'));
		this.zip.once('close', onClose);
		try {
			const taken = once(this.zip, 'entry', { signal: gone.signal });
			this.zip.append(content, { name: path, ...(date === undefined || Number.isNaN(Date.parse(date)) ? {} : { date: new Date(date) }) });
			await taken;
		} catch (error) {
			throw gone.signal.aborted ? toFailure(gone.signal.reason) : error;
		} finally {
			this.zip.removeListener('close', onClose);
			content.destroy();
		}
	}
}

/** The content itself where it is small; null where it is large and was proven by reading it to its end. */
async function proofOf(file: ExportedFile): Promise<Buffer | null> {
	let chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	for await (const chunk of file.open()) {
		sizeBytes += chunk.length;
		if (sizeBytes > PROVEN_IN_MEMORY_BYTES) chunks = [];
		else chunks.push(chunk);
	}
	return sizeBytes > PROVEN_IN_MEMORY_BYTES ? null : Buffer.concat(chunks);
}

/** The ZIP writer never sees an error: it would end the whole ZIP. */
function endingEarly(file: ExportedFile, broken: { error?: unknown }): AsyncGenerator<Uint8Array> {
	return noting(file.open(), broken);
}

async function* noting(content: AsyncIterable<Uint8Array>, broken: { error?: unknown }): AsyncGenerator<Uint8Array> {
	try {
		yield* content;
	} catch (error) {
		broken.error = error;
	}
}
