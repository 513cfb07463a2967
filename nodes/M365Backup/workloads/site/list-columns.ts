import type { JsonObject } from '../../base/json';

/** Facets by which a columnDefinition says its type, as far as they matter here. */
const SEARCHABLE = ['text', 'number', 'currency', 'dateTime', 'choice'] as const;
/** Built into every list and not for users to set, whatever `readOnly` says (corso lists.go). */
const OF_THE_SERVICE = new Set(['Attachments', 'Edit', 'ContentType', '_ColorTag', 'ComplianceAssetId', 'FileLeafRef', '_ExtendedDescription', 'AppAuthor', 'AppEditor']);

/** The internal name, as fields spell it. */
export function columnName({ name }: JsonObject): string {
	return typeof name === 'string' ? name : '';
}

/** What users fill in: neither read-only nor the service's own. Hidden text columns behind managed metadata are none of it. */
export function userColumns(columns: readonly JsonObject[]): JsonObject[] {
	return columns.filter(({ name, readOnly, hidden }) => readOnly !== true && hidden !== true && typeof name === 'string' && !OF_THE_SERVICE.has(name));
}

/** The name under which `fields` hold a column's value: single people and lookups come as numbers only. */
export function fieldNames(column: JsonObject): string[] {
	const name = columnName(column);
	return column['personOrGroup'] !== undefined || column['lookup'] !== undefined ? [name, `${name}LookupId`] : [name];
}

/** Lookup ids of the people in an item's person columns. */
export function peopleIn(fields: JsonObject, personColumns: readonly string[]): Set<string> {
	const ids = new Set<string>();
	const take = (value: unknown): void => {
		if (typeof value === 'string' || typeof value === 'number') ids.add(String(value));
		else if (Array.isArray(value)) value.forEach(take);
		else if (typeof value === 'object' && value !== null && 'LookupId' in value) take(value.LookupId);
	};
	for (const name of personColumns) {
		take(fields[`${name}LookupId`]);
		if (typeof fields[name] === 'object') take(fields[name]);
	}
	return ids;
}

/** Names of columns that hold people. */
export function personColumns(columns: readonly JsonObject[]): string[] {
	return userColumns(columns).flatMap((column) => (column['personOrGroup'] === undefined ? [] : [columnName(column)]));
}

/** Names of the columns whose values an item's line carries for searches: the first five short ones beside the title. */
export function searchableColumns(columns: readonly JsonObject[]): string[] {
	const isShort = (column: JsonObject): boolean => {
		const text = column['text'];
		return !(typeof text === 'object' && text !== null && !Array.isArray(text) && text['allowMultipleLines'] === true);
	};
	return userColumns(columns)
		.filter((column) => column['name'] !== 'Title' && isShort(column) && SEARCHABLE.some((facet) => column[facet] !== undefined))
		.slice(0, 5)
		.map((column) => columnName(column));
}
