import type { SeenItem, SeenKind } from './graph-items';

export interface ItemDifference<Kind extends string = SeenKind> {
	was: SeenItem<Kind>;
	/** Missing if it did not come back. */
	now?: SeenItem<Kind>;
	/** Names of the properties that differ. */
	properties: string[];
}

/**
 * Finds for each item as it was the item as it is: of those with the same name in the same place the one that is most
 * like it, each counted once. Items that are alike in everything are not in the result.
 */
export function compareItems<Kind extends string = SeenKind>(before: readonly SeenItem<Kind>[], after: readonly SeenItem<Kind>[]): ItemDifference<Kind>[] {
	const keyOf = ({ kind, place, name }: SeenItem<Kind>): string => JSON.stringify([kind, place, name]);
	const left = new Map<string, Set<SeenItem<Kind>>>();
	for (const now of after) left.set(keyOf(now), (left.get(keyOf(now)) ?? new Set()).add(now));
	const differences: ItemDifference<Kind>[] = [];
	for (const was of before) {
		const namesakes = left.get(keyOf(was)) ?? new Set();
		const alike = [...namesakes]
			.map((now) => ({ now, properties: differing(was.properties, now.properties) }))
			.sort((a, b) => a.properties.length - b.properties.length)[0];
		if (alike === undefined) {
			differences.push({ was, properties: [] });
			continue;
		}
		namesakes.delete(alike.now);
		if (alike.properties.length > 0) {
			differences.push({ was, now: alike.now, properties: alike.properties });
		}
	}
	return differences;
}

function differing(was: Record<string, unknown>, now: Record<string, unknown>): string[] {
	const names = new Set([...Object.keys(was), ...Object.keys(now)]);
	return [...names].filter((name) => sorted(was[name]) !== sorted(now[name])).sort();
}

/** JSON in which the order of names says nothing, and in which absent and null are the same. */
function sorted(value: unknown): string {
	return JSON.stringify(value ?? null, (_key, part: unknown) =>
		typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
	);
}
