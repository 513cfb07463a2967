import type { RestorableItem } from '../../restorer';
import type { WantedFields } from './wanted-fields';

/** An item that has to be found or made, and what it waits for. */
export interface Open {
	item: RestorableItem;
	wanted: WantedFields;
	/** Of the columns by which `wanted` was worked out. */
	version: number;
}

/** Items that each look up the one before make one request after the other; beyond this they are made first and linked later. */
const MOST_ROUNDS = 100;

/**
 * Items in an order in which those that others of the same list look up come first. Rings are cut where they begin: what
 * still waits then is set once everything is there.
 */
export function* lookupRounds(open: ReadonlyMap<string, Open>, order: readonly RestorableItem[]): Generator<Open[]> {
	const waitsFor = new Map<string, number>();
	const dependents = new Map<string, string[]>();
	for (const { item, wanted } of open.values()) {
		const needed = new Set([...wanted.waits.values()].flat().filter((id) => open.has(id)));
		waitsFor.set(item.id, needed.size);
		for (const id of needed) dependents.set(id, [...(dependents.get(id) ?? []), item.id]);
	}
	const left = new Set(order.filter(({ id }) => open.has(id)).map(({ id }) => id));
	let ready = [...left].filter((id) => waitsFor.get(id) === 0);
	for (let round = 1; left.size > 0; round += 1) {
		if (round > MOST_ROUNDS) ready = [...left];
		// Everything that is left stands in a ring, or behind one: its first item goes without what it waits for.
		if (ready.length === 0) ready = [...left].slice(0, 1);
		for (const id of ready) left.delete(id);
		yield ready.flatMap((id) => open.get(id) ?? []);
		const next: string[] = [];
		for (const id of ready) {
			for (const dependent of dependents.get(id) ?? []) {
				const count = (waitsFor.get(dependent) ?? 0) - 1;
				waitsFor.set(dependent, count);
				if (count === 0 && left.has(dependent)) next.push(dependent);
			}
		}
		ready = next;
	}
}
