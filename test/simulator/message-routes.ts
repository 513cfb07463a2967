import { attachmentRoutes } from './attachment-routes';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { extendedPropertiesJson } from './extended-properties';
import { destinationOf } from './folder-routes';
import { accessDenied, GraphError, itemNotFound, malformedId } from './graph-error';
import { looksLikeExchangeId } from './ids';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';
import { messageJson } from './message-json';
import { listMessages } from './message-list';
import { createFromJson, createFromMime, patchMessage } from './message-writes';
import { contextUrl } from './paging';
import { need } from './permissions';
import { refuseExpandWithoutBodies, visibleProperties } from './visible-properties';

/** @throws GraphError 404 for messages that are not (any more) there, 400 for what is no id, 403 in forbidden folders */
export function messageOf(mailbox: Mailbox, folder: MailFolder | undefined, id: string): MessageRecord {
	const message = mailbox.findMessage(id);
	if (!message || (folder && message.folder !== folder)) throw message || looksLikeExchangeId(id) ? itemNotFound() : malformedId();
	if (message.folder.isForbidden) throw accessDenied();
	if (message.notFoundTimes > 0) {
		message.notFoundTimes--;
		throw itemNotFound();
	}
	return message;
}

/** Everything below `users/{id}/messages` and `users/{id}/mailFolders/{id}/messages`; `rest` is what follows. */
export async function messageRoutes(request: GraphRequest, mailbox: Mailbox, folder: MailFolder | undefined, rest: readonly string[]): Promise<GraphAnswer> {
	const route = folder ? '/users/{id}/mailFolders/{id}/messages' : '/users/{id}/messages';
	const named = (tail: string, answer: GraphAnswer): GraphAnswer => ({ ...answer, route: answer.route ?? `${request.method} ${route}${tail}` });
	if (rest.length === 0) {
		if (request.method === 'GET') {
			need(request, 'listMail');
			return named('', await listMessages(request, mailbox, folder));
		}
		if (request.method !== 'POST') return miss();
		need(request, 'writeMail');
		const isMime = /^text\/plain\b/i.test(request.headers['content-type'] ?? '');
		return named('', isMime ? await createFromMime(request, mailbox, folder) : await createFromJson(request, mailbox, folder));
	}
	if (/^(delta|\$count)$/i.test(rest[0]!)) return miss();
	const message = messageOf(mailbox, folder, rest[0]!);
	const tail = rest[1]?.toLowerCase();
	if (tail === undefined) return named('/{id}', await single(request, mailbox, message));
	if (tail === 'attachments') return attachmentRoutes(request, mailbox, message, rest.slice(2), `${route}/{id}/attachments`);
	if (rest.length > 2) return miss();
	if (tail === '$value' && request.method === 'GET') return named('/{id}/$value', await value(request, message));
	if (tail === 'singlevalueextendedproperties' && request.method === 'GET') {
		need(request, 'readMail');
		return named('/{id}/singleValueExtendedProperties', { status: 200, json: { value: await extendedPropertiesJson(message, request.query.filter) } });
	}
	if (request.method !== 'POST') return miss();
	return action(request, mailbox, message, tail, named);
}

async function action(
	request: GraphRequest,
	mailbox: Mailbox,
	message: MessageRecord,
	name: string,
	named: (tail: string, answer: GraphAnswer) => GraphAnswer,
): Promise<GraphAnswer> {
	switch (name) {
		case 'move': {
			need(request, 'writeMail');
			mailbox.move(message, destinationOf(request, mailbox));
			return named('/{id}/move', await entity(request, message, 201));
		}
		case 'copy': {
			need(request, 'writeMail');
			const copied = mailbox.copy(message, destinationOf(request, mailbox));
			return named('/{id}/copy', await entity(request, copied, 201));
		}
		case 'permanentdelete':
			need(request, 'writeMail');
			mailbox.purge(message);
			return named('/{id}/permanentDelete', { status: 204 });
		case 'send':
		case 'reply':
		case 'replyall':
		case 'forward': {
			need(request, 'sendMail');
			const summary = await message.summary();
			mailbox.tenant.outbox.push({
				kind: 'mail',
				mailbox: mailbox.user.userPrincipalName,
				subject: summary.subject,
				recipients: [...summary.to, ...summary.cc, ...summary.bcc].map(({ address }) => address),
				request: `${request.method} ${request.url}`,
			});
			if (name === 'send') {
				mailbox.move(message, 'sentitems');
				message.isDraft = false;
			}
			return named(`/{id}/${name}`, { status: 202 });
		}
		default:
			return miss();
	}
}

async function entity(request: GraphRequest, message: MessageRecord, status: number): Promise<GraphAnswer> {
	const { query, prefer } = request;
	refuseExpandWithoutBodies(request, query);
	const properties = visibleProperties(request, query.select);
	const json = await messageJson(message, { properties, prefer, expand: query.expand });
	return { status, json: { '@odata.context': contextUrl(request, "users('…')/messages/$entity"), ...json } };
}

async function single(request: GraphRequest, mailbox: Mailbox, message: MessageRecord): Promise<GraphAnswer> {
	switch (request.method) {
		case 'GET': {
			need(request, 'listMail');
			refuseCorrupt(message);
			return entity(request, message, 200);
		}
		case 'PATCH': {
			need(request, 'writeMail');
			await patchMessage(request, mailbox, message);
			return entity(request, message, 200);
		}
		case 'DELETE': {
			need(request, 'writeMail');
			await receiptOnDelete(request, mailbox, message);
			mailbox.delete(message);
			return { status: 204 };
		}
		default:
			return miss();
	}
}

/** Deleting an unread message whose sender asked for a read receipt sends a "not read" report. */
async function receiptOnDelete(request: GraphRequest, mailbox: Mailbox, message: MessageRecord): Promise<void> {
	const summary = await message.summary();
	if (!summary.isReadReceiptRequested || message.isRead || message.isDraft) return;
	mailbox.tenant.outbox.push({
		kind: 'receipt',
		mailbox: mailbox.user.userPrincipalName,
		subject: `Not read: ${summary.subject}`,
		recipients: summary.from ? [summary.from.address] : [],
		request: `${request.method} ${request.url}`,
	});
}

function refuseCorrupt(message: MessageRecord): void {
	if (message.corruptCode) throw new GraphError(500, message.corruptCode, 'Data is corrupt.');
}

/** The MIME bytes as they are. */
async function value(request: GraphRequest, message: MessageRecord): Promise<GraphAnswer> {
	need(request, 'readMail');
	refuseCorrupt(message);
	return { status: 200, bytes: await message.content.mime(), contentType: 'text/plain' };
}
