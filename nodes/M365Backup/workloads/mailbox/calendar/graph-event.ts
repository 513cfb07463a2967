import type { JsonObject } from '../../../base/json';

/** A time as Graph shows it: wall clock, with seven digits behind the seconds, in a zone that is UTC unless asked for. */
export interface GraphDateTime {
	dateTime: string;
	timeZone: string;
}

export interface GraphPattern {
	type?: string;
	interval?: number;
	month?: number;
	dayOfMonth?: number;
	daysOfWeek?: string[] | null;
	firstDayOfWeek?: string | null;
	index?: string | null;
}

export interface GraphRange {
	type?: string;
	startDate?: string;
	endDate?: string | null;
	recurrenceTimeZone?: string | null;
	numberOfOccurrences?: number | null;
}

export interface GraphRecurrence {
	pattern?: GraphPattern | null;
	range?: GraphRange | null;
}

export interface GraphPerson {
	emailAddress?: { name?: string | null; address?: string | null } | null;
}

export interface GraphAttendee extends GraphPerson {
	type?: string | null;
	status?: { response?: string | null; time?: string | null } | null;
}

/** An event as Graph serves it; listings have only what was selected. */
export interface GraphEvent {
	id: string;
	changeKey?: string | null;
	'@odata.etag'?: string;
	createdDateTime?: string | null;
	lastModifiedDateTime?: string | null;
	/** `singleInstance`, `seriesMaster`, `occurrence` or `exception`. */
	type?: string | null;
	subject?: string | null;
	bodyPreview?: string | null;
	body?: { contentType?: string | null; content?: string | null } | null;
	start?: GraphDateTime | null;
	end?: GraphDateTime | null;
	originalStart?: string | null;
	originalStartTimeZone?: string | null;
	originalEndTimeZone?: string | null;
	isAllDay?: boolean | null;
	isCancelled?: boolean | null;
	isDraft?: boolean | null;
	isOrganizer?: boolean | null;
	isOnlineMeeting?: boolean | null;
	onlineMeeting?: { joinUrl?: string | null; conferenceId?: string | null; tollNumber?: string | null } | null;
	onlineMeetingUrl?: string | null;
	location?: JsonObject | null;
	locations?: JsonObject[] | null;
	attendees?: GraphAttendee[] | null;
	organizer?: GraphPerson | null;
	responseStatus?: { response?: string | null; time?: string | null } | null;
	recurrence?: GraphRecurrence | null;
	seriesMasterId?: string | null;
	categories?: string[] | null;
	importance?: string | null;
	sensitivity?: string | null;
	showAs?: string | null;
	isReminderOn?: boolean | null;
	reminderMinutesBeforeStart?: number | null;
	hasAttachments?: boolean | null;
	iCalUId?: string | null;
	webLink?: string | null;
	/** `OID.<id of the series>.2024-05-01`; only with a GET of one master that selects it (docs PR #14928). */
	cancelledOccurrences?: string[] | null;
	exceptionOccurrences?: GraphEvent[] | null;
	'exceptionOccurrences@odata.nextLink'?: string;
}

/** What a listing tells to find changes, and what a line needs even if the content cannot be read. */
export const LIST_SELECT =
	'id,changeKey,lastModifiedDateTime,type,subject,start,end,isAllDay,isCancelled,isOnlineMeeting,hasAttachments,' +
	'location,categories,recurrence,originalStartTimeZone';

/** Everything that a single GET of an event shows by itself. */
const ALL_PROPERTIES =
	'id,createdDateTime,lastModifiedDateTime,changeKey,categories,transactionId,originalStartTimeZone,originalEndTimeZone,' +
	'iCalUId,reminderMinutesBeforeStart,isReminderOn,hasAttachments,subject,bodyPreview,importance,sensitivity,isAllDay,' +
	'isCancelled,isOrganizer,responseRequested,seriesMasterId,showAs,type,webLink,onlineMeetingUrl,isOnlineMeeting,' +
	'onlineMeetingProvider,allowNewTimeProposals,isDraft,hideAttendees,recurrence,onlineMeeting,responseStatus,body,start,' +
	'end,originalStart,location,locations,attendees,organizer';

/**
 * Of a series master, with its exceptions and the days that were cancelled, which Graph shows only if they are selected
 * *and* expanded in a GET of one master. The clouds for US defence and China know neither (their CSDL).
 */
export const MASTER_QUERY = `$select=${ALL_PROPERTIES},cancelledOccurrences,exceptionOccurrences&$expand=exceptionOccurrences`;

/** The same, no more than what tells whether exceptions or cancelled days have changed. */
export const OCCURRENCES_QUERY = '$select=id,changeKey,type,cancelledOccurrences,exceptionOccurrences&$expand=exceptionOccurrences';

export function isMaster(event: Pick<GraphEvent, 'type' | 'recurrence'>): boolean {
	return event.type === 'seriesMaster' || (event.type === undefined && Boolean(event.recurrence));
}

export function changeKeyOf(event: GraphEvent): string | undefined {
	return event.changeKey ?? event['@odata.etag'];
}

/** `OID.AAMk….2024-05-01` → `2024-05-01`. */
export function cancelledDate(occurrenceId: string): string | undefined {
	return /(\d{4}-\d\d-\d\d)$/.exec(occurrenceId)?.[1];
}
