import type { SeenItem } from './graph-items';

export interface ItemDifference {
	was: SeenItem;
	/** Missing if it did not come back. */
	now?: SeenItem;
	/** Names of the properties that differ. */
	properties: string[];
}

/**
 * Finds for each item as it was the item as it is: of those with the same name in the same place the one that is most
 * like it, each counted once. Items that are alike in everything are not in the result.
 */
export function compareItems(before: readonly SeenItem[], after: readonly SeenItem[]): ItemDifference[] {
	const left = new Set(after);
	const differences: ItemDifference[] = [];
	for (const was of before) {
		const alike = [...left]
			.filter(({ kind, place, name }) => kind === was.kind && place === was.place && name === was.name)
			.map((now) => ({ now, properties: differing(was.properties, now.properties) }))
			.sort((a, b) => a.properties.length - b.properties.length)[0];
		if (alike === undefined) {
			differences.push({ was, properties: [] });
			continue;
		}
		left.delete(alike.now);
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
