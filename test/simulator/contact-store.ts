import { ContactRecord } from './contact';
import { ContactFolder } from './contact-folder';
import { derivedFileAs, derivedName, layOver, type ContactProperties } from './contact-properties';
import { FolderHierarchyLog } from './folder-log';
import { GraphError } from './graph-error';
import { MailboxIds } from './ids';
import type { Mailbox } from './mailbox';

const NAME_PARTS = ['givenName', 'middleName', 'surname', 'generation'];

/** The contacts of one mailbox, and the only place where they change. Routes and tests call the same methods. */
export class MailboxContacts {
	readonly folders = new Map<number, ContactFolder>();
	readonly folderLog = new FolderHierarchyLog<ContactFolder>();
	/** The folder that `/contactFolders` omits. */
	readonly default: ContactFolder;
	folderDeltaEpoch = 0;
	private readonly ids: MailboxIds;
	private readonly contacts = new Map<number, ContactRecord>();
	private nextSequence = 1;
	private changeCounter = 1000;

	constructor(
		readonly mailbox: Mailbox,
		locale: 'en' | 'de',
	) {
		this.ids = new MailboxIds(mailbox.tenant.guid(`contacts/${mailbox.user.id}`));
		this.default = this.makeFolder(locale === 'de' ? 'Kontakte' : 'Contacts', mailbox.root, false);
	}

	/** By id, or by display path from the default folder on (`Contacts/VIP`), or `default`. @throws Error if there is none */
	folder(name: string): ContactFolder {
		const found = name === 'default' ? this.default : (this.findFolder(name) ?? [...this.folders.values()].find((folder) => folder.path.join('/') === name));
		if (!found) throw new Error(`${this.mailbox.user.userPrincipalName} has no contact folder ${name}`);
		return found;
	}

	findFolder(id: string): ContactFolder | undefined {
		const parsed = this.ids.parse(id);
		return parsed?.kind === 'folder' ? this.folders.get(parsed.sequence) : undefined;
	}

	/** By immutable or (still valid) mutable id. */
	find(id: string): ContactRecord | undefined {
		const parsed = this.ids.parse(id);
		if (parsed?.kind !== 'message') return undefined;
		const contact = this.contacts.get(parsed.sequence);
		return contact && (parsed.generation === null || parsed.generation === contact.generation) ? contact : undefined;
	}

	/** All of them, deleted ones in the bins too, in order of creation. */
	all(): ContactRecord[] {
		return [...this.contacts.values()];
	}

	/** Those in contact folders that are not deleted. */
	living(): ContactRecord[] {
		return this.all().filter(({ place }) => place instanceof ContactFolder && this.isLiving(place));
	}

	/** Whether a folder is the default one or hangs below it. */
	isLiving(folder: ContactFolder): boolean {
		return folder === this.default || folder.isBelow(this.default);
	}

	/** Visible ones directly below. */
	children(parent: ContactFolder): ContactFolder[] {
		const showsHidden = this.mailbox.tenant.switches.hiddenContactFolders === 'listed';
		return [...this.folders.values()].filter((folder) => folder.parent === parent && (showsHidden || !folder.isHidden));
	}

	/** @throws GraphError ErrorFolderExists */
	addFolder(parent: ContactFolder | string, displayName: string, options: { hidden?: boolean } = {}): ContactFolder {
		const above = typeof parent === 'string' ? this.folder(parent) : parent;
		this.refuseTakenName(above, displayName);
		const folder = this.makeFolder(displayName, above, options.hidden ?? false);
		this.folderLog.append(folder);
		return folder;
	}

	private makeFolder(displayName: string, parent: ContactFolder['parent'], isHidden: boolean): ContactFolder {
		const sequence = this.nextSequence++;
		const folder = new ContactFolder(sequence, this.ids.folder(sequence), displayName, parent, isHidden);
		this.folders.set(sequence, folder);
		return folder;
	}

	/** @throws GraphError ErrorFolderExists */
	renameFolder(folder: ContactFolder, displayName: string): void {
		if (folder.parent instanceof ContactFolder) this.refuseTakenName(folder.parent, displayName, folder);
		folder.displayName = displayName;
		this.folderLog.append(folder);
	}

	/** @throws GraphError ErrorFolderExists, or 400 for a move below itself or of the default folder */
	moveFolder(folder: ContactFolder, destination: ContactFolder): void {
		this.refuseDefault(folder);
		if (destination === folder || destination.isBelow(folder)) throw new GraphError(400, 'ErrorMoveCopyFailed', 'The move or copy operation failed.');
		this.refuseTakenName(destination, folder.displayName, folder);
		folder.parent = destination;
		this.folderLog.append(folder);
	}

	/** Under Deleted Items with all that is in it, or gone with its contacts in Recoverable Items: switch deletedFolderGoesTo. */
	deleteFolder(folder: ContactFolder): void {
		this.refuseDefault(folder);
		if (this.mailbox.tenant.switches.deletedFolderGoesTo === 'deletedItems') {
			folder.parent = this.mailbox.folder('deleteditems');
			this.folderLog.append(folder);
		} else this.removeFolder(folder, (contact) => this.toBin(contact, 'recoverableitemsdeletions'));
	}

	/** Gone with everything in it. */
	purgeFolder(folder: ContactFolder): void {
		this.refuseDefault(folder);
		this.removeFolder(folder, (contact) => this.purge(contact));
	}

	private removeFolder(folder: ContactFolder, dispose: (contact: ContactRecord) => void): void {
		for (const child of [...this.folders.values()].filter(({ parent }) => parent === folder)) this.removeFolder(child, dispose);
		for (const contact of [...folder.contacts()]) dispose(contact);
		folder.isDeleted = true;
		this.folders.delete(folder.sequence);
		this.folderLog.append(folder);
	}

	private refuseDefault(folder: ContactFolder): void {
		if (folder === this.default) throw new GraphError(400, 'ErrorDeleteDistinguishedFolder', 'Distinguished folders cannot be moved or deleted.');
	}

	private refuseTakenName(parent: ContactFolder, displayName: string, self?: ContactFolder): void {
		for (const child of this.folders.values()) {
			if (child.parent === parent && child !== self && child.displayName.toLowerCase() === displayName.toLowerCase()) {
				throw new GraphError(409, 'ErrorFolderExists', 'A folder with the specified name already exists.');
			}
		}
	}

	/** @throws GraphError 400 for properties that contacts do not have */
	add(folder: ContactFolder | string, properties: ContactProperties, options: { photo?: Buffer; singleValueProperties?: Record<string, string> } = {}): ContactRecord {
		const where = typeof folder === 'string' ? this.folder(folder) : folder;
		const contact = new ContactRecord(this.nextSequence++, where, {
			immutable: (sequence) => this.ids.immutableMessage(sequence),
			mutable: (sequence, generation) => this.ids.mutableMessage(sequence, generation),
		});
		layOver(contact.properties, properties);
		contact.properties['displayName'] ??= derivedName(contact.properties);
		contact.properties['fileAs'] ??= derivedFileAs(contact.properties);
		for (const [id, value] of Object.entries(options.singleValueProperties ?? {})) contact.singleValueProperties.set(id, value);
		if (options.photo) contact.photo = { bytes: options.photo, contentType: 'image/jpeg' };
		contact.createdMs = contact.modifiedMs = this.mailbox.tenant.clock.nowMs();
		contact.changeNumber = this.changeCounter++;
		this.contacts.set(contact.sequence, contact);
		where.enter(contact);
		where.log.append(contact, 'created');
		return contact;
	}

	/** As PATCH does: parts of the name without the name itself make a new one. Categories alone are a small change in delta. */
	patch(contact: ContactRecord, properties: ContactProperties): void {
		const properly = structuredClone(contact.properties);
		layOver(properly, properties);
		const keys = Object.keys(properties);
		if (properties['displayName'] === undefined && keys.some((key) => NAME_PARTS.includes(key))) properly['displayName'] = derivedName(properly);
		contact.properties = properly;
		this.touch(contact, keys.length === 1 && keys[0] === 'categories' ? 'readState' : 'full');
	}

	setPhoto(contact: ContactRecord, bytes: Buffer | null, contentType = 'image/jpeg'): void {
		contact.photo = bytes && { bytes, contentType };
		this.touch(contact, 'full');
	}

	touch(contact: ContactRecord, kind: 'full' | 'readState'): void {
		contact.changeNumber = this.changeCounter++;
		contact.modifiedMs = this.mailbox.tenant.clock.nowMs();
		if (contact.place instanceof ContactFolder) contact.place.log.append(contact, kind);
	}

	/** With ImmutableId the same contact elsewhere; its mutable id changes. */
	move(contact: ContactRecord, destination: ContactFolder | string): void {
		const to = typeof destination === 'string' ? this.folder(destination) : destination;
		if (contact.place === to) return;
		this.takeOut(contact);
		to.enter(contact);
		to.log.append(contact, 'created');
	}

	/** As a user in Outlook does: into Deleted Items. */
	deleteByUser(contact: ContactRecord): void {
		this.toBin(contact, 'deleteditems');
	}

	/** As DELETE does: switch deletedMessageGoesTo. */
	delete(contact: ContactRecord): void {
		const { deletedMessageGoesTo } = this.mailbox.tenant.switches;
		if (contact.place === this.mailbox.folder('recoverableitemsdeletions')) this.purge(contact);
		else this.toBin(contact, deletedMessageGoesTo === 'deletedItems' && contact.place instanceof ContactFolder ? 'deleteditems' : 'recoverableitemsdeletions');
	}

	private toBin(contact: ContactRecord, role: 'deleteditems' | 'recoverableitemsdeletions'): void {
		this.takeOut(contact);
		contact.place = this.mailbox.folder(role);
	}

	private takeOut(contact: ContactRecord): void {
		if (contact.place instanceof ContactFolder) {
			contact.place.leave(contact);
			contact.place.log.append(contact, 'removed');
		}
		contact.generation++;
		contact.changeNumber = this.changeCounter++;
		contact.modifiedMs = this.mailbox.tenant.clock.nowMs();
	}

	/** Gone for good. */
	purge(contact: ContactRecord): void {
		if (contact.place instanceof ContactFolder) {
			contact.place.leave(contact);
			contact.place.log.append(contact, 'removed');
		}
		contact.isPurged = true;
		this.contacts.delete(contact.sequence);
	}

	/** From now on reading it (in lists and delta too) answers 500 with this code; null heals it. */
	corrupt(contact: ContactRecord, code: string | null = 'ErrorCorruptData'): void {
		if (code === null) delete contact.corruptCode;
		else contact.corruptCode = code;
	}

	corruptPhoto(contact: ContactRecord, code: string | null = 'ErrorCorruptData'): void {
		if (code === null) delete contact.corruptPhotoCode;
		else contact.corruptPhotoCode = code;
	}

	/** From now on requests for it (and the contacts in it) answer 403 ErrorAccessDenied. */
	forbid(folder: ContactFolder, isForbidden = true): void {
		folder.isForbidden = isForbidden;
	}

	/** A folder's own delta tokens (next links too), or all of them, answer 410 from now on. */
	expireDelta(folder?: ContactFolder): void {
		if (folder) folder.deltaEpoch++;
		else {
			this.folderDeltaEpoch++;
			for (const one of this.folders.values()) one.deltaEpoch++;
		}
	}
}
