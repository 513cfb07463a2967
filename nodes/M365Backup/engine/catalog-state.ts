import { KeyTable } from '../repository/key-table';
import type { Repository } from '../repository/repository';
import type { CatalogEntry, SnapshotRecord } from '../repository/records';
import type { RunWriter } from '../repository/run-writer';
import type { KnownItem, KnownItems, KnownPlaces } from '../workloads/workload';

/** The catalog that a run builds upon with the run's own lines on top, as the workload and the engine ask for it. */
export class CatalogState implements KnownItems {
	/** What was looked up for the page at hand: the engine needs the same entries that the workload asked for. */
	private readonly page = new Map<string, CatalogEntry | null>();
	/** What the run has changed, and what `all` may therefore be wrong about. */
	private readonly changed = new KeyTable();

	constructor(
		private readonly repository: Repository,
		private readonly writer: RunWriter,
		private readonly base: () => SnapshotRecord | null,
		private readonly signal: AbortSignal,
	) {}

	async lookUp(ids: readonly string[]): Promise<Map<string, KnownItem>> {
		const known = new Map<string, KnownItem>();
		for (const [id, entry] of await this.entries(ids)) if (entry) known.set(id, toKnown(entry));
		return known;
	}

	async *ofType(type: string): AsyncGenerator<KnownItem> {
		for await (const entry of this.all()) if (entry.type === type) yield toKnown(entry);
	}

	/** With 100,000 messages in 40 folders, looking up page by page read the catalog more than twenty times. */
	async places(): Promise<KnownPlaces> {
		const parents: string[] = [];
		const numbers = new Map<string, number>();
		const byId = new KeyTable(this.base()?.totals.items);
		for await (const { id, parent } of this.all()) {
			if (parent === undefined) continue;
			const number = numbers.get(parent) ?? parents.push(parent);
			numbers.set(parent, number);
			byId.set(id, number);
		}
		return {
			parentOf: (id) => {
				const number = this.changed.get(id) === undefined ? byId.get(id) : undefined;
				return number === undefined ? undefined : parents[number - 1];
			},
		};
	}

	/** To be called before lines of these ids are written. */
	noteChanges(ids: Iterable<string>): void {
		if (this.base() === null) return;
		for (const id of ids) this.changed.set(id, 1);
	}

	/** Every living entry of the last commit, in constant memory; without the lines since then. */
	async *all(): AsyncGenerator<CatalogEntry> {
		const base = this.base();
		if (base) yield* this.repository.catalog(base).entries({ signal: this.signal });
	}

	/** null: not there (any more). */
	async entries(ids: readonly string[]): Promise<Map<string, CatalogEntry | null>> {
		const missing = ids.filter((id) => !this.page.has(id));
		if (missing.length > 0) {
			const found = await this.writer.lookUp(missing);
			for (const id of missing) this.page.set(id, found.get(id) ?? null);
		}
		return new Map(ids.map((id) => [id, this.page.get(id) ?? null]));
	}

	/** To be called once a page's lines are written: they are the truth from then on. */
	forgetPage(): void {
		this.page.clear();
	}
}

export function toKnown(entry: CatalogEntry): KnownItem {
	return {
		id: entry.id,
		type: entry.type,
		...(entry.parent === undefined ? {} : { parent: entry.parent }),
		name: entry.name,
		...(entry.modified === undefined ? {} : { modified: entry.modified }),
		...(entry.etag === undefined ? {} : { etag: entry.etag }),
		hasContent: (entry.content?.length ?? 0) > 0,
		failedAttempts: entry.failed?.attempts ?? 0,
		meta: entry.meta,
	};
}
