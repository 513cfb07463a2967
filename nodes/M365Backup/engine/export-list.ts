import { toFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import type { Repository } from '../repository/repository';
import { CSV_MARK } from './csv';
import { itemDocument } from './export-items';
import { count, type ExportTally } from './export-tally';
import { ListCsv } from './list-csv';
import type { FoundItem } from './search';

/** What became of one item of a list while its table was written. */
export interface ListedItem {
	item: FoundItem;
	/** Why it has no row. */
	failure?: string;
}

/** Items as they come, of which the next one can be seen before it is taken. */
export class UpcomingItems {
	private readonly iterator: AsyncIterator<FoundItem>;
	private seen: FoundItem | null | undefined;

	constructor(items: AsyncIterable<FoundItem>) {
		this.iterator = items[Symbol.asyncIterator]();
	}

	/** The next one, which stays; null at the end. */
	async peek(): Promise<FoundItem | null> {
		if (this.seen === undefined) {
			const next = await this.iterator.next();
			this.seen = next.done === true ? null : next.value;
		}
		return this.seen;
	}

	async take(): Promise<FoundItem | null> {
		const item = await this.peek();
		if (item !== null) this.seen = undefined;
		return item;
	}

	async close(): Promise<void> {
		await this.iterator.return?.();
	}
}

/** `Lists/Projects` is where the items of the list Projects stand: its file stands beside it, as `Lists/Projects.csv`. */
export function listOf(item: FoundItem): { parent: string; name: string; folder: string[] } | null {
	if (item.type !== 'listItem' || item.parent === undefined) return null;
	const path = item.folderPath === '' ? [] : item.folderPath.split('/');
	return { parent: item.parent, name: path.at(-1) ?? 'List', folder: path.slice(0, -1) };
}

/**
 * The items of one list as they come next, as one CSV file. Items that cannot be read are missing from it and are told
 * to `onItem`, as are those that have a row. Throws only `cancelled` and what `items` throws.
 */
export async function* listFile(
	use: { repository: Repository; key: string; items: UpcomingItems; onItem(listed: ListedItem): void; signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
	const { repository, key, items, signal } = use;
	const first = await items.peek();
	if (first?.parent === undefined) return;
	const { parent } = first;
	const csv = new ListCsv(await columnsOf(repository, key, first.snapshot.id, parent, signal));
	yield Buffer.from(`${CSV_MARK}${csv.header()}`);
	for (let item = await items.peek(); item !== null && item.parent === parent && item.type === 'listItem'; item = await items.peek()) {
		signal?.throwIfAborted();
		await items.take();
		let row: string | undefined;
		try {
			row = csv.row(await itemDocument(repository, key, item, signal));
		} catch (error) {
			const failure = toFailure(error);
			if (failure.kind === 'cancelled') throw failure;
			use.onItem({ item, failure: failure.message });
			continue;
		}
		yield Buffer.from(row);
		use.onItem({ item });
	}
}

/** The first list among some items as one CSV file; `tally` is complete once it was read to its end. */
export async function* exportList(
	repository: Repository,
	key: string,
	items: AsyncIterable<FoundItem>,
	tally: ExportTally,
	{ signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
	const upcoming = new UpcomingItems(items);
	tally.files = 1;
	try {
		for await (const bytes of listFile({ repository, key, items: upcoming, onItem: (listed) => count(tally, listed), signal })) {
			tally.bytes += bytes.length;
			yield bytes;
		}
	} finally {
		await upcoming.close();
	}
}

/** The columns stand with the list's own line. A list of which they are unknown has the fields of no column. */
async function columnsOf(repository: Repository, key: string, snapshotId: string, listId: string, signal: AbortSignal | undefined): Promise<JsonObject[]> {
	const catalog = repository.catalog(await repository.snapshot(key, snapshotId, signal));
	const columns = (await catalog.lookUp([listId], signal)).get(listId)?.meta['columns'];
	return Array.isArray(columns) ? columns.filter((column): column is JsonObject => typeof column === 'object' && column !== null && !Array.isArray(column)) : [];
}
