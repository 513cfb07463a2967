import type { JsonObject, JsonValue } from '../../../base/json';
import type { Column, ColumnKind } from './column';

/**
 * Kinds whose value may be missing in what a restore made: Graph refuses to write it, the person is not known to the
 * site, the item that it looks up is not there yet.
 */
export const SOFT_KINDS: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['link', 'place', 'image', 'term', 'multiTerm', 'person', 'multiPerson', 'lookup', 'multiLookup']);

const DAY_MS = 86_400_000;

/** Graph's fields of an item. */
export type Fields = JsonObject;

/** The value of a column as Graph shows it; undefined where it is empty. People and lookups: their ids as text. */
export function valueOf(fields: Fields, { name, kind }: Pick<Column, 'name' | 'kind'>): JsonValue | undefined {
	switch (kind) {
		case 'person':
		case 'lookup':
			return idText(fields[`${name}LookupId`]);
		case 'multiPerson':
		case 'multiLookup': {
			const ids = lookupValues(fields, name).flatMap((one) => idText(one['LookupId']) ?? []);
			return ids.length === 0 ? undefined : ids;
		}
		default: {
			const value = fields[name];
			return value === null || value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value;
		}
	}
}

/** `[{LookupId, LookupValue, Email?}]` of a column with several people or lookups. */
export function lookupValues(fields: Fields, name: string): JsonObject[] {
	const value = fields[name];
	return Array.isArray(value) ? value.filter((one): one is JsonObject => typeof one === 'object' && one !== null && !Array.isArray(one)) : [];
}

function idText(value: JsonValue | undefined): string | undefined {
	if (typeof value === 'number') return String(value);
	return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A value in one spelling, so that equal ones are equal texts. */
export function canonical(kind: ColumnKind, value: JsonValue): string {
	switch (kind) {
		case 'richText':
			return unwrapped(lines(value));
		case 'text':
		case 'note':
			return lines(value);
		case 'number':
			return String(Number(value));
		case 'boolean':
			return value === true || value === '1' || value === 'true' ? '1' : '0';
		case 'date':
			return nearestDay(value);
		case 'dateTime':
			return isoOf(value).slice(0, 19);
		case 'multiChoice':
		case 'multiPerson':
		case 'multiLookup':
			return JSON.stringify([...(Array.isArray(value) ? value : [value])].map(String).sort());
		case 'term':
		case 'multiTerm':
			return JSON.stringify((Array.isArray(value) ? value : [value]).map((one) => field(one, 'TermGuid').toLowerCase()).sort());
		case 'link':
			return JSON.stringify([field(value, 'Url'), field(value, 'Description')]);
		case 'place':
			return JSON.stringify(sortedKeys(value));
		default:
			return typeof value === 'string' ? value : JSON.stringify(value);
	}
}

function lines(value: JsonValue): string {
	return (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\r\n?/g, '\n');
}

/** SharePoint puts rich text into a `div` of its own, once or again. */
function unwrapped(html: string): string {
	const match = /^<div class="ExternalClass[0-9A-F]*">([\s\S]*)<\/div>$/i.exec(html.trim());
	return match?.[1] === undefined ? html.trim() : unwrapped(match[1]);
}

/** From Honolulu (UTC-10) to Auckland in summer (UTC+13), days begin so long before or after they do at Greenwich. */
const EARLIEST_BEGIN_MS = 13.5 * 3_600_000;
/** A time that is on the same day from Honolulu to Auckland. */
const SAME_DAY_EVERYWHERE = 'T10:00:00Z';

/** A day of one site, as it is written into another one, whose time zone nobody knows: Graph does not tell it. */
export function dayElsewhere(value: JsonValue): JsonValue {
	const day = nearestDay(value);
	return /^\d{4}-\d\d-\d\d$/.test(day) ? `${day}${SAME_DAY_EVERYWHERE}` : value;
}

/** A day is told as its beginning in the site's zone: `2026-12-23T23:00:00Z` is the 24th in Berlin, `2026-12-24T08:00:00Z` in Los Angeles. */
function nearestDay(value: JsonValue): string {
	const timeMs = Date.parse(isoOf(value));
	return Number.isNaN(timeMs) ? isoOf(value) : new Date(Math.floor((timeMs + EARLIEST_BEGIN_MS) / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
}

function isoOf(value: JsonValue): string {
	const text = typeof value === 'string' ? value : '';
	const timeMs = Date.parse(text);
	return Number.isNaN(timeMs) ? text : new Date(timeMs).toISOString();
}

export function field(value: JsonValue | undefined, name: string): string {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
	const found = value[name];
	return typeof found === 'string' ? found : typeof found === 'number' ? String(found) : '';
}

/** Keys in order at every depth, so that equal documents are equal texts. */
export function sortedKeys(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(sortedKeys);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([key]) => !key.includes('@odata'))
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([key, inner]) => [key, sortedKeys(inner)]),
	);
}

/** What a request says to give a column a value; null empties it. People and lookups by ids of the target. */
export function fieldBody({ name, kind, textColumn }: Pick<Column, 'name' | 'kind' | 'textColumn'>, value: JsonValue | null): JsonObject {
	switch (kind) {
		case 'person':
		case 'lookup':
			return { [`${name}LookupId`]: value === null ? null : Number(value) };
		case 'multiPerson':
		case 'multiLookup':
			return { [`${name}LookupId@odata.type`]: 'Collection(Edm.Int32)', [`${name}LookupId`]: value === null ? [] : (value as JsonValue[]).map(Number) };
		case 'multiChoice':
			return { [`${name}@odata.type`]: 'Collection(Edm.String)', [name]: value ?? [] };
		case 'term':
		case 'multiTerm':
			return textColumn === undefined ? {} : { [textColumn]: value === null ? '' : termsText(value) };
		default:
			return { [name]: value };
	}
}

/** `-1;#Label|guid`, several joined with `;#`: the number is the site's own and is looked up by SharePoint. */
function termsText(value: JsonValue): string {
	return (Array.isArray(value) ? value : [value]).map((one) => `-1;#${field(one, 'Label')}|${field(one, 'TermGuid')}`).join(';#');
}

/** A value of a type that cannot be written, as people read it: `https://… (Description)`. */
export function shownText(value: JsonValue): string {
	if (Array.isArray(value)) return value.map(shownText).join('; ');
	if (typeof value !== 'object' || value === null) return String(value);
	if (typeof value['Url'] === 'string') {
		const description = field(value, 'Description');
		return description === '' || description === value['Url'] ? value['Url'] : `${value['Url']} (${description})`;
	}
	if (typeof value['Label'] === 'string') return value['Label'];
	if (value['Latitude'] !== undefined) {
		const name = field(value, 'DisplayName');
		return `${name === '' ? '' : `${name}: `}${field(value, 'Latitude')}, ${field(value, 'Longitude')}`;
	}
	return JSON.stringify(sortedKeys(value));
}
