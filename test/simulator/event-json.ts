import { attachmentJson } from './attachment-json';
import { utcToWall, zoneOf } from './calendar-time-zones';
import { expandedProperties } from './extended-properties';
import type { Preferences } from './exchange';
import { badRequest } from './graph-error';
import { previewOf, sanitizeHtml, textOf } from './html';
import { exceptionOf, occurrenceOid, occurrenceStartMs, stateOf, typeOf, type EventInstance } from './event-instance';
import type { EventRecord, EventState, Json } from './event-record';
import { occurrenceId } from './calendar-ids';
import { changeKey, isoSeconds, messageId } from './message-json';
import type { ExpandItem } from './odata-query';

interface Sources {
	instance: EventInstance;
	record: EventRecord;
	state: EventState;
	prefer: Preferences;
}

const PROPERTIES: Record<string, (from: Sources) => unknown> = {
	createdDateTime: ({ instance, record }) => isoSeconds(exceptionOf(instance)?.createdMs ?? record.createdMs),
	lastModifiedDateTime: ({ instance, record }) => isoSeconds(exceptionOf(instance)?.modifiedMs ?? record.modifiedMs),
	changeKey: ({ instance }) => changeKey(changeNumberOf(instance)),
	categories: ({ state }) => state.categories,
	transactionId: ({ state }) => state.transactionId,
	originalStartTimeZone: ({ state }) => state.originalStartTimeZone,
	originalEndTimeZone: ({ state }) => state.originalEndTimeZone,
	iCalUId: ({ record }) => record.iCalUId,
	reminderMinutesBeforeStart: ({ state }) => state.reminderMinutesBeforeStart,
	isReminderOn: ({ state }) => state.isReminderOn,
	hasAttachments: ({ instance }) => attachmentsOf(instance).some(({ isInline }) => !isInline),
	subject: ({ state }) => state.subject,
	bodyPreview: ({ state }) => previewOf(state.body),
	importance: ({ state }) => state.importance,
	sensitivity: ({ state }) => state.sensitivity,
	isAllDay: ({ state }) => state.isAllDay,
	isCancelled: ({ state }) => state.isCancelled,
	isOrganizer: ({ state }) => state.isOrganizer,
	responseRequested: ({ state }) => state.responseRequested,
	seriesMasterId: ({ instance, record, prefer }) => (instance.date === undefined ? null : messageId(record, prefer)),
	showAs: ({ state }) => state.showAs,
	type: ({ instance }) => typeOf(instance),
	webLink: ({ record }) => `https://outlook.office365.com/owa/?itemid=${encodeURIComponent(record.mutableId)}&exvsurl=1&path=/calendar/item`,
	onlineMeetingUrl: ({ state }) => state.onlineMeetingUrl,
	isOnlineMeeting: ({ state }) => state.isOnlineMeeting,
	onlineMeetingProvider: ({ state }) => state.onlineMeetingProvider,
	allowNewTimeProposals: ({ state }) => state.allowNewTimeProposals,
	isDraft: ({ state }) => state.isDraft,
	hideAttendees: ({ state }) => state.hideAttendees,
	recurrence: ({ state }) => state.recurrence,
	onlineMeeting: ({ state }) => state.onlineMeeting,
	responseStatus: ({ state }) => state.responseStatus,
	body: ({ state, prefer }) => bodyJson(state, prefer),
	start: ({ state, prefer }) => timeJson(state.startMs, state, prefer),
	end: ({ state, prefer }) => timeJson(state.endMs, state, prefer),
	originalStart: ({ record, instance }) => (instance.date === undefined ? null : isoSeconds(occurrenceStartMs(record, instance.date))),
	location: ({ state }) => state.location,
	locations: ({ state }) => state.locations,
	attendees: ({ state }) => state.attendees,
	organizer: ({ state }) => state.organizer,
};

const BY_LOWER_CASE = new Map(Object.keys(PROPERTIES).map((name) => [name.toLowerCase(), name]));
const DEFAULT_PROPERTIES = Object.keys(PROPERTIES);
const ALWAYS_THERE = new Set(['id', '@odata.etag', '@odata.type']);
const NAVIGATIONS = new Set(['attachments', 'extensions', 'calendar', 'instances', 'singlevalueextendedproperties', 'multivalueextendedproperties']);
/** With a GET of one master only; elsewhere they are left out (gd PR#14928). */
const OF_ONE_MASTER = new Set(['cancelledoccurrences', 'exceptionoccurrences']);

function changeNumberOf(instance: EventInstance): number {
	return exceptionOf(instance)?.changeNumber ?? instance.record.changeNumber;
}

export function attachmentsOf(instance: EventInstance): EventRecord['attachments'] {
	return exceptionOf(instance)?.attachments ?? instance.record.attachments;
}

export function eventId({ record, date }: EventInstance, prefer: Preferences): string {
	const id = messageId(record, prefer);
	return date === undefined ? id : occurrenceId(id, date);
}

/** Which of the lists that only a GET of one master has were asked for. */
export interface MasterLists {
	cancelled: boolean;
	exceptions: boolean;
}

/**
 * The properties that a `$select` names.
 *
 * @param hasMasterLists false: this cloud has neither cancelledOccurrences nor exceptionOccurrences
 * @throws GraphError 400 for names that events do not have
 */
export function selectedEventProperties(select: readonly string[] | undefined, hasMasterLists: boolean): { properties: readonly string[]; lists: MasterLists } {
	const lists = { cancelled: false, exceptions: false };
	if (!select) return { properties: DEFAULT_PROPERTIES, lists };
	const names: string[] = [];
	for (const wanted of select) {
		const lower = wanted.toLowerCase();
		const name = BY_LOWER_CASE.get(lower);
		if (wanted === '*') names.push(...DEFAULT_PROPERTIES);
		else if (name) names.push(name);
		else if (OF_ONE_MASTER.has(lower) && hasMasterLists) lists[lower === 'cancelledoccurrences' ? 'cancelled' : 'exceptions'] = true;
		else if (!ALWAYS_THERE.has(wanted) && !NAVIGATIONS.has(lower)) throw unknownProperty(wanted);
	}
	return { properties: [...new Set(names)], lists };
}

function unknownProperty(name: string): Error {
	return badRequest(`Could not find a property named '${name}' on type 'Microsoft.OutlookServices.Event'.`, 'RequestBroker--ParseUri');
}

export interface EventJsonOptions {
	properties: readonly string[];
	prefer: Preferences;
	expand?: readonly ExpandItem[];
	withType?: boolean;
	/** A GET of one event: masters may show their lists. */
	lists?: MasterLists & { hasThem: boolean };
}

/** An event as Graph shows it; only what was selected is worked out. */
export async function eventJson(instance: EventInstance, options: EventJsonOptions): Promise<Json> {
	const { properties, prefer, lists } = options;
	const { record } = instance;
	const from: Sources = { instance, record, state: stateOf(instance), prefer };
	const json: Json = options.withType ? { '@odata.type': '#microsoft.graph.event' } : {};
	json['@odata.etag'] = `W/"${changeKey(changeNumberOf(instance))}"`;
	json.id = eventId(instance, prefer);
	for (const name of properties) json[name] = PROPERTIES[name]!(from);
	const isMaster = typeOf(instance) === 'seriesMaster';
	if (lists?.cancelled && isMaster) json.cancelledOccurrences = [...record.cancelledDates].sort().map((date) => occurrenceOid(messageId(record, prefer), date));
	for (const item of options.expand ?? []) await expand(json, instance, item, options, isMaster);
	return json;
}

async function expand(json: Json, instance: EventInstance, item: ExpandItem, options: EventJsonOptions, isMaster: boolean): Promise<void> {
	const { prefer, lists } = options;
	const { record } = instance;
	switch (item.path.toLowerCase()) {
		case 'attachments':
			json.attachments = await Promise.all(attachmentsOf(instance).map((attachment) => attachmentJson(attachment, owner(instance), prefer, item.query)));
			return;
		case 'singlevalueextendedproperties': {
			const values = expandedProperties((exceptionOf(instance) ?? record).singleValueProperties, item.query.filter);
			if (values.length) json.singleValueExtendedProperties = values;
			return;
		}
		case 'extensions':
			json.extensions = [];
			return;
		case 'exceptionoccurrences': {
			if (lists && !lists.hasThem) throw unknownProperty(item.path);
			if (!lists || !isMaster) return;
			// What the series was asked for, the days show, too (event-get, example of a master's expansion).
			const properties = item.query.select ? selectedEventProperties(item.query.select, true).properties : options.properties;
			const dates = [...record.exceptions.keys()].sort();
			json.exceptionOccurrences = await Promise.all(dates.map((date) => eventJson({ record, date }, { properties, prefer, expand: item.query.expand })));
			return;
		}
		default:
			throw unknownProperty(item.path);
	}
}

/** What the ids of its attachments hang on. */
export function owner(instance: EventInstance): { id: string; mutableId: string; modifiedMs: number } {
	const { record, date } = instance;
	const of = (id: string): string => (date === undefined ? id : occurrenceId(id, date));
	return { id: of(record.id), mutableId: of(record.mutableId), modifiedMs: exceptionOf(instance)?.modifiedMs ?? record.modifiedMs };
}

function bodyJson({ body }: EventState, prefer: Preferences): Json {
	const { contentType, content } = body;
	if (contentType === 'text') return { contentType, content };
	if (prefer.textBody) return { contentType: 'text', content: textOf(content) };
	return { contentType, content: prefer.unsafeHtml ? content : sanitizeHtml(content) };
}

/** In UTC unless `Prefer: outlook.timezone` says otherwise; the midnights of an all-day event stay midnights. */
function timeJson(utcMs: number, state: EventState, prefer: Preferences): Json {
	const name = prefer.timeZone ?? 'UTC';
	const wallMs = state.isAllDay ? utcMs : utcToWall(utcMs, zoneOf(name));
	return { dateTime: `${new Date(wallMs).toISOString().slice(0, 19)}.0000000`, timeZone: name };
}
