import type { JsonObject, JsonValue } from '../../../base/json';

/** How values of a column are told and written. `other`: Graph shows no type, or none that can be written. */
export type ColumnKind =
	| 'text'
	| 'note'
	| 'richText'
	| 'number'
	| 'boolean'
	| 'date'
	| 'dateTime'
	| 'choice'
	| 'multiChoice'
	| 'person'
	| 'multiPerson'
	| 'lookup'
	| 'multiLookup'
	| 'link'
	| 'place'
	| 'term'
	| 'multiTerm'
	| 'image'
	| 'calculated'
	| 'other';

/** A column of a list as a restore uses it. */
export interface Column {
	/** Internal name, as fields spell it. */
	name: string;
	displayName: string;
	kind: ColumnKind;
	isReadOnly: boolean;
	isHidden: boolean;
	/** The service's own, of every list. */
	isOfService: boolean;
	/** Comes with the list's template: a new list has it already. */
	isOfTemplate: boolean;
	hasDefault: boolean;
	/** This restore has added it: no item has anything in it yet. */
	isNew?: true;
	/** Of a lookup: the list that it looks into. */
	listId?: string;
	/** Of managed metadata: the hidden text column through which they are written. */
	textColumn?: string;
	definition: JsonObject;
}

/** Names of SharePoint's own columns, of lists and libraries, that no restore writes. */
const SYSTEM_NAMES = new Set([
	'ID', 'id', 'ContentType', 'ContentTypeId', 'Attachments', 'Edit', 'LinkTitle', 'LinkTitleNoMenu', 'LinkFilename', 'LinkFilenameNoMenu', 'DocIcon', 'ItemChildCount', 'FolderChildCount',
	'Modified', 'Created', 'Author', 'Editor', 'AppAuthor', 'AppEditor', 'ComplianceAssetId', 'FileLeafRef', 'FileSizeDisplay', 'CheckoutUser', 'ParentVersionString', 'ParentLeafName', 'MediaServiceImageTags', 'TaxCatchAll', 'TaxCatchAllLabel',
]);

/** `1st Quarter` → `_x0031_st_x0020_Quarter`, `Цена` → `_x0426__x0435__x043d__x0430_`: users' columns, unlike `_ColorTag`. */
const ENCODED_FIRST = /^_x[0-9a-f]{4}_/i;

/** Names that Graph gives, but was seen to refuse in what is written (microsoft-graph-docs #2609, #2740). */
export function isUnderscored({ name }: Pick<Column, 'name'>): boolean {
	return name.startsWith('_');
}

/** columnDefinition resources as columns; those behind managed metadata are joined with theirs. */
export function columnsOf(definitions: readonly JsonObject[]): Column[] {
	const columns = definitions.flatMap((definition) => column(definition) ?? []);
	for (const one of columns) {
		if (one.kind !== 'term' && one.kind !== 'multiTerm') continue;
		// SharePoint names it after the column: `Topic` → `Topic_0`.
		const text = columns.find(({ displayName, isHidden, kind }) => isHidden && (kind === 'note' || kind === 'text') && displayName === `${one.displayName}_0`);
		if (text) one.textColumn = text.name;
	}
	return columns;
}

function column(definition: JsonObject): Column | undefined {
	const name = definition['name'];
	if (typeof name !== 'string' || name === '') return undefined;
	const displayName = definition['displayName'];
	const listId = facet(definition, 'lookup')?.['listId'];
	return {
		name,
		displayName: typeof displayName === 'string' ? displayName : name,
		kind: kindOf(definition),
		isReadOnly: definition['readOnly'] === true,
		isHidden: definition['hidden'] === true,
		isOfService: SYSTEM_NAMES.has(name) || (isUnderscored({ name }) && !ENCODED_FIRST.test(name)),
		isOfTemplate: definition['isDeletable'] === false,
		hasDefault: ['value', 'formula'].some((name) => typeof facet(definition, 'defaultValue')?.[name] === 'string'),
		...(typeof listId === 'string' ? { listId: listId.toLowerCase() } : {}),
		definition,
	};
}

function facet(definition: JsonObject, name: string): JsonObject | undefined {
	const value = definition[name];
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

const is = (value: JsonValue | undefined): boolean => value === true;

export function kindOf(definition: JsonObject): ColumnKind {
	const of = (name: string): JsonObject | undefined => facet(definition, name);
	const text = of('text');
	if (of('calculated')) return 'calculated';
	if (of('choice')) return of('choice')?.['displayAs'] === 'checkBoxes' ? 'multiChoice' : 'choice';
	if (of('personOrGroup')) return is(of('personOrGroup')?.['allowMultipleSelection']) ? 'multiPerson' : 'person';
	if (of('lookup')) return is(of('lookup')?.['allowMultipleValues']) ? 'multiLookup' : 'lookup';
	if (of('term')) return is(of('term')?.['allowMultipleValues']) ? 'multiTerm' : 'term';
	if (of('dateTime')) return of('dateTime')?.['format'] === 'dateOnly' ? 'date' : 'dateTime';
	if (of('hyperlinkOrPicture')) return 'link';
	if (of('geolocation')) return 'place';
	if (of('thumbnail')) return 'image';
	if (of('boolean')) return 'boolean';
	if (of('number') ?? of('currency')) return 'number';
	if (text) return text['allowMultipleLines'] !== true ? 'text' : text['textType'] === 'richText' ? 'richText' : 'note';
	return 'other';
}

/** Whether users fill it, so that a restore does. */
export function isWritable({ kind, isReadOnly, isHidden, isOfService }: Column): boolean {
	return !isReadOnly && !isHidden && kind !== 'calculated' && kind !== 'other' && !isOfService;
}

/** Whether a list that lacks this column is to get it. */
export function isWanted(column: Column): boolean {
	return !column.isOfService && !column.isHidden && (!column.isReadOnly || column.kind === 'calculated') && column.kind !== 'other' && column.name !== 'Title';
}
