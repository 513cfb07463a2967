import type { RestorableFolder } from '../../restorer';
import { objectIn, objectsIn, textIn } from './item-document';
import { scopedId } from './scoped-id';

/**
 * Lists that others look into before those. Where lists look into each other, the one with the smaller id comes first,
 * and its lookups are set once the other one is there.
 *
 * @param keys scoped ids of containers
 */
export function listsInOrder(keys: readonly string[], folders: ReadonlyMap<string, RestorableFolder>): string[] {
	const byGuid = new Map([...keys].sort().map((key) => [scopedId(key)?.guid ?? '', key]));
	const done = new Set<string>();
	const order: string[] = [];
	const visit = (key: string): void => {
		if (done.has(key)) return;
		done.add(key);
		for (const guid of lookedInto(folders.get(key))) {
			const other = byGuid.get(guid);
			if (other !== undefined) visit(other);
		}
		order.push(key);
	};
	for (const key of byGuid.values()) visit(key);
	return order;
}

function lookedInto(folder: RestorableFolder | undefined): string[] {
	if (!folder) return [];
	return objectsIn(folder.meta, 'columns').flatMap((column) => textIn(objectIn(column, 'lookup'), 'listId')?.toLowerCase() ?? []);
}
