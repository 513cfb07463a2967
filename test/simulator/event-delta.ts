import type { CalendarRecord } from './calendar-record';
import type { MailboxCalendar } from './calendar-store';
import { syncStateNotFound } from './delta-token';
import { withinWindow, viewOf, windowOf } from './event-list';
import { eventId, eventJson, selectedEventProperties } from './event-json';
import type { EventInstance } from './event-instance';
import type { EventRecord, Json } from './event-record';
import type { GraphAnswer, GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import { messageId } from './message-json';
import { parseQuery } from './odata-query';
import { contextUrl, link } from './paging';

interface ViewToken {
	kind: 'view';
	mailbox: string;
	calendar: number;
	epoch: number;
	issuedMs: number;
	/** The query that the first request came with. */
	query: string;
	/** Where in the log this round began and where it ends; the first round enumerates instead (from < 0). */
	from: number;
	to: number;
	/** Entries of this round that were given already. */
	given: number;
}

/**
 * `calendarView/delta`: what happens in a window, and what changed about it since (event-delta: none of the query
 * options). A series comes as its master and its days, which carry only id, seriesMasterId, type, start and end (dc#34).
 */
export async function eventViewDelta(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord): Promise<GraphAnswer> {
	const { switches, clock } = request.tenant;
	const token = open(request, store, calendar);
	const window = windowOf(request, parseQuery(token.query));
	const entries = token.from < 0 ? viewEntries(viewOf(calendar, window.fromMs, window.toMs)) : changedEntries(store, calendar, token, window);
	const limit = Math.min(request.prefer.maxPageSize ?? switches.defaultPageSize, switches.deltaLargestPage);
	const cut = entries.slice(token.given, token.given + limit);
	const value: Json[] = [];
	for (const entry of cut) value.push(await json(request, entry));
	const given = token.given + cut.length;
	const answer: Json = { '@odata.context': contextUrl(request, 'Collection(event)'), value };
	const issuedMs = clock.nowMs();
	if (given < entries.length) answer['@odata.nextLink'] = link(request, `$skiptoken=${write({ ...token, given, issuedMs })}`);
	else answer['@odata.deltaLink'] = link(request, `$deltatoken=${write({ ...token, from: token.to, to: token.to, given: 0, issuedMs })}`);
	return { status: 200, json: answer };
}

function open(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord): ViewToken {
	const { query, tenant } = request;
	if (store.mailbox.isOverQuota) throw new GraphError(403, 'ErrorQuotaExceeded', 'The mailbox has exceeded its quota.');
	const given = query.skipToken ?? query.deltaToken;
	if (given === undefined || given === '') {
		if (query.select || query.expand.length || query.filter !== undefined || query.orderby !== undefined || query.search !== undefined) throw badRequest('Change tracking of calendar views supports none of $select, $expand, $filter, $orderby and $search.', 'ErrorInvalidUrlQuery');
		windowOf(request);
		return { kind: 'view', mailbox: store.mailbox.user.id, calendar: calendar.sequence, epoch: store.deltaEpoch, issuedMs: tenant.clock.nowMs(), query: query.repeatable, from: -1, to: store.log.length, given: 0 };
	}
	const token = read(given);
	if (token.mailbox !== store.mailbox.user.id || token.calendar !== calendar.sequence) throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
	if (token.epoch !== store.deltaEpoch || tenant.clock.nowMs() - token.issuedMs > tenant.switches.deltaTokenLifetimeMs) throw syncStateNotFound(token.epoch, link(request, `${token.query}&$deltatoken=`));
	return query.deltaToken === undefined ? token : { ...token, to: store.log.length };
}

function write(token: ViewToken): string {
	return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function read(text: string): ViewToken {
	try {
		const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as ViewToken;
		if (token.kind === 'view') return token;
	} catch {
		// Falls through to the answer that Graph gives to a broken token.
	}
	throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
}

type Entry = { kind: 'full' | 'brief'; instance: EventInstance } | { kind: 'removed'; record: EventRecord };

function viewEntries(view: readonly EventInstance[]): Entry[] {
	const entries: Entry[] = [];
	const masters = new Set<EventRecord>();
	for (const instance of view) {
		const { record, date } = instance;
		if (date !== undefined && !masters.has(record)) {
			masters.add(record);
			entries.push({ kind: 'full', instance: { record } });
		}
		entries.push({ kind: date === undefined || record.exceptions.has(date) ? 'full' : 'brief', instance });
	}
	return entries;
}

/** Each event that was touched in this calendar, once; `@removed` also for those that left the window, or were never in it. */
function changedEntries(store: MailboxCalendar, calendar: CalendarRecord, token: ViewToken, window: { fromMs: number; toMs: number }): Entry[] {
	const touched = new Set<EventRecord>();
	for (let at = token.from; at < token.to; at++) {
		const entry = store.log[at]!;
		if (entry.calendar === calendar) touched.add(entry.record);
	}
	const entries: Entry[] = [];
	for (const record of touched) {
		const shown = record.calendar === calendar ? withinWindow(record, window.fromMs, window.toMs) : [];
		if (shown.length) entries.push(...viewEntries(shown));
		else entries.push({ kind: 'removed', record });
	}
	return entries;
}

async function json(request: GraphRequest, entry: Entry): Promise<Json> {
	const { prefer } = request;
	if (entry.kind === 'removed') return { '@odata.type': '#microsoft.graph.event', id: messageId(entry.record, prefer), '@removed': { reason: 'deleted' } };
	const { properties } = selectedEventProperties(entry.kind === 'brief' ? ['seriesMasterId', 'type', 'start', 'end'] : undefined, true);
	return { ...(await eventJson(entry.instance, { properties, prefer, withType: true })), id: eventId(entry.instance, prefer) };
}
