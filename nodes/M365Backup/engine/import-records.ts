import { isFailure } from '../base/failure';
import { readStoredFile } from '../repository/bytes';
import { MAX_CURSOR_BYTES, MAX_RECORD_BYTES } from '../repository/limits';
import { sourceKey } from '../repository/names';
import { parseCursorRecord, parseSnapshotRecord } from '../repository/record-schemas';
import type { FileRef, SnapshotRecord } from '../repository/records';
import { SegmentCache } from '../repository/segment-cache';
import { SegmentReader } from '../repository/segment-reader';
import { SnapshotFiles } from '../repository/snapshot-files';
import type { Store } from '../stores/store';
import type { RecordMac } from '../repository/record-mac';
import type { NamedImport } from './import-overlay';
import type { ExpectedFile } from './proven-content';

interface KnownSnapshot {
	record: SnapshotRecord;
	sha256: string;
}

/** A repository, and what is brought for it. */
export interface ImportSides {
	/** The repository's; plain, whether it is encrypted or not, as `brought`. */
	store: Store;
	/** The files to import. */
	brought: Store;
	/** Those of `brought`. */
	imports: readonly NamedImport[];
	/** Where both are encrypted. */
	mac?: RecordMac | undefined;
}

/**
 * What records say of the files of one source: those that the repository holds, and those that are brought along. Where
 * the two contradict each other, the repository is right and the record that was brought is refused.
 */
export class ImportRecords {
	/** Snapshots of the repository. */
	readonly stored = new Map<string, KnownSnapshot>();
	/** Snapshots among the files to import that may come in. */
	readonly brought = new Map<string, KnownSnapshot>();
	/** Why others may not, by their keys. */
	readonly refusals = new Map<string, string>();
	private readonly files = new Map<string, ExpectedFile>();
	private older: ReadonlyMap<string, FileRef> | undefined;
	private seen: ReadonlySet<string> | undefined;

	private constructor(
		private readonly key: string,
		private readonly sides: ImportSides,
	) {}

	static async read(key: string, sides: ImportSides, signal?: AbortSignal): Promise<ImportRecords> {
		const records = new ImportRecords(key, sides);
		const files = new SnapshotFiles(sides.store, sides.mac);
		for (const id of await files.ids(key, signal)) {
			const stored = await files.readUndamaged(key, id, signal);
			if (stored === null) continue;
			records.stored.set(id, stored);
			records.takeNames(stored.record);
		}
		const candidates = sides.imports.filter(({ parsed }) => parsed.kind === 'snapshot' && parsed.sourceKey === key);
		await records.bring(candidates, signal);
		return records;
	}

	/** Everything that a proven record names: archives and segments with size and hash, cursors with their hash. */
	async find(name: string, signal?: AbortSignal): Promise<ExpectedFile | undefined> {
		return this.files.get(name) ?? (await this.olderArchives(signal)).get(name);
	}

	/** Names of seen files that a cursor needs. */
	async seenFiles(signal?: AbortSignal): Promise<ReadonlySet<string>> {
		if (this.seen !== undefined) return this.seen;
		const names = new Set<string>();
		for (const { record } of [...this.stored.values(), ...this.brought.values()]) {
			for (const name of await this.cursorSeen(record, signal)) names.add(name);
		}
		this.seen = names;
		return names;
	}

	private async bring(candidates: readonly NamedImport[], signal?: AbortSignal): Promise<void> {
		const read: KnownSnapshot[] = [];
		for (const { key } of candidates) {
			try {
				const { mac, brought } = this.sides;
				const file = (await readStoredFile(brought, key, MAX_RECORD_BYTES, signal)) ?? { bytes: Buffer.alloc(0), sha256: '' };
				const record = parseSnapshotRecord(file.bytes, key, mac && { mac, sourceKey: this.key });
				if (sourceKey(record.source) !== this.key) this.refusals.set(key, 'it is the record of another source');
				else read.push({ record, sha256: file.sha256 });
			} catch (error) {
				if (!isFailure(error, 'corrupt', 'invalid')) throw error;
				this.refusals.set(key, error.message);
			}
		}
		// A child names its parent's hash: the only proof that a record has besides its form.
		const namedHere = namedParents(this.stored.values());
		const parents = new Map([...namedParents(read), ...namedHere]);
		for (const known of read.sort((a, b) => (a.record.id < b.record.id ? -1 : 1))) {
			const reason = this.problem(known, parents.get(known.record.id), namedHere.get(known.record.id));
			if (reason !== undefined) this.refusals.set(`${this.key}/${known.record.id}.snapshot.json`, reason);
			else {
				this.brought.set(known.record.id, known);
				this.takeNames(known.record);
			}
		}
	}

	/** `namedHere`: as a record of the repository names it. Only that one's word replaces what the repository holds. */
	private problem({ record, sha256: hash }: KnownSnapshot, namedHash: string | undefined, namedHere: string | undefined): string | undefined {
		if (namedHash !== undefined && namedHash !== hash) return 'it is damaged: its SHA-256 is not the one that its successor names';
		const stored = this.stored.get(record.id);
		if (stored !== undefined && stored.sha256 !== hash && namedHere !== hash) return 'the repository holds another record of this name';
		for (const { name, size, sha256: named } of [...record.archives, ...record.segments]) {
			const known = this.files.get(name);
			if (known !== undefined && (known.size !== size || known.sha256 !== named)) return `it contradicts the other records about ${name}`;
		}
		const parent = record.parent && (this.brought.get(record.parent.id) ?? this.stored.get(record.parent.id));
		if (parent && parent.sha256 !== record.parent?.sha256) return `it contradicts the other records about ${parent.record.id}`;
		const cursor = this.files.get(record.cursor.name);
		if (cursor !== undefined && cursor.sha256 !== record.cursor.sha256) return `it contradicts the other records about ${record.cursor.name}`;
		return undefined;
	}

	private takeNames(record: SnapshotRecord): void {
		for (const { name, size, sha256: hash } of [...record.archives, ...record.segments]) this.files.set(name, { size, sha256: hash });
		this.files.set(record.cursor.name, { sha256: record.cursor.sha256 });
	}

	/** From the indexes of segments, each proven by its snapshot. */
	private async olderArchives(signal?: AbortSignal): Promise<ReadonlyMap<string, FileRef>> {
		if (this.older !== undefined) return this.older;
		const found = new Map<string, FileRef>();
		const read = new Set<string>();
		for (const { record } of [...this.stored.values(), ...this.brought.values()]) {
			for (const ref of record.segments) {
				if (read.has(ref.name)) continue;
				read.add(ref.name);
				for (const archive of await this.indexedArchives(ref, signal)) if (!found.has(archive.name)) found.set(archive.name, archive);
			}
		}
		this.older = found;
		return found;
	}

	private async indexedArchives(ref: SnapshotRecord['segments'][number], signal?: AbortSignal): Promise<FileRef[]> {
		for (const store of [this.sides.store, this.sides.brought]) {
			try {
				return (await new SegmentReader(store, this.key, ref, new SegmentCache()).index(signal)).archives;
			} catch (error) {
				// Missing or damaged here: perhaps the other side has it. If neither does, its archives stay unproven.
				if (!isFailure(error, 'corrupt')) throw error;
			}
		}
		return [];
	}

	private async cursorSeen(record: SnapshotRecord, signal?: AbortSignal): Promise<string[]> {
		const key = `${this.key}/${record.cursor.name}`;
		for (const store of [this.sides.store, this.sides.brought]) {
			const read = await readStoredFile(store, key, MAX_CURSOR_BYTES, signal);
			if (read?.sha256 === record.cursor.sha256) return parseCursorRecord(read.bytes, key).seen;
		}
		return [];
	}
}

function namedParents(snapshots: Iterable<KnownSnapshot>): Map<string, string> {
	const hashes = new Map<string, string>();
	for (const { record } of snapshots) if (record.parent) hashes.set(record.parent.id, record.parent.sha256);
	return hashes;
}
