import type { JsonObject } from '../../base/json';
import type { ItemChange } from '../workload';
import type { GraphListItem } from './graph-site';
import { documentBytes, lasting, whoOf } from './graph-site';
import { searchableColumns } from './list-columns';

const LONGEST_VALUE = 200;

/** What a person would call an item: its title, else its file's name, else its number. */
export function itemName({ id, fields }: GraphListItem): string {
	for (const name of ['Title', 'LinkTitle', 'FileLeafRef']) {
		const value = fields?.[name];
		if (typeof value === 'string' && value.trim() !== '') return value;
	}
	return `Item ${id}`;
}

/** Of an item: Graph's whole answer, and who the people in its columns are. */
export function itemDocument(item: GraphListItem, people: JsonObject): Buffer {
	return documentBytes({ ...lasting(item as unknown as JsonObject), ...(Object.keys(people).length > 0 ? { people } : {}) });
}

/** The item's line, and its document to be stored with it. */
export function itemChange(scope: string, item: GraphListItem, about: { folderPath: string[]; columns: readonly JsonObject[]; isNew: boolean; document?: Buffer }): ItemChange {
	const id = `${scope}/${item.id}`;
	const name = itemName(item);
	const version = item.eTag ?? item.lastModifiedDateTime ?? '';
	return {
		kind: 'item',
		id,
		type: 'listItem',
		parent: `${scope}/root`,
		name,
		...(item.lastModifiedDateTime === undefined ? {} : { modified: item.lastModifiedDateTime }),
		...(about.document ? { size: about.document.length } : {}),
		etag: version,
		meta: itemMeta(item, about.columns),
		isNew: about.isNew,
		fetch: { id, folderPath: about.folderPath, title: name, extension: '.json', version, hints: {} },
	};
}

function itemMeta(item: GraphListItem, columns: readonly JsonObject[]): JsonObject {
	const [createdBy, modifiedBy] = [whoOf(item.createdBy), whoOf(item.lastModifiedBy)];
	const fields: JsonObject = {};
	for (const name of searchableColumns(columns)) {
		const value = item.fields?.[name];
		if (typeof value === 'string') fields[name] = value.slice(0, LONGEST_VALUE);
		else if (typeof value === 'number' || Array.isArray(value)) fields[name] = value;
	}
	return {
		...(item.contentType?.name === undefined ? {} : { contentType: item.contentType.name }),
		...(item.createdDateTime === undefined ? {} : { created: item.createdDateTime }),
		...(createdBy === undefined ? {} : { createdBy }),
		...(modifiedBy === undefined ? {} : { modifiedBy }),
		...(Object.keys(fields).length > 0 ? { fields } : {}),
	};
}
