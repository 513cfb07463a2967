import type { Ambient } from '../base/ambient';
import { Failure, isFailure } from '../base/failure';
import type { Store } from '../stores/store';
import { readArchiveEntry } from './archive-reader';
import { once, readFile, sha256 } from './bytes';
import { Catalog } from './catalog';
import { acquireLease, type Lease } from './lease';
import { MAX_RECORD_BYTES } from './limits';
import { parseRepositoryKey, recordName, sourceKey } from './names';
import { putConfirmed } from './put-confirmed';
import { REPOSITORY_README } from './readme-text';
import { parseRepositoryRecord, type RepositoryRecord } from './record-schemas';
import type { ContentRef, CursorRecord, SnapshotRecord, SourceRef } from './records';
import { RunWriter, type RunOptions } from './run-writer';
import { sealJson } from './sealed-json';
import { readSeen, type SeenId } from './seen-files';
import { SegmentCache } from './segment-cache';
import { SegmentReader } from './segment-reader';
import { readCursor, SnapshotFiles, unknownSnapshot } from './snapshot-files';

/** Records read at the same time: in a bucket each one takes a round trip. */
const PARALLEL_RECORDS = 8;

export interface NewestSnapshot {
	/** The newest complete one; without any complete one the newest partial. */
	snapshot: SnapshotRecord;
	isPartial: boolean;
	/** A partial one that is newer than `snapshot`. */
	newerPartial?: SnapshotRecord;
}

/** Where backups live: the format on top of a store's bytes. */
export class Repository {
	readonly #cache = new SegmentCache();
	readonly #snapshots: SnapshotFiles;

	private constructor(
		readonly store: Store,
		readonly ambient: Ambient,
		readonly id: string,
	) {
		this.#snapshots = new SnapshotFiles(store);
	}

	/**
	 * Opens a repository, or creates it with `create`. Throws `notFound` where there is none, `invalid` for another
	 * format version or a `repository.json` that is not ours.
	 */
	static async open(store: Store, ambient: Ambient, options: { create?: boolean; signal?: AbortSignal } = {}): Promise<Repository> {
		const { create = false, signal } = options;
		const bytes = await readFile(store, 'repository.json', MAX_RECORD_BYTES, signal);
		if (bytes) return new Repository(store, ambient, parseRepositoryRecord(bytes, store.label).id);
		await refuseOrphans(store, signal);
		if (!create) {
			throw new Failure('notFound', `There is no backup repository in ${store.label}`, {
				nextStep: 'Check the folder. A repository is created by the first backup into it.',
			});
		}
		return new Repository(store, ambient, (await createRepository(store, ambient, signal)).id);
	}

	/** All sources with a committed snapshot. `newest` is the newest of any status. */
	async sources(signal?: AbortSignal): Promise<{ source: SourceRef; key: string; newest: SnapshotRecord }[]> {
		const keys = new Set<string>();
		for await (const file of this.store.list('', signal)) {
			const parsed = parseRepositoryKey(file.key);
			if (parsed.kind === 'snapshot' && parsed.sourceKey !== undefined) keys.add(parsed.sourceKey);
		}
		const sources: { source: SourceRef; key: string; newest: SnapshotRecord }[] = [];
		for (const key of [...keys].sort()) {
			const newest = await this.#snapshots.newest(key, () => true, signal);
			if (newest) sources.push({ source: newest.record.source, key, newest: newest.record });
		}
		return sources;
	}

	/** Committed, readable snapshots, oldest first. Damaged ones are left to `damagedSnapshots`. */
	async snapshots(key: string, signal?: AbortSignal): Promise<SnapshotRecord[]> {
		const ids = await this.#snapshots.ids(key, signal);
		const records: SnapshotRecord[] = [];
		for (let start = 0; start < ids.length; start += PARALLEL_RECORDS) {
			const some = ids.slice(start, start + PARALLEL_RECORDS);
			const stored = await Promise.all(some.map((id) => this.#snapshots.readUndamaged(key, id, signal)));
			for (const one of stored) if (one) records.push(one.record);
		}
		return records;
	}

	async damagedSnapshots(key: string, signal?: AbortSignal): Promise<{ name: string; reason: string }[]> {
		const damaged: { name: string; reason: string }[] = [];
		for (const id of await this.#snapshots.ids(key, signal)) {
			try {
				await this.#snapshots.read(key, id, signal);
			} catch (error) {
				if (!isFailure(error, 'corrupt', 'invalid')) throw error;
				damaged.push({ name: recordName(id, 'snapshot'), reason: error.message });
			}
		}
		return damaged;
	}

	/** Throws `notFound`, `corrupt`, or `invalid` for another format version. */
	async snapshot(key: string, id: string, signal?: AbortSignal): Promise<SnapshotRecord> {
		const stored = await this.#snapshots.read(key, id, signal);
		if (!stored) throw unknownSnapshot(key, id);
		return stored.record;
	}

	/** The newest readable record of any status: what the next run builds upon. Reads one record, not all. */
	async latest(key: string, signal?: AbortSignal): Promise<SnapshotRecord | null> {
		return (await this.latestReadable(key, signal)).record;
	}

	/** As `latest`, with the names of newer records that are damaged: what only they held is out of reach. */
	async latestReadable(key: string, signal?: AbortSignal): Promise<{ record: SnapshotRecord | null; damaged: string[] }> {
		return await this.#snapshots.newestReadable(key, signal);
	}

	/** The latest snapshot, or with `asOf` the one that held then (§3.5.8: newest complete with `finishedAt` ≤ T). */
	async newest(key: string, options: { asOf?: Date; signal?: AbortSignal } = {}): Promise<NewestSnapshot | null> {
		const { asOf, signal } = options;
		let partial: SnapshotRecord | undefined;
		const complete = await this.#snapshots.newest(
			key,
			(record) => {
				if (asOf && Date.parse(record.finishedAt) > asOf.getTime()) return false;
				if (record.status === 'partial') partial ??= record;
				return record.status === 'complete';
			},
			signal,
		);
		if (complete) return { snapshot: complete.record, isPartial: false, ...(partial && { newerPartial: partial }) };
		return partial ? { snapshot: partial, isPartial: true } : null;
	}

	/** Reads nothing yet. */
	catalog(snapshot: SnapshotRecord): Catalog {
		const prefix = sourceKey(snapshot.source);
		return new Catalog(snapshot.segments.map((ref) => new SegmentReader(this.store, prefix, ref, this.#cache)));
	}

	/** One content by one ranged read, proven to its last byte. Throws `corrupt` from the iterable. */
	readContent(key: string, ref: ContentRef, signal?: AbortSignal): AsyncIterable<Uint8Array> {
		return readArchiveEntry(this.store, key, ref, signal);
	}

	/** How far the last backup got, or null if that is not known (any more). */
	async cursor(key: string, signal?: AbortSignal): Promise<CursorRecord | null> {
		return await readCursor(this.store, this.#snapshots, key, signal);
	}

	readSeen(key: string, names: readonly string[], signal?: AbortSignal): AsyncIterable<SeenId> {
		return readSeen(this.store, key, names, signal);
	}

	/** A quiet run's whole trace: the newest snapshot still held at `checkedAt`. */
	async writeCurrentCursor(key: string, cursor: CursorRecord): Promise<void> {
		const bytes = sealJson(cursor);
		await putConfirmed({ store: this.store, ambient: this.ambient }, `${key}/cursor.json`, () => once(bytes));
	}

	/** Begins a run that builds upon `parent`; null begins a catalog of its own. Nothing is written yet. */
	startRun(source: SourceRef, parent: SnapshotRecord | null, options: RunOptions = {}): RunWriter {
		const { store, ambient } = this;
		return new RunWriter({ store, ambient, cache: this.#cache, snapshots: this.#snapshots }, source, parent, options);
	}

	/** Null if another run holds the source. Where the store cannot put if absent, a lease that protects nothing. */
	async acquireLease(key: string, options: { holder: string; signal?: AbortSignal }): Promise<Lease | null> {
		return await acquireLease(this.store, this.ambient, key, options);
	}
}

/** What the folders of sources begin with. */
const SOURCE_PREFIXES = ['mailbox-', 'drive-', 'site-'] as const;

/**
 * Backups without their `repository.json` are somebody's data: a new identity must not be put over them. Only what is
 * named like a source is looked at: somebody may have typed `/home`, and listing all of that would take for ever.
 */
async function refuseOrphans(store: Store, signal?: AbortSignal): Promise<void> {
	for (const prefix of SOURCE_PREFIXES) {
		for await (const file of store.list(prefix, signal)) {
			if (parseRepositoryKey(file.key).kind !== 'snapshot') continue;
			throw new Failure('corrupt', `${store.label} holds backups, but its repository.json is missing`, {
				nextStep: 'Put repository.json back from a copy (Repository → Import Files).',
				code: 'missingFile',
			});
		}
	}
}

async function createRepository(store: Store, ambient: Ambient, signal?: AbortSignal): Promise<RepositoryRecord> {
	const record: RepositoryRecord = {
		format: 'm365-backup',
		version: 1,
		id: ambient.randomHex(16),
		created: ambient.now().toISOString(),
		readme: sha256(Buffer.from(REPOSITORY_README)),
	};
	const context = { store, ambient, signal };
	await putConfirmed(context, 'README.txt', () => once(Buffer.from(REPOSITORY_README)));
	const bytes = sealJson(record);
	if (!store.capabilities.ifAbsent) {
		await putConfirmed(context, 'repository.json', () => once(bytes));
		return record;
	}
	try {
		await store.put('repository.json', once(bytes), { ifAbsent: true, ...(signal && { signal }) });
	} catch (error) {
		if (!isFailure(error, 'conflict', 'transient')) throw error;
	}
	// Whoever was first, we ourselves or a run beside us: what stands there now is the repository.
	const stored = await readFile(store, 'repository.json', MAX_RECORD_BYTES, signal);
	if (!stored) throw new Failure('transient', `repository.json could not be created in ${store.label}`, { nextStep: 'Try again.' });
	return parseRepositoryRecord(stored, store.label);
}
