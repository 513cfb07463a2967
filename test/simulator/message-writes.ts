import { randomUUID } from 'node:crypto';
import { ComposedMessage, type Composition } from './composed-message';
import { attachmentFromJson } from './attachment-writes';
import type { GraphAnswer, GraphRequest } from './exchange';
import { checkPropertyId, isBuiltIn } from './extended-properties';
import { badRequest, GraphError } from './graph-error';
import { jsonBody, refuseTooLarge } from './json-body';
import type { MailFolder } from './mail-folder';
import type { Mailbox, NewMessage } from './mailbox';
import type { FlagState, MessageRecord } from './message';
import type { Address } from './message-content';
import { messageJson, selectedProperties } from './message-json';
import { contextUrl } from './paging';
import { StoredMime } from './stored-mime';

const UNSENT = 0x8;
const LARGE_MIME_BYTES = 2.2 * 1024 * 1024;

/** Properties that Graph accepts in a body but decides by itself. */
const IGNORED = new Set(['id', 'createdDateTime', 'lastModifiedDateTime', 'receivedDateTime', 'sentDateTime', 'hasAttachments', 'bodyPreview', 'isDraft', 'parentFolderId', 'conversationId', 'conversationIndex', 'changeKey', 'webLink', 'uniqueBody', 'extensions']);
const CONTENT = new Set(['subject', 'body', 'from', 'sender', 'toRecipients', 'ccRecipients', 'bccRecipients', 'replyTo', 'internetMessageId', 'internetMessageHeaders', 'isReadReceiptRequested', 'isDeliveryReceiptRequested', 'attachments']);
const STATE = new Set(['isRead', 'categories', 'flag', 'importance', 'inferenceClassification', 'singleValueExtendedProperties', 'multiValueExtendedProperties']);

type Body = Record<string, unknown>;

function refuseUnknown(body: Body): void {
	for (const name of Object.keys(body)) {
		if (name.startsWith('@') || name.includes('@odata.') || IGNORED.has(name) || CONTENT.has(name) || STATE.has(name)) continue;
		throw badRequest(`The property '${name}' does not exist on type 'Microsoft.OutlookServices.Message'. Make sure to only use property names that are defined by the type.`, 'RequestBodyRead');
	}
	const type = body['@odata.type'];
	if (type !== undefined && type !== '#microsoft.graph.message' && type !== 'microsoft.graph.message') throw badRequest('A message of this type cannot be created.', 'UnableToDeserializePostBody');
}

/**
 * POST of JSON: a draft, unless `Integer 0x0E07` without the bit 0x8 stands in this very request (Corso's
 * mail_restore.go); `SystemTime 0x0039` and `0x0E06` set the dates sent and received.
 */
export async function createFromJson(request: GraphRequest, mailbox: Mailbox, folder: MailFolder | undefined): Promise<GraphAnswer> {
	const body = jsonBody(request);
	refuseUnknown(body);
	const options: NewMessage = { isDraft: true, isRead: body.isRead === undefined ? true : body.isRead === true };
	const named: Record<string, string> = {};
	for (const { id, value } of propertiesOf(body.singleValueExtendedProperties)) {
		if (isBuiltIn(id, '0xe07')) {
			const flags = Number(value);
			if (!Number.isInteger(flags)) throw badRequest('The value of the extended property is invalid.', 'ErrorInvalidExtendedPropertyValue');
			options.isDraft = (flags & UNSENT) !== 0;
			if (body.isRead === undefined) options.isRead = (flags & 1) !== 0;
		} else if (isBuiltIn(id, '0x39')) options.sent = dateOf(value);
		else if (isBuiltIn(id, '0xe06')) options.received = dateOf(value);
		else named[id] = value;
	}
	if (Object.keys(named).length) options.singleValueProperties = named;
	stateInto(options, body);
	const nowMs = mailbox.tenant.clock.nowMs();
	options.sent ??= nowMs;
	options.received ??= options.sent;
	const author: Address = { name: mailbox.user.displayName, address: mailbox.user.userPrincipalName };
	const composition: Composition = {
		subject: '',
		body: { contentType: 'text', content: '' },
		from: null,
		sender: null,
		to: [],
		cc: [],
		bcc: [],
		replyTo: [],
		importance: options.importance ?? 'normal',
		internetMessageId: `<${randomUUID()}@${mailbox.tenant.domain}>`,
		conversation: '',
		headers: [],
		isReadReceiptRequested: false,
		isDeliveryReceiptRequested: false,
		sentMs: new Date(options.sent).getTime(),
		attachments: [],
	};
	contentInto(composition, body, nowMs);
	composition.from ??= composition.sender ?? (options.isDraft ? null : author);
	composition.sender ??= composition.from;
	composition.conversation = composition.subject.replace(/^((re|fw|fwd|aw|wg):\s*)+/i, '') || composition.internetMessageId;
	const message = mailbox.add(folder ?? 'drafts', new ComposedMessage(composition), options);
	const multi = multiProperties(body.multiValueExtendedProperties);
	if (multi) message.multiValueProperties = multi;
	return created(request, message);
}

async function created(request: GraphRequest, message: MessageRecord): Promise<GraphAnswer> {
	message.notFoundTimes = request.tenant.switches.newMessageNotFoundTimes;
	const json = await messageJson(message, { properties: selectedProperties(undefined), prefer: request.prefer });
	return { status: 201, json: { '@odata.context': contextUrl(request, "users('…')/messages/$entity"), ...json } };
}

/** POST of base64 MIME: always a draft in Drafts. */
export async function createFromMime(request: GraphRequest, mailbox: Mailbox, folder: MailFolder | undefined): Promise<GraphAnswer> {
	const { switches } = request.tenant;
	refuseTooLarge(request);
	if (folder && switches.mimePostIntoFolder === 'refused') throw badRequest('Unable to deserialize the post body.', 'UnableToDeserializePostBody');
	const text = request.body.toString('latin1').replace(/\s+/g, '');
	if (text === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) throw badRequest('The MIME content is not valid base64.', 'ErrorMimeContentInvalidBase64String');
	const mime = Buffer.from(text, 'base64');
	if (!/^[\x21-\x39\x3b-\x7e]+:/.test(mime.subarray(0, 200).toString('latin1'))) throw badRequest('The MIME content is not valid.', 'ErrorMimeContentInvalid');
	if (mime.length > LARGE_MIME_BYTES && switches.largeMimeDraftsVanish) return { status: 200, json: {} };
	return created(request, mailbox.add(folder ?? 'drafts', new StoredMime(mime), { isDraft: true, isRead: true }));
}

/** PATCH: marks always; content of drafts only (switch patchContentOfNonDraft); dates and the draft state never. */
export async function patchMessage(request: GraphRequest, mailbox: Mailbox, message: MessageRecord): Promise<void> {
	const body = jsonBody(request);
	refuseUnknown(body);
	if (body.attachments !== undefined) throw badRequest('Attachments cannot be updated with PATCH.', 'ErrorInvalidPropertySet');
	const touched = Object.keys(body).filter((name) => CONTENT.has(name));
	if (touched.length && !message.isDraft && request.tenant.switches.patchContentOfNonDraft === 'refused') {
		throw badRequest(`The property '${touched[0]!}' can only be changed while the message is a draft.`, 'ErrorInvalidPropertySet');
	}
	const properties = propertiesOf(body.singleValueExtendedProperties);
	if (touched.length) {
		const changed = await ComposedMessage.from(message.content, message.sentMs);
		contentInto(changed.composition, body, mailbox.tenant.clock.nowMs());
		mailbox.setContent(message, changed);
	}
	const state: NewMessage = {};
	stateInto(state, body);
	const patch: Parameters<Mailbox['patch']>[1] = {};
	if (state.categories) patch.categories = state.categories;
	if (state.flag) patch.flag = state.flag;
	if (state.importance) patch.importance = state.importance;
	if (state.inference) patch.inference = state.inference;
	if (typeof body.isRead === 'boolean' && body.isRead !== message.isRead) {
		await receiptOnRead(request, mailbox, message, body.isRead);
		patch.isRead = body.isRead;
	}
	if (Object.keys(patch).length) mailbox.patch(message, patch);
	const named = properties.filter(({ id }) => !isBuiltIn(id, '0xe07') && !isBuiltIn(id, '0x39') && !isBuiltIn(id, '0xe06'));
	if (named.length) {
		message.singleValueProperties ??= new Map();
		for (const { id, value } of named) message.singleValueProperties.set(id, value);
		mailbox.touch(message, 'full');
	}
}

/** Marking a message as read answers its sender's request for a receipt. */
async function receiptOnRead(request: GraphRequest, mailbox: Mailbox, message: MessageRecord, isRead: boolean): Promise<void> {
	if (!isRead || message.isDraft) return;
	const summary = await message.summary();
	if (!summary.isReadReceiptRequested) return;
	mailbox.tenant.outbox.push({
		kind: 'receipt',
		mailbox: mailbox.user.userPrincipalName,
		subject: `Read: ${summary.subject}`,
		recipients: summary.from ? [summary.from.address] : [],
		request: `${request.method} ${request.url}`,
	});
}

function stateInto(target: NewMessage, body: Body): void {
	if (Array.isArray(body.categories)) target.categories = body.categories.map(String);
	if (body.flag !== undefined && body.flag !== null) target.flag = flagOf(body.flag as FlagState);
	if (body.importance !== undefined) target.importance = importanceOf(body.importance);
	if (body.inferenceClassification === 'focused' || body.inferenceClassification === 'other') target.inference = body.inferenceClassification;
}

function flagOf(flag: FlagState): FlagState {
	if (!['notFlagged', 'flagged', 'complete'].includes(flag.flagStatus)) throw badRequest('The flagStatus is invalid.', 'RequestBodyRead');
	if (flag.dueDateTime && !flag.startDateTime) throw badRequest('A due date needs a start date.', 'ErrorInvalidArgument');
	return flag;
}

function importanceOf(value: unknown): 'low' | 'normal' | 'high' {
	const lower = String(value).toLowerCase();
	if (lower !== 'low' && lower !== 'normal' && lower !== 'high') throw badRequest(`The value '${String(value)}' is not valid for importance.`, 'RequestBodyRead');
	return lower;
}

function contentInto(composition: Composition, body: Body, nowMs: number): void {
	if (body.subject !== undefined) composition.subject = typeof body.subject === 'string' ? body.subject : '';
	if (body.body !== undefined) composition.body = bodyOf(body.body);
	if (body.from !== undefined) composition.from = recipientOf(body.from);
	if (body.sender !== undefined) composition.sender = recipientOf(body.sender);
	if (body.toRecipients !== undefined) composition.to = recipientsOf(body.toRecipients);
	if (body.ccRecipients !== undefined) composition.cc = recipientsOf(body.ccRecipients);
	if (body.bccRecipients !== undefined) composition.bcc = recipientsOf(body.bccRecipients);
	if (body.replyTo !== undefined) composition.replyTo = replyToOf(body.replyTo);
	if (typeof body.internetMessageId === 'string' && body.internetMessageId !== '') composition.internetMessageId = body.internetMessageId;
	if (body.internetMessageHeaders !== undefined) composition.headers = headersOf(body.internetMessageHeaders);
	if (typeof body.isReadReceiptRequested === 'boolean') composition.isReadReceiptRequested = body.isReadReceiptRequested;
	if (typeof body.isDeliveryReceiptRequested === 'boolean') composition.isDeliveryReceiptRequested = body.isDeliveryReceiptRequested;
	if (Array.isArray(body.attachments)) {
		for (const json of body.attachments as Body[]) composition.attachments.push(attachmentFromJson(json, composition.attachments.length + 1, nowMs));
	}
}

function bodyOf(value: unknown): Composition['body'] {
	const { contentType, content } = (value ?? {}) as { contentType?: string; content?: string };
	return { contentType: contentType?.toLowerCase() === 'html' ? 'html' : 'text', content: content ?? '' };
}

function recipientOf(value: unknown): Address | null {
	if (value === null) return null;
	const { emailAddress } = value as { emailAddress?: { name?: string; address?: string } };
	if (!emailAddress) throw badRequest('A recipient needs an emailAddress.', 'ErrorInvalidRecipients');
	return { name: emailAddress.name ?? emailAddress.address ?? '', address: emailAddress.address ?? '' };
}

function recipientsOf(value: unknown): Address[] {
	if (!Array.isArray(value)) throw badRequest('Recipients must be a collection.', 'RequestBodyRead');
	return value.map((one) => recipientOf(one)!);
}

/** replyTo must be a valid SMTP address or a DN (Corso). */
function replyToOf(value: unknown): Address[] {
	const addresses = recipientsOf(value);
	for (const { address } of addresses) {
		if (!/^[^\s@]+@[^\s@]+$/.test(address) && !/^\/o=/i.test(address)) throw badRequest('At least one recipient is not valid.', 'ErrorInvalidRecipients');
	}
	return addresses;
}

/** x- only, at most five, never an empty list (freescout-mail365 PR#7, dotnet#2208). */
function headersOf(value: unknown): { name: string; value: string }[] {
	if (!Array.isArray(value) || value.length === 0) throw badRequest('The collection of internet message headers must not be empty.', 'InvalidInternetMessageHeaderCollection');
	if (value.length > 5) throw badRequest('Maximum number of headers in one message should be less than or equal to 5.', 'InvalidInternetMessageHeaderCollection');
	return (value as { name: string; value: string }[]).map((header) => {
		if (!/^x-/i.test(header.name)) throw badRequest(`The internet message header name '${header.name}' should start with 'x-' or 'X-'.`, 'InvalidInternetMessageHeader');
		return { name: header.name, value: header.value };
	});
}

function propertiesOf(value: unknown): { id: string; value: string }[] {
	if (value === undefined) return [];
	if (!Array.isArray(value)) throw badRequest('singleValueExtendedProperties must be a collection.', 'RequestBodyRead');
	return (value as { id?: unknown; value?: unknown }[]).map((property) => {
		if (typeof property.id !== 'string' || typeof property.value !== 'string') throw badRequest('An extended property needs an id and a value, both text.', 'RequestBodyRead');
		checkPropertyId(property.id);
		return { id: property.id, value: property.value };
	});
}

function multiProperties(value: unknown): Map<string, string[]> | undefined {
	if (!Array.isArray(value)) return undefined;
	return new Map((value as { id: string; value: string[] }[]).map(({ id, value: values }) => [id, values]));
}

function dateOf(value: string): number {
	const ms = Date.parse(value);
	if (Number.isNaN(ms)) throw new GraphError(400, 'ErrorInvalidExtendedPropertyValue', 'The value of the extended property is invalid.');
	return ms;
}
