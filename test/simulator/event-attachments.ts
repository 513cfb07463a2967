import { attachmentJson } from './attachment-json';
import { attachmentValue, LARGEST_POSTED_BYTES, openUploadSession } from './attachment-routes';
import { attachmentFromJson } from './attachment-writes';
import type { MailboxCalendar } from './calendar-store';
import { exceptionOf, type EventInstance } from './event-instance';
import { attachmentsOf, owner } from './event-json';
import type { Json } from './event-record';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { accessDenied, GraphError, itemNotFound } from './graph-error';
import { attachmentId } from './ids';
import { jsonBody } from './json-body';
import type { AttachmentRecord } from './message-content';
import { contextUrl, nextPageLink } from './paging';
import { need } from './permissions';

/** Everything below `events/{id}/attachments`. */
export async function eventAttachments(request: GraphRequest, store: MailboxCalendar, instance: EventInstance, rest: readonly string[], route: string): Promise<GraphAnswer> {
	const named = (tail: string, answer: GraphAnswer): GraphAnswer => ({ ...answer, route: `${request.method} ${route}${tail}` });
	if (rest.length === 0) {
		if (request.method === 'GET') return named('', await list(request, instance));
		if (request.method === 'POST') return named('', await add(request, store, instance));
		return miss();
	}
	if (/^createUploadSession$/i.test(rest[0]!) && rest.length === 1) {
		if (request.method !== 'POST') return miss();
		need(request, 'writeCalendars');
		refuseReadOnly(instance);
		const session = openUploadSession(request, store.mailbox, {
			isDraft: true,
			collection: 'Events',
			id: () => owner(instance).id,
			isGone: () => instance.record.isPurged,
			accept: (attachment) => Promise.resolve(attach(store, instance, attachment)),
		});
		return named('/createUploadSession', session);
	}
	const { id, mutableId } = owner(instance);
	const attachment = attachmentsOf(instance).find(({ number }) => attachmentId(id, number) === rest[0] || attachmentId(mutableId, number) === rest[0]);
	if (!attachment) throw itemNotFound();
	if (rest.length === 1) return named('/{id}', await single(request, store, instance, attachment));
	if (rest.length === 2 && rest[1]!.toLowerCase() === '$value' && request.method === 'GET') {
		need(request, 'readCalendars');
		refuseCorrupt(instance);
		return named('/{id}/$value', attachmentValue(attachment));
	}
	return miss();
}

function refuseCorrupt({ record }: EventInstance): void {
	if (record.corruptCode) throw new GraphError(500, record.corruptCode, 'Data is corrupt.');
}

function refuseReadOnly({ record }: EventInstance): void {
	if (record.calendar?.canEdit === false) throw accessDenied();
}

const CONTEXT = "users('…')/events('…')/attachments";

async function list(request: GraphRequest, instance: EventInstance): Promise<GraphAnswer> {
	need(request, 'readCalendars');
	refuseCorrupt(instance);
	const attachments = attachmentsOf(instance);
	const skip = request.query.skip ?? 0;
	const limit = request.query.top ?? attachments.length;
	const json: Json = { '@odata.context': contextUrl(request, CONTEXT) };
	json.value = await Promise.all(attachments.slice(skip, skip + limit).map((attachment) => attachmentJson(attachment, owner(instance), request.prefer, request.query)));
	if (skip + limit < attachments.length) json['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json };
}

async function single(request: GraphRequest, store: MailboxCalendar, instance: EventInstance, attachment: AttachmentRecord): Promise<GraphAnswer> {
	if (request.method === 'GET') {
		need(request, 'readCalendars');
		refuseCorrupt(instance);
		return { status: 200, json: { '@odata.context': contextUrl(request, `${CONTEXT}/$entity`), ...(await attachmentJson(attachment, owner(instance), request.prefer, request.query)) } };
	}
	if (request.method !== 'DELETE') return miss();
	need(request, 'writeCalendars');
	refuseReadOnly(instance);
	const holder = exceptionOf(instance) ?? ownDay(store, instance);
	holder.attachments = holder.attachments.filter(({ number }) => number !== attachment.number);
	store.touch(instance);
	return { status: 204 };
}

/** A day of a series that gets (or loses) an attachment of its own becomes an exception. */
function ownDay(store: MailboxCalendar, instance: EventInstance): { attachments: AttachmentRecord[] } {
	if (instance.date !== undefined) store.change(instance, {});
	return exceptionOf(instance) ?? instance.record;
}

async function add(request: GraphRequest, store: MailboxCalendar, instance: EventInstance): Promise<GraphAnswer> {
	need(request, 'writeCalendars');
	refuseReadOnly(instance);
	const attachment = attachmentFromJson(jsonBody(request), 0, store.mailbox.tenant.clock.nowMs());
	if (attachment.content.length >= LARGEST_POSTED_BYTES) throw new GraphError(413, 'ErrorAttachmentSizeLimitExceeded', 'Attachments of 3 MB and more need an upload session.');
	attach(store, instance, attachment);
	const json = await attachmentJson(attachment, owner(instance), request.prefer, request.query);
	return { status: 201, json: { '@odata.context': contextUrl(request, `${CONTEXT}/$entity`), ...json } };
}

/**
 * @returns its number
 * @throws GraphError 413 if the event gets too large
 */
function attach(store: MailboxCalendar, instance: EventInstance, attachment: AttachmentRecord): number {
	const { attachments } = exceptionOf(instance) ?? ownDay(store, instance);
	const sizeBytes = attachments.reduce((sum, { content }) => sum + content.length, attachment.content.length);
	if (sizeBytes > store.mailbox.tenant.switches.messageSizeLimitBytes) throw new GraphError(413, 'ErrorMessageSizeExceeded', 'The message exceeds the maximum supported size.');
	attachment.number = attachments.reduce((largest, { number }) => Math.max(largest, number), 0) + 1;
	attachments.push(attachment);
	store.touch(instance);
	return attachment.number;
}
