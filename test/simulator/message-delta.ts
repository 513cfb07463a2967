import type { ReportedChange } from './change-log';
import { readToken, syncStateNotFound, writeToken, type DeltaToken } from './delta-token';
import type { GraphAnswer, GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import type { MailFolder } from './mail-folder';
import type { MessageRecord } from './message';
import { messageJson, type Json } from './message-json';
import { matches, parseFilter, type Filter } from './odata-filter';
import { parseQuery, type OdataQuery } from './odata-query';
import { contextUrl, link } from './paging';
import { refuseExpandWithoutBodies, visibleProperties } from './visible-properties';

const FILTERED_LIMIT = 5000;

interface Round {
	request: GraphRequest;
	folder: MailFolder;
	token: DeltaToken;
	/** The query that the round began with. */
	query: OdataQuery;
	filter: Filter | undefined;
	changeTypes: ReadonlySet<string>;
	limit: number;
}

/** `mailFolders/{id}/messages/delta`: one page of one folder (graph-facts §1, §10). */
export async function messageDelta(request: GraphRequest, folder: MailFolder): Promise<GraphAnswer> {
	const round = openRound(request, folder);
	if (folder.mailbox.isOverQuota) throw new GraphError(403, 'ErrorQuotaExceeded', 'The mailbox has exceeded its quota.');
	const { token } = round;
	const value: Json[] = [];
	if (token.arrival === null) {
		for (const change of changesOf(round)) await addChange(round, change, value);
	} else {
		for (const message of arrivalsOf(round)) value.push(await entry(round, message));
	}
	token.given += value.length;
	return { status: 200, json: { '@odata.context': contextUrl(request, 'Collection(message)'), ...links(round, value.length), value } };
}

function openRound(request: GraphRequest, folder: MailFolder): Round {
	const { switches, clock } = request.tenant;
	const given = request.query.skipToken ?? request.query.deltaToken;
	const isStart = given === undefined || given === '' || given === 'latest';
	const token = isStart ? firstToken(request, folder) : readToken(given);
	const query = isStart ? request.query : parseQuery(token.query);
	if (!isStart) {
		const isStale = token.epoch !== folder.deltaEpoch || clock.nowMs() - token.issuedMs > switches.deltaTokenLifetimeMs;
		if (token.kind !== 'messages' || token.mailbox !== folder.mailbox.user.id || token.folder !== folder.sequence) throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
		if (isStale) throw syncStateNotFound(token.epoch, link(request, `${token.query ? `${token.query}&` : ''}$deltatoken=`));
		if (request.query.deltaToken !== undefined) Object.assign(token, { roundStart: token.position, given: 0, emptied: false, left: capOf(request, query) });
	} else if (given === 'latest') token.arrival = null;
	checkOptions(request, query);
	refuseExpandWithoutBodies(request, query);
	const pageSize = request.prefer.maxPageSize ?? (switches.deltaTopCapsTotal ? undefined : query.top) ?? switches.defaultPageSize;
	return {
		request,
		folder,
		token,
		query,
		filter: query.filter === undefined ? undefined : parseFilter(query.filter),
		changeTypes: new Set((query.other.get('changetype') ?? 'created,updated,deleted').toLowerCase().split(',')),
		limit: Math.min(pageSize, switches.deltaLargestPage, token.left ?? Number.POSITIVE_INFINITY),
	};
}

function capOf(request: GraphRequest, query: OdataQuery): number | null {
	if (query.top !== undefined && request.tenant.switches.deltaTopCapsTotal) return query.top;
	return null;
}

function firstToken(request: GraphRequest, folder: MailFolder): DeltaToken {
	const position = folder.log.observe();
	const cap = capOf(request, request.query);
	return {
		kind: 'messages',
		mailbox: folder.mailbox.user.id,
		folder: folder.sequence,
		epoch: folder.deltaEpoch,
		issuedMs: request.tenant.clock.nowMs(),
		query: request.query.repeatable,
		roundStart: position,
		position,
		arrival: 0,
		left: request.query.filter === undefined ? cap : Math.min(cap ?? FILTERED_LIMIT, FILTERED_LIMIT),
		given: 0,
		emptied: false,
	};
}

function checkOptions(request: GraphRequest, query: OdataQuery): void {
	if (query.search !== undefined) throw badRequest("The query parameter '$search' is not supported with delta.");
	if (query.filter !== undefined && !/^receivedDateTime\s+(ge|gt)\s+\S+$/i.test(query.filter.trim())) throw badRequest('The only $filter that message delta supports is receivedDateTime ge or gt.');
	if (query.orderby !== undefined && !/^receivedDateTime\s+desc$/i.test(query.orderby.trim())) throw badRequest('The only $orderby that message delta supports is receivedDateTime desc.');
	if (query.expand.length && request.tenant.switches.deltaExpandFails) throw new GraphError(500, 'InternalServerError', 'The server encountered an internal error.');
}

/** The first enumeration: by arrival; what comes and changes meanwhile is replayed from the log afterwards. */
function arrivalsOf(round: Round): MessageRecord[] {
	const { folder, token, limit, filter } = round;
	const found: MessageRecord[] = [];
	let at = token.arrival ?? 0;
	if (round.request.tenant.switches.deltaReplays && at > 0) {
		const previous = folder.arrivals[at - 1];
		if (previous) found.push(previous);
	}
	for (; at < folder.arrivals.length && found.length < limit; at++) {
		const message = folder.arrivals[at];
		if (message && (!filter || matches(filter, { receivedDateTime: new Date(message.receivedMs).toISOString() }))) found.push(message);
	}
	while (at < folder.arrivals.length && !folder.arrivals[at]) at++;
	token.arrival = at < folder.arrivals.length ? at : null;
	return found;
}

function changesOf(round: Round): ReportedChange[] {
	const { folder, token, limit, request } = round;
	const rules = { immutable: request.prefer.immutable, reportsReturns: request.tenant.switches.deltaReportsReturns };
	const replayed = request.tenant.switches.deltaReplays && token.position > token.roundStart ? 1 : 0;
	const page = folder.log.page(token.roundStart, token.position - replayed, limit + replayed, rules);
	token.position = page.position;
	return page.changes;
}

async function addChange(round: Round, change: ReportedChange, value: Json[]): Promise<void> {
	const { request, changeTypes, query } = round;
	const { message } = change;
	const ids = round.folder.mailbox.ids;
	const { immutable } = request.prefer;
	if (change.kind === 'removed') {
		const id = immutable ? message.id : ids.mutableMessage(message.sequence, change.generation);
		if (changeTypes.has('deleted')) value.push({ '@odata.type': '#microsoft.graph.message', id, '@removed': { reason: 'deleted' } });
		return;
	}
	if (!changeTypes.has(change.isNew ? 'created' : 'updated')) return;
	if (change.kind === 'readState' && request.tenant.switches.partialDeltaEntries) {
		if (query.select && !query.select.some((name) => name.toLowerCase() === 'isread')) return;
		value.push(await messageJson(message, { properties: ['isRead', 'parentFolderId'], prefer: request.prefer, withType: true }));
		return;
	}
	if (round.filter && !matches(round.filter, { receivedDateTime: new Date(message.receivedMs).toISOString() })) return;
	value.push(await entry(round, message));
}

async function entry(round: Round, message: MessageRecord): Promise<Json> {
	const { query, request } = round;
	return messageJson(message, { properties: visibleProperties(request, query.select), prefer: request.prefer, expand: query.expand, withType: true });
}

function links(round: Round, count: number): Json {
	const { token, request, folder } = round;
	const { switches, clock } = request.tenant;
	token.issuedMs = clock.nowMs();
	if (token.left !== null) token.left = Math.max(0, token.left - count);
	const isCapped = token.left === 0;
	const isLast = isCapped || (token.arrival === null && folder.log.page(token.roundStart, token.position, 1, { immutable: request.prefer.immutable, reportsReturns: switches.deltaReportsReturns }).changes.length === 0);
	if (!isLast) return { '@odata.nextLink': link(request, `$skiptoken=${writeToken(token)}`) };
	const wantsEmptyPage = !token.emptied && (switches.deltaEmptyPages === 'always' || (switches.deltaEmptyPages === 'end' && token.given > 0));
	if (wantsEmptyPage) {
		return { '@odata.nextLink': link(request, `$skiptoken=${writeToken({ ...token, emptied: true, left: 0, arrival: token.arrival })}`) };
	}
	return { '@odata.deltaLink': link(request, `$deltatoken=${writeToken({ ...token, roundStart: token.position, arrival: isCapped ? null : token.arrival })}`) };
}
