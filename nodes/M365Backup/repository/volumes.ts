import { Failure, toFailure } from '../base/failure';
import { ArchiveWriter } from './archive-writer';
import { sha256 } from './bytes';
import { readAhead } from './read-ahead';
import { shouldCompress } from './compressible';
import { ArchiveLines, type ArchiveLinesContext } from './archive-lines';
import { VOLUME_BYTES, VOLUME_ENTRIES } from './limits';
import { numberedName } from './names';
import { hashThread, type HashThread } from './off-thread-hash';
import { noHash } from './stream-hash';
import type { PutContext } from './put-confirmed';
import type { ContentRef, FileRef, ItemLine } from './records';

/** Content up to this size is held back to compare its hash with what is stored already. */
export const COMPARE_BYTES = 8 * 1024 * 1024;

/** Contents of this size on are hashed beside the main thread. */
const LONG_BYTES = 32 * 1024 * 1024;

export interface ContentInput {
	/** From `entryName`. */
	entryName: string;
	/** For the ZIP entry; the run's time if absent. */
	modified?: Date | undefined;
	content: AsyncIterable<Uint8Array>;
	/** Decided by the name and the first bytes if absent. */
	compress?: boolean | undefined;
	/** If known: lets an item that is larger than a volume have its own. */
	sizeBytes?: number | undefined;
	/** Stored contents that it may be the same as: with the SHA-256 of one nothing is written, and that one is the answer. */
	known?: readonly ContentRef[] | undefined;
}

interface Volume {
	name: string;
	/** Let go once the file is stored: the ZIP writer remembers every entry. */
	writer?: ArchiveWriter;
	/** Once stored. */
	file?: FileRef;
	/** Offsets of contents that no line has pointed to yet. */
	unclaimed: Set<number>;
	/** For `_catalog.ndjson`. */
	lines: ArchiveLines;
	/** Set once it is being closed. */
	closing?: Promise<FileRef>;
}

type OpenVolume = Volume & { writer: ArchiveWriter };

/**
 * The archives of a run between two commits: one is written, full ones wait until the lines of all their contents have
 * been added, since an archive ends with those lines.
 */
export class Volumes {
	#volumes: Volume[] = [];
	#current: OpenVolume | undefined;
	#ordinal = 0;
	#failure: Failure | undefined;
	/** Of items that share a content stored earlier: the next archive repeats their lines. */
	#waiting: ArchiveLines;

	constructor(
		private readonly context: PutContext,
		private readonly prefix: string,
		private readonly runId: string,
		private readonly repeated: ArchiveLinesContext,
		private readonly volumeBytes: number = VOLUME_BYTES,
	) {
		this.#waiting = new ArchiveLines(repeated);
	}

	/** Bytes in archives so far, closed or not. */
	get bytes(): number {
		return this.#volumes.reduce((sum, { file, writer }) => sum + (file?.size ?? writer?.sizeBytes ?? 0), 0);
	}

	async add(input: ContentInput): Promise<ContentRef> {
		const source = input.content[Symbol.asyncIterator]();
		try {
			return await this.addFrom({ ...input, content: { [Symbol.asyncIterator]: () => source } });
		} catch (error) {
			// Also where nobody had begun to read what was read ahead of it: a download is let go of.
			source.return?.().catch(() => undefined);
			throw error;
		}
	}

	private async addFrom(input: ContentInput): Promise<ContentRef> {
		this.throwIfFailed();
		const { known = [] } = input;
		const read = known.length > 0 ? await readAhead(input.content, COMPARE_BYTES) : undefined;
		if (read?.all) {
			const hash = sha256(read.all);
			const same = known.find((ref) => ref.sha256 === hash);
			if (same) return same;
		}
		const { content, compress } = await shouldCompress(read?.content ?? input.content, input.entryName, input.compress);
		const { sizeBytes } = input;
		const thread = sizeBytes !== undefined && sizeBytes >= LONG_BYTES ? await hashThread() : undefined;
		const volume = this.volumeFor(sizeBytes ?? read?.all?.length ?? 0, thread);
		const modified = input.modified ?? this.context.ambient.now();
		const ref = await volume.writer.append({ name: input.entryName, modified, content, compress, sizeBytes, hash: thread?.open('withCrc32') });
		volume.unclaimed.add(ref.offset);
		if (volume.writer.sizeBytes >= this.volumeBytes || volume.writer.entries >= VOLUME_ENTRIES) this.#current = undefined;
		return ref;
	}

	/** Tells the archives that a line points into them. */
	claim(line: ItemLine, text: string): void {
		let isRepeated = false;
		for (const ref of line.content ?? []) {
			const volume = this.#volumes.find(({ name }) => name === ref.archive);
			if (!volume || volume.closing) continue;
			volume.unclaimed.delete(ref.offset);
			volume.lines.add(line, text);
			isRepeated = true;
			if (volume !== this.#current && volume.unclaimed.size === 0) void this.close(volume);
		}
		if (!isRepeated && line.content?.length) (this.#current?.lines ?? this.#waiting).addShared(line, text);
	}

	/** Closes all archives. Their contents may be pointed to from now on. */
	async finish(): Promise<FileRef[]> {
		this.throwIfFailed();
		this.#current = undefined;
		const files: FileRef[] = [];
		for (const volume of this.#volumes) files.push(await this.close(volume));
		return files;
	}

	/** Gives up all archives that are not closed yet. */
	async abandon(): Promise<void> {
		const reason = new Failure('cancelled', 'The run was given up');
		this.#failure ??= reason;
		for (const volume of this.#volumes) {
			if (!volume.closing) volume.writer?.abort(reason);
		}
		for (const volume of this.#volumes) await volume.writer?.settled();
	}

	private volumeFor(sizeBytes: number, thread: HashThread | undefined): OpenVolume {
		const current = this.#current;
		if (current && current.writer.sizeBytes > 0 && current.writer.sizeBytes + sizeBytes > this.volumeBytes) this.retire(current);
		this.#current ??= this.open(thread);
		return this.#current;
	}

	/** @param thread Hashes the volume, too, where it begins with a long content. */
	private open(thread: HashThread | undefined): OpenVolume {
		this.#ordinal++;
		const name = numberedName(this.runId, 'archive', this.#ordinal);
		// A store that encrypts tells the hash of what it stores.
		const hash = this.context.store.asStored === undefined ? thread?.open() : noHash();
		const volume = { name, writer: new ArchiveWriter(this.context, this.prefix, name, hash), unclaimed: new Set<number>(), lines: this.#waiting };
		this.#waiting = new ArchiveLines(this.repeated);
		this.#volumes.push(volume);
		return volume;
	}

	private retire(volume: Volume): void {
		this.#current = undefined;
		if (volume.unclaimed.size === 0) void this.close(volume);
	}

	private close(volume: Volume): Promise<FileRef> {
		if (!volume.closing) {
			volume.closing = this.closeNow(volume);
			// Whoever adds or commits next gets the error.
			volume.closing.catch((error: unknown) => (this.#failure ??= toFailure(error)));
		}
		return volume.closing;
	}

	private async closeNow(volume: Volume): Promise<FileRef> {
		if (!volume.writer) throw new Failure('defect', `${volume.name} is closed already`);
		volume.file = await volume.writer.close(await this.takeLines(volume, volume.writer));
		delete volume.writer;
		return volume.file;
	}

	private async takeLines(volume: Volume, writer: ArchiveWriter): Promise<string[]> {
		const { lines } = volume;
		volume.lines = new ArchiveLines(this.repeated);
		try {
			return await lines.all();
		} catch (error) {
			// Its put would wait for ever.
			writer.abort(toFailure(error));
			throw error;
		}
	}

	private throwIfFailed(): void {
		if (this.#failure) throw this.#failure;
	}
}
