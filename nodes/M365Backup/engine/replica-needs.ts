import { isFailure, type FailureKind } from '../base/failure';
import { readFile, readStoredFile } from '../repository/bytes';
import { evictedAsKnown, type EvictedFile } from '../repository/evicted';
import { MAX_CURSOR_BYTES } from '../repository/limits';
import { parseRepositoryKey, recordName, type RepositoryFileKind } from '../repository/names';
import { readHold, readPrune } from '../repository/prune-records';
import { parseCursorRecord } from '../repository/record-schemas';
import type { CursorRecord, FileRef, SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { SnapshotFiles } from '../repository/snapshot-files';
import type { StoreFile } from '../stores/store';

/** `notFound`: it was deleted while it was read. */
const UNREADABLE: readonly FailureKind[] = ['corrupt', 'invalid', 'notFound'];

/** A file of a source, with what its records say of it. */
export interface NeededFile {
	name: string;
	size?: number;
	sha256?: string;
}

/** What must stand in the replica before a snapshot's record may, and the record. */
export interface SnapshotNeeds {
	/** Archives and segments. */
	contents: NeededFile[];
	/** Its cursor and what that needs. */
	cursors: NeededFile[];
	record: NeededFile;
	source?: SourceRef;
}

/** A file that is not what it should be. */
export interface Damaged {
	damaged: { name: string; reason: string };
}

/** Says what the snapshots of one source need. */
export interface NeedsReader {
	/** Null: there is no such snapshot (any more). */
	needs(id: string): Promise<SnapshotNeeds | Damaged | null>;
	/** Why a hold, a prune record or a list of ids that no record has the hash of cannot be read; undefined: it can, or is gone. */
	problem(name: string): Promise<string | undefined>;
	/** Whether the repository itself has let the file go, since a copy holds it: so does the replica then, whose ledgers say the same. */
	isHeldElsewhere(file: NeededFile, anew: boolean): Promise<boolean>;
	/** Whether a file that a snapshot needs may have been removed while its record stands: then it was not needed after all. */
	readonly needsTooMuch: boolean;
}

/** By what the records say. */
export class RecordedNeeds implements NeedsReader {
	readonly needsTooMuch = false;
	private readonly records: SnapshotFiles;
	private readonly archives = new Map<string, readonly FileRef[]>();
	private evicted: ReadonlyMap<string, EvictedFile> | undefined;

	constructor(
		private readonly repository: Repository,
		private readonly key: string,
		/** All files of the source, by name. */
		private readonly files: ReadonlyMap<string, StoreFile>,
		private readonly signal: AbortSignal,
	) {
		this.records = repository.snapshotFiles();
	}

	async needs(id: string): Promise<SnapshotNeeds | Damaged | null> {
		const name = recordName(id, 'snapshot');
		try {
			const stored = await this.records.read(this.key, id, this.signal);
			if (!stored) return null;
			const contents = await this.contents(stored.record);
			if ('damaged' in contents) return contents;
			const cursors = await this.cursors(stored.record);
			if ('damaged' in cursors) return cursors;
			return { contents, cursors, record: { name, sha256: stored.sha256 }, source: stored.record.source };
		} catch (error) {
			if (!isFailure(error, ...UNREADABLE)) throw error;
			return { damaged: { name, reason: error.message } };
		}
	}

	/** Also archives whose own snapshot is gone: only the indexes of segments name them. */
	private async contents(record: SnapshotRecord): Promise<NeededFile[] | Damaged> {
		const found = new Map<string, NeededFile>();
		for (const { name, size, sha256 } of [...record.archives, ...record.segments]) found.set(name, { name, size, sha256 });
		for (const segment of this.repository.catalog(record).newestFirst) {
			const { name } = segment.ref;
			try {
				const archives = this.archives.get(name) ?? (await segment.index(this.signal)).archives;
				this.archives.set(name, archives);
				for (const archive of archives) if (!found.has(archive.name)) found.set(archive.name, { name: archive.name, size: archive.size, sha256: archive.sha256 });
			} catch (error) {
				if (!isFailure(error, ...UNREADABLE)) throw error;
				return { damaged: { name, reason: error.message } };
			}
		}
		return [...found.values()].sort(archivesFirst);
	}

	async isHeldElsewhere({ name, size, sha256 }: NeededFile, anew: boolean): Promise<boolean> {
		if (this.evicted === undefined || anew) this.evicted = await evictedAsKnown(this.repository.store, this.key, this.signal);
		const held = this.evicted.get(name);
		return held !== undefined && held.size === size && held.sha256 === sha256;
	}

	/** A cursor is read only if there are seen files at all that it could name: a source in its daily run has none. */
	private async cursors({ cursor }: SnapshotRecord): Promise<NeededFile[] | Damaged> {
		const own: NeededFile = { name: cursor.name, sha256: cursor.sha256 };
		if (!hasSeen(this.files)) return [own];
		const file = `${this.key}/${cursor.name}`;
		try {
			const read = await readStoredFile(this.repository.store, file, MAX_CURSOR_BYTES, this.signal);
			if (read === null) return [own];
			return [...parseCursorRecord(read.bytes, file).seen.map((name) => ({ name })), own];
		} catch (error) {
			if (!isFailure(error, ...UNREADABLE)) throw error;
			return { damaged: { name: cursor.name, reason: error.message } };
		}
	}

	async problem(name: string): Promise<string | undefined> {
		const { kind, runId } = parseRepositoryKey(`${this.key}/${name}`);
		const { store } = this.repository;
		try {
			if (kind === 'prune') await readPrune(store, this.key, name, this.signal);
			else if (kind === 'hold' && runId !== undefined) await readHold(store, this.key, runId, this.signal);
			else if (kind === 'seen' && this.files.has(name)) for await (const { id } of this.repository.readSeen(this.key, [name], this.signal)) if (id === '') return 'an id is empty';
			return undefined;
		} catch (error) {
			if (isFailure(error, ...UNREADABLE)) return error.message;
			throw error;
		}
	}
}

/**
 * By the names alone, of an encrypted repository whose key is not at hand: a snapshot names only files of its own run and of
 * earlier ones, so all of these go before it. That is more than it needs where runs were killed.
 */
export class NamedNeeds implements NeedsReader {
	readonly needsTooMuch = true;
	/** Of all files that belong to a run, the last one first. */
	private readonly left: { name: string; kind: RepositoryFileKind; runId: string }[] = [];

	/** `files`: all of the source, by their plain names. */
	constructor(files: ReadonlyMap<string, StoreFile>) {
		for (const [name, { key }] of files) {
			const { kind, runId } = parseRepositoryKey(key);
			if (runId !== undefined) this.left.push({ name, kind, runId });
		}
		this.left.sort((a, b) => (a.runId > b.runId ? -1 : 1));
	}

	/** To be asked from the oldest on: what was told for one is not told again for the next. */
	needs(id: string): Promise<SnapshotNeeds> {
		const needs: SnapshotNeeds = { contents: [], cursors: [], record: { name: recordName(id, 'snapshot') } };
		for (let next = this.left.at(-1); next !== undefined && next.runId <= id; next = this.left.at(-1)) {
			this.left.pop();
			const { name, kind } = next;
			if (kind === 'archive' || kind === 'segment') needs.contents.push({ name });
			else if (kind === 'seen' || kind === 'cursor') needs.cursors.push({ name });
		}
		needs.contents.sort(archivesFirst);
		return Promise.resolve(needs);
	}

	problem(): Promise<undefined> {
		return Promise.resolve(undefined);
	}

	isHeldElsewhere(): Promise<boolean> {
		return Promise.resolve(false);
	}
}

/** The cursors of these snapshots and `cursor.json`; none where there are no seen files, which only cursors name. Throws `corrupt`. */
export async function cursorsNaming(repository: Repository, key: string, snapshots: readonly SnapshotRecord[], files: ReadonlyMap<string, StoreFile>, signal: AbortSignal): Promise<CursorRecord[]> {
	if (!hasSeen(files)) return [];
	const cursors: CursorRecord[] = [];
	for (const name of [...snapshots.map(({ cursor }) => cursor.name), 'cursor.json']) {
		const bytes = await readFile(repository.store, `${key}/${name}`, MAX_CURSOR_BYTES, signal);
		if (bytes !== null) cursors.push(parseCursorRecord(bytes, `${key}/${name}`));
	}
	return cursors;
}

function hasSeen(files: ReadonlyMap<string, StoreFile>): boolean {
	for (const { key } of files.values()) if (key.includes('.seen-') && parseRepositoryKey(key).kind === 'seen') return true;
	return false;
}

function archivesFirst(a: NeededFile, b: NeededFile): number {
	const [first, second] = [a, b].map(({ name }) => `${name.endsWith('.zip') ? 0 : 1}${name}`);
	return (first ?? '') < (second ?? '') ? -1 : 1;
}
