import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Ambient } from '../base/ambient';
import { Failure, isFailure, toFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import type { Store } from '../stores/store';
import { once, sha256 } from './bytes';
import { assertLine, isTombstone, spellOutMetaRemoval, type LineText } from './catalog-line';
import { RECORDED_FAILURES, SPILL_LINES } from './limits';
import { newRunId, numberedName, recordName, sourceKey } from './names';
import { putConfirmed, type PutContext } from './put-confirmed';
import type { RecordMac } from './record-mac';
import type {
	CatalogEntry, CatalogLine, ContentRef, CursorRecord, FailureRecord, FileRef, ScopeRecord, SnapshotChanges,
	SnapshotRecord, SnapshotTotals, SourceRef,
} from './records';
import { ReferencedFiles } from './referenced-files';
import { RunLines } from './run-lines';
import { sealJson } from './sealed-json';
import { encodeSeen, type SeenId } from './seen-files';
import type { SegmentCache } from './segment-cache';
import type { SnapshotFiles } from './snapshot-files';
import { Volumes, type ContentInput } from './volumes';

/** A parent read longer ago may have been overtaken by a prune: the lines are laid on the newest snapshot instead. */
const PARENT_MAX_AGE_MS = 24 * 3_600_000;
const LINES_A_TURN = 500;

export interface RunOptions {
	/** 100 MB if absent. */
	volumeBytes?: number;
	signal?: AbortSignal;
	/** Lines kept in memory before they are spilled as a segment: 50,000. */
	spillLines?: number;
	/** Lines in one member of a segment: 500. */
	memberLines?: number;
	/** All lines of the run are a new base: nothing of the parent's segments is taken over. */
	replacesCatalog?: boolean;
}

/** What the repository lends its runs. */
export interface RunContext {
	store: Store;
	ambient: Ambient;
	cache: SegmentCache;
	snapshots: SnapshotFiles;
	/** Where the repository is encrypted. */
	mac?: RecordMac | undefined;
}

export interface CommitInput {
	status: 'complete' | 'partial';
	scopes: ScopeRecord[];
	totals: SnapshotTotals;
	changes: SnapshotChanges;
	failures: FailureRecord[];
	/** `seen`: older seen files that are still needed; those of this commit are added. */
	cursor: Pick<CursorRecord, 'scopes' | 'failed'> & { notes?: JsonObject; seen: string[] };
	tag: string | null;
	/** Now if absent. */
	finishedAt?: Date;
}

/**
 * Writes one source's changes and commits them, as often as wanted, in the order that makes a crash harmless (§3.5.1):
 * archives → segments → cursor → snapshot → `cursor.json`. After a commit it stands on the new snapshot with a fresh run
 * id. Calls that write are worked off one after the other. Once the store has failed for good, every call throws that Failure; what
 * was committed before stands.
 */
export class RunWriter {
	readonly #prefix: string;
	readonly #put: PutContext;
	readonly #files: ReferencedFiles;
	#runId: string;
	#startedAt: Date;
	#parent: SnapshotRecord | null;
	#parentReadAt: Date;
	readonly #lines: RunLines;
	#volumes: Volumes;
	#seen: SeenId[] = [];
	#seenNames: string[] = [];
	#added = 0;
	#storedFiles = 0;
	#storedBytes = 0;
	#failure: Failure | undefined;
	#queue: Promise<unknown> = Promise.resolve();
	/** Harmless trouble that a summary may mention. */
	readonly warnings: string[] = [];
	/** Seen files that the cursor of the latest commit names. */
	seenFiles: readonly string[] = [];

	constructor(
		private readonly context: RunContext,
		private readonly source: SourceRef,
		parent: SnapshotRecord | null,
		private readonly options: RunOptions = {},
	) {
		const { store, ambient } = context;
		this.#prefix = sourceKey(source);
		this.#put = { store, ambient, signal: options.signal };
		this.#files = new ReferencedFiles(store, this.#prefix);
		this.#parent = parent;
		this.#startedAt = ambient.now();
		this.#parentReadAt = this.#startedAt;
		const { spillLines, memberLines, replacesCatalog = false } = options;
		const onStored = (name: string, sizeBytes: number): void => this.noteStored(name, sizeBytes);
		this.#lines = new RunLines({ ...context, put: this.#put, prefix: this.#prefix, files: this.#files, onStored, spillLines, memberLines, replacesCatalog });
		this.#lines.layOn(parent);
		this.#runId = newRunId(this.#startedAt, ambient.randomHex(2), parent?.id);
		this.#volumes = this.newVolumes();
	}

	/** Of the next commit. */
	get runId(): string {
		return this.#runId;
	}

	/** Files and bytes that the store has confirmed since the run began. */
	get storedFiles(): number {
		return this.#storedFiles;
	}

	get storedBytes(): number {
		return this.#storedBytes;
	}

	/** Not committed yet. */
	get pendingLines(): number {
		return this.#lines.pending;
	}

	get pendingBytes(): number {
		return this.#volumes.bytes;
	}

	/** The snapshot that the run stands on: the parent, later its own latest commit. */
	get base(): SnapshotRecord | null {
		return this.#parent;
	}

	/** Stores a content. If the source throws, that error is thrown and the run goes on. */
	async addContent(input: ContentInput): Promise<ContentRef> {
		return await this.inTurn(() => this.#volumes.add(input));
	}

	/** Records a line; its contents must have been added before. A later line of the id is laid over an earlier one. */
	async add(line: CatalogLine): Promise<void> {
		await this.inTurn(async () => {
			assertLine(line);
			let added = line;
			if (!isTombstone(line) && line.meta === null && line.whole !== true) {
				const known = (await this.#lines.find([line.id])).get(line.id);
				added = spellOutMetaRemoval(line, known?.meta ?? {});
			}
			const text = this.#lines.add(added);
			if (!isTombstone(added)) this.#volumes.claim(added, text);
			this.#added++;
			// Adding from memory would otherwise never let go of the event loop.
			if (this.#added % LINES_A_TURN === 0) await nextTurn();
			if (this.#lines.isFull) await this.orFail(() => this.#lines.spill(this.#runId));
		});
	}

	/**
	 * What is known now, lines of this run included: the living item, null if it has ended; unknown ids are absent. Does
	 * not wait for its turn, so that a large content on its way does not hold it up.
	 */
	async lookUp(ids: readonly string[]): Promise<Map<string, CatalogEntry | null>> {
		if (this.#failure) throw this.#failure;
		return await this.#lines.find(ids);
	}

	/** Archives of earlier runs that lines of this one may point into although the parent's segments do not name them. */
	knowArchives(archives: readonly FileRef[]): void {
		this.#lines.know(archives);
	}

	/** Remembers ids met by an enumeration of everything under `parent`, for a run that resumes it. Only new ones. */
	async addSeen(parent: string, ids: readonly string[]): Promise<void> {
		await this.inTurn(async () => {
			for (const id of ids) this.#seen.push({ parent, id });
			if (this.#seen.length >= SPILL_LINES) await this.orFail(() => this.writeSeen());
		});
	}

	/** Commits everything since the last commit. */
	async commit(input: CommitInput): Promise<SnapshotRecord> {
		return await this.inTurn(() => this.orFail(() => this.commitNow(input)));
	}

	/** Gives up what is not committed. At worst some files are left that nothing refers to. */
	async abandon(): Promise<void> {
		this.#failure ??= new Failure('cancelled', 'The run was given up');
		await this.#volumes.abandon();
	}

	private async commitNow(input: CommitInput): Promise<SnapshotRecord> {
		const archives = await this.#volumes.finish();
		for (const archive of archives) this.noteStored(archive.name, archive.size);
		const parentHash = await this.settleParent();
		const segments = await this.#lines.merge(this.#runId, archives);
		await this.writeSeen();
		const seen = [...input.cursor.seen, ...this.#seenNames];
		await this.#files.assertStored(seen, this.#put.signal);

		const finishedAt = (input.finishedAt ?? this.context.ambient.now()).toISOString();
		const cursor: CursorRecord = {
			format: 1,
			run: this.#runId,
			snapshot: this.#runId,
			checkedAt: finishedAt,
			segments: segments.map(({ name }) => name),
			scopes: input.cursor.scopes,
			failed: input.cursor.failed,
			seen,
			...(input.cursor.notes && { notes: input.cursor.notes }),
		};
		const cursorBytes = sealJson(this.signed(cursor));
		const cursorName = recordName(this.#runId, 'cursor');
		const cursorHash = await this.putBytes(cursorName, cursorBytes);
		const record = this.signed<SnapshotRecord>({
			format: 1,
			source: this.source,
			id: this.#runId,
			startedAt: this.#startedAt.toISOString(),
			finishedAt,
			status: input.status,
			parent: parentHash,
			scopes: input.scopes,
			totals: input.totals,
			changes: input.changes,
			segments,
			archives,
			cursor: { name: cursorName, sha256: cursorHash },
			failures: input.failures.slice(0, RECORDED_FAILURES),
			tag: input.tag,
		});
		await this.putBytes(recordName(this.#runId, 'snapshot'), sealJson(record));
		await this.copyCursor(cursorBytes);
		this.standOn(record);
		this.seenFiles = seen;
		return record;
	}

	/** `cursor.json` is a mere copy: the commit stands without it, and the next one brings it up to date. */
	private async copyCursor(bytes: Buffer): Promise<void> {
		try {
			await this.putBytes('cursor.json', bytes);
		} catch (error) {
			this.warnings.push(`cursor.json could not be updated: ${toFailure(error).message}`);
		}
	}

	/** Makes sure that the parent is still there and not too old to rest upon; the answer is what the record names. */
	private async settleParent(): Promise<SnapshotRecord['parent']> {
		if (!this.#parent) return null;
		const { ambient, snapshots } = this.context;
		const isOld = ambient.now().getTime() - this.#parentReadAt.getTime() > PARENT_MAX_AGE_MS;
		let stored = await snapshots.read(this.#prefix, this.#parent.id, this.#put.signal);
		if (!stored || isOld) {
			const newest = await snapshots.newest(this.#prefix, () => true, this.#put.signal);
			if (newest && newest.record.id !== this.#parent.id) {
				stored = newest;
				this.#parent = newest.record;
				this.#lines.layOn(newest.record);
				if (newest.record.id >= this.#runId) this.#runId = newRunId(ambient.now(), ambient.randomHex(2), newest.record.id);
			}
			this.#parentReadAt = ambient.now();
			this.#files.forget();
		}
		if (!stored) {
			throw new Failure('conflict', `The snapshot ${this.#parent.id}, on which this run builds, has been removed`, {
				nextStep: 'Run the backup again; it starts from what is there now.',
			});
		}
		return { id: stored.record.id, sha256: stored.sha256 };
	}

	private async writeSeen(): Promise<void> {
		if (this.#seen.length === 0) return;
		const seen = this.#seen;
		this.#seen = [];
		const name = numberedName(this.#runId, 'seen', this.#seenNames.length + 1);
		let sizeBytes = 0;
		const stored = await putConfirmed(this.#put, `${this.#prefix}/${name}`, async function* () {
			sizeBytes = 0;
			for await (const chunk of encodeSeen(seen)) {
				sizeBytes += chunk.length;
				yield chunk;
			}
		});
		this.#seenNames.push(name);
		this.noteStored(name, stored?.sizeBytes ?? sizeBytes);
	}

	/** The answer is the SHA-256 of the bytes as they are stored. */
	private async putBytes(name: string, bytes: Buffer): Promise<string> {
		const stored = (await putConfirmed(this.#put, `${this.#prefix}/${name}`, () => once(bytes))) ?? { sizeBytes: bytes.length, sha256: sha256(bytes) };
		this.noteStored(name, stored.sizeBytes);
		return stored.sha256;
	}

	/** With its mac, where the repository is encrypted. */
	private signed<T extends object>(record: T): T {
		const { mac } = this.context;
		return mac ? mac.sign(this.#prefix, record) : record;
	}

	private noteStored(name: string, sizeBytes: number): void {
		this.#files.note(name, sizeBytes);
		this.#storedFiles++;
		this.#storedBytes += sizeBytes;
	}

	private standOn(record: SnapshotRecord): void {
		const { ambient } = this.context;
		this.#parent = record;
		this.#startedAt = ambient.now();
		this.#parentReadAt = this.#startedAt;
		this.#lines.committed(record);
		this.#runId = newRunId(this.#startedAt, ambient.randomHex(2), record.id);
		this.#seenNames = [];
		this.#volumes = this.newVolumes();
	}

	private newVolumes(): Volumes {
		const { volumeBytes, replacesCatalog = false } = this.options;
		const repeated = { source: this.source, repeatsShared: !replacesCatalog, lookUp: (ids: readonly string[]) => this.#lines.find(ids) };
		return new Volumes(this.#put, this.#prefix, this.#runId, repeated, volumeBytes);
	}

	/** One call after the other, also if the caller does not wait. */
	private async inTurn<T>(work: () => Promise<T>): Promise<T> {
		const before = this.#queue;
		const turn = (async () => {
			await before;
			if (this.#failure) throw this.#failure;
			return await work();
		})();
		this.#queue = turn.catch(() => undefined);
		return await turn;
	}

	/** What fails here leaves the run in an unknown state: it can only be given up. */
	private async orFail<T>(work: () => Promise<T>): Promise<T> {
		try {
			return await work();
		} catch (error) {
			this.#failure ??= isFailure(error) ? error : toFailure(error);
			await this.#volumes.abandon();
			throw this.#failure;
		}
	}
}

export type { ContentInput, LineText };
