import type { RestorableItem } from './restorer';

/** Items that follow one another and have the same key. */
export interface ItemRun<K> {
	key: K;
	/** To be read to its end, or given up, before the next run is asked for. */
	items: AsyncIterable<RestorableItem>;
}

/** Cuts a stream wherever the key of its ids changes, without holding more than one item. Items come sorted by id, mostly. */
export async function* itemRuns<K>(items: AsyncIterable<RestorableItem>, keyOf: (id: string) => K): AsyncGenerator<ItemRun<K>> {
	const iterator = items[Symbol.asyncIterator]();
	let next = await iterator.next();
	const itemsOf = async function* (key: K): AsyncGenerator<RestorableItem> {
		while (next.done !== true && keyOf(next.value.id) === key) {
			const item = next.value;
			next = await iterator.next();
			yield item;
		}
	};
	try {
		while (next.done !== true) {
			const key = keyOf(next.value.id);
			const run = itemsOf(key);
			yield { key, items: run };
			// What nobody took.
			for await (const _rest of run);
		}
	} finally {
		await iterator.return?.();
	}
}
