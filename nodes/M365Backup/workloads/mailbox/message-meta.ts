/** What a message's catalog line keeps in `meta`: what search shows and what MIME alone cannot give back. */
export interface MessageAddress {
	name: string;
	address: string;
}

export interface MessageFlag {
	status: 'notFlagged' | 'flagged' | 'complete';
	/** Graph dateTimeTimeZone values as served. */
	start?: { dateTime: string; timeZone: string };
	due?: { dateTime: string; timeZone: string };
	completed?: { dateTime: string; timeZone: string };
}

/** Absent fields are as Graph left them: empty, false or null. Keys are short, since there is one line a message. */
export interface MessageMeta {
	subject?: string;
	from?: MessageAddress;
	/** Only where it differs from `from`. */
	sender?: MessageAddress;
	to?: MessageAddress[];
	cc?: MessageAddress[];
	bcc?: MessageAddress[];
	replyTo?: MessageAddress[];
	/** ISO 8601 UTC. */
	received?: string;
	sent?: string;
	created?: string;
	read?: true;
	draft?: true;
	importance?: 'low' | 'high';
	categories?: string[];
	flag?: MessageFlag;
	/** `hasAttachments`: false for inline-only ones. */
	attachments?: true;
	preview?: string;
	internetMessageId?: string;
	conversationId?: string;
	/** inferenceClassification, where it is not `focused`. */
	inference?: 'other';
	/** `#microsoft.graph.eventMessageRequest` and its kin, where it is not a plain message. */
	odataType?: string;
}

/** `mail/` before a Graph id: the scope of mail items and mail folders. */
export const MAIL_SCOPE = 'mail';
