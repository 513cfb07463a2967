import { contentOf, type ContentInput, type DriveContent } from './drive-content';
import type { FileOptions, ListItemAnswers, NewDrive } from './drive-options';
import { DriveLog, type DriveChange } from './drive-log';
import { freeName } from './drive-names';
import { newPermission, type NewGrant, type NewLink } from './drive-permission';
import { DriveIds, DriveNode, type DrivePermission, type Identity } from './drive-node';
import type { Tenant } from './tenant';

const LARGEST_VERSION_COUNT = 500;

/** A user's OneDrive or a document library. Tests change it as users do: synchronously, and delta tells of it. */
export class Drive {
	readonly id: string;
	readonly ids: DriveIds;
	readonly webGuid: string;
	readonly listGuid: string;
	readonly root: DriveNode;
	readonly log = new DriveLog();
	/** By sequence, whatever became of them. */
	readonly nodes: DriveNode[] = [];
	/** What a user can restore: roots of what was deleted. */
	readonly bin = new Set<DriveNode>();
	readonly createdMs: number;
	quotaTotalBytes = 1024 ** 4;
	/** 403 for everything. */
	isForbidden = false;
	/** 423 for everything (the site is locked). */
	isLocked = false;
	/** Tokens and download URLs of an older epoch are no good. */
	deltaEpoch = 0;
	deltaExpiryCode = 'resyncRequired';
	urlEpoch = 0;
	/** Set by the list that a library is: answers `listItem` of its items. */
	listItems: ListItemAnswers | undefined;
	private permissionCount = 0;

	constructor(
		readonly tenant: Tenant,
		readonly about: NewDrive,
	) {
		const guids = [about.siteGuid, about.webGuid ?? tenant.guid(`${about.key}/web`), about.listGuid ?? tenant.guid(`${about.key}/list`)];
		[, this.webGuid, this.listGuid] = guids as [string, string, string];
		this.id = `b!${Buffer.from(guids.join('').replace(/-/g, ''), 'hex').toString('base64url')}`;
		this.ids = new DriveIds(tenant.guid(`${about.key}/items`));
		this.createdMs = Date.UTC(2024, 0, 15, 8);
		this.root = this.newNode('root', null, null, about.owner);
	}

	/** @param at a folder or file, its id, or its path (`''`: the root). @throws Error if it is not there */
	item(at: DriveNode | string): DriveNode {
		if (typeof at !== 'string') return at;
		const found = this.find(at) ?? this.byPath(at);
		if (!found) throw new Error(`The drive has no ${at}`);
		return found;
	}

	/** By id, living or in the bin. */
	find(id: string): DriveNode | undefined {
		if (id.toLowerCase() === 'root') return this.root;
		const sequence = this.ids.sequence(id);
		return sequence === undefined ? undefined : this.nodes[sequence];
	}

	byPath(path: string): DriveNode | undefined {
		let node: DriveNode | undefined = this.root;
		for (const name of path.split('/')) if (name !== '') node = node?.child(name);
		return node;
	}

	idOf(node: DriveNode): string {
		return this.ids.item(node.sequence);
	}

	/** Where its pages would be. */
	get host(): string {
		return this.about.driveType === 'business' ? this.tenant.host.replace(/^(\w+)/, '$1-my') : this.tenant.host;
	}

	get usedBytes(): number {
		return this.root.sizeBytes;
	}

	*files(): Generator<DriveNode> {
		for (const node of this.nodes) if (node.state === 'living' && node.content) yield node;
	}

	/** @param at the folder, or a path whose missing parts are made */
	addFolder(at: DriveNode | string, name?: string, options: { by?: Identity; created?: Date | string; modified?: Date | string; packageType?: string } = {}): DriveNode {
		if (name === undefined) return this.folderAt(at);
		const folder = this.newNode(name, this.folderAt(at), null, options.by ?? this.about.owner);
		this.setDates(folder, options);
		folder.packageType = options.packageType;
		this.log.append(folder, 'changed');
		return folder;
	}

	private folderAt(at: DriveNode | string): DriveNode {
		if (typeof at !== 'string') return at;
		const known = this.find(at);
		if (known) return known;
		let folder = this.root;
		for (const name of at.split('/')) if (name !== '') folder = folder.child(name) ?? this.addFolder(folder, name);
		return folder;
	}

	/** @param at the folder, or a path whose missing parts are made */
	addFile(at: DriveNode | string, name: string, content: ContentInput, options: FileOptions = {}): DriveNode {
		const file = this.newNode(name, this.folderAt(at), contentOf(content), options.by ?? this.about.owner);
		this.setDates(file, options);
		Object.assign(file, { description: options.description, malware: options.malware, hashless: options.hashless ?? false, servedAs: options.servedAs === undefined ? undefined : contentOf(options.servedAs) });
		this.log.append(file, 'changed');
		return file;
	}

	/** A notebook: a package with `.one` files in it. */
	addNotebook(at: DriveNode | string, name: string, sections: Readonly<Record<string, ContentInput>>): DriveNode {
		const notebook = this.addFolder(at, name, { packageType: 'oneNote' });
		this.addFile(notebook, 'Open Notebook.onetoc2', 'table of contents');
		for (const [section, content] of Object.entries(sections)) this.addFile(notebook, `${section}.one`, content);
		return notebook;
	}

	private newNode(name: string, parent: DriveNode | null, content: DriveContent | null, by: Identity): DriveNode {
		if (parent && !parent.children) throw new Error(`${parent.name} is no folder`);
		if (parent?.child(name)) throw new Error(`There is a ${name} in ${parent.name} already`);
		const node = new DriveNode(this.nodes.length, name, parent, content, parent ? this.tenant.clock.nowMs() : this.createdMs, by, by);
		this.nodes.push(node);
		if (parent) this.attach(node, parent);
		return node;
	}

	private attach(node: DriveNode, parent: DriveNode): void {
		node.parent = parent;
		parent.children!.set(node.name.toLowerCase(), node);
		parent.sorted = null;
		this.grow(parent, node.sizeBytes);
	}

	private detach(node: DriveNode): void {
		const parent = node.parent!;
		parent.children!.delete(node.name.toLowerCase());
		parent.sorted = null;
		this.grow(parent, -node.sizeBytes);
	}

	private grow(folder: DriveNode | null, bytes: number): void {
		for (let at = folder; at; at = at.parent) at.sizeBytes += bytes;
	}

	setDates(node: DriveNode, dates: { created?: Date | string; modified?: Date | string }): void {
		if (dates.created !== undefined) node.fsCreatedMs = new Date(dates.created).getTime();
		if (dates.modified !== undefined) node.fsModifiedMs = new Date(dates.modified).getTime();
	}

	/** Anything but its content changed. */
	touch(node: DriveNode, by: Identity = this.about.owner, change: DriveChange = 'changed'): void {
		node.etag++;
		if (change === 'changed') {
			node.modifiedMs = this.tenant.clock.nowMs();
			node.modifiedBy = by;
		}
		this.log.append(node, change);
		if (this.tenant.switches.driveDeltaReportsParents && node.parent) this.log.append(node.parent, 'changed');
	}

	/** New content; the old one becomes a version. */
	edit(node: DriveNode | string, content: ContentInput, options: FileOptions = {}): DriveNode {
		const file = this.item(node);
		if (!file.content) throw new Error(`${file.name} is no file`);
		this.keepVersion(file);
		file.content = contentOf(content);
		this.grow(file, file.content.sizeBytes - file.sizeBytes);
		file.ctag++;
		this.touch(file, options.by);
		file.fsModifiedMs = file.modifiedMs;
		this.setDates(file, options);
		return file;
	}

	/** The state at hand becomes an older version: before an edit, and before a change of its dates. */
	keepVersion(file: DriveNode): void {
		const versions = (file.versions ??= []);
		versions.push({ number: file.versionNumber++, content: file.content!, modifiedMs: file.fsModifiedMs, modifiedBy: file.modifiedBy });
		if (versions.length >= LARGEST_VERSION_COUNT) versions.shift();
	}

	rename(node: DriveNode | string, name: string, by?: Identity): DriveNode {
		const item = this.item(node);
		return this.move(item, item.parent!, name, by);
	}

	/** @throws Error if the name is taken, or a folder would lie in itself */
	move(node: DriveNode | string, to: DriveNode | string, name?: string, by?: Identity): DriveNode {
		const item = this.item(node);
		const folder = this.item(to);
		const newName = name ?? item.name;
		const taken = folder.child(newName);
		if (taken && taken !== item) throw new Error(`There is a ${newName} in ${folder.name} already`);
		if (folder.isWithin(item)) throw new Error('A folder cannot be moved into itself');
		this.detach(item);
		item.name = newName;
		this.attach(item, folder);
		this.touch(item, by);
		return item;
	}

	/** Another thing with another id; versions and permissions stay behind. */
	copy(node: DriveNode | string, to: DriveNode | string, name?: string, by?: Identity, target: Drive = this): DriveNode {
		const item = this.item(node);
		const folder = target.item(to);
		const options = { created: new Date(item.fsCreatedMs), modified: new Date(item.fsModifiedMs), ...(by ? { by } : {}) };
		const children = [...(item.children?.values() ?? [])];
		const made = item.content ? target.addFile(folder, name ?? item.name, item.content, options) : target.addFolder(folder, name ?? item.name, options);
		made.packageType = item.packageType;
		for (const child of children) this.copy(child, made, child.name, by, target);
		return made;
	}

	/** Into the bin. */
	delete(node: DriveNode | string): void {
		const item = this.item(node);
		if (item.state !== 'living' || !item.parent) throw new Error(`${item.name} cannot be deleted`);
		this.detach(item);
		this.bin.add(item);
		this.mark(item, 'deleted');
	}

	/** Gone for good; from the bin, too. */
	purge(node: DriveNode | string): void {
		const item = this.item(node);
		if (item.state === 'living') this.delete(item);
		this.bin.delete(item);
		for (const one of item.subtree()) one.state = 'gone';
	}

	private mark(item: DriveNode, state: 'deleted' | 'living'): void {
		const tellsAll = state === 'living' || this.tenant.switches.driveDeletedDescendants === 'reported';
		for (const one of item.subtree()) {
			one.state = state;
			one.etag++;
			one.modifiedMs = this.tenant.clock.nowMs();
			if (tellsAll || one === item) this.log.append(one, 'changed');
		}
	}

	/** Back from the bin, under the same id; beside what has taken its name. */
	restore(node: DriveNode | string): DriveNode {
		const item = this.item(node);
		if (!this.bin.delete(item)) throw new Error(`${item.name} is not in the bin`);
		const parent = item.parent!.state === 'living' ? item.parent! : this.root;
		if (parent.child(item.name)) item.name = freeName(item.name, (name) => parent.child(name) !== undefined);
		this.attach(item, parent);
		this.mark(item, 'living');
		return item;
	}

	/** A grant for a user, or a link. */
	share(node: DriveNode | string, given: NewGrant | NewLink): DrivePermission {
		const item = this.item(node);
		const permission = newPermission(this, item, given, ++this.permissionCount);
		(item.permissions ??= []).push(permission);
		this.sharingChanged(item, permission.link !== null);
		return permission;
	}

	unshare(node: DriveNode | string, permission: DrivePermission): void {
		const item = this.item(node);
		item.permissions = (item.permissions ?? []).filter((one) => one !== permission);
		this.sharingChanged(item, permission.link !== null);
	}

	/** Changes of links are not in SharePoint's delta (gd#7254). */
	sharingChanged(item: DriveNode, isLink: boolean): void {
		if (!isLink || this.tenant.switches.driveDeltaReportsLinks) this.touch(item, undefined, 'sharing');
	}

	lock(node: DriveNode | string, isLocked = true): void {
		this.item(node).isLocked = isLocked;
	}

	checkOut(node: DriveNode | string, by: Identity | null = this.about.owner): void {
		const item = this.item(node);
		item.checkedOutBy = by ?? undefined;
		this.touch(item);
	}

	forbid(node: DriveNode | string, isForbidden = true): void {
		this.item(node).isForbidden = isForbidden;
	}

	/** All delta tokens answer 410 from now on, next links too. */
	expireDelta(code = 'resyncRequired'): void {
		this.deltaEpoch++;
		this.deltaExpiryCode = code;
	}

	/** All download URLs answer 401 from now on; downloads that run go on. */
	expireDownloadUrls(): void {
		this.urlEpoch++;
	}
}
