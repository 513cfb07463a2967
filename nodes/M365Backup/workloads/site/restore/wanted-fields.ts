import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../../base/json';
import { isUnderscored, isWanted, isWritable, type Column } from './column';
import { SITE_NOTES } from './fidelity';
import { canonical, dayElsewhere, fieldBody, lookupValues, shownText, SOFT_KINDS, valueOf, type Fields } from './field-values';
import { objectIn, textIn } from './item-document';
import type { Looked } from './lookups';
import type { People } from './people';
import type { TargetList } from './target-list';

/** What an item is to have in its list, in the terms of the target. */
export interface WantedFields {
	/** Of the target's columns, by name; empty ones are absent. */
	values: Map<string, JsonValue>;
	/** Name of the content type in the target. */
	contentType: string | undefined;
	/** Columns whose lookups wait for items that are still to come, with those items. */
	waits: Map<string, string[]>;
	print: Print;
	/** Columns that the list has not, with a value in the backup. */
	homeless: string[];
	notes: string[];
}

/** What tells two items of one list apart. */
export interface Print {
	/** Of everything that Graph certainly writes. */
	hard: string;
	/** The rest, by column; empty ones are absent. */
	soft: Record<string, string>;
}

export interface Mapping {
	people: People;
	/** @param column of the snapshot's list */
	lookup(column: Column, id: string): Promise<Looked>;
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'note', 'richText']);
/** A title, a choice: SharePoint's limit for a line of text. */
const LONGEST_LINE = 255;

/** The columns by which items of a list are compared and set: what users fill, there and in the backup. */
export function comparedColumns({ columns, sourceColumns, newColumns }: Pick<TargetList, 'columns' | 'sourceColumns' | 'newColumns'>): Column[] {
	const source = new Set(sourceColumns.map(({ name }) => name));
	return columns.filter((column) => isWritable(column) && source.has(column.name)).map((column) => (newColumns?.has(column.name) === true ? { ...column, isNew: true } : column));
}

/** Whether the list has all that its items have in the backup: only then their version alone tells that nothing differs. */
export function hasAllColumns({ columns, sourceColumns, newColumns }: Pick<TargetList, 'columns' | 'sourceColumns' | 'newColumns'>): boolean {
	const there = new Set(columns.map(({ name }) => name));
	return newColumns === undefined && sourceColumns.every((column) => !isWanted(column) || there.has(column.name));
}

/** What a document of the backup comes to in the target. */
export async function wantedFields(target: TargetList, columns: readonly Column[], document: JsonObject, mapping: Mapping): Promise<WantedFields> {
	const fields = objectIn(document, 'fields');
	const wanted: WantedFields = { values: new Map(), contentType: undefined, waits: new Map(), print: { hard: '', soft: {} }, homeless: [], notes: [] };
	const source = new Map(target.sourceColumns.map((column) => [column.name, column]));
	for (const column of columns) {
		const from = source.get(column.name) ?? column;
		const value = valueOf(fields, from);
		if (value === undefined) continue;
		const mapped = await mappedValue(column, from, value, { document, mapping, wanted });
		if (mapped !== undefined) wanted.values.set(column.name, from.kind === 'date' && column.kind === 'date' && !target.site.isOriginal ? dayElsewhere(mapped) : mapped);
	}
	const there = new Set(columns.map(({ name }) => name));
	const lost = target.sourceColumns.filter((column) => isWanted(column) && isWritable(column) && !there.has(column.name) && valueOf(fields, column) !== undefined);
	wanted.homeless = lost.map(({ displayName }) => displayName);
	if (lost.length > 0) wanted.notes.push(SITE_NOTES.noColumn(wanted.homeless));
	wanted.contentType = contentTypeIn(target, document, wanted.notes);
	wanted.print = printOf(columns, wanted.contentType, (column) => wanted.values.get(column.name));
	return wanted;
}

function contentTypeIn({ contentTypes }: TargetList, document: JsonObject, notes: string[]): string | undefined {
	const name = textIn(objectIn(document, 'contentType'), 'name') ?? textIn(objectIn(document, 'fields'), 'ContentType');
	if (name === undefined || contentTypes.some((type) => type.name === name)) return name;
	const [first] = contentTypes;
	// A list's own menu may be hidden: then there is nothing to choose from.
	if (first) notes.push(SITE_NOTES.noContentType(name));
	return first?.name;
}

interface MappingInput {
	document: JsonObject;
	mapping: Mapping;
	wanted: WantedFields;
}

async function mappedValue(column: Column, from: Column, value: JsonValue, input: MappingInput): Promise<JsonValue | undefined> {
	if (from.kind === 'person' || from.kind === 'multiPerson') return await people(column, from, value, input);
	if (from.kind === 'lookup' || from.kind === 'multiLookup') return await lookups(column, from, value, input);
	if (from.kind === column.kind) return value;
	if (TEXTS.has(column.kind)) {
		const text = shownText(value);
		return column.kind === 'text' ? text.slice(0, LONGEST_LINE) : text;
	}
	const isLike = (from.kind === 'choice' && column.kind === 'multiChoice') || (from.kind === 'date' && column.kind === 'dateTime') || (from.kind === 'dateTime' && column.kind === 'date');
	if (isLike) return column.kind === 'multiChoice' ? [value] : value;
	input.wanted.notes.push(SITE_NOTES.refused(column.displayName));
	return undefined;
}

const asArray = (value: JsonValue): string[] => (Array.isArray(value) ? value : [value]).map(String);

async function people(column: Column, from: Column, value: JsonValue, { document, mapping, wanted }: MappingInput): Promise<JsonValue | undefined> {
	const named = { ...namedIn(document, from), ...objectIn(document, 'people') };
	const ids: string[] = [];
	for (const id of asArray(value)) {
		const found = await mapping.people.idOf(id, named);
		if (found === undefined) wanted.notes.push(SITE_NOTES.personUnknown(column.displayName, await mapping.people.nameOf(id, named)));
		else ids.push(found);
	}
	return idsFor(column, ids);
}

/** Columns with several people tell their names and addresses themselves. */
function namedIn(document: JsonObject, { name, kind }: Column): JsonObject {
	if (kind !== 'multiPerson') return {};
	return Object.fromEntries(
		lookupValues(objectIn(document, 'fields'), name).map((one) => [String(one['LookupId'] as number), { name: textIn(one, 'LookupValue') ?? '', email: textIn(one, 'Email') ?? '' }]),
	);
}

async function lookups(column: Column, from: Column, value: JsonValue, { mapping, wanted }: MappingInput): Promise<JsonValue | undefined> {
	const ids: string[] = [];
	for (const id of asArray(value)) {
		const looked = await mapping.lookup(from, id);
		if (looked.state === 'there') ids.push(looked.id);
		else if (looked.state === 'waits') wanted.waits.set(column.name, [...(wanted.waits.get(column.name) ?? []), looked.for]);
		else wanted.notes.push(SITE_NOTES.lookupLost(column.displayName, id));
	}
	// Half of several would be a state that never was.
	return wanted.waits.has(column.name) ? undefined : idsFor(column, ids);
}

function idsFor({ kind }: Column, ids: readonly string[]): JsonValue | undefined {
	if (ids.length === 0) return undefined;
	return kind === 'multiPerson' || kind === 'multiLookup' ? [...ids] : kind === 'person' || kind === 'lookup' ? ids[0] : undefined;
}

/** Of an item as its list has it. */
export function livingPrint(columns: readonly Column[], item: JsonObject): Print {
	const fields: Fields = objectIn(item, 'fields');
	return printOf(columns, textIn(objectIn(item, 'contentType'), 'name') ?? textIn(fields, 'ContentType'), (column) => valueOf(fields, column));
}

function printOf(columns: readonly Column[], contentType: string | undefined, valueIn: (column: Column) => JsonValue | undefined): Print {
	const hard: string[] = [contentType ?? ''];
	const soft: Record<string, string> = {};
	for (const column of columns) {
		const value = valueIn(column);
		const text = value === undefined ? '' : canonical(column.kind, value);
		if (!SOFT_KINDS.has(column.kind) && !isUnderscored(column) && column.isNew !== true) hard.push(`${column.name}=${text}`);
		else if (text !== '') soft[column.name] = text;
	}
	return { hard: createHash('sha256').update(JSON.stringify(hard)).digest('base64').slice(0, 27), soft };
}

/** Everything at once, for looking up. */
export function wholePrint({ hard, soft }: Print): string {
	return `${hard}${Object.keys(soft).length === 0 ? '' : JSON.stringify(Object.entries(soft).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

/** What a request gives a new item; where a column has a default, empty must be said. */
export function createBody(columns: readonly Column[], { values }: WantedFields, leftOut: ReadonlySet<string>): JsonObject {
	const body: JsonObject = {};
	for (const column of columns) {
		if (leftOut.has(column.name)) continue;
		const value = values.get(column.name);
		if (value !== undefined) Object.assign(body, fieldBody(column, value));
		else if (column.hasDefault) Object.assign(body, fieldBody(column, null));
	}
	return body;
}

/** Columns in which a living item differs from what is wanted. Those that wait for other items are left alone. */
export function differingColumns(columns: readonly Column[], { values, waits }: WantedFields, fields: Fields): Column[] {
	return columns.filter((column) => {
		if (waits.has(column.name)) return false;
		const [wanted, living] = [values.get(column.name), valueOf(fields, column)];
		const text = (value: JsonValue | undefined): string => (value === undefined ? '' : canonical(column.kind, value));
		return text(wanted) !== text(living);
	});
}
