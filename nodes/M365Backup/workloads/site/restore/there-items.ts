import type { JsonObject } from '../../../base/json';
import type { Column } from './column';
import { batchResult, type BatchRequest } from '../../../graph/client';
import { isObject, textIn } from './item-document';
import { signalOf, sitePath, type SiteRestoreContext } from './site-restore-context';
import type { TargetList } from './target-list';
import { livingPrint, wholePrint, type Print } from './wanted-fields';

/** An item that is in a target list already: a few hundred bytes, whatever it holds. */
export interface ThereItem {
	id: string;
	etag: string;
	createdMs: number;
	print: Print;
	/** Graph's whole answer, of those that are likely to be set back. */
	answer?: JsonObject;
}

/** Ids of items that are to be in the list, with the version that they have in the backup. */
export type Versions = ReadonlyMap<string, string | undefined>;

/** Documented largest page of list items is 5,000; each holds all its fields. */
const PAGE_SIZE = 1000;
/** Up to so many items are asked for one by one: if all of them live, nothing else of the list matters. */
const FEW = 20;
/** Answers that are kept; of what changed beyond that, each is asked for again. */
const KEPT_CHARS = 32 * 1024 * 1024;

/** The items of one target list, read once. */
export class ThereItems {
	private readonly byId = new Map<string, ThereItem>();
	private readonly free = new Map<string, Set<ThereItem>>();
	private keptChars = 0;
	/** It knows all items of the list. */
	isWhole = true;

	private constructor(
		private readonly context: SiteRestoreContext,
		private readonly target: TargetList,
		private readonly columns: readonly Column[],
	) {}

	/** @param own items that may be alive in this very list; empty if it is another one */
	static async read(context: SiteRestoreContext, target: TargetList, columns: readonly Column[], own: Versions): Promise<ThereItems> {
		const there = new ThereItems(context, target, columns);
		if (target.id === null || target.isNew) return there;
		if (own.size > 0 && own.size <= FEW && (await there.readFew([...own.keys()]))) return there;
		for await (const item of there.all()) there.add(item, own);
		return there;
	}

	/** Whether all of them live. */
	private async readFew(ids: readonly string[]): Promise<boolean> {
		const path = itemsPath(this.target);
		const requests = ids.map((id): BatchRequest => ({ id, method: 'GET', path: `${path}/${id}?$expand=fields` }));
		const answers: JsonObject[] = [];
		for await (const answer of this.context.graph.batch(requests, signalOf(this.context))) {
			const result = batchResult(answer);
			if (result.ok && isObject(result.body)) answers.push(result.body);
		}
		if (answers.length < ids.length) return false;
		for (const answer of answers) this.byId.set(textIn(answer, 'id') ?? '', { ...this.thereItem(answer), answer });
		this.isWhole = false;
		return true;
	}

	private add(json: JsonObject, own: Versions): void {
		const item = this.thereItem(json);
		const isChanged = own.has(item.id) && own.get(item.id) !== item.etag;
		if (isChanged && this.keptChars < KEPT_CHARS) {
			this.keptChars += JSON.stringify(json).length;
			item.answer = json;
		}
		this.byId.set(item.id, item);
	}

	get(id: string): ThereItem | undefined {
		return this.byId.get(id);
	}

	ids(): Iterable<string> {
		return this.byId.keys();
	}

	/** From now on items may stand for those of the snapshot, but for these, which stand for themselves. */
	offer(except: ReadonlySet<string>): void {
		for (const item of this.byId.values()) {
			if (except.has(item.id)) continue;
			for (const key of [item.print.hard, wholePrint(item.print)]) {
				const same = this.free.get(key);
				if (same) same.add(item);
				else this.free.set(key, new Set([item]));
			}
		}
	}

	/** Free items that are alike in all that Graph certainly writes. */
	alike(hard: string): Iterable<ThereItem> {
		return this.free.get(hard) ?? [];
	}

	/** Takes a free item that is alike in everything. */
	takeEqual(print: Print, isFit: (item: ThereItem) => boolean): ThereItem | undefined {
		for (const item of this.free.get(wholePrint(print)) ?? []) {
			// Without soft values both keys are the same: then the other columns must be empty, too.
			if (wholePrint(item.print) === wholePrint(print) && isFit(item)) return this.take(item);
		}
		return undefined;
	}

	take(item: ThereItem): ThereItem {
		this.free.get(item.print.hard)?.delete(item);
		this.free.get(wholePrint(item.print))?.delete(item);
		return item;
	}

	/** The answer to a creation came: it is no unknown one any more. */
	made(id: string, print: Print): void {
		this.byId.set(id, { id, etag: '', createdMs: Number.MAX_SAFE_INTEGER, print });
	}

	/** Whether a creation whose answer was lost took place: an item that nobody knew, alike in all that was asked for. */
	async findNew(print: Print): Promise<{ id: string } | undefined> {
		if (this.target.id === null) return undefined;
		for await (const json of this.all()) {
			const item = this.thereItem(json);
			// Some of its values may have been left out.
			if (!this.byId.has(item.id) && item.print.hard === print.hard && Object.entries(item.print.soft).every(([name, text]) => print.soft[name] === text)) return { id: item.id };
		}
		return undefined;
	}

	private thereItem(json: JsonObject): ThereItem {
		return {
			id: textIn(json, 'id') ?? '',
			etag: textIn(json, 'eTag') ?? '',
			createdMs: Date.parse(textIn(json, 'createdDateTime') ?? '1970-01-01T00:00:00Z'),
			print: livingPrint(this.columns, json),
		};
	}

	private async *all(): AsyncGenerator<JsonObject> {
		const path = `${itemsPath(this.target)}?$expand=fields&$top=${PAGE_SIZE}`;
		for await (const page of this.context.graph.pages<JsonObject>({ path, ...signalOf(this.context) })) yield* page;
	}
}

export function itemsPath(target: Pick<TargetList, 'site' | 'id'>): string {
	return `${sitePath(target.site.id)}/lists/${target.id ?? ''}/items`;
}
