import { setImmediate as nextTurn } from 'node:timers/promises';
import { isFailure } from '../base/failure';
import { readFile, readStoredFile } from '../repository/bytes';
import { isTombstone } from '../repository/catalog-line';
import { evictedAsKnown } from '../repository/evicted';
import { MAX_CURSOR_BYTES } from '../repository/limits';
import { parseRepositoryKey } from '../repository/names';
import { readHold, readPrune } from '../repository/prune-records';
import { parseCursorRecord } from '../repository/record-schemas';
import type { CatalogLine, ContentRef, FileRef, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { SegmentReader } from '../repository/segment-reader';
import { listSource } from '../repository/snapshot-files';
import { ArchiveVerification, type HeldElsewhere } from './verify-archives';
import type { DamageList } from './damage';
import { measure } from './proven-content';

export interface SourceFindings {
	snapshots: number;
	files: number;
	bytes: number;
	items: number;
	contents: number;
	archives: { count: number; read: number };
	elsewhere: HeldElsewhere;
	unreferenced: { files: number; bytes: number };
}

interface Snapshot {
	record: SnapshotRecord;
	sha256: string;
}

/** Verifies one source: records, cursors, catalogs, and through these the archives. */
export class SourceVerification {
	private readonly damage: DamageList;
	private readonly signal: AbortSignal | undefined;
	private readonly snapshots = new Map<string, Snapshot>();
	private readonly needed = new Set<string>();
	private sizes = new Map<string, number>();

	constructor(
		private readonly repository: Repository,
		private readonly key: string,
		private readonly options: { deep: boolean; share: number; damage: DamageList; signal: AbortSignal | undefined },
	) {
		this.damage = options.damage;
		this.signal = options.signal;
	}

	async run(): Promise<SourceFindings> {
		for (const [name, file] of await listSource(this.repository.store, this.key, this.signal)) this.sizes.set(name, file.sizeBytes);
		await this.readSnapshots();
		await this.checkParents();
		for (const { record } of this.snapshots.values()) await this.checkCursor(record);
		await this.checkCurrentCursor();
		await this.checkHolds();

		const evicted = await evictedAsKnown(this.repository.store, this.key, this.signal);
		const archives = new ArchiveVerification(this.repository, this.key, this.sizes, evicted, this.options);
		for (const { record } of this.snapshots.values()) for (const archive of record.archives) archives.expect(archive, record.id);
		for (const [segment, snapshotIds] of this.segments()) await this.checkSegment(segment, snapshotIds, archives);
		for (const name of archives.names()) this.need(name);
		await archives.finish([...this.snapshots.values()].map(({ record }) => record));
		return { ...this.count(), items: await this.newestItems(), contents: archives.provenContents, archives: archives.count(), elsewhere: archives.elsewhere(), snapshots: this.snapshots.size };
	}

	private async readSnapshots(): Promise<void> {
		const files = this.repository.snapshotFiles();
		for (const id of await files.ids(this.key, this.signal)) {
			const name = `${id}.snapshot.json`;
			this.need(name);
			try {
				const snapshot = await files.read(this.key, id, this.signal);
				if (snapshot) this.snapshots.set(id, snapshot);
			} catch (error) {
				if (!isFailure(error, 'corrupt', 'invalid')) throw error;
				this.damage.add(this.path(name), error.message, [id], true);
			}
		}
	}

	/** A child names its parent's hash; a parent may be missing only if a prune took it. */
	private async checkParents(): Promise<void> {
		let pruned: Set<string> | undefined;
		for (const { record } of this.snapshots.values()) {
			if (record.parent === null) continue;
			const { id, sha256 } = record.parent;
			const name = `${id}.snapshot.json`;
			const parent = this.snapshots.get(id);
			if (parent !== undefined && parent.sha256 !== sha256) {
				this.damage.add(this.path(name), `its SHA-256 is not the one that its successor ${record.id} names`, [id], true);
			} else if (parent === undefined && !this.sizes.has(name)) {
				pruned ??= await this.pruneRecords();
				if (!pruned.has(id)) this.damage.add(this.path(name), `it is missing: ${record.id} names it as its parent, and no prune removed it`, [id], true);
			}
		}
	}

	/** Ids of the snapshots that prunes removed. */
	private async pruneRecords(): Promise<Set<string>> {
		const ids = new Set<string>();
		for (const name of this.sizes.keys()) {
			if (parseRepositoryKey(this.path(name)).kind !== 'prune') continue;
			try {
				const record = await readPrune(this.repository.store, this.key, name, this.signal);
				for (const { id } of record?.snapshots ?? []) ids.add(id);
			} catch (error) {
				// Said where prune records are checked.
				if (!isFailure(error, 'corrupt')) throw error;
			}
		}
		return ids;
	}

	/** Without its cursor a snapshot is whole, but the next run enumerates everything anew. */
	private async checkCursor(record: SnapshotRecord): Promise<void> {
		const { name, sha256 } = record.cursor;
		this.need(name);
		const file = this.path(name);
		try {
			const read = await readStoredFile(this.repository.store, file, MAX_CURSOR_BYTES, this.signal);
			if (read === null) this.damage.add(file, 'it is missing; no item is lost, but a backup that builds upon it reads everything anew');
			else if (read.sha256 !== sha256) this.damage.add(file, 'its SHA-256 is not the one in its snapshot; no item is lost');
			else await this.checkSeen(parseCursorRecord(read.bytes, file).seen);
		} catch (error) {
			if (!isFailure(error, 'corrupt', 'invalid')) throw error;
			this.damage.add(file, error.message);
		}
	}

	private async checkSeen(names: readonly string[]): Promise<void> {
		for (const name of names) {
			if (this.needed.has(name)) continue;
			this.need(name);
			const file = this.path(name);
			try {
				for await (const { id } of this.repository.readSeen(this.key, [name], this.signal)) if (id === '') this.damage.add(file, 'an id is empty');
			} catch (error) {
				if (!isFailure(error, 'corrupt')) throw error;
				this.damage.add(file, `${error.message}; no item is lost, but an enumeration starts anew`);
			}
		}
	}

	private async checkCurrentCursor(): Promise<void> {
		if (!this.sizes.has('cursor.json')) return;
		const file = this.path('cursor.json');
		this.need('cursor.json');
		try {
			const bytes = await readFile(this.repository.store, file, MAX_CURSOR_BYTES, this.signal);
			if (bytes !== null) parseCursorRecord(bytes, file, this.repository.proofFor(this.key));
		} catch (error) {
			if (!isFailure(error, 'corrupt', 'invalid')) throw error;
			this.damage.add(file, `${error.message}; no item is lost, the next backup writes it anew`);
		}
	}

	private async checkHolds(): Promise<void> {
		for (const name of this.sizes.keys()) {
			const { kind, runId } = parseRepositoryKey(this.path(name));
			if (kind === 'lease') this.needed.add(name);
			if (kind !== 'hold' && kind !== 'prune') continue;
			this.need(name);
			const { store } = this.repository;
			try {
				if (kind === 'prune') await readPrune(store, this.key, name, this.signal);
				else if (runId !== undefined) await readHold(store, this.key, runId, this.signal);
			} catch (error) {
				if (!isFailure(error, 'corrupt')) throw error;
				this.damage.add(this.path(name), `${error.message}; no item is lost`);
			}
		}
	}

	/** Each segment once, with the snapshots that it belongs to. */
	private segments(): Map<SegmentReader, string[]> {
		const found = new Map<string, { segment: SegmentReader; ids: string[] }>();
		for (const { record } of this.snapshots.values()) {
			for (const segment of this.repository.catalog(record).newestFirst) {
				const known = found.get(segment.ref.name) ?? { segment, ids: [] };
				known.ids.push(record.id);
				found.set(segment.ref.name, known);
			}
		}
		return new Map([...found.values()].map(({ segment, ids }) => [segment, ids]));
	}

	private async checkSegment(segment: SegmentReader, snapshotIds: readonly string[], archives: ArchiveVerification): Promise<void> {
		const { ref } = segment;
		const file = this.path(ref.name);
		this.need(ref.name);
		const damaged = (reason: string): void => this.damage.add(file, reason, snapshotIds, true);
		try {
			const content = await this.repository.stored.get(file, undefined, this.signal);
			if (content === null) {
				damaged('it is missing');
				return;
			}
			const { size, sha256 } = await measure(content);
			if (size !== ref.size || sha256 !== ref.sha256) {
				damaged(size === ref.size ? 'its SHA-256 is wrong' : `it has ${size} bytes instead of ${ref.size}`);
				return;
			}
			const index = await segment.index(this.signal);
			const named = new Map(index.archives.map((archive) => [archive.name, archive]));
			for (const archive of index.archives) for (const id of snapshotIds) archives.expect(archive, id);
			let lines = 0;
			for await (const batch of segment.members(this.signal)) {
				lines += batch.length;
				// Batches that are decoded already come without a pause: other work of this process must get its turn.
				await nextTurn();
				const contents: ContentRef[] = [];
				for (const { line } of batch) {
					const problem = contentProblem(line, named);
					if (problem !== undefined) damaged(problem);
					else if (!isTombstone(line)) contents.push(...(line.content ?? []));
				}
				await archives.checkAll(contents);
			}
			if (lines !== ref.lines) damaged(`it has ${lines} lines instead of ${ref.lines}`);
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			damaged(error.message);
		}
	}

	private async newestItems(): Promise<number> {
		const newest = [...this.snapshots.values()].at(-1);
		if (newest === undefined || newest.record.segments.some(({ name }) => this.damage.has(this.path(name)))) return 0;
		let items = 0;
		for await (const { id } of this.repository.catalog(newest.record).entries({ signal: this.signal })) {
			if (id !== '') items += 1;
			if (items % 500 === 0) await nextTurn();
		}
		return items;
	}

	private count(): Pick<SourceFindings, 'files' | 'bytes' | 'unreferenced'> {
		const found = { files: 0, bytes: 0, unreferenced: { files: 0, bytes: 0 } };
		for (const [name, sizeBytes] of this.sizes) {
			const tally = this.needed.has(name) ? found : found.unreferenced;
			tally.files += 1;
			tally.bytes += sizeBytes;
		}
		return found;
	}

	private need(name: string): void {
		this.needed.add(name);
	}

	private path(name: string): string {
		return `${this.key}/${name}`;
	}
}

/** A catalog line must point into an archive that its segment's index names, and not beyond its end. */
function contentProblem(line: CatalogLine, named: ReadonlyMap<string, FileRef>): string | undefined {
	if (isTombstone(line)) return undefined;
	for (const { archive, offset, length } of line.content ?? []) {
		const known = named.get(archive);
		if (known === undefined) return `the line of ${line.id} points into ${archive}, which the index does not name`;
		if (offset + length > known.size) return `the line of ${line.id} points beyond the end of ${archive}`;
	}
	return undefined;
}
