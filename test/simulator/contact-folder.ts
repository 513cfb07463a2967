import { FolderChangeLog } from './change-log';
import type { ContactRecord } from './contact';
import { badRequest } from './graph-error';
import type { MailFolder } from './mail-folder';
import type { Json } from './message-json';

/** One contact folder. Created and changed through its mailbox's `contacts` only. */
export class ContactFolder {
	readonly log = new FolderChangeLog<ContactRecord>();
	/** In order of arrival; a gap where a contact has left. */
	readonly arrivals: (ContactRecord | undefined)[] = [];
	/** Raised by `expireDelta`: older tokens answer 410. */
	deltaEpoch = 0;
	isDeleted = false;
	/** Every request that touches it answers 403. */
	isForbidden = false;

	constructor(
		readonly sequence: number,
		readonly id: string,
		public displayName: string,
		/** A mail folder for the default one (the mailbox's root) and for deleted ones (Deleted Items). */
		public parent: ContactFolder | MailFolder,
		readonly isHidden: boolean,
	) {}

	*contacts(): Generator<ContactRecord> {
		for (const contact of this.arrivals) if (contact) yield contact;
	}

	enter(contact: ContactRecord): void {
		contact.place = this;
		contact.arrival = this.arrivals.length;
		this.arrivals.push(contact);
	}

	leave(contact: ContactRecord): void {
		this.arrivals[contact.arrival] = undefined;
	}

	isBelow(other: ContactFolder): boolean {
		for (let at = this.parent; at instanceof ContactFolder; at = at.parent) if (at === other) return true;
		return false;
	}

	/** Display names from the default folder on: `['Contacts', 'VIP']`. */
	get path(): string[] {
		return [...(this.parent instanceof ContactFolder ? this.parent.path : []), this.displayName];
	}
}

const PROPERTIES = ['id', 'parentFolderId', 'displayName'];

/** @throws GraphError 400 for properties that contact folders do not have in v1.0 (no wellKnownName) */
export function contactFolderJson(folder: ContactFolder, select: readonly string[] | undefined): Json {
	const full: Json = { id: folder.id, parentFolderId: folder.parent.id, displayName: folder.displayName };
	if (!select || select.includes('*')) return full;
	const json: Json = { id: folder.id };
	for (const wanted of select) {
		const name = PROPERTIES.find((one) => one.toLowerCase() === wanted.toLowerCase());
		if (name === undefined) throw badRequest(`Could not find a property named '${wanted}' on type 'Microsoft.OutlookServices.ContactFolder'.`, 'RequestBroker--ParseUri');
		json[name] = full[name];
	}
	return json;
}
