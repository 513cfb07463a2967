import type { CalendarRecord } from './calendar-record';
import type { MailboxCalendar } from './calendar-store';
import { utcToWall, zoneOf } from './calendar-time-zones';
import { instancesBetween, stateOf, type EventInstance } from './event-instance';
import { eventJson, selectedEventProperties } from './event-json';
import type { EventRecord, Json } from './event-record';
import type { GraphAnswer, GraphRequest } from './exchange';
import { badRequest } from './graph-error';
import { isoSeconds } from './message-json';
import { matches, needsExtendedProperties, parseFilter, type Filter } from './odata-filter';
import { contextUrl, nextPageLink, pageBounds } from './paging';

/** Of a page that slips, each such event is left out and the one before it comes twice. */
const SLIPS_EVERY = 50;

/** Single events and masters of series, of one calendar or of all; no occurrences, no exceptions. */
export async function listEvents(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord | undefined): Promise<GraphAnswer> {
	const records = calendar ? [...calendar.events] : store.events().filter((record) => !record.calendar!.isForbidden && record.calendar!.brokenStatus === undefined);
	const candidates = request.query.filter !== undefined && needsExtendedProperties(parseFilter(request.query.filter)) ? records.filter((record) => record.singleValueProperties) : records;
	return page(request, candidates.map((record) => ({ record })), "users('…')/events");
}

/** What happens between two moments: single events, occurrences and exceptions, by start. */
export async function listView(request: GraphRequest, calendar: CalendarRecord): Promise<GraphAnswer> {
	const { fromMs, toMs } = windowOf(request);
	return page(request, viewOf(calendar, fromMs, toMs), "users('…')/calendarView");
}

export function viewOf(calendar: CalendarRecord, fromMs: number, toMs: number): EventInstance[] {
	const found: { instance: EventInstance; startMs: number }[] = [];
	for (const record of calendar.events) for (const instance of withinWindow(record, fromMs, toMs)) found.push({ instance, startMs: stateOf(instance).startMs });
	return found.sort((a, b) => a.startMs - b.startMs || a.instance.record.sequence - b.instance.record.sequence).map(({ instance }) => instance);
}

export function withinWindow(record: EventRecord, fromMs: number, toMs: number): EventInstance[] {
	if (record.state.recurrence) return instancesBetween(record, fromMs, toMs);
	const { startMs, endMs } = record.state;
	return startMs < toMs && (endMs > fromMs || (endMs === startMs && startMs >= fromMs)) ? [{ record }] : [];
}

/** The days of one series. */
export async function listInstances(request: GraphRequest, { record, date }: EventInstance): Promise<GraphAnswer> {
	if (date !== undefined || !record.state.recurrence) throw badRequest('The requested event is not the master of a series.', 'ErrorInvalidRequest');
	const { fromMs, toMs } = windowOf(request);
	return page(request, instancesBetween(record, fromMs, toMs), "users('…')/events('…')/instances");
}

/** @throws GraphError 400 without startDateTime and endDateTime */
export function windowOf(request: GraphRequest, options: { other: ReadonlyMap<string, string> } = request.query): { fromMs: number; toMs: number } {
	const read = (name: string): number => {
		const text = options.other.get(name.toLowerCase());
		if (text === undefined) throw badRequest(`This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.`, 'ErrorInvalidParameter');
		const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`);
		if (Number.isNaN(ms)) throw badRequest(`The value '${text}' of parameter '${name}' is invalid.`, 'ErrorInvalidParameter');
		return ms;
	};
	const [fromMs, toMs] = [read('startDateTime'), read('endDateTime')];
	if (toMs < fromMs) throw badRequest('EndDateTime must not lie before StartDateTime.', 'ErrorInvalidParameter');
	return { fromMs, toMs };
}

async function page(request: GraphRequest, all: readonly EventInstance[], context: string): Promise<GraphAnswer> {
	const { query, prefer, tenant } = request;
	if (query.top !== undefined && (query.top < 1 || query.top > 1000)) throw badRequest('The value of $top must be between 1 and 1000.', 'ErrorInvalidParameter');
	if (query.search !== undefined) throw badRequest('The query parameter $search is not supported for events.', 'ErrorInvalidRequest');
	if (query.expand.some(({ path }) => path.toLowerCase() === 'exceptionoccurrences') && !tenant.switches.occurrenceListsInCloud) throw badRequest("Could not find a property named 'exceptionOccurrences' on type 'Microsoft.OutlookServices.Event'.", 'RequestBroker--ParseUri');
	if (prefer.timeZone !== undefined) zoneOf(prefer.timeZone);
	const { properties } = selectedEventProperties(query.select, tenant.switches.occurrenceListsInCloud);
	let shown = query.filter === undefined ? all : filtered(all, parseFilter(query.filter), request);
	if (query.orderby !== undefined) shown = ordered(shown, query.orderby);
	const { skip, limit } = pageBounds(request, 1000);
	const json: Json = { '@odata.context': contextUrl(request, context) };
	if (query.count) json['@odata.count'] = shown.length;
	let cut = shown.slice(skip, skip + limit);
	if (limit >= tenant.switches.eventPagesSlipFrom) cut = cut.map((instance, index) => (index % SLIPS_EVERY === SLIPS_EVERY - 1 ? cut[index - 1]! : instance));
	json.value = await Promise.all(cut.map((instance) => eventJson(instance, { properties, prefer, expand: query.expand })));
	if (skip + limit < shown.length && !(tenant.switches.eventNextLinkGoesMissing && skip > 0)) json['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json };
}

/** `start/dateTime` and `end/dateTime` are compared as text in UTC, as Graph does. */
function filterable(instance: EventInstance, request: GraphRequest): Json {
	const { record } = instance;
	const state = stateOf(instance);
	const zone = zoneOf(request.prefer.timeZone ?? 'UTC');
	const time = (utcMs: number): Json => ({ dateTime: `${new Date(state.isAllDay ? utcMs : utcToWall(utcMs, zone)).toISOString().slice(0, 19)}Z` });
	return {
		subject: state.subject,
		start: time(state.startMs),
		end: time(state.endMs),
		categories: state.categories,
		importance: state.importance,
		sensitivity: state.sensitivity,
		showAs: state.showAs,
		isAllDay: state.isAllDay,
		isCancelled: state.isCancelled,
		isOrganizer: state.isOrganizer,
		type: instance.date === undefined ? (state.recurrence ? 'seriesMaster' : 'singleInstance') : record.exceptions.has(instance.date) ? 'exception' : 'occurrence',
		iCalUId: record.iCalUId,
		createdDateTime: isoSeconds(record.createdMs),
		lastModifiedDateTime: isoSeconds(record.modifiedMs),
		organizer: state.organizer,
		singleValueExtendedProperties: [...(record.singleValueProperties ?? [])].map(([id, value]) => ({ id, value })),
	};
}

/** A time in quotes, `'2024-05-01T00:00'`, becomes a moment: `start/dateTime` is text to OData, but Exchange compares times. */
function filtered(all: readonly EventInstance[], filter: Filter, request: GraphRequest): EventInstance[] {
	const moments = withMoments(filter);
	return all.filter((instance) => matches(moments, filterable(instance, request)));
}

function withMoments(filter: Filter): Filter {
	if (filter.kind === 'and' || filter.kind === 'or') return { ...filter, left: withMoments(filter.left), right: withMoments(filter.right) };
	if (filter.kind === 'not') return { ...filter, inner: withMoments(filter.inner) };
	if (filter.kind !== 'compare' || filter.left.kind !== 'path' || filter.left.path.at(-1)?.toLowerCase() !== 'datetime') return filter;
	if (filter.right.kind !== 'literal' || typeof filter.right.value !== 'string') return filter;
	const text = filter.right.value;
	return { ...filter, right: { kind: 'literal', value: Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`), isDate: true } };
}

function ordered(all: readonly EventInstance[], orderby: string): EventInstance[] {
	const [property = '', direction = 'asc'] = orderby.split(',')[0]!.trim().split(/\s+/);
	const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
	const keys: Record<string, (instance: EventInstance) => number | string> = {
		'start/datetime': (instance) => stateOf(instance).startMs,
		'end/datetime': (instance) => stateOf(instance).endMs,
		createddatetime: ({ record }) => record.createdMs,
		lastmodifieddatetime: ({ record }) => record.modifiedMs,
		subject: (instance) => stateOf(instance).subject ?? '',
	};
	const key = keys[property.toLowerCase()];
	if (!key) throw badRequest(`The property '${property}' does not support sorting.`, 'ErrorInvalidProperty');
	const compare = (a: number | string, b: number | string): number => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b)));
	return [...all].sort((a, b) => sign * (compare(key(a), key(b)) || a.record.sequence - b.record.sequence));
}
