import { attachmentId } from './ids';
import type { Preferences } from './exchange';
import { badRequest } from './graph-error';
import type { MessageRecord } from './message';
import type { AttachmentRecord } from './message-content';
import { isoSeconds, messageId, recipient, type Json } from './message-json';
import type { OdataQuery } from './odata-query';
import { StoredMime } from './stored-mime';

const TYPES = { file: '#microsoft.graph.fileAttachment', item: '#microsoft.graph.itemAttachment', reference: '#microsoft.graph.referenceAttachment' };

/** An attachment as Graph lists it; contentBytes come with it unless `$select` leaves them out. */
export async function attachmentJson(attachment: AttachmentRecord, message: Pick<MessageRecord, 'id' | 'mutableId' | 'modifiedMs'>, prefer: Preferences, query: OdataQuery): Promise<Json> {
	const full: Json = {
		'@odata.type': TYPES[attachment.kind],
		'@odata.mediaContentType': attachment.contentType ?? undefined,
		id: attachmentId(messageId(message, prefer), attachment.number),
		lastModifiedDateTime: isoSeconds(attachment.lastModifiedMs || message.modifiedMs),
		name: attachment.name,
		contentType: attachment.contentType,
		size: attachment.content.length + 150,
		isInline: attachment.isInline,
	};
	if (attachment.kind === 'file') {
		full.contentId = attachment.contentId;
		full.contentLocation = attachment.contentLocation;
		if (!query.select || query.select.some((name) => /^(\*|contentBytes|microsoft\.graph\.fileAttachment\/contentBytes)$/i.test(name))) {
			full.contentBytes = attachment.content.toString('base64');
		}
	}
	for (const item of query.expand) {
		if (item.path.toLowerCase() !== 'microsoft.graph.itemattachment/item') throw badRequest(`Could not expand '${item.path}'.`, 'RequestBroker--ParseUri');
		if (attachment.kind === 'item') full.item = await nestedItemJson(attachment);
	}
	return query.select ? selected(full, query.select) : full;
}

function selected(full: Json, select: readonly string[]): Json {
	const wanted = new Set(select.map((name) => name.toLowerCase().replace(/^microsoft\.graph\.\w+\//, '')));
	const kept: Json = {};
	for (const [name, value] of Object.entries(full)) {
		if (name.startsWith('@') || name === 'id' || name === 'item' || wanted.has('*') || wanted.has(name.toLowerCase())) kept[name] = value;
	}
	return kept;
}

/** The message (event, contact) inside an attachment. Attachments nested in it are listed by name only, as in Graph. */
async function nestedItemJson(attachment: AttachmentRecord): Promise<Json> {
	if (attachment.itemJson) return { '@odata.type': attachment.itemType, id: '', ...attachment.itemJson };
	const content = new StoredMime(attachment.content);
	const [summary, details] = [await content.summary(), await content.details()];
	const sent = isoSeconds(summary.dateMs ?? 0);
	return {
		'@odata.type': summary.odataType ?? '#microsoft.graph.message',
		id: '',
		createdDateTime: sent,
		lastModifiedDateTime: sent,
		receivedDateTime: sent,
		sentDateTime: sent,
		hasAttachments: summary.hasAttachments,
		internetMessageId: summary.internetMessageId,
		subject: summary.subject,
		bodyPreview: summary.preview,
		importance: summary.importance,
		isRead: true,
		isDraft: false,
		body: details.body,
		sender: recipient(summary.sender),
		from: recipient(summary.from),
		toRecipients: summary.to.map(recipient),
		ccRecipients: summary.cc.map(recipient),
		bccRecipients: summary.bcc.map(recipient),
		replyTo: summary.replyTo.map(recipient),
	};
}
