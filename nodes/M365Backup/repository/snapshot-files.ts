import { Failure, isFailure } from '../base/failure';
import type { Store, StoreFile } from '../stores/store';
import { damagedFile, readStoredFile } from './bytes';
import { MAX_CURSOR_BYTES, MAX_RECORD_BYTES } from './limits';
import { parseRepositoryKey, recordName, sourceKey } from './names';
import type { RecordMac } from './record-mac';
import { parseCursorRecord, parseSnapshotRecord, type RecordProof } from './record-schemas';
import type { CursorRecord, SnapshotRecord } from './records';

/** A record with the hash of its bytes as stored, which its children name. */
export interface StoredSnapshot {
	record: SnapshotRecord;
	sha256: string;
}

const MAX_KEPT = 1000;

/** The files of one source by name. */
export async function listSource(store: Store, key: string, signal?: AbortSignal): Promise<Map<string, StoreFile>> {
	const files = new Map<string, StoreFile>();
	for await (const file of store.list(`${key}/`, signal)) files.set(file.key.slice(key.length + 1), file);
	return files;
}

/** Reads the records of snapshots; since they never change, those read last are kept. */
export class SnapshotFiles {
	readonly #kept = new Map<string, StoredSnapshot>();

	constructor(
		private readonly store: Store,
		/** Where the repository is encrypted. */
		private readonly mac?: RecordMac,
	) {}

	/** Ids of committed snapshots, oldest first. */
	async ids(key: string, signal?: AbortSignal): Promise<string[]> {
		return snapshotIds((await listSource(this.store, key, signal)).keys());
	}

	/** Null if there is no such record. Throws `corrupt`, or `invalid` for another format version. */
	async read(key: string, id: string, signal?: AbortSignal): Promise<StoredSnapshot | null> {
		const file = `${key}/${recordName(id, 'snapshot')}`;
		const kept = this.#kept.get(file);
		if (kept) return kept;
		const read = await readStoredFile(this.store, file, MAX_RECORD_BYTES, signal);
		if (read === null) return null;
		const record = parseSnapshotRecord(read.bytes, file, this.mac && { mac: this.mac, sourceKey: key });
		if (sourceKey(record.source) !== key) throw damagedFile(file, 'it belongs to another source');
		const stored = { record, sha256: read.sha256 };
		this.keep(file, stored);
		return stored;
	}

	/** The newest readable record for which `accept` holds. Damaged ones are passed over. */
	async newest(key: string, accept: (record: SnapshotRecord) => boolean, signal?: AbortSignal): Promise<StoredSnapshot | null> {
		for (const id of (await this.ids(key, signal)).reverse()) {
			const stored = await this.readUndamaged(key, id, signal);
			if (stored && accept(stored.record)) return stored;
		}
		return null;
	}

	/** The newest readable record, and the names of those after it that are damaged. */
	async newestReadable(key: string, signal?: AbortSignal): Promise<{ record: SnapshotRecord | null; damaged: string[] }> {
		const damaged: string[] = [];
		for (const id of (await this.ids(key, signal)).reverse()) {
			const stored = await this.readUndamaged(key, id, signal);
			if (stored) return { record: stored.record, damaged };
			damaged.push(recordName(id, 'snapshot'));
		}
		return { record: null, damaged };
	}

	/** As `read`, but null for a damaged record, too. */
	async readUndamaged(key: string, id: string, signal?: AbortSignal): Promise<StoredSnapshot | null> {
		try {
			return await this.read(key, id, signal);
		} catch (error) {
			if (isFailure(error, 'corrupt')) return null;
			throw error;
		}
	}

	private keep(file: string, stored: StoredSnapshot): void {
		this.#kept.set(file, stored);
		const oldest = this.#kept.keys().next();
		if (this.#kept.size > MAX_KEPT && oldest.done !== true) this.#kept.delete(oldest.value);
	}
}

/** From names within a source, oldest first. */
export function snapshotIds(names: Iterable<string>): string[] {
	const ids: string[] = [];
	for (const name of names) {
		const parsed = parseRepositoryKey(`mailbox-0000000000000000/${name}`);
		if (parsed.kind === 'snapshot' && parsed.runId !== undefined) ids.push(parsed.runId);
	}
	return ids.sort();
}

export interface CursorFiles {
	store: Store;
	snapshots: SnapshotFiles;
	mac?: RecordMac | undefined;
}

/**
 * §3.4: the newest cursor by snapshot, then by `checkedAt`, among the write-once ones and `cursor.json`. One counts only
 * if its snapshot is the newest readable one or one on which that builds: the links of any other (of a fork, or of a
 * record that is damaged) may be past changes that the newest snapshot lacks. Damaged cursors are passed over: an older
 * one costs a replay and a comparison, none at all a full enumeration.
 */
export async function readCursor({ store, snapshots, mac }: CursorFiles, key: string, signal?: AbortSignal): Promise<CursorRecord | null> {
	const names = await listSource(store, key, signal);
	const current = names.has('cursor.json') ? await tryCursor(store, `${key}/cursor.json`, { proof: mac && { mac, sourceKey: key } }, signal) : null;
	let stored: StoredSnapshot | null = null;
	for (const id of snapshotIds(names.keys()).reverse()) {
		stored = await snapshots.readUndamaged(key, id, signal);
		if (stored) break;
	}
	while (stored) {
		const { id, cursor: expected, parent }: SnapshotRecord = stored.record;
		const own = await tryCursor(store, `${key}/${expected.name}`, { hash: expected.sha256 }, signal);
		const candidates = [own, current].filter((cursor) => cursor?.snapshot === id);
		const best = candidates.reduce((a, b) => (Date.parse(b?.checkedAt ?? '') > Date.parse(a?.checkedAt ?? '') ? b : a), candidates[0] ?? null);
		if (best) return best;
		// Run ids only ever grow from parent to child: whatever a record claims, this ends.
		stored = parent && parent.id < id && names.has(recordName(parent.id, 'snapshot')) ? await snapshots.readUndamaged(key, parent.id, signal) : null;
	}
	return null;
}

/** `hash` is what a snapshot names, `proof` what a cursor that none names has to stand. */
async function tryCursor(store: Store, file: string, expected: { hash?: string; proof?: RecordProof | undefined }, signal?: AbortSignal): Promise<CursorRecord | null> {
	try {
		const read = await readStoredFile(store, file, MAX_CURSOR_BYTES, signal);
		if (read === null || (expected.hash !== undefined && read.sha256 !== expected.hash)) return null;
		return parseCursorRecord(read.bytes, file, expected.proof);
	} catch (error) {
		if (isFailure(error, 'corrupt')) return null;
		throw error;
	}
}

export function unknownSnapshot(key: string, id: string): Failure {
	return new Failure('notFound', `There is no snapshot ${id} of ${key}`, {
		nextStep: 'Choose a snapshot from the list (Snapshot → Get Many); it may have been pruned.',
	});
}
