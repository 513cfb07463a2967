/** What a message says, as opposed to where it lies and how it is marked (that is MessageRecord's). */
export interface Address {
	name: string;
	address: string;
}

/** Cheap enough to be kept for each message that was looked at. */
export interface MessageSummary {
	subject: string;
	from: Address | null;
	sender: Address | null;
	to: Address[];
	cc: Address[];
	bcc: Address[];
	replyTo: Address[];
	importance: 'low' | 'normal' | 'high';
	preview: string;
	/** Graph's: false when all attachments are inline. */
	hasAttachments: boolean;
	internetMessageId: string;
	/** Equal for the messages of one conversation. */
	conversation: string;
	isReadReceiptRequested: boolean;
	isDeliveryReceiptRequested: boolean;
	/** `#microsoft.graph.eventMessageRequest` and its kin. */
	odataType?: string;
	meetingMessageType?: string;
	/** From the Date header. */
	dateMs?: number;
}

export interface AttachmentRecord {
	/** Part of its id. */
	number: number;
	kind: 'file' | 'item' | 'reference';
	name: string;
	contentType: string | null;
	isInline: boolean;
	contentId: string | null;
	contentLocation: string | null;
	lastModifiedMs: number;
	/** A file's bytes; a message's MIME, an event's iCalendar or a contact's vCard; nothing for a reference. */
	content: Buffer;
	/** Of items: `#microsoft.graph.message`, `#microsoft.graph.event`, `#microsoft.graph.contact`. */
	itemType?: string;
	/** Items that came as JSON are served as they came. */
	itemJson?: Record<string, unknown>;
}

export interface MessageDetails {
	body: { contentType: 'text' | 'html'; content: string };
	headers: { name: string; value: string }[];
	attachments: AttachmentRecord[];
}

/** Where a message's content comes from: bytes, a generator, or JSON. All of it is worked out when asked for. */
export interface MessageContent {
	summary(): MessageSummary | Promise<MessageSummary>;
	details(): MessageDetails | Promise<MessageDetails>;
	mime(): Buffer | Promise<Buffer>;
	/** Roughly, for `size` limits; no MIME is built for it. */
	readonly approximateBytes: number;
	/** The summary is worked out as fast as it is remembered: remembering it would only cost memory. */
	readonly isCheap?: boolean;
}
