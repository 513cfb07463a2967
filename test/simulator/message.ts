import type { MailFolder } from './mail-folder';
import type { MessageContent, MessageSummary } from './message-content';

export interface FlagState {
	flagStatus: 'notFlagged' | 'flagged' | 'complete';
	startDateTime?: { dateTime: string; timeZone: string };
	dueDateTime?: { dateTime: string; timeZone: string };
	completedDateTime?: { dateTime: string; timeZone: string };
}

/** How a message is marked. Times are milliseconds since 1970. */
export interface MessageState {
	isRead: boolean;
	isDraft: boolean;
	createdMs: number;
	modifiedMs: number;
	receivedMs: number;
	sentMs: number;
	categories: string[];
	flag: FlagState;
	/** Over what the content says. */
	importance?: 'low' | 'normal' | 'high';
	inference: 'focused' | 'other';
	/** Property id as given at creation → value. */
	singleValueProperties?: Map<string, string>;
	multiValueProperties?: Map<string, string[]>;
}

const NO_CATEGORIES: string[] = [];
const NOT_FLAGGED: FlagState = { flagStatus: 'notFlagged' };

export class MessageRecord implements MessageState {
	/** Counts up with each change of place under mutable ids. */
	generation = 0;
	/** Where it stands in its folder's list of arrivals. */
	arrival = -1;
	/** changeKey and etag. */
	changeNumber = 0;
	isPurged = false;
	/** Requests that still answer 404 (switch newMessageNotFoundTimes). */
	notFoundTimes = 0;
	isRead = false;
	isDraft = false;
	createdMs = 0;
	modifiedMs = 0;
	receivedMs = 0;
	sentMs = 0;
	categories = NO_CATEGORIES;
	flag = NOT_FLAGGED;
	importance?: 'low' | 'normal' | 'high';
	inference: 'focused' | 'other' = 'focused';
	singleValueProperties?: Map<string, string>;
	multiValueProperties?: Map<string, string[]>;
	/** Set: reading the content always answers 500 with this code. */
	corruptCode?: string;
	/** Kept once worked out, unless the content is cheap. */
	knownSummary?: MessageSummary;

	constructor(
		readonly sequence: number,
		public folder: MailFolder,
		public content: MessageContent,
	) {}

	/** The id under `Prefer: IdType="ImmutableId"`. */
	get id(): string {
		return this.folder.mailbox.ids.immutableMessage(this.sequence);
	}

	/** The id without that header: changes with every move. */
	get mutableId(): string {
		return this.folder.mailbox.ids.mutableMessage(this.sequence, this.generation);
	}

	async summary(): Promise<MessageSummary> {
		if (this.knownSummary) return this.knownSummary;
		const summary = await this.content.summary();
		if (!this.content.isCheap) this.knownSummary = summary;
		return summary;
	}
}
