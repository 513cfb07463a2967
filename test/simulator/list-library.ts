import { driveJson, shownItem } from './drive-json';
import type { DriveNode } from './drive-node';
import type { Drive } from './drive-store';
import type { GraphRequest } from './exchange';
import type { FieldValue, FieldValues, ItemOptions, ListItem } from './list-item';
import { SharePointList, type NewList } from './list-store';
import type { OdataQuery } from './odata-query';
import type { Json } from './site-json';
import type { Site } from './site-store';

/** A document library as a list: its items are the files and folders of a drive, with columns beside them. */
export class LibraryList extends SharePointList {
	readonly drive: Drive;
	private readonly fields = new Map<number, FieldValues>();

	constructor(site: Site, about: NewList, sequence: number, drive: Drive | undefined) {
		super(site, about, sequence, drive?.about.listGuid);
		this.drive = drive ?? site.tenant.addDrive({
			key: `${site.key}/library/${this.name}`, driveType: 'documentLibrary', name: this.displayName, owner: site.owner,
			webPath: this.webPath.slice(1), siteGuid: site.siteGuid, webGuid: site.webGuid, listGuid: this.id,
		});
	}

	/** A file or folder as an item of the list; its id counts up with the drive's items. */
	itemOf(node: DriveNode): ListItem {
		const { drive } = this;
		const guid = (of: DriveNode): string => drive.ids.guid(of.sequence).toLowerCase();
		const values = this.fields.get(node.sequence) ?? {};
		const dot = node.name.lastIndexOf('.');
		return {
			id: node.sequence, uniqueId: guid(node), etag: node.etag, createdMs: node.createdMs, modifiedMs: node.modifiedMs,
			createdBy: node.createdBy, modifiedBy: node.modifiedBy,
			contentTypeId: (this.contentType(node.isFolder ? 'Folder' : 'Document') ?? this.contentTypes[0]!).id,
			values, isDeleted: node.state !== 'living', lastLogged: node.lastLogged,
			versions: (node.versions ?? []).map((version) => ({ number: version.number, values, modifiedMs: version.modifiedMs, modifiedBy: version.modifiedBy })),
			fileFields: {
				FileLeafRef: node.name, LinkFilename: node.name, LinkFilenameNoMenu: node.name,
				...(node.isFolder ? {} : { DocIcon: dot > 0 ? node.name.slice(dot + 1) : '', FileSizeDisplay: String(node.sizeBytes) }),
			},
			webPath: `/${drive.about.webPath}/${node.path}`,
			parentId: node.parent ? guid(node.parent) : this.id,
		};
	}

	node(item: ListItem): DriveNode {
		return this.drive.nodes[item.id]!;
	}

	override *items(): Iterable<ListItem> {
		for (const node of this.drive.nodes) if (this.counts(node)) yield this.itemOf(node);
	}

	private counts(node: DriveNode): boolean {
		return node.parent !== null && node.state === 'living';
	}

	override get itemCount(): number {
		let count = 0;
		for (const node of this.drive.nodes) if (this.counts(node)) count++;
		return count;
	}

	override find(id: number): ListItem | undefined {
		const node = this.drive.nodes[id];
		return node && this.counts(node) ? this.itemOf(node) : undefined;
	}

	override addItem(): ListItem {
		throw new Error('Items of a library are made by `library.drive.addFile`');
	}

	/** Columns of a file; delta of the drive tells of it, too. */
	override edit(item: ListItem | number, fields: Record<string, FieldValue | null>, options: ItemOptions = {}): ListItem {
		const found = typeof item === 'number' ? this.item(item) : item;
		this.fields.set(found.id, this.merged(found.values, fields));
		this.drive.touch(this.node(found), options.by);
		return this.itemOf(this.node(found));
	}

	override delete(item: ListItem | number): void {
		this.drive.delete(this.node(typeof item === 'number' ? this.item(item) : item));
	}

	override observe(): number {
		return this.drive.log.observe();
	}

	override page(from: number, limit: number): { items: ListItem[]; next: number | null } {
		const items: ListItem[] = [];
		const { nodes } = this.drive;
		for (let at = from; at < nodes.length; at++) {
			const node = nodes[at]!;
			if (!this.counts(node)) continue;
			if (items.length === limit) return { items, next: at };
			items.push(this.itemOf(node));
		}
		return { items, next: null };
	}

	override changes(position: number, limit: number): { items: ListItem[]; position: number; isLast: boolean } {
		const { nodes, ...rest } = this.drive.log.page(position, limit, (node) => node.parent !== null && node.lastChanged >= position);
		return { items: nodes.map((node) => this.itemOf(node)), ...rest };
	}
}

/** The drive of a library, as `/lists/{id}/drive` and `$expand=drive` show it. */
export function libraryDriveJson(request: GraphRequest, list: SharePointList): Json | undefined {
	return list instanceof LibraryList ? driveJson(request, list.drive, false) : undefined;
}

/** The file behind an item, where there is one. */
export function driveItemOf(request: GraphRequest, list: SharePointList, item: ListItem, query: OdataQuery): Json | undefined {
	if (!(list instanceof LibraryList)) return undefined;
	return shownItem(request, list.drive, list.node(item), query);
}
