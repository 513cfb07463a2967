import type { Column } from './list-column';
import { columnJson } from './list-column';
import type { Tenant } from './tenant';

export interface ContentType {
	id: string;
	name: string;
	description: string;
	group: string;
	hidden: boolean;
	isBuiltIn: boolean;
	parentId: string;
	/** Names of the columns that it shows, in their order. */
	columns: string[];
}

const BUILT_IN: readonly (readonly [id: string, name: string, group: string])[] = [
	['0x01', 'Item', 'List Content Types'],
	['0x0101', 'Document', 'Document Content Types'],
	['0x0102', 'Event', 'List Content Types'],
	['0x0104', 'Announcement', 'List Content Types'],
	['0x0105', 'Link', 'List Content Types'],
	['0x0106', 'Contact', 'List Content Types'],
	['0x0108', 'Task', 'List Content Types'],
	['0x0120', 'Folder', 'Folder Content Types'],
	['0x0101009D1CB255DA76424F860D91F20E6C4118', 'Site Page', 'Document Content Types'],
];

/** Of every site. */
export function siteContentTypes(): ContentType[] {
	return BUILT_IN.map(([id, name, group]) => ({ id, name, description: `Create a new ${name.toLowerCase()}.`, group, hidden: false, isBuiltIn: true, parentId: parentOf(id), columns: ['Title'] }));
}

/** `0x0101` → `0x01`; `0x01` + `00` + 32 digits → `0x01`. */
function parentOf(id: string): string {
	if (/00[0-9A-F]{32}$/i.test(id) && id.length > 36) return id.slice(0, -34);
	return id.length > 4 ? id.slice(0, -2) : '0x';
}

/** A content type derived from another: of a site, or a list's own copy. */
export function derivedContentType(tenant: Tenant, key: string, parent: ContentType, given: { name?: string; description?: string; group?: string; columns?: string[] } = {}): ContentType {
	return {
		id: `${parent.id}00${tenant.guid(`${key}/contentType/${parent.id}/${given.name ?? ''}`).replace(/-/g, '').toUpperCase()}`,
		name: given.name ?? parent.name,
		description: given.description ?? parent.description,
		group: given.group ?? parent.group,
		hidden: false,
		isBuiltIn: false,
		parentId: parent.id,
		columns: [...(given.columns ?? parent.columns)],
	};
}

/** contentType; `position` is its place in the list's menu of new items, the first being the default. */
export function contentTypeJson(type: ContentType, expand: ReadonlySet<string>, columns: readonly Column[], position?: number): Record<string, unknown> {
	const { id, name, description, group, hidden, isBuiltIn, parentId } = type;
	return {
		id, name, description, group, hidden, isBuiltIn, parentId, readOnly: false, sealed: false,
		...(position === undefined ? {} : { order: { default: position === 0, position } }),
		...(expand.has('columns') ? { columns: shownColumns(type, columns).map(columnJson) } : {}),
		...(expand.has('columnPositions') ? { columnPositions: shownColumns(type, columns).map(columnJson) } : {}),
	};
}

export function shownColumns(type: ContentType, columns: readonly Column[]): Column[] {
	return type.columns.flatMap((name) => columns.find((column) => column.name === name) ?? []);
}
