import type { JsonObject } from '../../base/json';
import type { GraphClient } from '../../graph/client';
import type { RestorableItem } from '../restorer';
import type { ItemComparison } from '../scratch';
import { columnsOf, isUnderscored, isWritable, type Column } from './restore/column';
import { canonical, shownText, SOFT_KINDS, valueOf } from './restore/field-values';
import { objectIn, objectsIn, readDocument } from './restore/item-document';

export const LIST_ITEM_NOTES = {
	soft: (columns: readonly string[]): string => `${columns.join(', ')}: people, lookups, links, pictures and places are not always taken by Microsoft Graph in a new item, and differ or are missing.`,
} as const;

/**
 * Reads a list item back and holds what users fill, column by column, against the backup. A column that became text in
 * the new list is compared as people read it.
 *
 * @param listPath `/sites/S/lists/L` of the list that the drill made
 * @param sourceColumns as the backup holds them
 */
export async function compareListItem(
	graph: GraphClient,
	listPath: string,
	itemId: string,
	item: RestorableItem,
	sourceColumns: readonly Column[],
	signal: AbortSignal,
): Promise<ItemComparison> {
	const stored = objectIn(await readDocument(item), 'fields');
	const there = objectIn(await graph.json<JsonObject>({ path: `${listPath}/items/${itemId}?$expand=fields`, signal }), 'fields');
	const list = await graph.json<JsonObject>({ path: `${listPath}?$expand=columns`, signal });
	const columns = new Map(columnsOf(objectsIn(list, 'columns')).map((column) => [column.name, column]));
	return compareColumns(sourceColumns, columns, stored, there);
}

/**
 * The same of what a file has in the columns of its library.
 *
 * @param itemPath `/drives/D/items/I`
 */
export async function compareFileColumns(graph: GraphClient, itemPath: string, stored: JsonObject, sourceColumns: readonly Column[], signal: AbortSignal): Promise<ItemComparison> {
	const there = objectIn(await graph.json<JsonObject>({ path: `${itemPath}/listItem?$expand=fields`, signal }), 'fields');
	const filled = sourceColumns.filter((column) => valueOf(stored, column) !== undefined);
	return compareColumns(filled, new Map(filled.map((column) => [column.name, column])), stored, there);
}

function compareColumns(sourceColumns: readonly Column[], columns: ReadonlyMap<string, Column>, stored: JsonObject, there: JsonObject): ItemComparison {
	const differences: string[] = [];
	const soft: string[] = [];
	for (const column of sourceColumns.filter(isWritable)) {
		const now = columns.get(column.name);
		if (sameValue(column, now, stored, there)) continue;
		if (SOFT_KINDS.has(column.kind) || isUnderscored(column)) soft.push(column.displayName);
		else differences.push(now ? `the column ${column.displayName} is not as it was` : `the column ${column.displayName} is missing`);
	}
	return { differences, notCompared: soft.length === 0 ? [] : [LIST_ITEM_NOTES.soft(soft)] };
}

function sameValue(source: Column, target: Column | undefined, stored: JsonObject, there: JsonObject): boolean {
	const was = valueOf(stored, source);
	const is = target && valueOf(there, target);
	if (was === undefined || is === undefined || target === undefined) return was === is;
	if (source.kind === target.kind) return canonical(source.kind, was) === canonical(source.kind, is);
	return canonical('text', shownText(was)) === canonical('text', shownText(is));
}
