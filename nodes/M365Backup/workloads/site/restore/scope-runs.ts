import type { RestorableItem } from '../../restorer';
import { scopeOf } from './scoped-id';

export interface ScopeRun {
	scope: string;
	/** To be read to its end, or given up, before the next run is asked for. */
	items: AsyncIterable<RestorableItem>;
}

/** Cuts a stream wherever the scope changes, without holding more than one item. Items come sorted by id, mostly. */
export async function* runsOfOneScope(items: AsyncIterable<RestorableItem>): AsyncGenerator<ScopeRun> {
	const iterator = items[Symbol.asyncIterator]();
	let next = await iterator.next();
	const itemsOf = async function* (scope: string): AsyncGenerator<RestorableItem> {
		while (next.done !== true && scopeOf(next.value.id) === scope) {
			const item = next.value;
			next = await iterator.next();
			yield item;
		}
	};
	try {
		while (next.done !== true) {
			const scope = scopeOf(next.value.id);
			const run = itemsOf(scope);
			yield { scope, items: run };
			// What nobody took.
			for await (const _rest of run);
		}
	} finally {
		await iterator.return?.();
	}
}
