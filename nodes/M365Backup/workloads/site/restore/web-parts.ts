import type { JsonObject, JsonValue } from '../../../base/json';
import { sortedKeys } from './field-values';
import { isObject, objectIn, objectsIn, textIn } from './item-document';

/** The standard web parts that Graph makes (sitepage-create, standardwebpart), by type. */
const MADE = new Set([
	'e377ea37-9047-43b9-8cdb-a761be2f8e09', 'c70391ea-0b10-4ee9-b2b4-006d3fcad0cd', '0f087d7f-520e-42b7-89c0-496aaf979d58', 'df8e44e7-edd5-46d5-90da-aca1539313b8', '2161a1c6-db61-4731-b97c-3cdb303f7cbb',
	'b7dd04e1-19ce-4b24-9132-b60a1c2b910d', 'd1d91016-032f-456d-98a4-721247c305e8', 'af8be689-990e-492a-81f7-ba3e4cd3ed9c', '6410b3b6-d440-4663-8744-378976dc041e', 'e84a8ca2-f63c-4fb9-bc0b-d8eef5ccb22b',
	'7f718435-ee4d-431c-bdbf-9c4ff326f46e', '8654b779-4886-46d4-8ffb-b5ed960ee986', 'cbe7b0a9-3504-44dd-a3a3-0e5cacd07788', '544dd15b-cf3c-441b-96da-004d5a8cea1d',
]);

function isMade(part: JsonObject): boolean {
	const type = textIn(part, '@odata.type') ?? '';
	if (type.endsWith('textWebPart')) return true;
	return type.endsWith('standardWebPart') && MADE.has((textIn(part, 'webPartType') ?? '').toLowerCase());
}

export function nameOf(part: JsonObject): string {
	return textIn(objectIn(part, 'data'), 'title') ?? textIn(part, 'webPartType') ?? 'unnamed';
}

/** Every list of web parts in a layout, changed. */
function mapped(canvas: JsonObject, change: (parts: JsonObject[]) => JsonObject[]): JsonObject {
	const vertical = canvas['verticalSection'];
	return {
		...canvas,
		horizontalSections: objectsIn(canvas, 'horizontalSections').map((section) => ({
			...section,
			columns: objectsIn(section, 'columns').map((column) => ({ ...column, webparts: change(objectsIn(column, 'webparts')) })),
		})),
		...(isObject(vertical) ? { verticalSection: { ...vertical, webparts: change(objectsIn(vertical, 'webparts')) } } : {}),
	};
}

/** A layout without the web parts that Graph does not make, and what those are called. */
export function madeParts(canvas: JsonObject): { canvas: JsonObject; leftOut: string[] } {
	const leftOut: string[] = [];
	const kept = mapped(canvas, (parts) =>
		parts.filter((part) => {
			if (!isMade(part)) leftOut.push(nameOf(part));
			return isMade(part);
		}),
	);
	return { canvas: kept, leftOut };
}

/** A layout in one spelling: ids are given anew each time it is written, and empty properties come and go. */
export function canonicalCanvas(canvas: JsonObject): string {
	return JSON.stringify(meaningful(sortedKeys(mapped(canvas, (parts) => parts.map((part) => ({ ...part, kind: textIn(part, '@odata.type')?.replace('#', '') ?? '' }))))));
}

/** Without `id`s, nulls and what is empty. */
function meaningful(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(meaningful);
	if (!isObject(value)) return value;
	const kept = Object.entries(value)
		.filter(([key]) => key !== 'id')
		.map(([key, inner]): [string, JsonValue] => [key, meaningful(inner)])
		.filter(([, inner]) => inner !== null && inner !== '' && !(Array.isArray(inner) && inner.length === 0) && !(isObject(inner) && Object.keys(inner).length === 0));
	return Object.fromEntries(kept);
}
