import { kindOf, type Column } from './list-column';
import type { FieldValue, FieldValues, ItemVersion, ListItem } from './list-item';
import type { SharePointList } from './list-store';
import { identityJson, iso, selected, type Json } from './site-json';

const APP_LOOKUP_ID = 1_073_741_822;

export interface ItemShape {
	select?: readonly string[] | undefined;
	/** The fields, all of them or those named; undefined: none. */
	fields?: { select?: readonly string[] | undefined } | undefined;
}

/** listItem (listitem resource). Deleted ones are a stub with the facet, which `$select` can strip. */
export function itemJson(list: SharePointList, item: ListItem, shape: ItemShape): Json {
	const type = list.contentTypes.find(({ id }) => id === item.contentTypeId) ?? list.contentTypes[0]!;
	const contentType = { id: type.id, name: type.name };
	const parentReference = { id: item.parentId ?? list.id, siteId: list.site.id };
	if (item.isDeleted) return selected({ id: String(item.id), parentReference, contentType, deleted: { state: 'deleted' } }, shape.select);
	const etag = `"${item.uniqueId},${item.etag}"`;
	const json: Json = {
		'@odata.etag': etag, id: String(item.id), eTag: etag,
		createdDateTime: iso(item.createdMs), lastModifiedDateTime: iso(item.modifiedMs),
		webUrl: `https://${list.site.host}${encodeURI(item.webPath ?? `${list.webPath}/${item.id}_.000`)}`,
		createdBy: identityJson(item.createdBy), lastModifiedBy: identityJson(item.modifiedBy),
		parentReference, contentType,
	};
	if (shape.select?.some((name) => name.toLowerCase() === 'sharepointids')) {
		json.sharepointIds = { listId: list.id, listItemId: String(item.id), listItemUniqueId: item.uniqueId, siteId: list.site.siteGuid, siteUrl: list.site.webUrl, tenantId: list.site.tenant.tenantId, webId: list.site.webGuid };
	}
	const told = selected(json, shape.select);
	return shape.fields ? { ...told, fields: fieldsJson(list, item, shape.fields.select) } : told;
}

/** fieldValueSet: single people and lookups as `<name>LookupId`, several as objects, empty fields absent. */
export function fieldsJson(list: SharePointList, item: ListItem, select?: readonly string[]): Json {
	const type = list.contentTypes.find(({ id }) => id === item.contentTypeId) ?? list.contentTypes[0]!;
	const json: Json = { '@odata.etag': `"${item.uniqueId},${item.etag}"`, id: String(item.id), ContentType: type.name, ...item.fileFields };
	Object.assign(json, valuesJson(list, item.values, select));
	json.Modified = iso(item.modifiedMs);
	json.Created = iso(item.createdMs);
	json.AuthorLookupId = lookupIdOf(list, item.createdBy);
	json.EditorLookupId = lookupIdOf(list, item.modifiedBy);
	json._UIVersionString = `${(item.versions.at(-1)?.number ?? 0) + 1}.0`;
	if (!list.isLibrary) Object.assign(json, { Attachments: item.hasAttachments ?? false, Edit: '', LinkTitleNoMenu: json.Title, LinkTitle: json.Title });
	Object.assign(json, { ItemChildCount: '0', FolderChildCount: '0', _ComplianceFlags: '', _ComplianceTag: '', _ComplianceTagWrittenTime: '', _ComplianceTagUserId: '' });
	if (json.Title === undefined) for (const name of ['LinkTitleNoMenu', 'LinkTitle']) Reflect.deleteProperty(json, name);
	if (!select || select.includes('*')) return json;
	const names = new Set(select.map((name) => name.toLowerCase()));
	return Object.fromEntries(Object.entries(json).filter(([name]) => name === 'id' || name.startsWith('@') || names.has(name.toLowerCase())));
}

export function versionJson(list: SharePointList, version: Omit<ItemVersion, 'values'>, values: FieldValues | undefined): Json {
	return {
		id: `${version.number}.0`, lastModifiedDateTime: iso(version.modifiedMs), lastModifiedBy: identityJson(version.modifiedBy),
		publication: { level: 'published', versionId: `${version.number}.0` },
		...(values ? { fields: { ...valuesJson(list, values) } } : {}),
	};
}

/** All states of an item, the latest first. */
export function versionsOf(item: ListItem): ItemVersion[] {
	const latest = { number: (item.versions.at(-1)?.number ?? 0) + 1, values: item.values, modifiedMs: item.modifiedMs, modifiedBy: item.modifiedBy };
	return [latest, ...[...item.versions].reverse()];
}

function valuesJson(list: SharePointList, values: FieldValues, select?: readonly string[]): Json {
	const json: Json = {};
	for (const column of list.columns) {
		const value = kindOf(column) === 'calculated' ? calculated(list, column, values) : values[column.name];
		if (value === undefined) continue;
		assignField(list, column, value, json, select);
	}
	return json;
}

function assignField(list: SharePointList, column: Column, value: FieldValue, json: Json, select: readonly string[] | undefined): void {
	switch (kindOf(column)) {
		case 'person':
		case 'lookup': {
			json[`${column.name}LookupId`] = plain(value);
			// Its text comes only to who names the column.
			if (select?.some((name) => name.toLowerCase() === column.name.toLowerCase())) json[column.name] = lookupText(list, column, Number(value));
			return;
		}
		case 'multiPerson':
			json[column.name] = (value as number[]).map((id) => {
				const user = list.site.userList.find(id)?.values;
				return { LookupId: id, LookupValue: user?.Title ?? '', Email: user?.EMail ?? '' };
			});
			return;
		case 'multiLookup':
			json[column.name] = (value as number[]).map((id) => ({ LookupId: id, LookupValue: lookupText(list, column, id) }));
			return;
		default:
			json[column.name] = value;
	}
}

function lookupText(list: SharePointList, column: Column, id: number): string {
	if (column.facet === 'personOrGroup') return plain(list.site.userList.find(id)?.values.Title);
	const { listId, columnName } = column.settings;
	const target = list.site.lists.find((one) => one.id === listId)?.find(id);
	const value = target?.values[String(columnName)];
	return plain(value);
}

function plain(value: FieldValue | undefined): string {
	return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

function lookupIdOf(list: SharePointList, by: ListItem['createdBy']): string {
	const user = by.user === undefined ? undefined : list.site.tenant.findUser(by.user.id);
	return String(user ? list.site.ensureUser(user) : APP_LOOKUP_ID);
}

/** `=[A]`, and two operands with one of + - * / & between them: columns in brackets, numbers, quoted text. */
function calculated(list: SharePointList, column: Column, values: FieldValues): FieldValue | undefined {
	if (values[column.name] !== undefined) return values[column.name];
	const match = /^=\s*(\[[^\]]+\]|[\d.]+|"[^"]*")\s*(?:([-+*/&])\s*(\[[^\]]+\]|[\d.]+|"[^"]*"))?\s*$/.exec(column.settings.formula as string);
	if (!match) return undefined;
	const operand = (text: string): string | number => {
		if (text.startsWith('"')) return text.slice(1, -1);
		if (!text.startsWith('[')) return Number(text);
		const value = values[list.column(text.slice(1, -1))?.name ?? ''];
		return typeof value === 'number' ? value : plain(value);
	};
	const left = operand(match[1]!);
	if (match[2] === undefined) return left;
	const right = operand(match[3]!);
	if (match[2] === '&') return `${left}${right}`;
	const [a, b] = [Number(left), Number(right)];
	return match[2] === '+' ? a + b : match[2] === '-' ? a - b : match[2] === '*' ? a * b : a / b;
}
