import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { messageClass, writeFts } from './exchange-fts';
import { exchangeFolder, exchangeFolderId, exchangeItem, exchangeMailboxId, mailboxByExchangeId } from './exchange-ids';
import { createImportSession } from './exchange-import';
import { accessDenied, badRequest, GraphError, itemNotFound } from './graph-error';
import { jsonBody } from './json-body';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';
import { changeKey, isoSeconds, messageId } from './message-json';
import { matches, parseFilter } from './odata-filter';
import { contextUrl, pageBounds } from './paging';
import { need } from './permissions';

const LARGEST_EXPORT = 20;
const LARGEST_TRANSLATION = 1000;

/** A cloud without the import and export API (Fairfax, Mooncake): its paths do not exist. Known to be absent, so no miss. */
function refuseWhereAbsent(request: GraphRequest): void {
	const { mailboxItemApi } = request.tenant.switches;
	if (mailboxItemApi === 'notFound') throw new GraphError(404, 'ResourceNotFound', "Resource not found for the segment 'exchange'.");
	if (mailboxItemApi === 'badRequest') throw badRequest("Resource not found for the segment 'exchange'.");
}

/** `GET users/{id}/settings/exchange`. */
export function exchangeSettings(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	if (request.method !== 'GET' || request.segments.length !== 4 || request.segments[3]?.toLowerCase() !== 'exchange') return miss();
	refuseWhereAbsent(request);
	need(request, 'readExchangeSettings');
	return {
		status: 200,
		route: 'GET /users/{id}/settings/exchange',
		json: { '@odata.context': contextUrl(request, "users('…')/settings/exchange"), primaryMailboxId: exchangeMailboxId(mailbox) },
	};
}

/** `POST users/{id}/translateExchangeIds`, between the two forms that Graph itself uses. */
export function translateExchangeIds(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	if (request.method !== 'POST' || request.segments.length !== 3) return miss();
	need(request, 'readUsers');
	if (request.tenant.switches.translateIdsForApplications === 'refused') throw accessDenied();
	const { inputIds, sourceIdType, targetIdType } = jsonBody(request);
	const asked = Array.isArray(inputIds) ? (inputIds as unknown[]).map(String) : [];
	if (asked.length === 0 || asked.length > LARGEST_TRANSLATION) throw badRequest('inputIds must have 1 to 1000 elements.', 'ErrorInvalidParameter');
	for (const type of [sourceIdType, targetIdType]) {
		if (!/^(restId|restImmutableEntryId)$/i.test(String(type))) throw badRequest(`The id format ${String(type)} is not supported here.`, 'ErrorInvalidParameter');
	}
	const isImmutable = String(targetIdType).toLowerCase() === 'restimmutableentryid';
	const value = asked.map((sourceId) => {
		const message = mailbox.findMessage(sourceId);
		if (!message) return { sourceId, errorDetails: { code: 'ErrorItemNotFound', message: 'The specified object was not found in the store.' } };
		return { sourceId, targetId: isImmutable ? message.id : message.mutableId };
	});
	return { status: 200, route: 'POST /users/{id}/translateExchangeIds', json: { '@odata.context': contextUrl(request, 'Collection(microsoft.graph.convertIdResult)'), value } };
}

const ROOT = '/admin/exchange/mailboxes/{id}';

/** Everything below `admin/exchange/mailboxes/{id}`: folders, items, export and import sessions. */
export async function exchangeRoutes(request: GraphRequest): Promise<GraphAnswer> {
	const [, second, third, key, ...rest] = request.segments;
	if (second?.toLowerCase() !== 'exchange' || third?.toLowerCase() !== 'mailboxes' || key === undefined) return miss();
	refuseWhereAbsent(request);
	const mailbox = mailboxByExchangeId(request.tenant, key);
	if (!mailbox) throw new GraphError(404, 'ErrorNonExistentMailbox', 'The mailbox was not found.');
	const { throttle } = mailbox.tenant;
	throttle.enter(mailbox.user.id, request.method === 'POST' ? request.body.length : 0);
	try {
		if (mailbox.isForbidden) throw accessDenied('Access to OData is disabled.');
		return await below(request, mailbox, rest);
	} finally {
		await request.tenant.hold();
		throttle.leave(mailbox.user.id);
	}
}

async function below(request: GraphRequest, mailbox: Mailbox, rest: readonly string[]): Promise<GraphAnswer> {
	const kind = rest[0]?.toLowerCase();
	if (kind === 'exportitems' && rest.length === 1 && request.method === 'POST') {
		need(request, 'exportMailboxItems');
		return { ...(await exportItems(request, mailbox)), route: `POST ${ROOT}/exportItems` };
	}
	if (kind === 'createimportsession' && rest.length === 1 && request.method === 'POST') {
		need(request, 'importMailboxItems');
		const session = createImportSession(mailbox, exchangeMailboxId(mailbox));
		return { status: 200, route: `POST ${ROOT}/createImportSession`, json: { '@odata.context': contextUrl(request, 'microsoft.graph.mailboxItemImportSession'), ...session } };
	}
	if (kind !== 'folders' || request.method !== 'GET') return miss();
	return folderPaths(request, mailbox, rest.slice(1));
}

async function folderPaths(request: GraphRequest, mailbox: Mailbox, rest: readonly string[]): Promise<GraphAnswer> {
	if (rest.length === 0) return named(request, '/folders', folderList(request, mailbox.root));
	need(request, 'readMailboxFolders');
	const folder = exchangeFolder(mailbox, rest[0]!);
	if (!folder) throw new GraphError(404, 'ErrorFolderNotFound', 'The specified folder could not be found in the store.');
	const tail = rest.slice(1).map((segment) => segment.toLowerCase());
	if (tail.length === 0) return named(request, '/folders/{id}', { status: 200, json: { '@odata.context': contextUrl(request, 'folders/$entity'), ...folderJson(folder) } });
	if (tail[0] === 'childfolders' && tail.length === 1) return named(request, '/folders/{id}/childFolders', folderList(request, folder));
	if (tail[0] !== 'items') return miss();
	need(request, 'readMailboxItems');
	if (tail.length === 1) return named(request, '/folders/{id}/items', await itemList(request, folder));
	if (tail.length === 2 && /^delta(\(\))?$/.test(tail[1]!)) return named(request, '/folders/{id}/items/delta', await itemDelta(request, folder));
	const item = mailbox.findMessage(rest[2]!);
	if (item?.folder !== folder || tail.length > 2) throw itemNotFound();
	return named(request, '/folders/{id}/items/{id}', { status: 200, json: { '@odata.context': contextUrl(request, 'items/$entity'), ...(await itemJson(request, item)) } });
}

function named(request: GraphRequest, tail: string, answer: GraphAnswer): GraphAnswer {
	return { ...answer, route: `${request.method} ${ROOT}${tail}` };
}

function folderJson(folder: MailFolder): Record<string, unknown> {
	return {
		id: exchangeFolderId(folder),
		displayName: folder.displayName,
		parentFolderId: folder.parent ? exchangeFolderId(folder.parent) : null,
		childFolderCount: folder.children.size,
		totalItemCount: folder.total,
		type: 'IPF.Note',
	};
}

function folderList(request: GraphRequest, parent: MailFolder): GraphAnswer {
	need(request, 'readMailboxFolders');
	const filter = request.query.filter === undefined ? undefined : parseFilter(request.query.filter);
	const all = [...parent.children].map(folderJson).filter((one) => filter === undefined || matches(filter, one));
	return page(request, 'folders', all);
}

function page(request: GraphRequest, fragment: string, all: readonly unknown[]): GraphAnswer {
	const { skip, limit } = pageBounds(request, 1000);
	const json: Record<string, unknown> = { '@odata.context': contextUrl(request, fragment), value: all.slice(skip, skip + limit) };
	if (skip + limit < all.length) json['@odata.nextLink'] = link(request, `$skip=${skip + limit}`);
	return { status: 200, json };
}

function link(request: GraphRequest, position: string): string {
	const { repeatable } = request.query;
	return `${request.origin}/v1.0/${request.segments.map(encodeURIComponent).join('/')}?${repeatable ? `${repeatable}&` : ''}${position}`;
}

async function itemJson(request: GraphRequest, message: MessageRecord): Promise<Record<string, unknown>> {
	return {
		id: messageId(message, request.prefer),
		changeKey: changeKey(message.changeNumber),
		createdDateTime: isoSeconds(message.createdMs),
		lastModifiedDateTime: isoSeconds(message.modifiedMs),
		categories: message.categories,
		type: await messageClass(message),
		size: message.content.approximateBytes,
	};
}

async function itemList(request: GraphRequest, folder: MailFolder): Promise<GraphAnswer> {
	const all = await Promise.all([...folder.messages()].map((message) => itemJson(request, message)));
	const filter = request.query.filter === undefined ? undefined : parseFilter(request.query.filter);
	return page(request, 'items', filter === undefined ? all : all.filter((one) => matches(filter, one)));
}

/** What a delta token stands for: item → change number. */
const deltaStates = new Map<string, ReadonlyMap<MessageRecord, number>>();

/** In one page: whoever asks here asks for changes, not for speed. */
async function itemDelta(request: GraphRequest, folder: MailFolder): Promise<GraphAnswer> {
	const asked = request.query.deltaToken;
	const before = asked === undefined ? new Map<MessageRecord, number>() : deltaStates.get(asked);
	if (!before) throw new GraphError(410, 'SyncStateNotFound', 'The sync state generation is not found.');
	const now = new Map([...folder.messages()].map((message) => [message, message.changeNumber]));
	const changed = [...now].filter(([message, number]) => before.get(message) !== number);
	const removed = [...before.keys()].filter((message) => !now.has(message));
	const token = `items${deltaStates.size + 1}`;
	deltaStates.set(token, now);
	return {
		status: 200,
		json: {
			'@odata.context': contextUrl(request, 'Collection(mailboxItem)'),
			value: [
				...(await Promise.all(changed.map(([message]) => itemJson(request, message)))),
				...removed.map((message) => ({ id: messageId(message, request.prefer), '@removed': { reason: 'deleted' } })),
			],
			'@odata.deltaLink': link(request, `$deltatoken=${token}`),
		},
	};
}

async function exportItems(request: GraphRequest, mailbox: Mailbox): Promise<GraphAnswer> {
	const { itemIds } = jsonBody(request);
	const asked = Array.isArray(itemIds) ? (itemIds as unknown[]).map(String) : [];
	if (asked.length === 0 || asked.length > LARGEST_EXPORT) throw badRequest('itemIds must have 1 to 20 elements.', 'ErrorInvalidParameter');
	const { switches } = request.tenant;
	const value = await Promise.all(asked.map((id) => exported(request, mailbox, id)));
	if (asked.length > 1 && switches.exportDropsItems > 0) value.splice(-Math.min(switches.exportDropsItems, asked.length));
	return { status: 200, json: { '@odata.context': contextUrl(request, 'Collection(microsoft.graph.exportItemResponse)'), value } };
}

async function exported(request: GraphRequest, mailbox: Mailbox, id: string): Promise<Record<string, unknown>> {
	const { switches } = request.tenant;
	const refused = (code: string, message: string): Record<string, unknown> => ({ itemId: id, [switches.exportErrorName]: { code, message } });
	const message = exchangeItem(mailbox, id);
	if (!message) return refused('ErrorItemNotFound', 'The specified object was not found in the store.');
	if (message.folder.isForbidden) return refused('ErrorAccessDenied', 'Access is denied.');
	if (message.corruptCode) return refused(message.corruptCode, 'Data is corrupt.');
	return {
		itemId: switches.exportAnswerIds === 'asked' ? id : message.mutableId,
		changeKey: changeKey(message.changeNumber),
		data: (await writeFts(message)).toString('base64'),
	};
}
