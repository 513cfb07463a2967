import type { Ambient } from '../base/ambient';
import { Failure } from '../base/failure';
import type { JsonObject } from '../base/json';
import type { CatalogEntry } from '../repository/records';
import type { RunWriter } from '../repository/run-writer';
import { isGone } from '../workloads/is-gone';
import { itemReason } from '../workloads/item-reason';
import type { Change, ContentRequest, Fetched, ItemChange, Workload } from '../workloads/workload';
import type { Activity, ItemState } from './anomaly';
import type { Bins } from './bins';
import type { CatalogState } from './catalog-state';
import { FailureLedger } from './failure-ledger';
import { GatheredContents } from './gathered-contents';
import type { SameContents } from './same-contents';
import type { Tally } from './tally';
import { wholeLine } from './whole-line';

/** Fetches of one item in one run, when its download breaks off. */
const FETCH_ATTEMPTS = 3;

/** What a run keeps of its items; shared with the run, which commits it. */
export interface ItemBooks {
	writer: RunWriter;
	workload: Workload;
	ambient: Ambient;
	signal: AbortSignal;
	state: CatalogState;
	same: SameContents;
	bins: Bins;
	tally: Tally;
	activity: Activity;
	failures: FailureLedger;
	warnings: Set<string>;
}

/** What the run does between two items. */
export interface BetweenItems {
	commitIfDue(): Promise<void>;
	/** Whether a limit is reached: from then on nothing new is begun. */
	isStopping(): boolean;
}

/** An item after a change, as far as totals and judgement go. */
interface BookedState {
	name: string;
	content: CatalogEntry['content'];
	parent: string | undefined;
}

/** Takes what the workload reports of items: fetches and stores contents, adds catalog lines, and books what has changed or failed. */
export class ItemChanges {
	constructor(
		private readonly books: ItemBooks,
		private readonly between: BetweenItems,
	) {}

	/** @returns false if the limit cut it short: a page's links do not count then. */
	async take(changes: readonly Change[]): Promise<boolean> {
		this.books.state.noteChanges(changes.map((change) => change.id));
		const before = await this.books.state.entries(changes.map((change) => change.id));
		const fetches = new Map<string, ItemChange>();
		for (const change of changes) {
			const prior = before.get(change.id) ?? null;
			if (change.kind === 'item' && change.fetch) fetches.set(change.id, change);
			else await this.takeChange(change, prior);
		}
		const through = await this.fetchAll(fetches, before);
		this.books.state.forgetPage();
		return through;
	}

	private async takeChange(change: Change, prior: CatalogEntry | null): Promise<void> {
		const { writer, ambient } = this.books;
		switch (change.kind) {
			case 'item':
				// Nothing to fetch: what is stored still holds.
				await writer.add(wholeLine(change, prior?.content));
				this.books.failures.settle(change.id);
				await this.book(change.id, change.type, prior, { name: change.name, content: prior?.content, parent: change.parent });
				this.noteSkipped(change.meta, prior);
				return;
			case 'patch': {
				if (!prior) return;
				const { kind: _kind, id, type: _type, ...fields } = change;
				await writer.add({ id, ...fields });
				await this.book(change.id, prior.type, prior, { name: change.name ?? prior.name, content: prior.content, parent: change.parent ?? prior.parent });
				return;
			}
			case 'gone': {
				if (!prior) return;
				const tombstone = { id: change.id, deleted: ambient.now().toISOString(), type: prior.type, name: prior.name };
				await writer.add({
					...tombstone,
					...(prior.parent === undefined ? {} : { parent: prior.parent }),
					...(change.movedTo === undefined ? {} : { movedTo: change.movedTo }),
				});
				this.books.failures.settle(change.id);
				await this.book(change.id, prior.type, prior, null);
				return;
			}
			case 'failed': {
				const item = { ...change, meta: change.meta ?? {}, isNew: prior === null, kind: 'item' as const };
				await this.takeFailure(item, prior, change.failure ?? new Failure('defect', change.reason));
			}
		}
	}

	private async fetchAll(fetches: Map<string, ItemChange>, before: ReadonlyMap<string, CatalogEntry | null>): Promise<boolean> {
		const { workload, signal } = this.books;
		for (let attempt = 1; fetches.size > 0; attempt++) {
			const again = new Map<string, ItemChange>();
			const requests = [...fetches.values()].flatMap((change): ContentRequest[] => (change.fetch ? [change.fetch] : []));
			const waiting = new Map(fetches);
			const contents = new GatheredContents(this.books.writer, this.books.same, signal);
			for await (const fetched of workload.fetch(requests, signal)) {
				const change = waiting.get(fetched.id);
				if (!change) {
					// Of an item that has failed already: the rest of it is of no use.
					if ('content' in fetched) await fetched.content[Symbol.asyncIterator]().return?.();
					continue;
				}
				const prior = before.get(fetched.id) ?? null;
				const failure = await this.store(change, prior, fetched, contents);
				if (failure === 'again') {
					waiting.delete(fetched.id);
					again.set(change.id, withoutSameAs(change));
				} else if (failure) {
					waiting.delete(fetched.id);
					if (failure.kind === 'transient' && 'content' in fetched && attempt < FETCH_ATTEMPTS) again.set(change.id, change);
					else await this.takeFailure(change, prior, failure);
				} else if (!('more' in fetched)) waiting.delete(fetched.id);
				await this.between.commitIfDue();
				// Not between the contents of one item: a run that is always stopped there would never get past it.
				if (!('more' in fetched) && waiting.size + again.size > 0 && this.between.isStopping()) return false;
			}
			// The links move on after this: whoever got no answer would never be asked for again.
			for (const change of waiting.values()) {
				await this.takeFailure(change, before.get(change.id) ?? null, new Failure('transient', 'Microsoft gave no answer for this item'));
			}
			fetches = again;
		}
		return true;
	}

	/** @returns the failure if the item could not be read, or that it must be asked for again; what the store itself says is thrown. */
	private async store(change: ItemChange, prior: CatalogEntry | null, fetched: Fetched, contents: GatheredContents): Promise<Failure | 'again' | null> {
		const taken = await contents.take(change, prior, fetched);
		if (taken === 'more') return null;
		if (taken === 'again') return taken;
		if ('failure' in taken) return taken.failure;
		if (taken.warning !== undefined) this.books.warnings.add(taken.warning);
		const isSkipped = 'skipped' in taken;
		const meta = isSkipped ? { ...taken.meta, skipped: taken.skipped } : taken.meta;
		const content = isSkipped ? prior?.content : taken.refs;
		await this.books.writer.add(wholeLine({ ...change, meta }, content));
		if (!isSkipped && change.fetch?.sameAs !== undefined) this.books.same.note(change.id, change.fetch.sameAs);
		this.books.failures.settle(change.id);
		await this.book(change.id, change.type, prior, { name: change.name, content, parent: change.parent });
		this.noteSkipped(meta, prior);
		return null;
	}

	/** What users delete goes into a bin first: that is when it is deleted for them, and not when the bin is emptied. */
	private async book(id: string, type: string, before: CatalogEntry | null, after: BookedState | null): Promise<void> {
		const state: ItemState | null = after && { name: after.name, ...(after.content === undefined ? {} : { content: after.content }) };
		this.books.tally.book(id, type, before, state);
		if (before === null || (after !== null && after.parent === before.parent)) {
			this.books.activity.note(type, before, state);
			return;
		}
		if (await this.books.bins.isBin(before.parent)) return;
		this.books.activity.note(type, before, after !== null && (await this.books.bins.isBin(after.parent)) ? null : state);
	}

	/** An item whose content will never be had counts when that becomes known, not in every run. */
	private noteSkipped(meta: JsonObject, prior: CatalogEntry | null): void {
		if (typeof meta.skipped === 'string' && prior?.meta.skipped !== meta.skipped) this.books.tally.bump('skipped');
	}

	/** The line keeps what was stored before and says that the item failed; deleted in flight is a skip. */
	private async takeFailure(change: ItemChange, prior: CatalogEntry | null, failure: Failure): Promise<void> {
		const { writer, ambient } = this.books;
		if (isGone(failure)) {
			this.books.tally.bump('skipped');
			return;
		}
		const failed = this.books.failures.fail(change.id, change.name, itemReason(failure), ambient.now());
		if (failure.kind === 'corrupt' && FailureLedger.isLasting(failed, ambient.now())) {
			this.books.failures.settle(change.id);
			this.books.tally.bump('skipped');
			this.books.warnings.add(`"${change.name}" is not tried any more. ${failed.reason}`);
			await writer.add({ id: change.id, failed: null, meta: { skipped: failed.reason } });
			return;
		}
		this.books.tally.bump('failed');
		if (prior) {
			// The same failure again is no news: the attempt is counted in the cursor, so that a quiet run stays quiet.
			// Where the item is now is recorded all the same: it was moved, even if its content cannot be read.
			// Without a folder it stands at the top, unless all that came was its failure.
			const moved = (change.parent !== undefined || change.fetch !== undefined) && change.parent !== prior.parent;
			if (moved || prior.failed?.reason !== failed.reason) {
				await writer.add({ id: change.id, failed, ...(moved ? { parent: change.parent ?? null } : {}) });
			}
		} else {
			await writer.add({ ...wholeLine(change, undefined), failed });
			await this.book(change.id, change.type, null, { name: change.name, content: undefined, parent: change.parent });
		}
	}
}

function withoutSameAs(change: ItemChange): ItemChange {
	if (!change.fetch) return change;
	const { sameAs: _probably, ...fetch } = change.fetch;
	return { ...change, fetch };
}
