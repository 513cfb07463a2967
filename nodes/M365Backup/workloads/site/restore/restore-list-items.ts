import { Failure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { inFlight } from '../../in-flight';
import { scopeOf } from '../../scope-of';
import { isUnderscored, type Column } from './column';
import { ItemCreator, type NewItem } from './create-items';
import { SITE_NOTES } from './fidelity';
import { fieldBody } from './field-values';
import { ListEntries } from './list-entries';
import { lookupRounds, type Open } from './lookup-rounds';
import { isListFolder, newItemNotes } from './new-item-notes';
import { scopedId } from './scoped-id';
import { planSetBack, setBackItems, setBackOne, type SetBack } from './set-back-item';
import { failedOutcome, outcomeOf, ownFailure, signalOf, stopIfCancelled } from './site-restore-context';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-list';
import { itemsPath, ThereItems, type ThereItem } from './there-items';
import { hasAllColumns, wholePrint, type WantedFields } from './wanted-fields';
import { DOUBTFUL_KINDS } from './write-fields';

export const REASONS = {
	inPlace: 'It is in its place as the backup holds it',
	differs: 'It is in its place, but differs from the backup: choose Replace to set it back',
	there: 'An equal item is there already',
	completed: 'It had been restored in part and is complete now',
} as const;

/** Reads of documents out of the repository at a time. */
const READ_AHEAD = 8;
/** Requests for single items at a time. */
const IN_FLIGHT = 4;

/** Items alike in everything but people, lookups and links that are looked through for one item. */
const MOST_ALIKE = 2000;

/** Gives one list its items back. Equal items are counted, so that those of a list must be seen together. */
export async function* restoreListItems(work: SiteWork, target: TargetList, items: readonly RestorableItem[]): AsyncGenerator<RestoreOutcome> {
	yield* new ListRestore(work, target).run(items);
}

class ListRestore {
	private readonly entries: ListEntries;

	constructor(
		private readonly work: SiteWork,
		private readonly target: TargetList,
	) {
		this.entries = new ListEntries(work, target);
	}

	async *run(items: readonly RestorableItem[]): AsyncGenerator<RestoreOutcome> {
		const { work, target } = this;
		const { context } = work;
		const mayLive = target.isOriginal && context.policy !== 'keepBoth';
		const there = await ThereItems.read(context, target, this.entries.columns, new Map(mayLive ? items.map((item) => [idOf(item), item.etag]) : []));
		if (target.isOriginal && target.id !== null && there.isWhole) work.lookups.know(target.id, there.ids());
		const missing: RestorableItem[] = [];
		const isVersionEnough = hasAllColumns(target);
		const unchanged: { item: RestorableItem; there: ThereItem }[] = [];
		const living: { item: RestorableItem; there: ThereItem }[] = [];
		for (const item of items) {
			const found = mayLive ? there.get(idOf(item)) : undefined;
			if (!found) {
				missing.push(item);
				continue;
			}
			work.lookups.settle(item.id, found.id);
			if (isVersionEnough && item.etag !== undefined && found.etag === item.etag) unchanged.push({ item, there: found });
			else living.push({ item, there: found });
		}
		// First what is missing: what is set back may look it up.
		yield* this.bringBack(missing, items, there);
		// An item that nobody changed may point to one that has come back under another number.
		const looksElsewhere = target.sourceColumns.some(({ listId }) => listId !== undefined && work.lookups.hasMoved(listId));
		if (looksElsewhere) living.push(...unchanged);
		else for (const { item, there: found } of unchanged) yield outcomeOf(item, 'skipped', target.path, { newId: found.id, reason: REASONS.inPlace });
		const answered: RestoreOutcome[] = [];
		for await (const outcome of setBackItems(work, target, this.toSetBack(living, answered))) {
			yield* answered.splice(0);
			yield outcome;
		}
		yield* answered;
	}

	/** Of living originals those that have to be changed; what is said of the others at once goes to `answered`. */
	private async *toSetBack(living: readonly { item: RestorableItem; there: ThereItem }[], answered: RestoreOutcome[]): AsyncGenerator<SetBack> {
		for await (const compared of inFlight(streamOf(living), IN_FLIGHT, (one) => this.compare(one.item, one.there))) {
			if (compared === undefined) continue;
			if ('outcome' in compared) answered.push(compared);
			else yield compared;
		}
	}

	/** The living original; undefined where that has to wait for what it looks up. */
	private async compare(item: RestorableItem, there: ThereItem, isLate = false): Promise<RestoreOutcome | SetBack | undefined> {
		const { work, target, entries } = this;
		try {
			stopIfCancelled(work.context);
			const wanted = await entries.wanted(item);
			if (wanted.waits.size > 0 && !isLate) {
				work.later(item.id, async () => {
					const compared = await this.compare(item, there, true);
					if (compared === undefined || 'outcome' in compared) return compared ?? outcomeOf(item, 'skipped', target.path, { newId: there.id });
					return await setBackOne(work, target, compared);
				});
				return undefined;
			}
			const { homeless, notes } = wanted;
			if (isLike(wanted, there)) return outcomeOf(item, 'skipped', target.path, { newId: there.id, reason: homeless.length === 0 ? REASONS.inPlace : REASONS.differs, fidelity: notes });
			if (work.context.policy !== 'replace') return outcomeOf(item, 'skipped', target.path, { newId: there.id, reason: REASONS.differs, fidelity: homeless.length === 0 ? [] : notes });
			return await planSetBack(work, target, entries.columns, { item, wanted, id: there.id }, there.answer);
		} catch (error) {
			return failedOutcome(item, target.path, ownFailure(work.context, error));
		} finally {
			entries.forget(item);
		}
	}

	private async *bringBack(missing: readonly RestorableItem[], all: readonly RestorableItem[], there: ThereItems): AsyncGenerator<RestoreOutcome> {
		const { work, entries, target } = this;
		const open = new Map<string, Open>();
		for await (const read of inFlight(streamOf(missing), READ_AHEAD, (item) => this.read(item))) {
			if ('failure' in read) {
				work.lookups.settle(read.item.id, null, true);
				yield failedOutcome(read.item, target.path, read.failure);
			} else {
				open.set(read.item.id, read);
			}
		}
		if (open.size === 0) return;
		there.offer(await this.notForOthers(all, open, there));
		const creator = new ItemCreator(work, target, entries, there);
		for (const round of lookupRounds(open, missing)) {
			const fresh: Open[] = [];
			for (const one of round) fresh.push(one.wanted.waits.size === 0 && one.version === entries.version ? one : { ...one, wanted: await entries.wanted(one.item), version: entries.version });
			yield* this.findOrMake(fresh, there, creator);
		}
	}

	private async read(item: RestorableItem): Promise<Open | { item: RestorableItem; failure: Failure }> {
		try {
			stopIfCancelled(this.work.context);
			if (isListFolder(await this.entries.document(item))) throw new Failure('invalid', 'It is a folder of a list, which Microsoft Graph cannot make', { nextStep: 'Make the folder in SharePoint. The items that were in it are restored to the top of the list.' });
			return { item, wanted: await this.entries.wanted(item), version: this.entries.version };
		} catch (error) {
			return { item, failure: ownFailure(this.work.context, error) };
		}
	}

	/** Living originals stand for themselves, also those that are in the snapshot and were not selected. */
	private async notForOthers(items: readonly RestorableItem[], open: ReadonlyMap<string, Open>, there: ThereItems): Promise<Set<string>> {
		const { work, target } = this;
		if (!target.isOriginal) return new Set();
		const own = new Set(items.map(idOf));
		const prints = new Set([...open.values()].map(({ wanted }) => wanted.print.hard));
		const scope = scopeOf(target.key);
		const candidates = [...there.ids()].filter((id) => !own.has(id) && prints.has(there.get(id)?.print.hard ?? ''));
		for (let at = 0; at < candidates.length; at += 500) {
			const held = await work.context.held(candidates.slice(at, at + 500).map((id) => `${scope}/${id}`));
			for (const id of held) own.add(id.slice(scope.length + 1));
		}
		return own;
	}

	private async *findOrMake(round: readonly Open[], there: ThereItems, creator: ItemCreator): AsyncGenerator<RestoreOutcome> {
		const { work, target, entries } = this;
		const news: NewItem[] = [];
		const rest: Open[] = [];
		const settled = function* (one: Open, found: ThereItem): Generator<ThereItem> {
			work.lookups.settle(one.item.id, found.id);
			yield found;
		};
		// Those that are there in full come first, so that none of them is taken for what an earlier restore left incomplete.
		for (const one of round) {
			const found = one.wanted.waits.size > 0 ? undefined : there.takeEqual(one.wanted.print, (item) => this.isFit(one.item, item));
			if (!found) {
				rest.push(one);
				continue;
			}
			for (const item of settled(one, found)) yield outcomeOf(one.item, 'skipped', target.path, { newId: item.id, reason: REASONS.there });
			entries.forget(one.item);
		}
		for (const one of rest) {
			const found = this.takeLess(one, there);
			if (!found) {
				news.push(one);
				continue;
			}
			work.lookups.settle(one.item.id, found.id);
			yield* this.complete(one, found);
		}
		if (work.context.preview || target.id === null) {
			for (const { item, wanted } of news) {
				work.lookups.settle(item.id, null);
				yield* this.lateOr(item, wanted, null, outcomeOf(item, 'created', target.path, { fidelity: [...wanted.notes, ...newItemNotes(item, await entries.document(item))] }));
				entries.forget(item);
			}
			return;
		}
		for await (const made of creator.create(news)) {
			const { item, wanted } = made;
			stopIfCancelled(work.context);
			if ('failure' in made) {
				work.lookups.settle(item.id, null, true);
				yield failedOutcome(item, target.path, made.failure);
			} else {
				work.lookups.settle(item.id, made.id);
				yield* this.lateOr(item, wanted, made.id, outcomeOf(item, 'created', target.path, { newId: made.id, fidelity: [...wanted.notes, ...newItemNotes(item, await entries.document(item))] }));
			}
			entries.forget(item);
		}
	}

	/** Of copies made on purpose only one that was made after the state in the backup can be this restore's. */
	private isFit(item: RestorableItem, there: ThereItem): boolean {
		return this.work.context.policy !== 'keepBoth' || cameAfter(there, item);
	}

	/** One that an earlier restore had to leave without some values: people whom the site did not know, links, lookups. */
	private takeLess({ item, wanted }: Open, there: ThereItems): ThereItem | undefined {
		let looked = 0;
		for (const one of there.alike(wanted.print.hard)) {
			// Of many that differ only in people or lookups, one that fits would have been found at once.
			if (++looked > MOST_ALIKE) return undefined;
			if (one.print.hard !== wanted.print.hard || !cameAfter(one, item)) continue;
			const isLess = Object.entries(one.print.soft).every(([name, text]) => wanted.waits.has(name) || wanted.print.soft[name] === text);
			if (isLess) return there.take(one);
		}
		return undefined;
	}

	private async *complete({ item, wanted }: Open, found: ThereItem): AsyncGenerator<RestoreOutcome> {
		const { work, target, entries } = this;
		const lacking = entries.columns.filter((column) => wanted.print.soft[column.name] !== undefined && found.print.soft[column.name] === undefined && (work.context.policy === 'replace' || !(DOUBTFUL_KINDS.has(column.kind) || isUnderscored(column))) && !work.isRefused(column));
		let outcome: RestoreOutcome;
		try {
			outcome =
				lacking.length === 0
					? outcomeOf(item, 'skipped', target.path, { newId: found.id, reason: REASONS.there, fidelity: wanted.notes })
					: await setBackOne(work, target, await planSetBack(work, target, lacking, { item, wanted, id: found.id, reason: REASONS.completed }, found.answer));
		} catch (error) {
			outcome = failedOutcome(item, target.path, ownFailure(work.context, error));
		}
		entries.forget(item);
		const missing = new Map([...wanted.waits].filter(([name]) => found.print.soft[name] === undefined));
		yield* this.lateOr(item, { ...wanted, waits: missing }, found.id, outcome);
	}

	/** The outcome, at once or when the items are there that its lookups wait for. */
	private *lateOr(item: RestorableItem, wanted: WantedFields, id: string | null, outcome: RestoreOutcome): Generator<RestoreOutcome> {
		const columns = this.entries.columns.filter(({ name }) => wanted.waits.has(name));
		if (columns.length === 0 || outcome.outcome === 'failed') yield outcome;
		else this.work.later(item.id, () => this.setLookups(item, columns, id, outcome));
	}

	private async setLookups(item: RestorableItem, columns: readonly Column[], id: string | null, outcome: RestoreOutcome): Promise<RestoreOutcome> {
		const { work, target, entries } = this;
		const { context } = work;
		try {
			stopIfCancelled(context);
			const { values, waits, notes } = await entries.wanted(item);
			const body: JsonObject = {};
			for (const column of columns) {
				const value = values.get(column.name);
				if (value !== undefined) Object.assign(body, fieldBody(column, value));
			}
			const lost = columns.filter(({ name }) => waits.has(name) || !values.has(name)).map(({ displayName }) => SITE_NOTES.refused(displayName));
			if (!context.preview && id !== null && Object.keys(body).length > 0) await context.graph.json({ method: 'PATCH', path: `${itemsPath(target)}/${id}/fields`, body, ...signalOf(context) });
			const fidelity = [...new Set([...outcome.fidelity, ...notes, ...lost])];
			return outcome.outcome === 'skipped' && Object.keys(body).length > 0 ? { ...outcome, outcome: 'created', reason: REASONS.completed, fidelity } : { ...outcome, fidelity };
		} catch (error) {
			const failure = ownFailure(context, error);
			return { ...outcome, fidelity: [...outcome.fidelity, ...columns.map(({ displayName }) => `${SITE_NOTES.refused(displayName)} (${failure.message})`)] };
		} finally {
			entries.forget(item);
		}
	}
}

/** Whether a living item has everything that is wanted; lookups that wait are left out of it. */
function isLike({ print, waits }: WantedFields, there: ThereItem): boolean {
	if (waits.size === 0) return wholePrint(print) === wholePrint(there.print);
	const soft = (of: Record<string, string>): string => JSON.stringify(Object.entries(of).filter(([name]) => !waits.has(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
	return print.hard === there.print.hard && soft(print.soft) === soft(there.print.soft);
}

/** What a restore makes is younger than the state that it restores: Graph sets no time of creation. */
function cameAfter(there: ThereItem, item: RestorableItem): boolean {
	return item.modified === undefined || there.createdMs >= Date.parse(item.modified);
}

function idOf(item: RestorableItem): string {
	return scopedId(item.id)?.id ?? item.id;
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
	yield* await Promise.resolve(items);
}

