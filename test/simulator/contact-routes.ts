import { contactJson, type ContactRecord, wholeContactJson } from './contact';
import { contactDelta } from './contact-delta';
import { ContactFolder } from './contact-folder';
import { destination } from './contact-folder-routes';
import { CONTACT_PROPERTIES, type ContactProperties } from './contact-properties';
import type { MailboxContacts } from './contact-store';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { checkPropertyId } from './extended-properties';
import { accessDenied, badRequest, GraphError, itemNotFound, malformedId } from './graph-error';
import { looksLikeExchangeId } from './ids';
import { jsonBody, refuseTooLarge } from './json-body';
import { matches, parseFilter, propertiesOf } from './odata-filter';
import { contextUrl, nextPageLink, pageBounds } from './paging';
import { need } from './permissions';

/** Everything below `users/{id}/contacts` (`folder` absent) and `contactFolders/{id}/contacts`; `rest` is what follows. */
export function contactRoutes(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder | undefined, rest: readonly string[]): GraphAnswer {
	const route = folder ? '/users/{id}/contactFolders/{id}/contacts' : '/users/{id}/contacts';
	const named = (tail: string, answer: GraphAnswer): GraphAnswer => ({ ...answer, route: answer.route ?? `${request.method} ${route}${tail}` });
	if (rest.length === 0) {
		if (request.method === 'GET') {
			need(request, 'readContacts');
			return named('', list(request, contacts, folder));
		}
		if (request.method !== 'POST') return miss();
		need(request, 'writeContacts');
		return named('', create(request, contacts, folder ?? contacts.default));
	}
	if (/^(microsoft\.graph\.)?delta(\(\))?$/i.test(rest[0]!)) {
		if (request.method !== 'GET' || rest.length !== 1) return miss();
		need(request, 'readContacts');
		return named('/delta', contactDelta(request, contacts, folder ?? contacts.default));
	}
	const contact = contactOf(request, contacts, folder, rest[0]!);
	const tail = rest.slice(1).join('/').toLowerCase();
	switch (tail) {
		case '':
			return named('/{id}', single(request, contacts, contact));
		case 'photo':
		case 'photo/$value':
			return named(`/{id}/${rest.slice(1).join('/')}`, photo(request, contacts, contact, tail));
		case 'permanentdelete':
			if (request.method !== 'POST') return miss();
			need(request, 'writeContacts');
			contacts.purge(contact);
			return named('/{id}/permanentDelete', { status: 204 });
		default:
			return miss();
	}
}

/** @throws GraphError 404 for contacts that are not (any more) there, 400 for what is no id, 403 in forbidden folders */
function contactOf(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder | undefined, id: string): ContactRecord {
	const contact = contacts.find(id);
	if (!contact) throw looksLikeExchangeId(id) ? itemNotFound() : malformedId();
	if (folder && contact.place !== folder) throw itemNotFound();
	if (!(contact.place instanceof ContactFolder)) {
		if (request.tenant.switches.deletedContacts === 'notFound') throw itemNotFound();
	} else if (contact.place.isForbidden) throw accessDenied();
	return contact;
}

function list(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder | undefined): GraphAnswer {
	const { query } = request;
	if (query.top !== undefined && (query.top < 1 || query.top > 1000)) throw badRequest('The value of $top must be between 1 and 1000.', 'ErrorInvalidParameter');
	if (query.search !== undefined) throw badRequest("The query parameter '$search' is not supported for contacts.");
	let found = within(request, contacts, folder);
	if (query.filter !== undefined) {
		const filter = parseFilter(query.filter);
		// Documented for messages and events only (singlevaluelegacyextendedproperty-get.md).
		if (propertiesOf(filter).has('singleValueExtendedProperties')) throw badRequest('The property singleValueExtendedProperties does not support filtering.', 'ErrorInvalidUrlQueryFilter');
		found = found.filter((contact) => matches(filter, wholeContactJson(contact, request.prefer.immutable)));
	}
	if (query.orderby !== undefined) found = ordered(found, query.orderby);
	const { skip, limit } = pageBounds(request, 1000);
	const json: Record<string, unknown> = { '@odata.context': contextUrl(request, "users('…')/contacts") };
	if (query.count) json['@odata.count'] = found.length;
	json.value = found.slice(skip, skip + limit).map((contact) => {
		// What cannot be read shows little more than that it is there.
		const shown = contact.corruptCode === undefined ? query : { select: ['parentFolderId'], expand: [] };
		return contactJson(contact, shown, request.prefer.immutable);
	});
	if (skip + limit < found.length) json['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json };
}

function within(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder | undefined): ContactRecord[] {
	if (folder) return [...folder.contacts()];
	if (request.tenant.switches.contactsPath === 'allFolders') return contacts.living().reverse();
	return [...contacts.default.contacts()];
}

function ordered(found: readonly ContactRecord[], orderby: string): ContactRecord[] {
	const [asked = '', direction = 'asc'] = orderby.split(',')[0]!.trim().split(/\s+/);
	const name = CONTACT_PROPERTIES.find((one) => one.toLowerCase() === asked.toLowerCase());
	if (name === undefined) throw badRequest(`The property '${asked}' does not support sorting.`, 'ErrorInvalidProperty');
	const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
	const valueOf = (contact: ContactRecord): string => JSON.stringify(wholeContactJson(contact, true)[name] ?? '');
	return [...found].sort((a, b) => sign * valueOf(a).localeCompare(valueOf(b)));
}

function create(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder): GraphAnswer {
	const body = jsonBody(request) as ContactProperties;
	const contact = contacts.add(folder, body, { singleValueProperties: extendedProperties(body) });
	return entity(request, contact, 201);
}

function extendedProperties(body: ContactProperties): Record<string, string> {
	const given = body['singleValueExtendedProperties'];
	if (!Array.isArray(given)) return {};
	return Object.fromEntries(
		(given as { id: string; value: string }[]).map(({ id, value }) => {
			checkPropertyId(id);
			return [id, value];
		}),
	);
}

function single(request: GraphRequest, contacts: MailboxContacts, contact: ContactRecord): GraphAnswer {
	switch (request.method) {
		case 'GET':
			need(request, 'readContacts');
			if (contact.corruptCode !== undefined) throw new GraphError(500, contact.corruptCode, 'Data is corrupt.');
			return entity(request, contact, 200);
		case 'PATCH': {
			need(request, 'writeContacts');
			const body = jsonBody(request) as ContactProperties;
			contacts.patch(contact, body);
			for (const [id, value] of Object.entries(extendedProperties(body))) contact.singleValueProperties.set(id, value);
			const to = body['parentFolderId'];
			if (typeof to === 'string' && to !== contact.place.id) {
				const folder = destination(request, contacts, to);
				if (folder) contacts.move(contact, folder);
			}
			return entity(request, contact, 200);
		}
		case 'DELETE':
			need(request, 'writeContacts');
			contacts.delete(contact);
			return { status: 204 };
		default:
			return miss();
	}
}

function photo(request: GraphRequest, contacts: MailboxContacts, contact: ContactRecord, tail: string): GraphAnswer {
	if (request.method === 'GET') {
		need(request, 'readContacts');
		if (contact.corruptPhotoCode !== undefined) throw new GraphError(500, contact.corruptPhotoCode, 'Data is corrupt.');
		if (!contact.photo) throw itemNotFound();
		const { bytes, contentType } = contact.photo;
		if (tail === 'photo') return { status: 200, json: { '@odata.context': contextUrl(request, 'photo/$entity'), '@odata.mediaContentType': contentType, id: '48X48', height: 48, width: 48 } };
		return { status: 200, bytes, contentType };
	}
	if (request.method !== 'PUT' || tail === 'photo') return miss();
	need(request, 'writeContacts');
	refuseTooLarge(request);
	const type = request.headers['content-type'] ?? '';
	if (!/^image\//i.test(type)) throw badRequest('The media type of a photo must be that of an image.', 'ErrorInvalidRequest');
	if (request.body.length === 0) throw badRequest('The photo is empty.', 'ErrorInvalidRequest');
	const isKept = request.tenant.switches.contactPhotoBytes === 'kept';
	contacts.setPhoto(contact, isKept ? request.body : Buffer.concat([request.body, Buffer.from('encoded anew')]), type);
	return { status: 200 };
}

function entity(request: GraphRequest, contact: ContactRecord, status: number): GraphAnswer {
	return { status, json: { '@odata.context': contextUrl(request, "users('…')/contacts/$entity"), ...contactJson(contact, request.query, request.prefer.immutable) } };
}
