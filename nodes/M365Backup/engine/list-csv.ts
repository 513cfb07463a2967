import type { JsonObject, JsonValue } from '../base/json';
import { fieldNames, userColumns } from '../workloads/site/list-columns';
import { csvLine } from './csv';

const FIRST = 'ID';
const LAST = ['Content Type', 'Created', 'Created By', 'Modified', 'Modified By'];

/** A list as a table: a column for each of its own, by the name that people see, and who made and changed each item when. */
export class ListCsv {
	private readonly columns: readonly JsonObject[];

	/** `columns`: Graph's columnDefinitions of the list. */
	constructor(columns: readonly JsonObject[]) {
		const filled = new Set(userColumns(columns));
		// Nobody writes a calculated column, but everybody reads it.
		this.columns = columns.filter((column) => filled.has(column) || (column['calculated'] !== undefined && column['hidden'] !== true));
	}

	header(): string {
		const names: string[] = [];
		const taken = new Set([FIRST, ...LAST]);
		// Several columns of one list may be shown under one name.
		for (const column of this.columns) {
			const [name, shown] = [textOf(column['name']), textOf(column['displayName'])];
			const header = shown === '' || taken.has(shown) ? name : shown;
			names.push(header);
			taken.add(header);
		}
		return csvLine([FIRST, ...names, ...LAST]);
	}

	/** `item`: the stored document of a list item. */
	row(item: JsonObject): string {
		const fields = objectOf(item['fields']);
		const people = objectOf(item['people']);
		const cells = this.columns.map((column) => cellOf(column, fields, people));
		return csvLine([
			textOf(item['id']),
			...cells,
			textOf(objectOf(item['contentType'])['name']),
			textOf(item['createdDateTime']),
			personOf(item['createdBy']),
			textOf(item['lastModifiedDateTime']),
			personOf(item['lastModifiedBy']),
		]);
	}
}

function cellOf(column: JsonObject, fields: JsonObject, people: JsonObject): string | number {
	const [name = '', lookupName] = fieldNames(column);
	const value = fields[name];
	if (typeof value === 'number') return value;
	if (value !== undefined && value !== null) return isCalculatedNumber(column, value) ? Number(value) : shown(value);
	const id = lookupName === undefined ? undefined : fields[lookupName];
	if (id === undefined || id === null) return '';
	// A person or a lookup of whom the fields hold the number alone.
	const person = typeof id === 'string' || typeof id === 'number' ? people[String(id)] : undefined;
	return shown(person ?? id);
}

/** Graph gives the results of formulas as text. */
function isCalculatedNumber({ calculated }: JsonObject, value: JsonValue): boolean {
	return /^(number|currency)$/.test(textOf(objectOf(calculated)['outputType'])) && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
}

/** A value as a person reads it: of what is named, its name; of several, all of them. */
function shown(value: JsonValue | undefined): string {
	if (value === undefined || value === null) return '';
	if (Array.isArray(value)) return value.map(shown).join('; ');
	if (typeof value !== 'object') return String(value);
	for (const key of ['LookupValue', 'Label', 'name', 'Url', 'DisplayName', 'displayName']) {
		const text = value[key];
		if (typeof text === 'string' && text !== '') return text;
	}
	return JSON.stringify(value);
}

function personOf(value: JsonValue | undefined): string {
	const identity = objectOf(objectOf(value)['user']);
	return textOf(identity['email']) || textOf(identity['displayName']);
}

function objectOf(value: JsonValue | undefined): JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function textOf(value: JsonValue | undefined): string {
	return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
