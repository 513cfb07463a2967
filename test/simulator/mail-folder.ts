import { FolderChangeLog } from './change-log';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';

export type MailFolderKind = 'folder' | 'search';

/** One mail folder. Created and changed through its Mailbox only. */
export class MailFolder {
	readonly log = new FolderChangeLog();
	/** In order of arrival; a gap where a message has left. Positions stay, so that a page can be a position. */
	readonly arrivals: (MessageRecord | undefined)[] = [];
	readonly children = new Set<MailFolder>();
	total = 0;
	unread = 0;
	/** Raised by `expireDelta`: older tokens answer 410. */
	deltaEpoch = 0;
	isDeleted = false;
	/** Every request that touches it answers 403. */
	isForbidden = false;
	changeNumber = 0;
	singleValueProperties?: Map<string, string>;
	/** Of search folders. */
	search?: { filterQuery: string; includeNestedFolders: boolean; sourceFolderIds: string[] };
	private newestFirst: MessageRecord[] | undefined;

	constructor(
		readonly mailbox: Mailbox,
		readonly sequence: number,
		public displayName: string,
		public parent: MailFolder | null,
		/** Well-known name, e.g. `inbox`. */
		readonly role: string | null,
		public isHidden: boolean,
		readonly kind: MailFolderKind = 'folder',
	) {}

	get id(): string {
		return this.mailbox.ids.folder(this.sequence);
	}

	/** Its messages in order of arrival. */
	*messages(): Generator<MessageRecord> {
		for (const message of this.arrivals) if (message) yield message;
	}

	/** Display names from below the mailbox's root. */
	get path(): string[] {
		return this.parent ? [...this.parent.path, this.displayName] : [];
	}

	isBelow(other: MailFolder): boolean {
		for (let folder: MailFolder | null = this.parent; folder; folder = folder.parent) if (folder === other) return true;
		return false;
	}

	enter(message: MessageRecord): void {
		message.folder = this;
		message.arrival = this.arrivals.length;
		this.arrivals.push(message);
		this.total++;
		if (!message.isRead) this.unread++;
		this.newestFirst = undefined;
	}

	leave(message: MessageRecord): void {
		this.arrivals[message.arrival] = undefined;
		this.total--;
		if (!message.isRead) this.unread--;
		this.newestFirst = undefined;
	}

	/** By receivedDateTime, newest first: the order of lists. Kept until a message comes or goes. */
	sorted(): readonly MessageRecord[] {
		this.newestFirst ??= [...this.messages()].sort((a, b) => b.receivedMs - a.receivedMs || b.sequence - a.sequence);
		return this.newestFirst;
	}
}
