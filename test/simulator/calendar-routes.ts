import { calendarJson, groupJson } from './calendar-json';
import type { CalendarGroupRecord, CalendarRecord } from './calendar-record';
import type { MailboxCalendar } from './calendar-store';
import { eventCollection, unlessInTrouble } from './event-routes';
import { extendedPropertiesFrom } from './event-input';
import type { Json } from './event-record';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { checkPropertyId } from './extended-properties';
import { accessDenied, badRequest, GraphError, itemNotFound, malformedId } from './graph-error';
import { looksLikeExchangeId } from './ids';
import { jsonBody } from './json-body';
import type { Mailbox } from './mailbox';
import { matches, parseFilter } from './odata-filter';
import { contextUrl, nextPageLink, pageBounds } from './paging';
import { need } from './permissions';

const COLORS = ['auto', 'lightBlue', 'lightGreen', 'lightOrange', 'lightGray', 'lightYellow', 'lightTeal', 'lightPink', 'lightBrown', 'lightRed', 'maxColor'];

/** The segments below `users/{id}` that belong here, in lower case. */
export const CALENDAR_SEGMENTS: ReadonlySet<string> = new Set(['calendar', 'calendars', 'calendargroups', 'events', 'calendarview']);

/** Everything below `users/{id}/calendar…`, `/events` and `/calendarView`. */
export async function calendarRoutes(request: GraphRequest, mailbox: Mailbox, kind: string): Promise<GraphAnswer> {
	const rest = request.segments.slice(3);
	const store = mailbox.calendar;
	switch (kind) {
		case 'events':
		case 'calendarview':
			return eventCollection(request, store, undefined, request.segments.slice(2), '/users/{id}');
		case 'calendar':
			return ofCalendar(request, store, store.default, rest, '/users/{id}/calendar');
		case 'calendars':
			return calendars(request, store, undefined, rest, '/users/{id}/calendars');
		default:
			return groups(request, store, rest);
	}
}

async function groups(request: GraphRequest, store: MailboxCalendar, rest: readonly string[]): Promise<GraphAnswer> {
	const route = '/users/{id}/calendarGroups';
	if (rest.length === 0) {
		if (request.method === 'GET') {
			need(request, 'readCalendars');
			return named(route, request, page(request, [...store.groups.values()], (group) => groupJson(group, request.query.select), 'calendarGroups'));
		}
		if (request.method !== 'POST') return miss();
		need(request, 'writeCalendars');
		const group = store.addGroup(nameOf(jsonBody(request)));
		return named(route, request, { status: 201, json: { '@odata.context': contextUrl(request, 'calendarGroups/$entity'), ...groupJson(group, undefined) } });
	}
	const group = store.findGroup(rest[0]!);
	if (!group) throw looksLikeExchangeId(rest[0]!) ? itemNotFound() : malformedId();
	if (rest.length === 1) return named(`${route}/{id}`, request, oneGroup(request, store, group));
	if (rest[1]!.toLowerCase() !== 'calendars') return miss();
	return calendars(request, store, group, rest.slice(2), `${route}/{id}/calendars`);
}

function oneGroup(request: GraphRequest, store: MailboxCalendar, group: CalendarGroupRecord): GraphAnswer {
	if (request.method === 'DELETE') {
		need(request, 'writeCalendars');
		store.deleteGroup(group);
		return { status: 204 };
	}
	if (request.method === 'PATCH') {
		need(request, 'writeCalendars');
		store.renameGroup(group, nameOf(jsonBody(request)));
	} else if (request.method === 'GET') need(request, 'readCalendars');
	else return miss();
	return { status: 200, json: { '@odata.context': contextUrl(request, 'calendarGroups/$entity'), ...groupJson(group, request.query.select) } };
}

async function calendars(request: GraphRequest, store: MailboxCalendar, group: CalendarGroupRecord | undefined, rest: readonly string[], route: string): Promise<GraphAnswer> {
	if (rest.length === 0) {
		if (request.method === 'GET') {
			need(request, 'readCalendars');
			const shown = [...store.calendars.values()].filter((calendar) => !group || calendar.group === group);
			return named(route, request, page(request, shown, (calendar) => calendarJson(calendar, request.query), 'calendars'));
		}
		if (request.method !== 'POST') return miss();
		need(request, 'writeCalendars');
		return named(route, request, create(request, store, group));
	}
	const calendar = store.findCalendar(rest[0]!);
	if (!calendar || (group && calendar.group !== group)) throw calendar || looksLikeExchangeId(rest[0]!) ? itemNotFound() : malformedId();
	return ofCalendar(request, store, calendar, rest.slice(1), `${route}/{id}`);
}

function create(request: GraphRequest, store: MailboxCalendar, group: CalendarGroupRecord | undefined): GraphAnswer {
	const body = jsonBody(request);
	const properties = extendedPropertiesFrom(body.singleValueExtendedProperties, checkPropertyId);
	const calendar = store.addCalendar(nameOf(body), { ...(group ? { group } : {}), ...(body.color === undefined || body.color === null ? {} : { color: colorOf(body.color) }) });
	if (properties) calendar.singleValueProperties = properties;
	return { status: 201, json: { '@odata.context': contextUrl(request, 'calendars/$entity'), ...calendarJson(calendar, { expand: [] }) } };
}

function nameOf(body: Json): string {
	if (typeof body.name !== 'string' || body.name === '') throw badRequest('The required property name is missing.', 'ErrorInvalidRequest');
	return body.name;
}

function colorOf(value: unknown): string {
	const color = COLORS.find((one) => one.toLowerCase() === String(value).toLowerCase());
	if (color === undefined) throw badRequest(`Cannot convert the literal '${String(value)}' to the expected type 'Microsoft.OutlookServices.CalendarColor'.`, 'RequestBodyRead');
	return color;
}

/** Everything below one calendar. */
async function ofCalendar(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord, rest: readonly string[], route: string): Promise<GraphAnswer> {
	if (calendar.isForbidden) throw accessDenied();
	const tail = rest[0]?.toLowerCase();
	if (tail === undefined) return named(route, request, oneCalendar(request, store, calendar));
	if (tail === 'permanentdelete' && rest.length === 1 && request.method === 'POST') {
		need(request, 'writeCalendars');
		remove(store, calendar, true);
		return named(`${route}/permanentDelete`, request, { status: 204 });
	}
	if (tail === 'calendarpermissions' && rest.length === 1 && request.method === 'GET') {
		need(request, 'readCalendars');
		return named(`${route}/calendarPermissions`, request, { status: 200, json: { '@odata.context': contextUrl(request, 'calendarPermissions'), value: [] } });
	}
	if (tail !== 'events' && tail !== 'calendarview') return miss();
	return eventCollection(request, store, unlessInTrouble(calendar), rest, route);
}

function oneCalendar(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord): GraphAnswer {
	switch (request.method) {
		case 'GET':
			need(request, 'readCalendars');
			break;
		case 'PATCH':
			need(request, 'writeCalendars');
			patch(request, store, calendar);
			break;
		case 'DELETE':
			need(request, 'writeCalendars');
			remove(store, calendar, false);
			return { status: 204 };
		default:
			return miss();
	}
	return { status: 200, json: { '@odata.context': contextUrl(request, 'calendars/$entity'), ...calendarJson(calendar, request.query) } };
}

function patch(request: GraphRequest, store: MailboxCalendar, calendar: CalendarRecord): void {
	const body = jsonBody(request);
	const color = body.color === undefined || body.color === null ? undefined : colorOf(body.color);
	if (body.name !== undefined && body.name !== calendar.name) store.renameCalendar(calendar, nameOf(body));
	if (color !== undefined) calendar.color = color;
	const properties = extendedPropertiesFrom(body.singleValueExtendedProperties, checkPropertyId);
	if (properties) calendar.singleValueProperties = new Map([...(calendar.singleValueProperties ?? []), ...properties]);
	store.calendarChanged(calendar);
}

function remove(store: MailboxCalendar, calendar: CalendarRecord, forGood: boolean): void {
	if (calendar.isDefault) throw new GraphError(403, 'ErrorDeleteDistinguishedFolder', 'Distinguished folders cannot be deleted.');
	if (!calendar.isRemovable) throw accessDenied('This calendar cannot be removed.');
	store.deleteCalendar(calendar, forGood);
}

function page<T>(request: GraphRequest, all: readonly T[], json: (one: T) => Json, context: string): GraphAnswer {
	const { query } = request;
	const filter = query.filter === undefined ? undefined : parseFilter(query.filter);
	const shown = filter ? all.filter((one) => matches(filter, json(one))) : all;
	const { skip, limit } = pageBounds(request, 1000);
	const answer: Json = { '@odata.context': contextUrl(request, context) };
	if (query.count) answer['@odata.count'] = shown.length;
	answer.value = shown.slice(skip, skip + limit).map(json);
	if (skip + limit < shown.length) answer['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json: answer };
}

function named(route: string, request: GraphRequest, answer: GraphAnswer): GraphAnswer {
	return { ...answer, route: answer.route ?? `${request.method} ${route}` };
}
