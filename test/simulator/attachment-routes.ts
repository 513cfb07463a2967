import { attachmentJson } from './attachment-json';
import { attachmentFromJson } from './attachment-writes';
import { ComposedMessage } from './composed-message';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { badRequest, GraphError, itemNotFound } from './graph-error';
import { attachmentId } from './ids';
import { jsonBody } from './json-body';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';
import type { AttachmentRecord } from './message-content';
import { messageId } from './message-json';
import { contextUrl, nextPageLink } from './paging';
import { need } from './permissions';
import type { UploadTarget } from './upload-sessions';

export const LARGEST_POSTED_BYTES = 3 * 1024 * 1024;
const LARGEST_UPLOADED_BYTES = 150 * 1024 * 1024;

/** Everything below `messages/{id}/attachments`. */
export async function attachmentRoutes(request: GraphRequest, mailbox: Mailbox, message: MessageRecord, rest: readonly string[], route: string): Promise<GraphAnswer> {
	const named = (tail: string, answer: GraphAnswer): GraphAnswer => ({ ...answer, route: `${request.method} ${route}${tail}` });
	if (rest.length === 0) {
		if (request.method === 'GET') return named('', await list(request, message));
		if (request.method === 'POST') return named('', await add(request, mailbox, message));
		return miss();
	}
	if (/^createUploadSession$/i.test(rest[0]!) && rest.length === 1) {
		return request.method === 'POST' ? named('/createUploadSession', createUploadSession(request, mailbox, message)) : miss();
	}
	const { attachments } = await message.content.details();
	const attachment = attachments.find(({ number }) => attachmentId(messageId(message, request.prefer), number) === rest[0] || attachmentId(message.mutableId, number) === rest[0] || attachmentId(message.id, number) === rest[0]);
	if (!attachment) throw itemNotFound();
	if (rest.length === 1) return named('/{id}', await single(request, mailbox, message, attachment));
	if (rest.length === 2 && rest[1]!.toLowerCase() === '$value' && request.method === 'GET') {
		need(request, 'readMail');
		return named('/{id}/$value', attachmentValue(attachment));
	}
	return miss();
}

function refuseCorrupt(message: MessageRecord): void {
	if (message.corruptCode) throw new GraphError(500, message.corruptCode, 'Data is corrupt.');
}

async function list(request: GraphRequest, message: MessageRecord): Promise<GraphAnswer> {
	need(request, 'readMail');
	refuseCorrupt(message);
	const { attachments } = await message.content.details();
	const skip = request.query.skip ?? 0;
	const limit = request.query.top ?? attachments.length;
	const json: Record<string, unknown> = { '@odata.context': contextUrl(request, "users('…')/messages('…')/attachments") };
	json.value = await Promise.all(attachments.slice(skip, skip + limit).map((attachment) => attachmentJson(attachment, message, request.prefer, request.query)));
	if (skip + limit < attachments.length) json['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json };
}

async function single(request: GraphRequest, mailbox: Mailbox, message: MessageRecord, attachment: AttachmentRecord): Promise<GraphAnswer> {
	if (request.method === 'GET') {
		need(request, 'readMail');
		refuseCorrupt(message);
		return { status: 200, json: { '@odata.context': contextUrl(request, "users('…')/messages('…')/attachments/$entity"), ...(await attachmentJson(attachment, message, request.prefer, request.query)) } };
	}
	if (request.method !== 'DELETE') return miss();
	need(request, 'writeMail');
	const changed = await ComposedMessage.from(message.content, message.sentMs);
	changed.composition.attachments = changed.composition.attachments.filter(({ number }) => number !== attachment.number);
	mailbox.setContent(message, changed);
	return { status: 204 };
}

/** @throws GraphError 405 for references */
export function attachmentValue(attachment: AttachmentRecord): GraphAnswer {
	if (attachment.kind === 'reference') throw new GraphError(405, 'ErrorInvalidRequest', 'The raw value of a reference attachment cannot be read.');
	const types: Record<string, string> = { '#microsoft.graph.message': 'text/plain', '#microsoft.graph.event': 'text/calendar', '#microsoft.graph.contact': 'text/vcard' };
	return { status: 200, bytes: attachment.content, contentType: attachment.kind === 'item' ? (types[attachment.itemType ?? ''] ?? 'text/plain') : (attachment.contentType ?? 'application/octet-stream') };
}

async function add(request: GraphRequest, mailbox: Mailbox, message: MessageRecord): Promise<GraphAnswer> {
	need(request, 'writeMail');
	const attachment = attachmentFromJson(jsonBody(request), await nextNumber(message), mailbox.tenant.clock.nowMs());
	if (attachment.content.length >= LARGEST_POSTED_BYTES) throw new GraphError(413, 'ErrorAttachmentSizeLimitExceeded', 'Attachments of 3 MB and more need an upload session.');
	await attach(mailbox, message, attachment);
	const json = await attachmentJson(attachment, message, request.prefer, request.query);
	return { status: 201, json: { '@odata.context': contextUrl(request, "users('…')/messages('…')/attachments/$entity"), ...json } };
}

async function nextNumber(message: MessageRecord): Promise<number> {
	const { attachments } = await message.content.details();
	return attachments.reduce((largest, { number }) => Math.max(largest, number), 0) + 1;
}

/** @throws GraphError 413 if the message gets too large */
async function attach(mailbox: Mailbox, message: MessageRecord, attachment: AttachmentRecord): Promise<void> {
	if (message.content.approximateBytes + attachment.content.length > mailbox.tenant.switches.messageSizeLimitBytes) {
		throw new GraphError(413, 'ErrorMessageSizeExceeded', 'The message exceeds the maximum supported size.');
	}
	const changed = await ComposedMessage.from(message.content, message.sentMs);
	changed.composition.attachments.push(attachment);
	mailbox.setContent(message, changed);
}

function createUploadSession(request: GraphRequest, mailbox: Mailbox, message: MessageRecord): GraphAnswer {
	need(request, 'writeMail');
	return openUploadSession(request, mailbox, {
		isDraft: message.isDraft,
		collection: 'Messages',
		id: () => message.id,
		isGone: () => message.isPurged,
		accept: async (attachment) => {
			attachment.number = await nextNumber(message);
			await attach(mailbox, message, attachment);
			return attachment.number;
		},
	});
}

/** A session for a file that becomes an attachment of a message or an event. */
export function openUploadSession(request: GraphRequest, mailbox: Mailbox, target: UploadTarget): GraphAnswer {
	const body = jsonBody(request);
	const item = (body.AttachmentItem ?? body.attachmentItem) as Record<string, unknown> | undefined;
	if (!item || typeof item.name !== 'string' || typeof item.size !== 'number') throw badRequest('AttachmentItem needs attachmentType, name and size.', 'ErrorInvalidParameter');
	if (String(item.attachmentType).toLowerCase() !== 'file') throw new GraphError(405, 'ErrorInvalidRequest', 'Only file attachments can be uploaded in a session.');
	if (item.size < LARGEST_POSTED_BYTES) throw badRequest('The attachment is smaller than the minimum size of an upload session.', 'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize');
	if (item.size > LARGEST_UPLOADED_BYTES) throw badRequest('The attachment exceeds 150 MB.', 'ErrorAttachmentSizeLimitExceeded');
	if (!target.isDraft && mailbox.tenant.switches.uploadSessionOnNonDraft === 'refused') throw badRequest('The message is not a draft.', 'ErrorInvalidOperation');
	const session = mailbox.tenant.uploads.create({
		mailbox,
		target,
		name: item.name,
		contentType: typeof item.contentType === 'string' ? item.contentType : null,
		isInline: item.isInline === true,
		contentId: typeof item.contentId === 'string' ? item.contentId : null,
		sizeBytes: item.size,
	});
	mailbox.tenant.issued.note('upload URL', session.authToken);
	return {
		status: 201,
		json: {
			'@odata.context': contextUrl(request, 'microsoft.graph.uploadSession'),
			uploadUrl: `${mailbox.tenant.uploadOrigin}/api/gv1.0/users('${mailbox.user.id}')/AttachmentSessions('${session.id}')?authtoken=${session.authToken}`,
			expirationDateTime: new Date(session.expiresMs).toISOString(),
			nextExpectedRanges: ['0-'],
		},
	};
}

/** The upload origin: PUT of a chunk, GET of the state, DELETE of the session. A Graph token sent here is an error. */
export async function answerUpload(request: { method: string; url: string; headers: Record<string, string>; body: Buffer; tenant: Mailbox['tenant'] }): Promise<GraphAnswer> {
	const route = `${request.method} upload`;
	if (request.headers.authorization !== undefined) throw new GraphError(401, 'InvalidAuthenticationToken', 'Upload URLs are authenticated by themselves: no Authorization header may be sent.');
	const url = new URL(request.url, 'http://upload.invalid');
	const id = /AttachmentSessions\('([0-9a-f]+)'\)/.exec(decodeURIComponent(url.pathname))?.[1];
	const { tenant } = request;
	const session = tenant.uploads.find(id ?? '', url.searchParams.get('authtoken') ?? '');
	const expected = { expirationDateTime: new Date(session.expiresMs).toISOString(), nextExpectedRanges: [String(session.received)] };
	if (request.method === 'GET') return { status: 200, json: expected, route };
	if (request.method === 'DELETE') {
		tenant.uploads.close(session);
		return { status: 204, route };
	}
	if (request.method !== 'PUT') return miss();
	tenant.throttle.enter(session.mailbox.user.id, request.body.length);
	try {
		if (!tenant.uploads.receive(session, request.headers['content-range'], request.body)) {
			return { status: 200, json: { ExpirationDateTime: expected.expirationDateTime, nextExpectedRanges: [String(session.received)] }, route };
		}
		tenant.uploads.close(session);
		if (session.target.isGone()) throw itemNotFound();
		const number = await session.target.accept({
			number: 0,
			kind: 'file',
			name: session.name,
			contentType: session.contentType ?? 'application/octet-stream',
			isInline: session.isInline,
			contentId: session.contentId,
			contentLocation: null,
			lastModifiedMs: tenant.clock.nowMs(),
			content: Buffer.concat(session.chunks),
		});
		const location = `${tenant.uploadOrigin}/api/v2.0/Users('${session.mailbox.user.id}')/${session.target.collection}('${session.target.id()}')/Attachments('${attachmentId(session.target.id(), number)}')`;
		return { status: 201, headers: { Location: location }, route };
	} finally {
		await tenant.hold();
		tenant.throttle.leave(session.mailbox.user.id);
	}
}
