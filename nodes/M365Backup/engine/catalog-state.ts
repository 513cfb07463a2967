import type { Repository } from '../repository/repository';
import type { CatalogEntry, SnapshotRecord } from '../repository/records';
import type { RunWriter } from '../repository/run-writer';
import type { KnownItem, KnownItems } from '../workloads/workload';

/** The catalog that a run builds upon with the run's own lines on top, as the workload and the engine ask for it. */
export class CatalogState implements KnownItems {
	/** What was looked up for the page at hand: the engine needs the same entries that the workload asked for. */
	private readonly page = new Map<string, CatalogEntry | null>();

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
