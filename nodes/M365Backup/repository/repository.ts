import type { Ambient } from '../base/ambient';
import { Failure, isFailure } from '../base/failure';
import { storedBytes, storedName, type Store } from '../stores/store';
import { readArchiveEntry } from './archive-reader';
import { once, readFile, sha256 } from './bytes';
import { Catalog } from './catalog';
import { explained } from './evicted';
import { acquireLease, type Lease } from './lease';
import { MAX_RECORD_BYTES } from './limits';
import type { RepositoryEncryption } from './encryption';
import { hasEncryptedName, parseRepositoryKey, plainName, recordName, sourceKey } from './names';
import { putConfirmed } from './put-confirmed';
import { REPOSITORY_README } from './readme-text';
import { parseRepositoryRecord, type RecordProof, type RepositoryRecord } from './record-schemas';
import type { ContentRef, CursorRecord, SnapshotRecord, SourceRef } from './records';
import { RunWriter, type RunOptions } from './run-writer';
import { sealJson } from './sealed-json';
import { readSeen, type SeenId } from './seen-files';
import { SegmentCache } from './segment-cache';
import { SegmentReader } from './segment-reader';
import { readCursor, SnapshotFiles, unknownSnapshot } from './snapshot-files';
import { unlockRepository, type UnlockedRepository } from './unlock';

/** Records read at the same time: in a bucket each one takes a round trip. */
const PARALLEL_RECORDS = 8;

export interface NewestSnapshot {
	/** The newest complete one; without any complete one the newest partial. */
	snapshot: SnapshotRecord;
	isPartial: boolean;
	/** A partial one that is newer than `snapshot`. */
	newerPartial?: SnapshotRecord;
}

export interface OpenOptions {
	/** Makes it where there is none: for backups, which alone need the encryption key and not the recovery key. */
	create?: boolean;
	/** Makes a new `repository.json` over backups whose own is lost. What nobody can decide but the user. */
	adopt?: boolean;
	/** Of an encrypted repository, or for one that is to be. */
	encryption?: RepositoryEncryption | undefined;
	signal?: AbortSignal | undefined;
}

/** Where backups live: the format on top of a store's bytes. */
export class Repository {
	readonly #cache = new SegmentCache();
	readonly #snapshots: SnapshotFiles;

	private constructor(
		/** Plain keys and plain bytes, also of an encrypted repository. */
		readonly store: Store,
		readonly ambient: Ambient,
		readonly id: string,
		private readonly unlocked: Omit<UnlockedRepository, 'store'>,
	) {
		this.#snapshots = new SnapshotFiles(store, unlocked.mac);
	}

	/**
	 * Opens a repository, or creates it with `create`. Throws `notFound` where there is none, `invalid` for another
	 * format version, a `repository.json` that is not ours, or one that is encrypted where no key is given, or the other
	 * way round; `denied` for the wrong key.
	 */
	static async open(store: Store, ambient: Ambient, options: OpenOptions = {}): Promise<Repository> {
		const { create = false, adopt = false, encryption, signal } = options;
		const bytes = await readFile(store, 'repository.json', MAX_RECORD_BYTES, signal);
		const orphan = bytes ? undefined : await findOrphan(store, signal);
		if (orphan !== undefined) refuseOrphan(store, orphan, { adopt, isEncrypted: encryption !== undefined });
		if (!bytes && !create && orphan === undefined) {
			throw new Failure('notFound', `There is no backup repository in ${store.label}`, {
				code: 'noRepository',
				nextStep: 'Check the folder. A repository is created by the first backup into it.',
			});
		}
		const record = bytes ? parseRepositoryRecord(bytes, store.label) : await createRepository(store, ambient, { encryption, signal });
		const { store: plain, ...unlocked } = await unlockRepository(store, record, encryption);
		const repository = new Repository(plain, ambient, record.id, unlocked);
		if (create) repository.refuseRecoveryKey();
		return repository;
	}

	/** The files with their bytes as they are stored, which sizes and hashes in records are of. Keys are the plain ones. */
	get stored(): Store {
		return storedBytes(this.store);
	}

	/** What the file of that key is called where it is stored, and in copies. */
	nameOf(key: string): string {
		return storedName(this.store, key);
	}

	/** What a record of that source has to stand; undefined where nothing is encrypted. */
	proofFor(key: string): RecordProof | undefined {
		const { mac } = this.unlocked;
		return mac && { mac, sourceKey: key };
	}

	/** Reads the records of snapshots anew, whatever was read before. */
	snapshotFiles(): SnapshotFiles {
		return new SnapshotFiles(this.store, this.unlocked.mac);
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
		const stored = await this.ofEach(key, async (id) => await this.#snapshots.readUndamaged(key, id, signal), signal);
		return stored.flatMap((one) => (one ? [one.record] : []));
	}

	async damagedSnapshots(key: string, signal?: AbortSignal): Promise<{ name: string; reason: string }[]> {
		const found = await this.ofEach(
			key,
			async (id) => {
				try {
					await this.#snapshots.read(key, id, signal);
					return [];
				} catch (error) {
					if (!isFailure(error, 'corrupt', 'invalid')) throw error;
					return [{ name: recordName(id, 'snapshot'), reason: error.message }];
				}
			},
			signal,
		);
		return found.flat();
	}

	/** Of each committed snapshot, oldest first. */
	private async ofEach<Result>(key: string, read: (id: string) => Promise<Result>, signal?: AbortSignal): Promise<Result[]> {
		const ids = await this.#snapshots.ids(key, signal);
		const results: Result[] = [];
		for (let start = 0; start < ids.length; start += PARALLEL_RECORDS) results.push(...(await Promise.all(ids.slice(start, start + PARALLEL_RECORDS).map(read))));
		return results;
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

	/** One content by one ranged read, proven to its last byte. Throws `corrupt` from the iterable: with code `evicted` where a copy alone holds it. */
	readContent(key: string, ref: ContentRef, signal?: AbortSignal): AsyncIterable<Uint8Array> {
		return explained(readArchiveEntry(this.store, key, ref, signal), { store: this.store, sourceKey: key, ref, signal });
	}

	/** How far the last backup got, or null if that is not known (any more). */
	async cursor(key: string, signal?: AbortSignal): Promise<CursorRecord | null> {
		return await readCursor({ store: this.store, snapshots: this.#snapshots, mac: this.unlocked.mac }, key, signal);
	}

	readSeen(key: string, names: readonly string[], signal?: AbortSignal): AsyncIterable<SeenId> {
		return readSeen(this.store, key, names, signal);
	}

	/** A quiet run's whole trace: the newest snapshot still held at `checkedAt`. */
	async writeCurrentCursor(key: string, cursor: CursorRecord): Promise<void> {
		const { mac } = this.unlocked;
		const bytes = sealJson(mac ? mac.sign(key, cursor) : cursor);
		await putConfirmed({ store: this.store, ambient: this.ambient }, `${key}/cursor.json`, () => once(bytes));
	}

	/** Begins a run that builds upon `parent`; null begins a catalog of its own. Nothing is written yet. */
	startRun(source: SourceRef, parent: SnapshotRecord | null, options: RunOptions = {}): RunWriter {
		this.refuseRecoveryKey();
		const { store, ambient } = this;
		return new RunWriter({ store, ambient, cache: this.#cache, snapshots: this.#snapshots, mac: this.unlocked.mac }, source, parent, options);
	}

	/** The recovery key is kept away from servers; and who can put recipients into repository.json must not be served by it. */
	private refuseRecoveryKey(): void {
		if (!this.unlocked.isRecovery) return;
		throw new Failure('invalid', `${this.store.label} was opened with its recovery key`, {
			code: 'recoveryKey',
			nextStep: 'Use the recovery key to search, verify, export and restore. To back up, choose the credential with the encryption key; if that is lost, back up into a new repository with a new key.',
		});
	}

	/** Null if another run holds the source. Where the store cannot put if absent, a lease that protects nothing. */
	async acquireLease(key: string, options: { holder: string; signal?: AbortSignal }): Promise<Lease | null> {
		return await acquireLease(this.store, this.ambient, key, options);
	}
}

/** What the folders of sources begin with. */
const SOURCE_PREFIXES = ['mailbox-', 'drive-', 'site-'] as const;

/**
 * The name of a backup's file where `repository.json` is missing. Only what is named like a source is looked at: somebody
 * may have typed `/home`, and listing all of that would take for ever.
 */
async function findOrphan(store: Store, signal?: AbortSignal): Promise<string | undefined> {
	for (const prefix of SOURCE_PREFIXES) {
		for await (const { key } of store.list(prefix, signal)) {
			const { kind } = parseRepositoryKey(plainName(key));
			// Whoever made a repository here wrote its repository.json before any of these.
			if (kind === 'snapshot' || kind === 'archive' || kind === 'segment') return key;
		}
	}
	return undefined;
}

/** Backups without their `repository.json` are somebody's data: a new identity is put over them only if the user says so. */
function refuseOrphan(store: Store, orphan: string, { adopt, isEncrypted }: { adopt: boolean; isEncrypted: boolean }): void {
	if (!adopt) {
		throw new Failure('corrupt', `${store.label} holds backups, but its repository.json is missing`, {
			nextStep:
				'Put repository.json back from a copy (Repository → Import Files). Without a copy, run Repository → Rebuild Catalog with Mode Rebuild and the option Make a New Repository File.',
			code: 'missingFile',
		});
	}
	if (hasEncryptedName(orphan) === isEncrypted) return;
	throw new Failure('invalid', `The backups in ${store.label} are ${isEncrypted ? 'not ' : ''}encrypted`, {
		code: 'otherEncryption',
		nextStep: isEncrypted ? 'Turn off Encrypted; nothing was changed.' : 'Turn on Encrypted and choose the credential with their key; nothing was changed.',
	});
}

async function createRepository(
	store: Store,
	ambient: Ambient,
	{ encryption, signal }: Pick<OpenOptions, 'encryption' | 'signal'>,
): Promise<RepositoryRecord> {
	const record: RepositoryRecord = {
		format: 'm365-backup',
		version: 1,
		id: encryption && !store.capabilities.ifAbsent ? encryption.sharedId(store.label) : ambient.randomHex(16),
		created: ambient.now().toISOString(),
		readme: sha256(Buffer.from(REPOSITORY_README)),
		...(await encryption?.newRecord()),
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
