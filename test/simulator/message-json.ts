import { createHash } from 'node:crypto';
import { attachmentJson } from './attachment-json';
import { extendedPropertiesJson, multiValuePropertiesJson } from './extended-properties';
import type { Preferences } from './exchange';
import { badRequest } from './graph-error';
import type { MessageRecord } from './message';
import type { Address, MessageDetails, MessageSummary } from './message-content';
import type { ExpandItem } from './odata-query';
import { sanitizeHtml, textOf } from './html';

export type Json = Record<string, unknown>;

interface Sources {
	message: MessageRecord;
	summary: MessageSummary;
	details: MessageDetails;
	prefer: Preferences;
}

type Need = 'record' | 'summary' | 'details';

const PROPERTIES: Record<string, { need: Need; read: (from: Sources) => unknown; onSelect?: true }> = {
	createdDateTime: { need: 'record', read: ({ message }) => isoSeconds(message.createdMs) },
	lastModifiedDateTime: { need: 'record', read: ({ message }) => isoSeconds(message.modifiedMs) },
	changeKey: { need: 'record', read: ({ message }) => changeKey(message.changeNumber) },
	categories: { need: 'record', read: ({ message }) => message.categories },
	receivedDateTime: { need: 'record', read: ({ message }) => isoSeconds(message.receivedMs) },
	sentDateTime: { need: 'record', read: ({ message }) => isoSeconds(message.sentMs) },
	hasAttachments: { need: 'summary', read: ({ summary }) => summary.hasAttachments },
	internetMessageId: { need: 'summary', read: ({ summary }) => summary.internetMessageId },
	subject: { need: 'summary', read: ({ summary }) => summary.subject },
	bodyPreview: { need: 'summary', read: ({ summary }) => summary.preview },
	importance: { need: 'summary', read: ({ message, summary }) => message.importance ?? summary.importance },
	parentFolderId: { need: 'record', read: ({ message }) => message.folder.id },
	conversationId: { need: 'summary', read: ({ summary }) => conversationId(summary.conversation) },
	conversationIndex: { need: 'summary', read: ({ summary }) => Buffer.from(`conversation/${summary.conversation}`).subarray(0, 22).toString('base64') },
	isDeliveryReceiptRequested: { need: 'summary', read: ({ summary }) => summary.isDeliveryReceiptRequested },
	isReadReceiptRequested: { need: 'summary', read: ({ summary }) => summary.isReadReceiptRequested },
	isRead: { need: 'record', read: ({ message }) => message.isRead },
	isDraft: { need: 'record', read: ({ message }) => message.isDraft },
	webLink: { need: 'record', read: ({ message }) => `https://outlook.office365.com/owa/?ItemID=${encodeURIComponent(message.mutableId)}&exvsurl=1&viewmodel=ReadMessageItem` },
	inferenceClassification: { need: 'record', read: ({ message }) => message.inference },
	body: { need: 'details', read: ({ details, prefer }) => bodyJson(details, prefer) },
	sender: { need: 'summary', read: ({ summary }) => recipient(summary.sender) },
	from: { need: 'summary', read: ({ summary }) => recipient(summary.from) },
	toRecipients: { need: 'summary', read: ({ summary }) => summary.to.map(recipient) },
	ccRecipients: { need: 'summary', read: ({ summary }) => summary.cc.map(recipient) },
	bccRecipients: { need: 'summary', read: ({ summary }) => summary.bcc.map(recipient) },
	replyTo: { need: 'summary', read: ({ summary }) => summary.replyTo.map(recipient) },
	flag: { need: 'record', read: ({ message }) => message.flag },
	internetMessageHeaders: { need: 'details', read: ({ details }) => details.headers, onSelect: true },
	uniqueBody: { need: 'details', read: ({ details, prefer }) => bodyJson(details, prefer), onSelect: true },
};

const BY_LOWER_CASE = new Map(Object.keys(PROPERTIES).map((name) => [name.toLowerCase(), name]));
const DEFAULT_PROPERTIES = Object.keys(PROPERTIES).filter((name) => !PROPERTIES[name]!.onSelect);
const ALWAYS_THERE = new Set(['id', '@odata.etag', '@odata.type']);
const NAVIGATIONS = new Set(['attachments', 'extensions', 'singlevalueextendedproperties', 'multivalueextendedproperties']);

/**
 * The properties that a `$select` names, in its spelling.
 *
 * @throws GraphError 400 for names that messages do not have
 */
export function selectedProperties(select: readonly string[] | undefined): readonly string[] {
	if (!select || select.includes('*')) return DEFAULT_PROPERTIES;
	const names: string[] = [];
	for (const wanted of select) {
		const name = BY_LOWER_CASE.get(wanted.toLowerCase());
		if (name) names.push(name);
		else if (!ALWAYS_THERE.has(wanted) && !NAVIGATIONS.has(wanted.toLowerCase()) && !/^microsoft\.graph\.eventMessage/i.test(wanted)) {
			throw badRequest(`Could not find a property named '${wanted}' on type 'Microsoft.OutlookServices.Message'.`, 'RequestBroker--ParseUri');
		}
	}
	return names;
}

/** A message as Graph shows it; only what the selected properties need is worked out. */
export async function messageJson(
	message: MessageRecord,
	options: { properties: readonly string[]; prefer: Preferences; expand?: readonly ExpandItem[]; withType?: boolean },
): Promise<Json> {
	const { properties, prefer } = options;
	let need: Need = 'record';
	for (const name of properties) {
		const wanted = PROPERTIES[name]!.need;
		if (wanted === 'details') need = 'details';
		else if (wanted === 'summary' && need === 'record') need = 'summary';
	}
	const from = { message, prefer } as Sources;
	if (need !== 'record' || options.withType) from.summary = message.knownSummary ?? (await message.summary());
	if (need === 'details') from.details = await message.content.details();
	const json: Json = {};
	const type = from.summary?.odataType;
	if (type) json['@odata.type'] = type;
	else if (options.withType) json['@odata.type'] = '#microsoft.graph.message';
	json['@odata.etag'] = `W/"${changeKey(message.changeNumber)}"`;
	json.id = messageId(message, prefer);
	for (const name of properties) json[name] = PROPERTIES[name]!.read(from);
	if (type && properties === DEFAULT_PROPERTIES) json.meetingMessageType = from.summary.meetingMessageType;
	for (const item of options.expand ?? []) await expand(json, message, item, prefer);
	return json;
}

async function expand(json: Json, message: MessageRecord, item: ExpandItem, prefer: Preferences): Promise<void> {
	switch (item.path.toLowerCase()) {
		case 'attachments': {
			const { attachments } = await message.content.details();
			json.attachments = await Promise.all(attachments.map((attachment) => attachmentJson(attachment, message, prefer, item.query)));
			return;
		}
		case 'singlevalueextendedproperties':
			addIfAny(json, 'singleValueExtendedProperties', await extendedPropertiesJson(message, item.query.filter));
			return;
		case 'multivalueextendedproperties':
			addIfAny(json, 'multiValueExtendedProperties', multiValuePropertiesJson(message, item.query.filter));
			return;
		case 'extensions':
			json.extensions = [];
			return;
		default:
			throw badRequest(`Could not find a property named '${item.path}' on type 'Microsoft.OutlookServices.Message'.`, 'RequestBroker--ParseUri');
	}
}

/** Graph leaves the property out where a message has none of those asked for. */
function addIfAny(json: Json, name: string, values: readonly unknown[]): void {
	if (values.length) json[name] = values;
}

export function messageId(message: Pick<MessageRecord, 'id' | 'mutableId'>, prefer: Preferences): string {
	return prefer.immutable ? message.id : message.mutableId;
}

export function recipient(address: Address | null): Json | null {
	return address && { emailAddress: { name: address.name, address: address.address } };
}

export function changeKey(changeNumber: number): string {
	return `CQAAABYAAAD${Buffer.from(String(changeNumber).padStart(9, '0')).toString('base64url')}`;
}

/** Outlook's times have no fractions. */
export function isoSeconds(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function conversationId(key: string): string {
	return `AAQkAGI${createHash('sha256').update(key).digest('base64url')}AQAA=`;
}

function bodyJson(details: MessageDetails, prefer: Preferences): Json {
	const { contentType, content } = details.body;
	if (contentType === 'text') return { contentType, content };
	if (prefer.textBody) return { contentType: 'text', content: textOf(content) };
	return { contentType, content: prefer.unsafeHtml ? content : sanitizeHtml(content) };
}
