import { kindOf, type Column } from './list-column';
import type { FieldValue } from './list-item';
import type { SharePointList } from './list-store';
import { invalid } from './site-errors';

export interface WrittenFields {
	values: Record<string, FieldValue | null>;
	/** Named by the field `ContentType`. */
	contentType?: string;
}

const ALWAYS_READ_ONLY = new Set(['id', 'ID', 'Created', 'Modified', 'Author', 'Editor', 'Attachments', 'ContentTypeId', 'FileLeafRef', 'UniqueId']);

/**
 * What a client may write into fields (fieldvalueset; Graph's own messages): people and lookups by `<name>LookupId`,
 * several values only with `@odata.type`, nothing read-only, nothing unknown.
 *
 * @throws GraphError 400
 */
export function readFields(list: SharePointList, body: Readonly<Record<string, unknown>>): WrittenFields {
	const written: WrittenFields = { values: {} };
	for (const [name, value] of Object.entries(body)) {
		if (name.includes('@odata.') || name.startsWith('@')) continue;
		if (name === 'ContentType') {
			if (!list.contentType(String(value))) throw invalid(`The content type '${String(value)}' is not in the list.`);
			written.contentType = String(value);
			continue;
		}
		const type = body[`${name}@odata.type`];
		const lookup = lookupColumn(list, name);
		const column = lookup ?? list.columns.find((one) => one.name === name);
		if (column && (column.readOnly || ALWAYS_READ_ONLY.has(column.name))) throw invalid(`Field '${name}' is read-only`);
		if (ALWAYS_READ_ONLY.has(name)) throw invalid(`Field '${name}' is read-only`);
		if (!column || (name.startsWith('_') && list.site.tenant.switches.listUnderscoreWrites === 'refused')) throw invalid(`Field '${name}' is not recognized`);
		const owner = list.columns.find((one) => one.textColumn === column.name);
		if (owner) written.values[owner.name] = termsOf(owner, value);
		else written.values[column.name] = value === null ? null : accepted(list, column, value, type, lookup !== undefined);
	}
	refuseRepeated(list, written.values);
	return written;
}

function lookupColumn(list: SharePointList, name: string): Column | undefined {
	if (!name.endsWith('LookupId')) return undefined;
	const column = list.columns.find((one) => one.name === name.slice(0, -'LookupId'.length));
	return column?.facet === 'personOrGroup' || column?.facet === 'lookup' ? column : undefined;
}

function accepted(list: SharePointList, column: Column, value: unknown, type: unknown, byLookupId: boolean): FieldValue {
	const { switches } = list.site.tenant;
	const kind = kindOf(column);
	switch (kind) {
		case 'text':
			if (typeof value !== 'string' || value.length > Number(column.settings.maxLength ?? 255)) throw invalid();
			return value;
		case 'note':
			if (typeof value !== 'string') throw invalid();
			return column.settings.textType === 'richText' && switches.listRichText === 'wrapped' ? wrapped(value) : value;
		case 'number':
			if (typeof value !== 'number') throw invalid();
			return value;
		case 'boolean':
			if (typeof value !== 'boolean') throw invalid();
			return value;
		case 'dateTime': {
			const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
			if (Number.isNaN(timeMs)) throw invalid();
			const text = new Date(timeMs).toISOString();
			return column.settings.format === 'dateOnly' ? `${text.slice(0, 10)}T00:00:00Z` : `${text.slice(0, 19)}Z`;
		}
		case 'choice':
			if (typeof value !== 'string') throw invalid();
			return value;
		case 'multiChoice':
			if (!isCollection(type, 'Edm.String') || !Array.isArray(value) || value.some((one) => typeof one !== 'string')) throw invalid();
			return value as string[];
		case 'person':
		case 'lookup':
			if (!byLookupId) throw invalid();
			return lookupId(list, column, value);
		case 'multiPerson':
		case 'multiLookup':
			if (!byLookupId || !(isCollection(type, 'Edm.Int32') || isCollection(type, 'Edm.String')) || !Array.isArray(value)) throw invalid();
			return value.map((one) => lookupId(list, column, one));
		case 'link':
			return acceptedLink(value, switches.listLinkWrites);
		case 'geolocation':
			if (switches.listPlaceWrites === 'refused' || typeof value !== 'object') throw invalid();
			return value as Record<string, unknown>;
		case 'thumbnail':
			if (typeof value !== 'string') throw invalid();
			return value;
		// Managed metadata go through the hidden text column; the rest is the service's.
		case 'term':
		case 'multiTerm':
			throw invalid();
		case 'calculated':
			throw invalid(`Field '${column.name}' is read-only`);
		case 'system':
			throw invalid();
	}
}

function isCollection(type: unknown, of: string): boolean {
	return typeof type === 'string' && type.replace(/^#/, '').toLowerCase() === `collection(${of})`.toLowerCase();
}

/** A number, or its digits; of a user or item that is there. */
function lookupId(list: SharePointList, column: Column, value: unknown): number {
	const id = typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
	const target = column.facet === 'personOrGroup' ? list.site.userList : list.site.lists.find((one) => one.id === column.settings.listId);
	if (!Number.isInteger(id) || !target?.find(id)) throw invalid();
	return id;
}

function acceptedLink(value: unknown, writes: 'refused' | 'accepted'): FieldValue {
	if (writes === 'refused' || typeof value !== 'object' || value === null || typeof (value as { Url?: unknown }).Url !== 'string') throw invalid();
	const { Url, Description } = value as { Url: string; Description?: string };
	return { Description: Description ?? Url, Url };
}

/** As SharePoint keeps rich text. */
function wrapped(html: string): string {
	return /^<div class="ExternalClass/.test(html) ? html : `<div class="ExternalClass3F2504E04F8911D39A0C0305E82C3301">${html}</div>`;
}

/** `-1;#Label|guid`, several joined with `;#`. */
function termsOf(column: Column, value: unknown): FieldValue | null {
	if (value === null || value === '') return null;
	if (typeof value !== 'string') throw invalid();
	const terms = [...value.matchAll(/(?:-?\d+;#)?([^|;#]+)\|([0-9a-f-]{36})/gi)].map(([, Label, TermGuid], n) => ({ Label, TermGuid, WssId: n + 1 }));
	if (terms.length === 0) throw invalid();
	return kindOf(column) === 'multiTerm' ? terms : terms[0]!;
}

function refuseRepeated(list: SharePointList, values: WrittenFields['values']): void {
	for (const column of list.columns) {
		const value = values[column.name];
		if (!column.enforceUniqueValues || value === undefined || value === null) continue;
		for (const item of list.items()) {
			if (JSON.stringify(item.values[column.name]) === JSON.stringify(value)) throw invalid(`The list item could not be added or updated because duplicate values were found in the following field(s) in the list: [${column.displayName}].`);
		}
	}
}
