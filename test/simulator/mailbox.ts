import type { Address } from './message-content';
import { MailboxCalendar } from './calendar-store';
import { MailboxContacts } from './contact-store';
import { FolderHierarchyLog } from './folder-log';
import { GraphError } from './graph-error';
import { MailboxIds } from './ids';
import { MailFolder, type MailFolderKind } from './mail-folder';
import { MessageRecord, type MessageState } from './message';
import type { MessageContent } from './message-content';
import { SettingsStore } from './settings-store';
import { StoredMime } from './stored-mime';
import { TodoStore } from './todo-store';
import type { Tenant, TenantUser } from './tenant';
import { WELL_KNOWN_FOLDERS } from './well-known-folders';

/** Dates as Date, ISO text or milliseconds. */
export type TestDate = Date | string | number;

/** How a test describes a message that it adds. Dates default to the MIME's Date header, else to the tenant's time. */
export interface NewMessage {
	isRead?: boolean;
	isDraft?: boolean;
	received?: TestDate;
	sent?: TestDate;
	created?: TestDate;
	categories?: string[];
	flag?: MessageState['flag'];
	importance?: 'low' | 'normal' | 'high';
	inference?: 'focused' | 'other';
	/** Bcc of sent mail, which MIME does not always carry. */
	bcc?: Address[];
	singleValueProperties?: Record<string, string>;
}

/** Marks that a user (or a test) may change on an existing message. */
export type MessagePatch = Partial<Pick<MessageState, 'isRead' | 'categories' | 'flag' | 'importance' | 'inference'>>;

function toMs(date: TestDate): number {
	return new Date(date).getTime();
}

/**
 * One mailbox: its folders and messages, and the only place where they change. Everything is synchronous; Graph's
 * routes and tests call the same methods, so that a test's edits show up in delta as a user's would.
 */
export class Mailbox {
	readonly ids: MailboxIds;
	readonly folders = new Map<number, MailFolder>();
	readonly folderLog = new FolderHierarchyLog();
	readonly root: MailFolder;
	readonly calendar: MailboxCalendar;
	readonly contacts: MailboxContacts;
	readonly settings: SettingsStore;
	readonly todo: TodoStore;
	/** RBAC for Applications leaves this mailbox out: every request answers 403. */
	isForbidden = false;
	/** Over quota: delta answers 403 ErrorQuotaExceeded, plain lists work (gd#5730). */
	isOverQuota = false;
	folderDeltaEpoch = 0;
	private readonly messages = new Map<number, MessageRecord>();
	private readonly roles = new Map<string, MailFolder>();
	private newestFirst: MessageRecord[] | undefined;
	private nextSequence = 1;
	private changeCounter = 1000;

	constructor(
		readonly tenant: Tenant,
		readonly user: TenantUser,
		locale: 'en' | 'de',
	) {
		this.ids = new MailboxIds(user.id);
		this.settings = new SettingsStore(this);
		this.todo = new TodoStore(this, locale);
		for (const known of WELL_KNOWN_FOLDERS) {
			const parent = known.parent === null ? null : this.roles.get(known.parent)!;
			const folder = new MailFolder(this, this.nextSequence++, locale === 'de' ? known.german : known.english, parent, known.role, known.isHidden);
			this.folders.set(folder.sequence, folder);
			this.roles.set(known.role, folder);
			parent?.children.add(folder);
		}
		this.root = this.roles.get('msgfolderroot')!;
		this.calendar = new MailboxCalendar(this, locale);
		this.contacts = new MailboxContacts(this, locale);
	}

	/**
	 * A folder by well-known name (`inbox`), id, or display path below the root (`Inbox/Projects`).
	 *
	 * @throws Error if there is none
	 */
	folder(name: string): MailFolder {
		const found = this.findFolder(name) ?? this.folderByPath(name.split('/'));
		if (!found) throw new Error(`${this.user.userPrincipalName} has no folder ${name}`);
		return found;
	}

	/** By well-known name (in any case) or id. */
	findFolder(nameOrId: string): MailFolder | undefined {
		const byRole = this.roles.get(nameOrId.toLowerCase());
		if (byRole) return byRole;
		const parsed = this.ids.parse(nameOrId);
		if (parsed?.kind !== 'folder') return undefined;
		return this.folders.get(parsed.sequence);
	}

	private folderByPath(names: readonly string[]): MailFolder | undefined {
		let folder: MailFolder | undefined = this.root;
		for (const name of names) folder = folder && [...folder.children].find((child) => child.displayName === name);
		return folder;
	}

	/** By immutable or (still valid) mutable id. */
	findMessage(id: string): MessageRecord | undefined {
		const parsed = this.ids.parse(id);
		if (parsed?.kind !== 'message') return undefined;
		const message = this.messages.get(parsed.sequence);
		return message && (parsed.generation === null || parsed.generation === message.generation) ? message : undefined;
	}

	/** @throws Error if there is none */
	message(id: string): MessageRecord {
		const found = this.findMessage(id);
		if (!found) throw new Error(`${this.user.userPrincipalName} has no message ${id}`);
		return found;
	}

	/** All messages, in Recoverable Items too, in order of creation. */
	allMessages(): IterableIterator<MessageRecord> {
		return this.messages.values();
	}

	/** The visible messages below the root, newest first. Kept until a message comes, goes or moves. */
	sorted(): readonly MessageRecord[] {
		this.newestFirst ??= [...this.folders.values()]
			.filter((folder) => folder.isBelow(this.root) && !folder.isForbidden)
			.flatMap((folder) => [...folder.messages()])
			.sort((a, b) => b.receivedMs - a.receivedMs || b.sequence - a.sequence);
		return this.newestFirst;
	}

	/** @throws GraphError ErrorFolderExists */
	addFolder(parent: MailFolder | string, displayName: string, options: { hidden?: boolean; kind?: MailFolderKind } = {}): MailFolder {
		const above = typeof parent === 'string' ? this.folder(parent) : parent;
		this.refuseTakenName(above, displayName);
		const folder = new MailFolder(this, this.nextSequence++, displayName, above, null, options.hidden ?? false, options.kind ?? 'folder');
		this.folders.set(folder.sequence, folder);
		above.children.add(folder);
		this.folderChanged(folder);
		this.folderChanged(above);
		return folder;
	}

	/** @throws GraphError ErrorFolderExists */
	renameFolder(folder: MailFolder, displayName: string): void {
		if (folder.parent) this.refuseTakenName(folder.parent, displayName, folder);
		folder.displayName = displayName;
		this.folderChanged(folder);
	}

	/** @throws GraphError ErrorFolderExists, or 400 for a move below itself or of a well-known folder */
	moveFolder(folder: MailFolder, destination: MailFolder): void {
		if (folder.role) throw new GraphError(400, 'ErrorMoveDistinguishedFolder', 'Distinguished folders cannot be moved.');
		if (destination === folder || destination.isBelow(folder)) throw new GraphError(400, 'ErrorMoveCopyFailed', 'The move or copy operation failed.');
		this.refuseTakenName(destination, folder.displayName, folder);
		const from = folder.parent!;
		from.children.delete(folder);
		destination.children.add(folder);
		folder.parent = destination;
		this.folderChanged(folder);
		this.folderChanged(from);
		this.folderChanged(destination);
	}

	/** As a user's delete: see the switch deletedFolderGoesTo. */
	deleteFolder(folder: MailFolder): void {
		if (folder.role) throw new GraphError(403, 'ErrorDeleteDistinguishedFolder', 'Distinguished folders cannot be deleted.');
		const deletedItems = this.folder('deleteditems');
		if (this.tenant.switches.deletedFolderGoesTo === 'deletedItems' && !folder.isBelow(deletedItems)) {
			let name = folder.displayName;
			for (let n = 1; [...deletedItems.children].some((child) => sameName(child.displayName, name)); n++) name = `${folder.displayName} (${n})`;
			folder.displayName = name;
			this.moveFolder(folder, deletedItems);
			return;
		}
		this.removeFolder(folder, (message) => this.move(message, this.folder('recoverableitemsdeletions')));
	}

	/** Gone with everything in it. */
	purgeFolder(folder: MailFolder): void {
		if (folder.role) throw new GraphError(403, 'ErrorDeleteDistinguishedFolder', 'Distinguished folders cannot be deleted.');
		this.removeFolder(folder, (message) => this.purge(message));
	}

	private removeFolder(folder: MailFolder, dispose: (message: MessageRecord) => void): void {
		for (const child of [...folder.children]) this.removeFolder(child, dispose);
		for (const message of [...folder.messages()]) dispose(message);
		folder.isDeleted = true;
		this.folders.delete(folder.sequence);
		folder.parent?.children.delete(folder);
		this.folderChanged(folder);
		if (folder.parent) this.folderChanged(folder.parent);
	}

	private refuseTakenName(parent: MailFolder, displayName: string, self?: MailFolder): void {
		for (const child of parent.children) {
			if (child !== self && sameName(child.displayName, displayName)) throw new GraphError(409, 'ErrorFolderExists', 'A folder with the specified name already exists.');
		}
	}

	/** Adds a message from its MIME bytes, as if it had been delivered: no draft unless said, unread unless said. */
	addMime(folder: MailFolder | string, mime: Buffer | string, options: NewMessage = {}): MessageRecord {
		return this.add(folder, new StoredMime(Buffer.isBuffer(mime) ? mime : Buffer.from(mime, 'utf8'), options.bcc ?? []), options);
	}

	add(folder: MailFolder | string, content: MessageContent, options: NewMessage = {}): MessageRecord {
		const where = typeof folder === 'string' ? this.folder(folder) : folder;
		const nowMs = this.tenant.clock.nowMs();
		const dateMs = content instanceof StoredMime ? content.dateMs() : undefined;
		const sentMs = options.sent === undefined ? (dateMs ?? nowMs) : toMs(options.sent);
		const message = new MessageRecord(this.nextSequence++, where, content);
		message.sentMs = sentMs;
		message.receivedMs = options.received === undefined ? sentMs : toMs(options.received);
		message.createdMs = options.created === undefined ? nowMs : toMs(options.created);
		message.modifiedMs = nowMs;
		message.isRead = options.isRead ?? options.isDraft ?? false;
		message.isDraft = options.isDraft ?? false;
		if (options.categories) message.categories = options.categories;
		if (options.flag) message.flag = options.flag;
		if (options.importance) message.importance = options.importance;
		if (options.inference) message.inference = options.inference;
		if (options.singleValueProperties) message.singleValueProperties = new Map(Object.entries(options.singleValueProperties));
		message.changeNumber = this.changeCounter++;
		this.messages.set(message.sequence, message);
		where.enter(message);
		where.log.append(message, 'created');
		this.countsChanged(where);
		return message;
	}

	/** Read state, categories, flag, importance, inference. A read toggle alone is a `readState` change in delta. */
	patch(message: MessageRecord, patch: MessagePatch): void {
		const wasRead = message.isRead;
		const keys = Object.keys(patch);
		Object.assign(message, patch);
		if (message.isRead !== wasRead) {
			message.folder.unread += message.isRead ? -1 : 1;
			this.countsChanged(message.folder);
		}
		this.touch(message, keys.length === 1 && keys[0] === 'isRead' ? 'readState' : 'full');
	}

	/** The content was exchanged: subject, body, recipients, attachments. */
	setContent(message: MessageRecord, content: MessageContent): void {
		message.content = content;
		delete message.knownSummary;
		this.touch(message, 'full');
	}

	touch(message: MessageRecord, kind: 'full' | 'readState'): void {
		message.changeNumber = this.changeCounter++;
		message.modifiedMs = this.tenant.clock.nowMs();
		message.folder.log.append(message, kind);
	}

	/** With ImmutableId the same message elsewhere; its mutable id changes. */
	move(message: MessageRecord, destination: MailFolder | string): void {
		const to = typeof destination === 'string' ? this.folder(destination) : destination;
		const from = message.folder;
		if (from === to) return;
		from.leave(message);
		from.log.append(message, 'removed');
		message.generation++;
		message.changeNumber = this.changeCounter++;
		message.modifiedMs = this.tenant.clock.nowMs();
		to.enter(message);
		to.log.append(message, 'created');
		this.countsChanged(from);
		this.countsChanged(to);
	}

	copy(message: MessageRecord, destination: MailFolder | string): MessageRecord {
		const state: NewMessage = {
			isRead: message.isRead,
			isDraft: message.isDraft,
			received: message.receivedMs,
			sent: message.sentMs,
			categories: [...message.categories],
			flag: message.flag,
			inference: message.inference,
		};
		if (message.importance) state.importance = message.importance;
		if (message.singleValueProperties) state.singleValueProperties = Object.fromEntries(message.singleValueProperties);
		return this.add(destination, message.content, state);
	}

	/** As DELETE does (switch deletedMessageGoesTo): into Recoverable Items Deletions; the immutable id lives on. */
	delete(message: MessageRecord): void {
		const recoverable = this.folder('recoverableitemsdeletions');
		const deletedItems = this.folder('deleteditems');
		if (message.folder === recoverable) this.purge(message);
		else if (this.tenant.switches.deletedMessageGoesTo === 'deletedItems' && message.folder !== deletedItems) this.move(message, deletedItems);
		else this.move(message, recoverable);
	}

	/** As a user in Outlook does: into Deleted Items. */
	deleteByUser(message: MessageRecord): void {
		this.move(message, 'deleteditems');
	}

	/** Gone for good. */
	purge(message: MessageRecord): void {
		message.folder.leave(message);
		message.folder.log.append(message, 'removed');
		message.isPurged = true;
		this.messages.delete(message.sequence);
		this.countsChanged(message.folder);
	}

	/** From now on reading it answers 500 ErrorCorruptData (or `code`); null heals it. */
	corrupt(message: MessageRecord, code: string | null = 'ErrorCorruptData'): void {
		if (code === null) delete message.corruptCode;
		else message.corruptCode = code;
	}

	/** From now on requests for it (and the messages in it) answer 403 ErrorAccessDenied. */
	forbid(folder: MailFolder, isForbidden = true): void {
		folder.isForbidden = isForbidden;
	}

	/** A folder's own delta tokens (next links too), or all of the mailbox, answer 410 from now on. */
	expireDelta(folder?: MailFolder): void {
		if (folder) folder.deltaEpoch++;
		else {
			this.folderDeltaEpoch++;
			for (const one of this.folders.values()) one.deltaEpoch++;
			this.calendar.deltaEpoch++;
			this.contacts.expireDelta();
			this.todo.expireDelta();
		}
	}

	folderChanged(folder: MailFolder): void {
		folder.changeNumber = this.changeCounter++;
		this.folderLog.append(folder);
	}

	private countsChanged(folder: MailFolder): void {
		this.newestFirst = undefined;
		if (this.tenant.switches.folderDeltaReportsCounts) this.folderLog.append(folder);
	}
}

/** Exchange compares folder names without case. */
function sameName(a: string, b: string): boolean {
	return a.toLowerCase() === b.toLowerCase();
}
