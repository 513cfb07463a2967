import type { Identity } from './drive-node';
import { builtInColumns, internalName, kindOf, newColumn, type Column, type NewColumn } from './list-column';
import { derivedContentType, type ContentType } from './list-content-type';
import type { FieldValue, FieldValues, ItemOptions, ListItem } from './list-item';
import type { Site } from './site-store';

const LARGEST_VERSION_COUNT = 50;

export interface NewList {
	/** What people see. */
	displayName: string;
	/** In URLs; the display name without what URLs dislike unless said. */
	name?: string;
	description?: string;
	/** `genericList` unless said; `documentLibrary`, `events`, `tasks`, `announcements`, … */
	template?: string;
	columns?: readonly NewColumn[];
	hidden?: boolean;
	/** Shown only to who selects `system`. */
	isSystem?: boolean;
	/** Several content types beside Item: names of some of the site. */
	contentTypes?: readonly string[];
	by?: Identity;
}

/** A list of a site. Tests change it as users do: synchronously, and delta tells of it. */
export class SharePointList {
	readonly id: string;
	readonly name: string;
	displayName: string;
	description: string;
	readonly template: string;
	hidden: boolean;
	readonly isSystem: boolean;
	contentTypesEnabled: boolean;
	readonly columns: Column[];
	readonly contentTypes: ContentType[] = [];
	readonly createdMs: number;
	readonly createdBy: Identity;
	modifiedMs: number;
	etag = 1;
	/** 403 for everything. */
	isForbidden = false;
	isDeleted = false;
	/** Tokens of an older epoch answer 410. */
	deltaEpoch = 0;
	deltaExpiryCode = 'resyncRequired';
	/** In the order of their ids: those only ever grow. */
	protected readonly living = new Map<number, ListItem>();
	private readonly log: ListItem[] = [];
	private isObserved = false;
	private nextId = 1;

	constructor(
		readonly site: Site,
		about: NewList,
		readonly sequence: number,
		id?: string,
	) {
		const { tenant } = site;
		this.displayName = about.displayName;
		this.name = about.name ?? about.displayName.replace(/["*:<>?/\\|#%&{}~]/g, '');
		this.description = about.description ?? '';
		this.template = about.template ?? 'genericList';
		this.hidden = about.hidden ?? false;
		this.isSystem = about.isSystem ?? false;
		this.id = id ?? tenant.guid(`${site.key}/list/${sequence}/${this.name}`);
		this.createdBy = about.by ?? site.owner;
		this.createdMs = this.modifiedMs = tenant.clock.nowMs();
		this.columns = builtInColumns(tenant, this.isLibrary);
		this.contentTypesEnabled = about.contentTypes !== undefined;
		for (const name of [this.isLibrary ? 'Document' : 'Item', ...(about.contentTypes ?? []), 'Folder']) this.addContentType(name);
		for (const column of about.columns ?? []) this.addColumn(column);
	}

	get isLibrary(): boolean {
		return this.template === 'documentLibrary' || this.template === 'webPageLibrary';
	}

	/** Of the list in its site, with `/Lists/` before it unless it is a library. */
	get webPath(): string {
		return `${this.site.webPath}/${this.template === 'webPageLibrary' ? 'SitePages' : this.isLibrary ? this.name : `Lists/${this.name}`}`;
	}

	/** Before Folder, which comes last. @param name of a content type of the site, or its id */
	addContentType(name: string): ContentType {
		const parent = this.site.contentTypes.find((type) => type.name === name || type.id === name);
		if (!parent) throw new Error(`The site has no content type ${name}`);
		const type = derivedContentType(this.site.tenant, this.id, parent);
		if (this.contentTypes.at(-1)?.name === 'Folder') this.contentTypes.splice(-1, 0, type);
		else this.contentTypes.push(type);
		return type;
	}

	/** @param name or id */
	contentType(name: string): ContentType | undefined {
		return this.contentTypes.find((type) => type.name === name || type.id === name);
	}

	/** @throws Error if there is one of that name */
	addColumn(given: NewColumn): Column {
		const column = newColumn(this.site.tenant, this.id, given);
		if (this.columns.some(({ name }) => name.toLowerCase() === column.name.toLowerCase())) throw new Error(`The list has a column ${column.name} already`);
		this.columns.push(column);
		for (const type of this.contentTypes) if (type.name !== 'Folder') type.columns.push(column.name);
		if (column.facet === 'term') this.addTextColumnOf(column);
		this.touch();
		return column;
	}

	/** SharePoint keeps terms in a hidden text column as well; clients write that one. */
	private addTextColumnOf(column: Column): void {
		const name = `h${this.site.tenant.guid(`${column.id}/text`).replace(/-/g, '').slice(1)}`;
		this.columns.push({ ...newColumn(this.site.tenant, this.id, { name, displayName: `${column.displayName}_0`, hidden: true, text: { allowMultipleLines: true } }), columnGroup: 'Custom Columns' });
		column.textColumn = name;
	}

	deleteColumn(column: Column): void {
		this.columns.splice(this.columns.indexOf(column), 1);
		for (const type of this.contentTypes) type.columns = type.columns.filter((name) => name !== column.name);
		for (const item of this.items()) Reflect.deleteProperty(item.values, column.name);
		this.touch();
	}

	column(name: string): Column | undefined {
		return this.columns.find((column) => column.name === name || column.id === name) ?? this.columns.find((column) => column.displayName === name);
	}

	/** The list itself changed. */
	touch(): void {
		this.etag++;
		this.modifiedMs = this.site.tenant.clock.nowMs();
	}

	/** Living ones, by id. */
	items(): Iterable<ListItem> {
		return this.living.values();
	}

	get itemCount(): number {
		return this.living.size;
	}

	find(id: number): ListItem | undefined {
		return this.living.get(id);
	}

	/** @throws Error if there is no such living item */
	item(id: number | string): ListItem {
		const found = this.find(Number(id));
		if (!found) throw new Error(`${this.displayName} has no item ${id}`);
		return found;
	}

	/** @param fields by internal name: `{ Title: 'x', Owner: userId, Tags: ['a', 'b'] }`; see FieldValue. @throws Error for a column that is not there */
	addItem(fields: Record<string, FieldValue | null> = {}, options: ItemOptions = {}): ListItem {
		const nowMs = this.site.tenant.clock.nowMs();
		const by = options.by ?? this.site.owner;
		const type = options.contentType === undefined ? this.contentTypes[0]! : this.contentType(options.contentType);
		if (!type) throw new Error(`${this.displayName} has no content type ${options.contentType ?? ''}`);
		const id = this.nextId++;
		const item: ListItem = {
			id,
			uniqueId: options.uniqueId ?? this.site.tenant.guid(`${this.id}/item/${id}`),
			etag: 1,
			createdMs: options.created === undefined ? nowMs : new Date(options.created).getTime(),
			modifiedMs: options.modified === undefined ? nowMs : new Date(options.modified).getTime(),
			createdBy: by,
			modifiedBy: by,
			contentTypeId: type.id,
			values: this.merged(this.defaults(), fields),
			versions: [],
			isDeleted: false,
			lastLogged: -1,
		};
		this.living.set(id, item);
		this.append(item);
		return item;
	}

	private defaults(): FieldValues {
		const values: FieldValues = {};
		for (const column of this.columns) {
			const value = column.defaultValue?.formula === '=[today]' ? this.site.tenant.clock.now().toISOString() : column.defaultValue?.value;
			if (typeof value !== 'string') continue;
			const kind = kindOf(column);
			values[column.name] = kind === 'number' ? Number(value) : kind === 'boolean' ? value === '1' || value === 'true' : kind === 'multiChoice' ? [value] : value;
		}
		return values;
	}

	protected merged(before: FieldValues, fields: Record<string, FieldValue | null>): FieldValues {
		const values = { ...before };
		for (const [name, value] of Object.entries(fields)) {
			if (!this.columns.some((column) => column.name === name)) throw new Error(`${this.displayName} has no column ${name} (internal name ${internalName(name)}?)`);
			if (value === null) Reflect.deleteProperty(values, name);
			else values[name] = value;
		}
		return values;
	}

	/** null empties a field. The state before becomes a version. */
	edit(item: ListItem | number, fields: Record<string, FieldValue | null>, options: ItemOptions = {}): ListItem {
		const found = typeof item === 'number' ? this.item(item) : item;
		const values = this.merged(found.values, fields);
		found.versions.push({ number: found.versions.length ? found.versions.at(-1)!.number + 1 : 1, values: found.values, modifiedMs: found.modifiedMs, modifiedBy: found.modifiedBy });
		if (found.versions.length > LARGEST_VERSION_COUNT) found.versions.shift();
		found.values = values;
		found.etag++;
		found.modifiedMs = options.modified === undefined ? this.site.tenant.clock.nowMs() : new Date(options.modified).getTime();
		found.modifiedBy = options.by ?? this.site.owner;
		if (options.contentType !== undefined) found.contentTypeId = this.contentType(options.contentType)?.id ?? found.contentTypeId;
		this.append(found);
		return found;
	}

	/** Into the site's recycle bin; Graph cannot bring it back, and its id never comes again. */
	delete(item: ListItem | number): void {
		const found = typeof item === 'number' ? this.item(item) : item;
		if (!this.living.delete(found.id)) throw new Error(`${this.displayName} has no item ${found.id}`);
		found.isDeleted = true;
		this.append(found);
	}

	private append(item: ListItem): void {
		this.modifiedMs = this.site.tenant.clock.nowMs();
		if (!this.isObserved) return;
		item.lastLogged = this.log.length;
		this.log.push(item);
	}

	/** Changes are kept from now on; the position behind the last one. */
	observe(): number {
		this.isObserved = true;
		return this.log.length;
	}

	/** Up to `limit` living items whose id is `from` or above, and the id at which the next page begins (null: no more). */
	page(from: number, limit: number): { items: ListItem[]; next: number | null } {
		const items: ListItem[] = [];
		for (const item of this.items()) {
			if (item.id < from) continue;
			if (items.length === limit) return { items, next: item.id };
			items.push(item);
		}
		return { items, next: null };
	}

	/** Up to `limit` items changed since `position`, each once, as it is now. */
	changes(position: number, limit: number): { items: ListItem[]; position: number; isLast: boolean } {
		const items: ListItem[] = [];
		let at = position;
		for (; at < this.log.length && items.length < limit; at++) if (this.log[at]!.lastLogged === at) items.push(this.log[at]!);
		while (at < this.log.length && this.log[at]!.lastLogged !== at) at++;
		return { items, position: at, isLast: at >= this.log.length };
	}

	/** All delta tokens answer 410 from now on, next links too. */
	expireDelta(code = 'resyncRequired'): void {
		this.deltaEpoch++;
		this.deltaExpiryCode = code;
	}
}
