import type { JsonObject, JsonValue } from '../../../base/json';
import { isWanted, type Column } from './column';
import { isObject, objectIn } from './item-document';

const KEPT = ['name', 'displayName', 'description', 'columnGroup', 'required', 'indexed', 'enforceUniqueValues', 'defaultValue', 'validation'] as const;
const FACETS = ['boolean', 'calculated', 'choice', 'currency', 'dateTime', 'geolocation', 'hyperlinkOrPicture', 'lookup', 'number', 'personOrGroup', 'term', 'text', 'thumbnail'] as const;

/** Columns that a list lacks, in the order in which they can be made. */
export interface MissingColumns {
	/** With the list itself. */
	first: Column[];
	/** They name the list of other columns or items, so that these come first. */
	lookups: Column[];
	calculated: Column[];
}

/** @param there null: of a list that is to be made, and will have what its template has */
export function missingColumns(wanted: readonly Column[], there: readonly Column[] | null): MissingColumns {
	if (there === null) return missingColumns(wanted.filter(({ isOfTemplate }) => !isOfTemplate), []);
	const names = new Set(there.map(({ name }) => name.toLowerCase()));
	const missing = wanted.filter((column) => isWanted(column) && !names.has(column.name.toLowerCase()));
	const isLookup = ({ kind }: Column): boolean => kind === 'lookup' || kind === 'multiLookup';
	return {
		first: missing.filter((column) => !isLookup(column) && column.kind !== 'calculated'),
		lookups: missing.filter(isLookup),
		calculated: missing.filter(({ kind }) => kind === 'calculated'),
	};
}

/** A column as a request gives it: what is false, empty or the service's own is left out. */
export function definitionOf(column: Column, lookupListId?: string): JsonObject {
	const { definition } = column;
	const body: JsonObject = {};
	for (const name of KEPT) {
		const value = definition[name];
		if (isMeaningful(value)) body[name] = value;
	}
	for (const name of FACETS) if (isObject(definition[name])) body[name] = definition[name];
	if (lookupListId !== undefined) body['lookup'] = { ...withoutEmpty(objectIn(definition, 'lookup')), listId: lookupListId };
	return body;
}

function isMeaningful(value: JsonValue | undefined): value is JsonValue {
	return value !== undefined && value !== null && value !== false && value !== '';
}

function withoutEmpty(value: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(value).filter(([, inner]) => isMeaningful(inner)));
}

/** The same column as text, for values that cannot be written otherwise. */
export function textDefinition({ definition, name, displayName }: Column): JsonObject {
	const description = definition['description'];
	return { name, displayName, ...(isMeaningful(description) ? { description } : {}), text: { allowMultipleLines: true, textType: 'plain' } };
}

/** Id of the site's content type that a list's own is a copy of: `0x0108` + `00` + 32 digits → `0x0108`. */
export function parentContentType(id: string): string {
	return /00[0-9A-F]{32}$/i.test(id) && id.length > 36 ? id.slice(0, -34) : id;
}

/** What every list or library has from the beginning. */
const GIVEN = new Set(['0x01', '0x0101', '0x0120', '0x012000']);

/** Content types that a new list has to be given, with the site's ids of them. */
export function addedContentTypes(types: readonly JsonObject[]): { id: string; name: string }[] {
	return types.flatMap((type) => {
		const { id, name } = type;
		if (typeof id !== 'string' || typeof name !== 'string' || type['hidden'] === true) return [];
		const parent = parentContentType(id);
		return GIVEN.has(parent.toLowerCase()) ? [] : [{ id: parent, name }];
	});
}
