import { isFailure } from '../base/failure';
import { MAX_CURSOR_BYTES } from '../repository/limits';
import { readFile } from '../repository/bytes';
import { parseCursorRecord } from '../repository/record-schemas';
import type { FileRef, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { SegmentReader } from '../repository/segment-reader';
import type { ExpectedFile } from './proven-content';

/** Why nobody can say what this file names. */
export interface UnreadableFile {
	key: string;
	reason: string;
}

/** What the snapshots of one source say of its other files. */
export class NamedFiles {
	private readonly direct = new Map<string, ExpectedFile>();
	private readonly older = new Map<string, FileRef>();
	private hasOlder = false;
	private damagedIndex: UnreadableFile | undefined;

	private constructor(
		private readonly repository: Repository,
		private readonly sourceKey: string,
		/** Oldest first. */
		readonly snapshots: readonly SnapshotRecord[],
	) {
		for (const snapshot of snapshots) {
			for (const file of [...snapshot.archives, ...snapshot.segments]) this.direct.set(file.name, { size: file.size, sha256: file.sha256 });
			this.direct.set(snapshot.cursor.name, { sha256: snapshot.cursor.sha256 });
		}
	}

	static async read(repository: Repository, sourceKey: string, signal?: AbortSignal): Promise<NamedFiles> {
		return new NamedFiles(repository, sourceKey, await repository.snapshots(sourceKey, signal));
	}

	/** Size and hash of an archive or segment, the hash of a cursor. Undefined: no record names it. */
	async find(name: string, signal?: AbortSignal): Promise<ExpectedFile | undefined> {
		return this.direct.get(name) ?? (await this.olderArchives(signal)).get(name);
	}

	/**
	 * Archives whose own snapshot is gone while newer catalogs still point into them: only the indexes of segments name
	 * them. Costs one ranged read a segment, once. A damaged index names nothing: see `unreadableList`.
	 */
	async olderArchives(signal?: AbortSignal): Promise<ReadonlyMap<string, FileRef>> {
		if (this.hasOlder) return this.older;
		const seen = new Set<string>();
		for (const snapshot of this.snapshots.toReversed()) {
			for (const segment of this.repository.catalog(snapshot).newestFirst) {
				if (seen.has(segment.ref.name)) continue;
				seen.add(segment.ref.name);
				for (const archive of await this.indexedArchives(segment, signal)) if (!this.direct.has(archive.name)) this.older.set(archive.name, archive);
			}
		}
		this.hasOlder = true;
		return this.older;
	}

	/** Names of the seen files that a snapshot's cursor needs. */
	async seenFiles(snapshot: SnapshotRecord, signal?: AbortSignal): Promise<string[]> {
		const key = `${this.sourceKey}/${snapshot.cursor.name}`;
		const bytes = await readFile(this.repository.store, key, MAX_CURSOR_BYTES, signal);
		return bytes === null ? [] : parseCursorRecord(bytes, key).seen;
	}

	/** The first list of items that cannot be read: archives that `find` does not know may be needed all the same. */
	async unreadableList(signal?: AbortSignal): Promise<UnreadableFile | undefined> {
		await this.olderArchives(signal);
		return this.damagedIndex;
	}

	private async indexedArchives(segment: SegmentReader, signal?: AbortSignal): Promise<FileRef[]> {
		try {
			return (await segment.index(signal)).archives;
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			this.damagedIndex ??= { key: `${this.sourceKey}/${segment.ref.name}`, reason: error.message };
			return [];
		}
	}
}
