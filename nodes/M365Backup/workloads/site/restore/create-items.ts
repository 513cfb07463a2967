import { isFailure, toFailure, type Failure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { batchResult, type BatchRequest } from '../../../graph/client';
import { createOnce } from '../../mailbox/restore/create-once';
import type { RestorableItem } from '../../restorer';
import type { Column } from './column';
import type { ListEntries } from './list-entries';
import { isObject, textIn } from './item-document';
import { ListMaker } from './make-list';
import { SITE_NOTES } from './fidelity';
import { ownFailure, signalOf, sitePath } from './site-restore-context';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-list';
import { graphList } from './graph-list';
import { itemsPath, type ThereItems } from './there-items';
import { createBody, type WantedFields } from './wanted-fields';
import { hopeless, isProbe, writeWithout } from './write-fields';

export interface NewItem {
	item: RestorableItem;
	wanted: WantedFields;
	/** Of the entries' columns, when `wanted` was worked out. */
	version: number;
}

export type Created = NewItem & ({ id: string } | { failure: Failure });

/** Microsoft's limit for a batch. */
const GROUP = 20;

/** Makes items of one list: 20 in a call, and one by one what Graph did not take or of which no answer came. */
export class ItemCreator {
	private readonly maker: ListMaker;

	constructor(
		private readonly work: SiteWork,
		private readonly target: TargetList,
		private readonly entries: ListEntries,
		private readonly there: ThereItems,
	) {
		this.maker = new ListMaker(work.context);
	}

	async *create(items: readonly NewItem[]): AsyncGenerator<Created> {
		let waiting: NewItem[] = [];
		for (const one of items) {
			if (isProbe(this.work, this.valued(one.wanted))) {
				// The first link decides for all: nothing else is sent before it is known.
				yield await this.probe(one);
				continue;
			}
			waiting.push(one);
			if (waiting.length < GROUP) continue;
			yield* this.group(waiting);
			waiting = [];
		}
		if (waiting.length > 0) yield* this.group(waiting);
	}

	private valued({ values }: WantedFields): Column[] {
		return this.entries.columns.filter(({ name }) => values.has(name));
	}

	private body(wanted: WantedFields, leftOut: ReadonlySet<string>): JsonObject {
		const { contentTypes } = this.target;
		const type = contentTypes.find(({ name }) => name === wanted.contentType);
		// The first one is what new items get by themselves.
		return { fields: createBody(this.entries.columns, wanted, leftOut), ...(type && type !== contentTypes[0] ? { contentType: { id: type.id } } : {}) };
	}

	private async *group(items: readonly NewItem[]): AsyncGenerator<Created> {
		const { work, target } = this;
		const refusal = work.refusal(target.site.id, target.key);
		if (refusal) {
			yield* items.map((one) => ({ ...one, failure: refusal }));
			return;
		}
		if (items.length === 1) {
			yield* await Promise.all(items.map((one) => this.single(one)));
			return;
		}
		// What was learnt since they were planned: a column may have become text.
		const fresh = await Promise.all(items.map((one) => this.fresh(one)));
		const requests = fresh.map(({ wanted }, n): BatchRequest => ({ id: String(n), method: 'POST', path: itemsPath(target), body: this.body(wanted, hopeless(work, this.entries.columns)) }));
		const again: NewItem[] = [];
		for await (const answer of work.context.graph.batch(requests, signalOf(work.context))) {
			const one = fresh[Number(answer.id)];
			if (!one) continue;
			const result = batchResult(answer);
			const id = result.ok && isObject(result.body) ? textIn(result.body, 'id') : undefined;
			if (id !== undefined) {
				this.there.made(id, one.wanted.print);
				this.noteLeftOut(one.wanted);
				yield { ...one, id };
			} else if (result.ok || isFailure(result.failure, 'invalid', 'transient')) {
				again.push(one);
			} else {
				work.refuse(target.site.id, target.key, result.failure);
				yield { ...one, failure: result.failure };
			}
		}
		// Equal ones must not find each other's: one after the other.
		for (const one of again) yield await this.single(one, true);
	}

	private noteLeftOut(wanted: WantedFields): void {
		for (const column of this.valued(wanted)) if (this.work.isRefused(column)) wanted.notes.push(SITE_NOTES.refused(column.displayName));
	}

	private async fresh(one: NewItem): Promise<NewItem> {
		const { version } = this.entries;
		return one.version === version ? one : { item: one.item, wanted: await this.entries.wanted(one.item), version };
	}

	private async single(one: NewItem, mayBeThere = false): Promise<Created> {
		const { work, target, there } = this;
		const { context } = work;
		const refusal = work.refusal(target.site.id, target.key);
		if (refusal) return { ...one, failure: refusal };
		const { item, wanted, version } = await this.fresh(one);
		const find = (): Promise<{ id: string } | undefined> => there.findNew(wanted.print);
		try {
			const found = mayBeThere ? await find() : undefined;
			const made =
				found ??
				(await writeWithout(
					work,
					this.valued(wanted),
					(leftOut) => createOnce(() => context.graph.json<{ id: string }>({ method: 'POST', path: itemsPath(target), body: this.body(wanted, leftOut), ...signalOf(context) }), find, context.ambient, context.signal),
					wanted.notes,
				));
			there.made(made.id, wanted.print);
			return { item, wanted, version, id: made.id };
		} catch (error) {
			const failure = ownFailure(context, toFailure(error));
			work.refuse(target.site.id, target.key, failure);
			return { item, wanted, version, failure };
		}
	}

	/** Makes the first item with a link or place. In a list of our own making, columns that Graph refuses to fill become text. */
	private async probe(one: NewItem): Promise<Created> {
		const { work, target, entries } = this;
		const made = await this.single(one);
		const refused = entries.columns.filter(({ kind }) => work.refusedKinds.has(kind) && (kind === 'link' || kind === 'place'));
		if ('failure' in made || !target.isNew || refused.length === 0) return made;
		for (const column of refused) {
			const became = await this.maker.makeText(target, column);
			target.notes.push(became ? SITE_NOTES.columnAsText(column.displayName) : SITE_NOTES.columnLost(column.displayName, 'Microsoft Graph takes no values of its type'));
		}
		target.columns = graphList(await work.context.graph.json<JsonObject>({ path: `${sitePath(target.site.id)}/lists/${target.id ?? ''}?$expand=columns,contentTypes`, ...signalOf(work.context) })).columns;
		entries.refresh();
		const wanted = await entries.wanted(made.item);
		const texts = entries.columns.filter(({ name }) => refused.some((column) => column.name === name) && wanted.values.has(name));
		const fields = Object.fromEntries(texts.map(({ name }) => [name, wanted.values.get(name) ?? null]));
		if (texts.length > 0) await work.context.graph.json({ method: 'PATCH', path: `${itemsPath(target)}/${made.id}/fields`, body: fields, ...signalOf(work.context) });
		wanted.notes.push(...refused.map(({ displayName }) => SITE_NOTES.columnAsText(displayName)));
		this.there.made(made.id, wanted.print);
		return { item: made.item, wanted, version: entries.version, id: made.id };
	}
}
