import { contactDelta } from './contact-delta';
import { contactFolderJson, type ContactFolder } from './contact-folder';
import { contactFolderDelta } from './contact-folder-delta';
import { contactRoutes } from './contact-routes';
import type { MailboxContacts } from './contact-store';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { accessDenied, badRequest, GraphError, itemNotFound, malformedId } from './graph-error';
import { looksLikeExchangeId } from './ids';
import { jsonBody } from './json-body';
import { matches, parseFilter } from './odata-filter';
import { contextUrl, nextPageLink, pageBounds } from './paging';
import { need } from './permissions';

const ROUTE = '/users/{id}/contactFolders';

/** Everything below `users/{id}/contactFolders`. */
export function contactFolderRoutes(request: GraphRequest, contacts: MailboxContacts): GraphAnswer {
	const rest = request.segments.slice(3);
	const named = (tail: string, answer: GraphAnswer): GraphAnswer => ({ ...answer, route: answer.route ?? `${request.method} ${ROUTE}${tail}` });
	if (rest.length === 0) return named('', collection(request, contacts, contacts.default));
	if (isDelta(rest[0]!)) {
		if (request.method !== 'GET' || rest.length !== 1) return miss();
		need(request, 'readContacts');
		return named('/delta', contactFolderDelta(request, contacts));
	}
	let folder = folderOf(request, contacts, rest[0]!);
	let at = 1;
	while (rest[at]?.toLowerCase() === 'childfolders' && rest[at + 1] !== undefined) {
		const child = folderOf(request, contacts, rest[at + 1]!);
		if (child.parent !== folder) throw itemNotFound();
		folder = child;
		at += 2;
	}
	const tail = rest[at]?.toLowerCase();
	if (tail === undefined) return named('/{id}', single(request, contacts, folder));
	if (tail === 'childfolders') return named('/{id}/childFolders', collection(request, contacts, folder));
	if (tail === 'contacts') {
		if (rest[at + 1] !== undefined && isDelta(rest[at + 1]!)) {
			if (request.method !== 'GET' || rest.length !== at + 2) return miss();
			need(request, 'readContacts');
			return named('/{id}/contacts/delta', contactDelta(request, contacts, folder));
		}
		return contactRoutes(request, contacts, folder, rest.slice(at + 1));
	}
	if (tail === 'permanentdelete' && request.method === 'POST' && rest.length === at + 1) {
		need(request, 'writeContacts');
		contacts.purgeFolder(folder);
		return named('/{id}/permanentDelete', { status: 204 });
	}
	return miss();
}

function isDelta(segment: string): boolean {
	return /^(microsoft\.graph\.)?delta(\(\))?$/i.test(segment);
}

/** @throws GraphError 404 for folders that are not there, 400 for what is no id, 403 for forbidden ones */
export function folderOf(request: GraphRequest, contacts: MailboxContacts, id: string): ContactFolder {
	const isWellKnown = id.toLowerCase() === 'contacts' && request.tenant.switches.contactFolderByName === 'answers';
	const folder = isWellKnown ? contacts.default : contacts.findFolder(id);
	if (!folder) {
		// Its contacts' delta may have another word for a folder that is gone.
		if (looksLikeExchangeId(id) && isDelta(request.segments.at(-1) ?? '')) throw new GraphError(404, request.tenant.switches.deletedFolderDeltaCode, 'The specified object was not found in the store.');
		throw looksLikeExchangeId(id) ? itemNotFound() : malformedId();
	}
	if (folder.isForbidden) throw accessDenied();
	return folder;
}

function collection(request: GraphRequest, contacts: MailboxContacts, parent: ContactFolder): GraphAnswer {
	if (request.method === 'GET') {
		need(request, 'readContacts');
		const { query } = request;
		const filter = query.filter === undefined ? undefined : parseFilter(query.filter);
		const all = contacts
			.children(parent)
			.filter((folder) => !filter || matches(filter, contactFolderJson(folder, undefined)))
			.sort((a, b) => a.displayName.localeCompare(b.displayName));
		const { skip, limit } = pageBounds(request, 1000);
		const json: Record<string, unknown> = { '@odata.context': contextUrl(request, 'contactFolders') };
		if (query.count) json['@odata.count'] = all.length;
		json.value = all.slice(skip, skip + limit).map((folder) => contactFolderJson(folder, query.select));
		if (skip + limit < all.length) json['@odata.nextLink'] = nextPageLink(request, skip + limit);
		return { status: 200, json };
	}
	if (request.method !== 'POST') return miss();
	need(request, 'writeContacts');
	const { displayName } = jsonBody(request);
	if (typeof displayName !== 'string' || displayName === '') throw badRequest('The required property displayName is missing.', 'ErrorInvalidRequest');
	return entity(request, contacts.addFolder(parent, displayName), 201);
}

function single(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder): GraphAnswer {
	switch (request.method) {
		case 'GET':
			need(request, 'readContacts');
			return entity(request, folder, 200);
		case 'PATCH': {
			need(request, 'writeContacts');
			const { displayName, parentFolderId } = jsonBody(request);
			if (typeof displayName === 'string') contacts.renameFolder(folder, displayName);
			if (typeof parentFolderId === 'string' && parentFolderId !== folder.parent.id) {
				const to = destination(request, contacts, parentFolderId);
				if (to) contacts.moveFolder(folder, to);
			}
			return entity(request, folder, 200);
		}
		case 'DELETE':
			need(request, 'writeContacts');
			contacts.deleteFolder(folder);
			return { status: 204 };
		default:
			return miss();
	}
}

/** Where a PATCH of `parentFolderId` takes something: switch contactParentPatch. */
export function destination(request: GraphRequest, contacts: MailboxContacts, parentFolderId: string): ContactFolder | undefined {
	const { contactParentPatch } = request.tenant.switches;
	if (contactParentPatch === 'ignored') return undefined;
	if (contactParentPatch === 'refused') throw badRequest('The property parentFolderId cannot be updated.', 'ErrorInvalidPropertySet');
	return folderOf(request, contacts, parentFolderId);
}

function entity(request: GraphRequest, folder: ContactFolder, status: number): GraphAnswer {
	return { status, json: { '@odata.context': contextUrl(request, 'contactFolders/$entity'), ...contactFolderJson(folder, request.query.select) } };
}
