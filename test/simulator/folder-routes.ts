import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { folderDelta } from './folder-delta';
import { folderJson } from './folder-json';
import { accessDenied, badRequest, GraphError, itemNotFound, malformedId } from './graph-error';
import { looksLikeExchangeId } from './ids';
import { jsonBody } from './json-body';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import { messageDelta } from './message-delta';
import { messageRoutes } from './message-routes';
import { matches, parseFilter } from './odata-filter';
import { contextUrl, nextPageLink, pageBounds } from './paging';
import { messageRules } from './settings-rules';
import { UNPROVISIONED_ROLES } from './well-known-folders';
import { need } from './permissions';

/** @throws GraphError 404 for folders that are not there, 400 for what is no id, 403 for forbidden ones */
export function folderOf(mailbox: Mailbox, nameOrId: string): MailFolder {
	const folder = mailbox.findFolder(nameOrId);
	if (folder?.role === 'recoverableitemsroot' && mailbox.tenant.switches.recoverableRoot === 'notFound') throw itemNotFound();
	if (!folder) throw UNPROVISIONED_ROLES.has(nameOrId.toLowerCase()) || looksLikeExchangeId(nameOrId) ? itemNotFound() : malformedId();
	if (folder.isForbidden) throw accessDenied();
	return folder;
}

/** Everything below `users/{id}/mailFolders`. */
export async function folderRoutes(request: GraphRequest, mailbox: Mailbox): Promise<GraphAnswer> {
	const rest = request.segments.slice(3);
	if (rest.length === 0) return named('/users/{id}/mailFolders', request, collection(request, mailbox, mailbox.root));
	if (isDelta(rest[0]!) && rest.length === 1) {
		if (request.method !== 'GET') return miss();
		need(request, 'listMail');
		return named('/users/{id}/mailFolders/delta', request, folderDelta(request, mailbox));
	}
	let folder = known(request, mailbox, rest[0]!);
	let at = 1;
	while (rest[at]?.toLowerCase() === 'childfolders' && rest[at + 1] !== undefined && !isDelta(rest[at + 1]!)) {
		const child = folderOf(mailbox, rest[at + 1]!);
		if (child.parent !== folder) throw itemNotFound();
		folder = child;
		at += 2;
	}
	const tail = rest[at]?.toLowerCase();
	const route = '/users/{id}/mailFolders/{id}';
	if (tail === undefined) return named(route, request, await single(request, mailbox, folder));
	if (tail === 'childfolders' && rest.length === at + 1) return named(`${route}/childFolders`, request, collection(request, mailbox, folder));
	if (tail === 'messages') {
		if (rest[at + 1] !== undefined && isDelta(rest[at + 1]!)) {
			if (request.method !== 'GET' || rest.length !== at + 2) return miss();
			need(request, 'listMail');
			return named(`${route}/messages/delta`, request, await messageDelta(request, folder));
		}
		return messageRoutes(request, mailbox, folder, rest.slice(at + 1));
	}
	if (tail === 'messagerules' && folder.role === 'inbox') return messageRules(request, mailbox, rest.slice(at + 1));
	if (rest.length === at + 1 && request.method === 'POST') {
		if (tail === 'move') return named(`${route}/move`, request, move(request, mailbox, folder));
		if (tail === 'copy') return named(`${route}/copy`, request, copy(request, mailbox, folder));
		if (tail === 'permanentdelete') {
			need(request, 'writeMail');
			mailbox.purgeFolder(folder);
			return named(`${route}/permanentDelete`, request, { status: 204 });
		}
	}
	return miss();
}

/** Its messages' delta may have another word for a folder that is gone. */
function known(request: GraphRequest, mailbox: Mailbox, id: string): MailFolder {
	try {
		return folderOf(mailbox, id);
	} catch (error) {
		if (error instanceof GraphError && error.status === 404 && isDelta(request.segments.at(-1) ?? '')) throw new GraphError(404, request.tenant.switches.deletedFolderDeltaCode, error.message);
		throw error;
	}
}

function isDelta(segment: string): boolean {
	return /^(microsoft\.graph\.)?delta(\(\))?$/i.test(segment);
}

function named(route: string, request: GraphRequest, answer: GraphAnswer): GraphAnswer {
	return { ...answer, route: answer.route ?? `${request.method} ${route}` };
}

function collection(request: GraphRequest, mailbox: Mailbox, parent: MailFolder): GraphAnswer {
	if (request.method === 'GET') {
		need(request, 'listMail');
		return list(request, parent);
	}
	if (request.method !== 'POST') return miss();
	need(request, 'writeMail');
	const body = jsonBody(request);
	const { displayName } = body;
	if (typeof displayName !== 'string' || displayName === '') throw badRequest('The required property displayName is missing.', 'ErrorInvalidRequest');
	const isSearch = body['@odata.type'] === 'microsoft.graph.mailSearchFolder' || body['@odata.type'] === '#microsoft.graph.mailSearchFolder';
	const folder = mailbox.addFolder(parent, displayName, { hidden: body.isHidden === true, kind: isSearch ? 'search' : 'folder' });
	if (isSearch) {
		folder.search = {
			filterQuery: typeof body.filterQuery === 'string' ? body.filterQuery : '',
			includeNestedFolders: body.includeNestedFolders === true,
			sourceFolderIds: Array.isArray(body.sourceFolderIds) ? body.sourceFolderIds.map(String) : [],
		};
	}
	setProperties(folder, body.singleValueExtendedProperties);
	return { status: 201, json: { '@odata.context': contextUrl(request, 'mailFolders/$entity'), ...folderJson(folder, { ...request.query, expand: [] }) } };
}

function setProperties(folder: MailFolder, properties: unknown): void {
	if (!Array.isArray(properties)) return;
	folder.singleValueProperties ??= new Map();
	for (const property of properties as { id: string; value: string }[]) folder.singleValueProperties.set(property.id, property.value);
}

function list(request: GraphRequest, parent: MailFolder): GraphAnswer {
	const { query } = request;
	const includeHidden = query.other.get('includehiddenfolders')?.toLowerCase() === 'true' || parent.isHidden;
	const filter = query.filter === undefined ? undefined : parseFilter(query.filter);
	const plain = { ...query, expand: [] };
	delete plain.select;
	const all = [...parent.children]
		.filter((folder) => includeHidden || !folder.isHidden)
		.filter((folder) => !filter || matches(filter, folderJson(folder, plain)))
		.sort((a, b) => a.displayName.localeCompare(b.displayName));
	const { skip, limit } = pageBounds(request, 1000);
	const page = all.slice(skip, skip + limit);
	const json: Record<string, unknown> = { '@odata.context': contextUrl(request, 'mailFolders') };
	if (query.count) json['@odata.count'] = all.length;
	json.value = page.map((folder) => folderJson(folder, query));
	if (skip + limit < all.length) json['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json };
}

async function single(request: GraphRequest, mailbox: Mailbox, folder: MailFolder): Promise<GraphAnswer> {
	const entity = (): GraphAnswer => ({ status: 200, json: { '@odata.context': contextUrl(request, 'mailFolders/$entity'), ...folderJson(folder, request.query) } });
	switch (request.method) {
		case 'GET':
			need(request, 'listMail');
			return entity();
		case 'PATCH': {
			need(request, 'writeMail');
			const body = jsonBody(request);
			if (typeof body.displayName === 'string') {
				if (folder.role && folder.displayName !== body.displayName) throw accessDenied('The distinguished folder cannot be renamed.');
				mailbox.renameFolder(folder, body.displayName);
			}
			setProperties(folder, body.singleValueExtendedProperties);
			return entity();
		}
		case 'DELETE':
			need(request, 'writeMail');
			mailbox.deleteFolder(folder);
			return { status: 204 };
		default:
			return miss();
	}
}

export function destinationOf(request: GraphRequest, mailbox: Mailbox): MailFolder {
	const body = jsonBody(request);
	const id = body.destinationId ?? body.DestinationId;
	if (typeof id !== 'string') throw badRequest('The required parameter DestinationId is missing.', 'ErrorInvalidParameter');
	return folderOf(mailbox, id);
}

function move(request: GraphRequest, mailbox: Mailbox, folder: MailFolder): GraphAnswer {
	need(request, 'writeMail');
	mailbox.moveFolder(folder, destinationOf(request, mailbox));
	return { status: 201, json: { '@odata.context': contextUrl(request, 'mailFolders/$entity'), ...folderJson(folder, request.query) } };
}

function copy(request: GraphRequest, mailbox: Mailbox, folder: MailFolder): GraphAnswer {
	need(request, 'writeMail');
	const target = mailbox.addFolder(destinationOf(request, mailbox), folder.displayName);
	copyInto(mailbox, folder, target);
	return { status: 201, json: { '@odata.context': contextUrl(request, 'mailFolders/$entity'), ...folderJson(target, request.query) } };
}

function copyInto(mailbox: Mailbox, from: MailFolder, to: MailFolder): void {
	for (const message of [...from.messages()]) mailbox.copy(message, to);
	for (const child of [...from.children]) copyInto(mailbox, child, mailbox.addFolder(to, child.displayName, { hidden: child.isHidden }));
}
