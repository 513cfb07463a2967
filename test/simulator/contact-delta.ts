import type { ReportedChange } from './change-log';
import { contactJson, type ContactRecord } from './contact';
import type { ContactFolder } from './contact-folder';
import type { MailboxContacts } from './contact-store';
import { readToken, syncStateNotFound, writeToken, type DeltaToken } from './delta-token';
import type { GraphAnswer, GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import type { Json } from './message-json';
import { parseQuery, type OdataQuery } from './odata-query';
import { contextUrl, link } from './paging';

const TYPE = '#microsoft.graph.contact';

/** `contactFolders/{id}/contacts/delta` and `contacts/delta`: one page of one folder, as for messages (graph-facts §1, §10). */
export function contactDelta(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder): GraphAnswer {
	const { switches } = request.tenant;
	const { token, query } = openRound(request, contacts, folder);
	if (contacts.mailbox.isOverQuota) throw new GraphError(403, 'ErrorQuotaExceeded', 'The mailbox has exceeded its quota.');
	const limit = Math.min(request.prefer.maxPageSize ?? query.top ?? switches.defaultPageSize, switches.deltaLargestPage);
	const value: Json[] = [];
	if (token.arrival === null) {
		for (const change of changes(request, folder, token, limit)) value.push(changeEntry(request, query, change));
	} else {
		for (const contact of arrivals(request, folder, token, limit)) value.push(entry(request, query, contact));
	}
	token.given += value.length;
	return { status: 200, json: { '@odata.context': contextUrl(request, 'Collection(contact)'), ...links(request, folder, token), value } };
}

function openRound(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder): { token: DeltaToken; query: OdataQuery } {
	const { switches, clock } = request.tenant;
	const given = request.query.skipToken ?? request.query.deltaToken;
	const isStart = given === undefined || given === '' || given === 'latest';
	const token = isStart ? firstToken(request, contacts, folder) : readToken(given);
	const query = isStart ? request.query : parseQuery(token.query);
	if (!isStart) {
		if (token.kind !== 'contacts' || token.mailbox !== contacts.mailbox.user.id || token.folder !== folder.sequence) throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
		const isStale = token.epoch !== folder.deltaEpoch || clock.nowMs() - token.issuedMs > switches.deltaTokenLifetimeMs;
		if (isStale) throw syncStateNotFound(token.epoch, link(request, `${token.query ? `${token.query}&` : ''}$deltatoken=`));
		if (request.query.deltaToken !== undefined) Object.assign(token, { roundStart: token.position, given: 0, emptied: false });
	} else if (given === 'latest') token.arrival = null;
	for (const name of ['expand', 'filter', 'orderby', 'search'] as const) {
		const asked = query[name];
		if (asked !== undefined && asked.length > 0) throw badRequest(`The query parameter '$${name}' is not supported with contact delta.`);
	}
	return { token, query };
}

function firstToken(request: GraphRequest, contacts: MailboxContacts, folder: ContactFolder): DeltaToken {
	const position = folder.log.observe();
	return {
		kind: 'contacts',
		mailbox: contacts.mailbox.user.id,
		folder: folder.sequence,
		epoch: folder.deltaEpoch,
		issuedMs: request.tenant.clock.nowMs(),
		query: request.query.repeatable,
		roundStart: position,
		position,
		arrival: 0,
		left: null,
		given: 0,
		emptied: false,
	};
}

function arrivals(request: GraphRequest, folder: ContactFolder, token: DeltaToken, limit: number): ContactRecord[] {
	const found: ContactRecord[] = [];
	let at = token.arrival ?? 0;
	const previous = folder.arrivals[at - 1];
	if (request.tenant.switches.deltaReplays && previous) found.push(previous);
	for (; at < folder.arrivals.length && found.length < limit; at++) {
		const contact = folder.arrivals[at];
		if (contact) found.push(contact);
	}
	while (at < folder.arrivals.length && !folder.arrivals[at]) at++;
	token.arrival = at < folder.arrivals.length ? at : null;
	return found;
}

function changes(request: GraphRequest, folder: ContactFolder, token: DeltaToken, limit: number): ReportedChange<ContactRecord>[] {
	const replayed = request.tenant.switches.deltaReplays && token.position > token.roundStart ? 1 : 0;
	const page = folder.log.page(token.roundStart, token.position - replayed, limit + replayed, rules(request));
	token.position = page.position;
	return page.changes;
}

function rules(request: GraphRequest): { immutable: boolean; reportsReturns: boolean } {
	return { immutable: request.prefer.immutable, reportsReturns: request.tenant.switches.deltaReportsReturns };
}

function changeEntry(request: GraphRequest, query: OdataQuery, change: ReportedChange<ContactRecord>): Json {
	const { message: contact, kind } = change;
	if (kind === 'removed') return { '@odata.type': TYPE, id: request.prefer.immutable ? contact.id : contact.mutableId, '@removed': { reason: 'deleted' } };
	if (kind === 'readState' && request.tenant.switches.partialDeltaEntries) return partial(request, contact, ['categories', 'parentFolderId']);
	return entry(request, query, contact);
}

function entry(request: GraphRequest, query: OdataQuery, contact: ContactRecord): Json {
	// What cannot be read shows little more than that it is there.
	if (contact.corruptCode !== undefined) return partial(request, contact, ['parentFolderId']);
	return { '@odata.type': TYPE, ...contactJson(contact, { ...query, expand: [] }, request.prefer.immutable) };
}

function partial(request: GraphRequest, contact: ContactRecord, select: string[]): Json {
	return { '@odata.type': TYPE, ...contactJson(contact, { select, expand: [] }, request.prefer.immutable) };
}

function links(request: GraphRequest, folder: ContactFolder, token: DeltaToken): Json {
	const { switches, clock } = request.tenant;
	token.issuedMs = clock.nowMs();
	const isLast = token.arrival === null && folder.log.page(token.roundStart, token.position, 1, rules(request)).changes.length === 0;
	if (!isLast) return { '@odata.nextLink': link(request, `$skiptoken=${writeToken(token)}`) };
	const wantsEmptyPage = !token.emptied && (switches.deltaEmptyPages === 'always' || (switches.deltaEmptyPages === 'end' && token.given > 0));
	if (wantsEmptyPage) return { '@odata.nextLink': link(request, `$skiptoken=${writeToken({ ...token, emptied: true })}`) };
	return { '@odata.deltaLink': link(request, `$deltatoken=${writeToken({ ...token, roundStart: token.position })}`) };
}
