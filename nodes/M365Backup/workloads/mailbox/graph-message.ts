import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../base/json';
import type { MessageAddress, MessageFlag, MessageMeta } from './message-meta';

export interface GraphAddress {
	emailAddress?: { name?: string | null; address?: string | null } | null;
}

interface GraphDateTime {
	dateTime: string;
	timeZone: string;
}

/** A message as Graph lists it with `MESSAGE_SELECT`; a partial delta entry has only a few of the fields. */
export interface GraphMessage {
	'@odata.type'?: string;
	'@odata.etag'?: string;
	'@removed'?: { reason?: string };
	id: string;
	changeKey?: string | null;
	parentFolderId?: string | null;
	subject?: string | null;
	bodyPreview?: string | null;
	from?: GraphAddress | null;
	sender?: GraphAddress | null;
	toRecipients?: GraphAddress[];
	ccRecipients?: GraphAddress[];
	bccRecipients?: GraphAddress[];
	replyTo?: GraphAddress[];
	receivedDateTime?: string | null;
	sentDateTime?: string | null;
	createdDateTime?: string | null;
	lastModifiedDateTime?: string | null;
	isRead?: boolean | null;
	isDraft?: boolean | null;
	importance?: string | null;
	categories?: string[];
	flag?: {
		flagStatus?: string;
		startDateTime?: GraphDateTime | null;
		dueDateTime?: GraphDateTime | null;
		completedDateTime?: GraphDateTime | null;
	} | null;
	hasAttachments?: boolean | null;
	internetMessageId?: string | null;
	conversationId?: string | null;
	inferenceClassification?: string | null;
}

/** Everything that search shows or that MIME does not give back; no body. */
export const MESSAGE_SELECT =
	'id,changeKey,parentFolderId,subject,bodyPreview,from,sender,toRecipients,ccRecipients,bccRecipients,replyTo,' +
	'receivedDateTime,sentDateTime,createdDateTime,lastModifiedDateTime,isRead,isDraft,importance,categories,flag,' +
	'hasAttachments,internetMessageId,conversationId,inferenceClassification';

/** Fields that only a complete entry carries: a read toggle reports id, isRead and parentFolderId (graph-docs #7776). */
export function isCompleteEntry(message: GraphMessage): boolean {
	return message.createdDateTime !== undefined && message.subject !== undefined && message.toRecipients !== undefined;
}

function address(of: GraphAddress | null | undefined): MessageAddress | undefined {
	const email = of?.emailAddress;
	if (!email) return undefined;
	return { name: email.name ?? '', address: email.address ?? '' };
}

function addresses(of: GraphAddress[] | undefined): MessageAddress[] | undefined {
	const found = (of ?? []).map(address).filter((one) => one !== undefined);
	return found.length > 0 ? found : undefined;
}

function flagOf(of: GraphMessage['flag']): MessageFlag | undefined {
	const status = of?.flagStatus;
	if (status !== 'flagged' && status !== 'complete') return undefined;
	return {
		status,
		...(of?.startDateTime ? { start: of.startDateTime } : {}),
		...(of?.dueDateTime ? { due: of.dueDateTime } : {}),
		...(of?.completedDateTime ? { completed: of.completedDateTime } : {}),
	};
}

const PLAIN_MESSAGE = '#microsoft.graph.message';

/**
 * The reader of each meta field: a complete entry gives them all, a partial one those whose Graph fields it has.
 * undefined means "nothing to keep", and removes the field from the catalog if it was there.
 */
const META_READERS: {
	[K in keyof Required<MessageMeta>]: { field: keyof GraphMessage; read: (message: GraphMessage) => MessageMeta[K] };
} = {
	subject: { field: 'subject', read: (m) => m.subject || undefined },
	from: { field: 'from', read: (m) => address(m.from) },
	sender: {
		field: 'sender',
		read: (m) => {
			const sender = address(m.sender);
			return sender && sender.address !== address(m.from)?.address ? sender : undefined;
		},
	},
	to: { field: 'toRecipients', read: (m) => addresses(m.toRecipients) },
	cc: { field: 'ccRecipients', read: (m) => addresses(m.ccRecipients) },
	bcc: { field: 'bccRecipients', read: (m) => addresses(m.bccRecipients) },
	replyTo: { field: 'replyTo', read: (m) => addresses(m.replyTo) },
	received: { field: 'receivedDateTime', read: (m) => m.receivedDateTime ?? undefined },
	sent: { field: 'sentDateTime', read: (m) => m.sentDateTime ?? undefined },
	created: { field: 'createdDateTime', read: (m) => m.createdDateTime ?? undefined },
	read: { field: 'isRead', read: (m) => (m.isRead === true ? true : undefined) },
	draft: { field: 'isDraft', read: (m) => (m.isDraft === true ? true : undefined) },
	importance: {
		field: 'importance',
		read: (m) => (m.importance === 'low' || m.importance === 'high' ? m.importance : undefined),
	},
	categories: { field: 'categories', read: (m) => (m.categories && m.categories.length > 0 ? m.categories : undefined) },
	flag: { field: 'flag', read: (m) => flagOf(m.flag) },
	attachments: { field: 'hasAttachments', read: (m) => (m.hasAttachments === true ? true : undefined) },
	preview: { field: 'bodyPreview', read: (m) => m.bodyPreview || undefined },
	internetMessageId: { field: 'internetMessageId', read: (m) => m.internetMessageId ?? undefined },
	conversationId: { field: 'conversationId', read: (m) => m.conversationId ?? undefined },
	inference: {
		field: 'inferenceClassification',
		read: (m) => (m.inferenceClassification === 'other' ? 'other' : undefined),
	},
	odataType: {
		field: '@odata.type',
		read: (m) => (m['@odata.type'] && m['@odata.type'] !== PLAIN_MESSAGE ? m['@odata.type'] : undefined),
	},
};

type MetaKey = keyof MessageMeta;
const META_KEYS = Object.keys(META_READERS) as MetaKey[];

/** The meta of a complete entry. */
export function messageMeta(message: GraphMessage): JsonObject {
	const meta: JsonObject = {};
	for (const key of META_KEYS) {
		const value = META_READERS[key].read(message);
		if (value !== undefined) meta[key] = value as unknown as JsonValue;
	}
	return meta;
}

/** What a (complete or partial) entry changes in the stored meta: changed fields with their value, removed ones as null. */
export function metaChanges(message: GraphMessage, stored: JsonObject): JsonObject {
	const changes: JsonObject = {};
	for (const key of META_KEYS) {
		const { field, read } = META_READERS[key];
		if (!(field in message)) continue;
		const value = read(message) as unknown as JsonValue | undefined;
		const before = stored[key];
		if (value === undefined) {
			if (before !== undefined && before !== null) changes[key] = null;
		} else if (before === undefined || JSON.stringify(before) !== JSON.stringify(value)) {
			changes[key] = value;
		}
	}
	return changes;
}

/** Fields whose change means that the MIME may have changed (DESIGN §6, Mail). */
const CONTENT_FIELDS: readonly MetaKey[] = [
	'subject', 'preview', 'from', 'sender', 'to', 'cc', 'bcc', 'replyTo', 'attachments', 'received', 'sent', 'created', 'draft',
];

/**
 * Whether the stored MIME still holds for a complete entry. A draft may change anywhere at any time. A new change key
 * that no visible field explains means something unseen changed, e.g. the body behind its first 255 characters.
 */
export function contentStillHolds(
	message: GraphMessage,
	stored: JsonObject,
	changes: JsonObject,
	sameEtag: boolean,
	moved: boolean,
): boolean {
	if (sameEtag) return true;
	if (message.isDraft === true || stored['draft'] === true) return false;
	if (CONTENT_FIELDS.some((key) => key in changes)) return false;
	return moved || Object.keys(changes).length > 0;
}

/** The change key; a partial entry has it only inside its etag, `W/"…"`. */
export function messageEtag(message: GraphMessage): string | undefined {
	return message.changeKey ?? message['@odata.etag']?.replace(/^W\/"(.*)"$/, '$1');
}

/** `2026-11-22 Quarterly report`: what a person looks for in an archive. */
export function messageTitle(message: GraphMessage): string {
	const date = message.receivedDateTime ?? message.sentDateTime ?? message.createdDateTime;
	const subject = message.subject?.trim() || '(no subject)';
	return date ? `${date.slice(0, 10)} ${subject}` : subject;
}

/** Changes with the content: the change key, shortened. */
export function messageVersion(message: GraphMessage): string {
	return createHash('sha256').update(messageEtag(message) ?? '').digest('hex').slice(0, 16);
}
