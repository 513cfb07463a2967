import type { Ambient } from '../base/ambient';
import { isFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import type { CatalogEntry, CursorRecord, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { REWRITTEN_NOTE } from '../repository/rewrite-base';
import type { RunWriter } from '../repository/run-writer';
import type { ChangePage, Workload } from '../workloads/workload';
import { Activity, readUsual, usualJson, type Anomaly, type Usual } from './anomaly';
import { Bins } from './bins';
import { CatalogState } from './catalog-state';
import { ATTEMPTS_NOTE, IN_DOUBT_NOTE, REBUILT_NOTE, USUAL_NOTE } from './cursor-notes';
import { FailureLedger } from './failure-ledger';
import { ItemChanges } from './item-changes';
import { Listings } from './listings';
import { Orphans } from './orphans';
import { SameContents } from './same-contents';
import { ScopeStates } from './scope-states';
import { Tally } from './tally';

export interface RunLimits {
	commitEveryMs: number;
	commitEveryBytes: number;
	/** When to stop; infinite for never. */
	stopAtMs: number;
	stopAfterBytes: number;
}

export interface RunParts {
	repository: Repository;
	workload: Workload;
	writer: RunWriter;
	parent: SnapshotRecord | null;
	cursor: CursorRecord | null;
	/** Everything is enumerated anew and compared. */
	fullResync: boolean;
	ambient: Ambient;
	/** Fires when the user or the lease stops the run. */
	signal: AbortSignal;
	limits: RunLimits;
	tag: string | null;
	startedAt: Date;
}

/** Ids of one question to the workload about missing items. */
const CONFIRM_CHUNK = 200;

/**
 * One run over one source: takes the workload's pages and commits. What it holds in memory is one page, the lines since
 * the last commit, and the ids of listings that go on.
 */
export class BackUpRun {
	readonly tally: Tally;
	readonly failures = new FailureLedger();
	readonly scopes: ScopeStates;
	readonly warnings = new Set<string>();
	/** The newest snapshot: the parent until the first commit. */
	newest: SnapshotRecord | null;
	/** The limit is reached: what is under way is finished, nothing new begun. */
	limitReached = false;

	private readonly activity = new Activity();
	private readonly itemsBefore: number;
	private readonly usual: Usual | undefined;
	private readonly state: CatalogState;
	private readonly items: ItemChanges;
	private listings = new Listings();
	private links: Record<string, string>;
	private notes: JsonObject;
	private seenFiles: string[] = [];
	private lastCommitMs: number;
	/** See `EnumerationInput.isInDoubt`. Stays until an enumeration went through. */
	private isInDoubt: boolean;
	/** The catalog was rebuilt from archives, and has not been compared since then. */
	private readonly isRebuilt: boolean;
	/** A page is being taken: what a commit holds of it, its links do not say yet. */
	private isInPage = false;

	constructor(private readonly parts: RunParts) {
		const { parent, cursor, fullResync } = parts;
		this.newest = parent;
		this.tally = new Tally(parent?.totals);
		this.isRebuilt = cursor?.notes?.[REBUILT_NOTE] === true;
		// How many there really were when the last backup ran nobody knows: no share of them is unusual.
		this.itemsBefore = this.isRebuilt ? 0 : this.tally.totals.items;
		this.usual = readUsual(cursor?.notes?.[USUAL_NOTE]);
		this.scopes = new ScopeStates(parent?.scopes ?? []);
		this.links = fullResync ? {} : { ...cursor?.scopes };
		this.notes = { ...cursor?.notes };
		// An older cursor is replayed, and what came and went since then need not be reported again.
		this.isInDoubt = fullResync || this.notes[IN_DOUBT_NOTE] === true || (parent !== null && cursor?.snapshot !== parent.id);
		this.state = new CatalogState(parts.repository, parts.writer, () => this.newest, parts.signal);
		const { writer, workload, ambient, signal } = parts;
		const { state, tally, activity, failures, warnings } = this;
		const same = new SameContents(parts.repository, (ids) => writer.lookUp(ids), () => this.newest, signal);
		const bins = new Bins((ids) => state.entries(ids));
		const between = { commitIfDue: async () => await this.commitIfDue(), isStopping: () => this.isStopping() };
		this.items = new ItemChanges({ writer, workload, ambient, signal, state, same, bins, tally, activity, failures, warnings }, between);
		this.lastCommitMs = parts.startedAt.getTime();
	}

	/** Takes up what earlier runs left: failed items and listings that go on. */
	async resume(key: string): Promise<void> {
		const { repository, cursor, fullResync, signal } = this.parts;
		if (!cursor) return;
		const attempts = (cursor.notes?.[ATTEMPTS_NOTE] ?? {}) as JsonObject;
		this.failures.resume((await this.state.entries(cursor.failed)).values(), attempts);
		this.state.forgetPage();
		if (fullResync || cursor.seen.length === 0) return;
		this.seenFiles = [...cursor.seen];
		try {
			for await (const { parent, id } of repository.readSeen(key, cursor.seen, signal)) this.listings.resume(parent, id);
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			// Without it nobody knows what the listing had shown: it begins anew, as with a lost cursor.
			this.warnings.add(`${error.message}. It noted how far an unfinished listing had got; everything was listed and compared anew.`);
			this.seenFiles = [];
			this.listings = new Listings();
			this.links = {};
			this.isInDoubt = true;
		}
	}

	/** Everything that the workload reports, until it has no more, the limit is reached or the signal fires. */
	async enumerate(onPage: () => void): Promise<void> {
		const { workload, signal, parent } = this.parts;
		const pages = workload.enumerate({
			known: this.state,
			links: { ...this.links },
			notes: this.notes,
			retry: this.failures.ids,
			isFirst: parent === null || parent.segments.length === 0,
			isInDoubt: this.isInDoubt,
			signal,
		});
		for await (const page of pages) {
			onPage();
			await this.takePage(page);
			if (this.isStopping()) return;
		}
		// Also what it noted after its last page, such as when it last compared everything.
		this.notes = workload.notes();
		this.isInDoubt = !(await this.settleListings());
	}

	private async takePage(page: ChangePage): Promise<void> {
		const wasInDoubt = this.isInDoubt;
		this.isInPage = true;
		for (const news of page.scopes ?? []) this.scopes.take(news);
		for (const warning of page.warnings ?? []) this.warnings.add(warning);
		if (!(await this.items.take(page.changes))) return;
		for (const news of page.listings ?? []) this.listings.take(news);
		for (const [id, link] of Object.entries(page.links ?? {})) {
			if (link === null) Reflect.deleteProperty(this.links, id);
			else this.links[id] = link;
		}
		this.notes = this.parts.workload.notes();
		this.isInPage = false;
		this.isInDoubt = wasInDoubt;
		await this.commitIfDue();
	}

	/** What of the run does not fit the history of its source. */
	anomaly(): Anomaly {
		return this.activity.judge(this.itemsBefore, this.usual, this.parts.ambient.now());
	}

	/**
	 * What complete listings did not show is asked about, item by item, before it counts as gone; in doubt, also what is
	 * in no folder that is left.
	 *
	 * @returns false if the limit cut it short: the listings then wait for the next run.
	 */
	private async settleListings(): Promise<boolean> {
		if (!this.listings.hasFinished && !this.isInDoubt) return true;
		const orphans = new Orphans(this.state);
		if (this.isInDoubt) await orphans.learn();
		const isQuestion = async (entry: CatalogEntry): Promise<boolean> => this.listings.isMissing(entry) || (this.isInDoubt && (await orphans.has(entry)));
		let missing: string[] = [];
		const settle = async (): Promise<boolean> => {
			const now = await this.state.entries(missing);
			const still: string[] = [];
			for (const entry of now.values()) if (entry && (await isQuestion(entry))) still.push(entry.id);
			missing = [];
			if (still.length === 0) {
				this.state.forgetPage();
				return true;
			}
			return await this.items.take(await this.parts.workload.confirmMissing(still, this.state, this.parts.signal));
		};
		for await (const entry of this.state.all()) {
			if (!(await isQuestion(entry))) continue;
			missing.push(entry.id);
			if (missing.length >= CONFIRM_CHUNK && !(await settle())) return false;
		}
		if (missing.length > 0 && !(await settle())) return false;
		this.listings.forgetFinished();
		this.notes = this.parts.workload.notes();
		return true;
	}

	/** Whether a limit is reached: from then on nothing new is begun. */
	private isStopping(): boolean {
		const { ambient, limits, writer } = this.parts;
		const bytes = writer.storedBytes + writer.pendingBytes;
		if (ambient.now().getTime() >= limits.stopAtMs || bytes >= limits.stopAfterBytes) this.limitReached = true;
		return this.limitReached;
	}

	private async commitIfDue(): Promise<void> {
		const { ambient, limits, writer } = this.parts;
		const elapsedMs = ambient.now().getTime() - this.lastCommitMs;
		if (writer.pendingBytes < limits.commitEveryBytes && elapsedMs < limits.commitEveryMs) return;
		if (this.hasNews) await this.commit(false);
		this.lastCommitMs = ambient.now().getTime();
	}

	/** What the store has confirmed since the run began. */
	get stored(): { files: number; bytes: number } {
		const { storedFiles, storedBytes } = this.parts.writer;
		return { files: storedFiles, bytes: storedBytes };
	}

	/** Whether there is anything that is not committed yet. */
	get hasNews(): boolean {
		return this.parts.writer.pendingLines > 0 || this.parts.writer.pendingBytes > 0;
	}

	/** @param finished The workload has been enumerated to its end. */
	async commit(finished: boolean): Promise<SnapshotRecord> {
		const { writer, startedAt, tag } = this.parts;
		if (this.isInPage) this.isInDoubt = true;
		for (const [parent, ids] of this.listings.takeUnsaved()) await writer.addSeen(parent, ids);
		const record = await writer.commit({
			status: this.status(finished),
			scopes: this.scopes.records(finished ? startedAt.toISOString() : null),
			totals: { ...this.tally.totals },
			changes: this.tally.sinceCommit,
			failures: this.failures.records,
			cursor: { scopes: { ...this.links }, failed: this.failures.ids, notes: this.allNotes(), seen: this.goingSeenFiles() },
			tag,
		});
		this.tally.committed();
		this.seenFiles = [...writer.seenFiles];
		for (const warning of writer.warnings) this.warnings.add(warning);
		this.newest = record;
		return record;
	}

	status(finished: boolean): 'complete' | 'partial' {
		if (!finished || !this.failures.isTolerable(this.tally.totals.items)) return 'partial';
		return this.scopes.records('-').some((scope) => scope.state === 'stale') ? 'partial' : 'complete';
	}

	/** The cursor of a run that found nothing: it rests on the newest snapshot. */
	quietCursor(newest: SnapshotRecord): CursorRecord {
		return {
			format: 1,
			run: this.parts.writer.runId,
			snapshot: newest.id,
			checkedAt: this.parts.ambient.now().toISOString(),
			segments: newest.segments.map((segment) => segment.name),
			scopes: { ...this.links },
			failed: this.failures.ids,
			seen: this.goingSeenFiles(),
			notes: this.allNotes(),
		};
	}

	private allNotes(): JsonObject {
		const { [IN_DOUBT_NOTE]: _old, [REBUILT_NOTE]: _rebuilt, [USUAL_NOTE]: _before, ...notes } = this.notes;
		const usual = this.activity.usualAfter(this.itemsBefore, this.usual, this.parts.ambient.now(), this.anomaly());
		const rewritten = this.parts.cursor?.notes?.[REWRITTEN_NOTE];
		if (rewritten !== undefined) notes[REWRITTEN_NOTE] = rewritten;
		return { ...notes, [ATTEMPTS_NOTE]: this.failures.attempts, [USUAL_NOTE]: usualJson(usual), ...(this.isInDoubt ? { [IN_DOUBT_NOTE]: true, ...(this.isRebuilt ? { [REBUILT_NOTE]: true } : {}) } : {}) };
	}

	/** Seen files of earlier commits matter only while one of their listings goes on. */
	private goingSeenFiles(): string[] {
		return this.listings.goesOn ? this.seenFiles : [];
	}
}
