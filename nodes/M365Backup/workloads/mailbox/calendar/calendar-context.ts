import type { Ambient } from '../../../base/ambient';
import type { GraphClient } from '../../../graph/client';
import { graphIdIn, partId } from '../mailbox-part';

/** A calendar whose events are backed up. */
export interface BackedUpCalendar {
	/** Graph id. */
	id: string;
	/** Display names from the part's root: `['Calendars', 'Clients', 'Work']`. */
	path: string[];
}

/** What the parts of one run over one mailbox's calendars share. */
export interface CalendarContext {
	graph: GraphClient;
	/** `/users/<id>`, ready to be put before a path. */
	userPath: string;
	ambient: Ambient;
	/** By Graph id, as listed by this run. */
	calendars: Map<string, BackedUpCalendar>;
	/** This cloud has no `exceptionOccurrences`: set once it said so. */
	lacksExceptions: boolean;
}

/** What events are asked with: HTML as it is stored, not as it is shown. */
export const EVENT_HEADERS: Readonly<Record<string, string>> = { Prefer: 'outlook.allow-unsafe-html' };

export function eventPath(context: Pick<CalendarContext, 'userPath'>, graphId: string): string {
	return `${context.userPath}/events/${encodeURIComponent(graphId)}`;
}

export function calendarPath(context: Pick<CalendarContext, 'userPath'>, graphId: string): string {
	return `${context.userPath}/calendars/${encodeURIComponent(graphId)}`;
}

export function scopedId(graphId: string): string {
	return partId('calendar', graphId);
}

export const graphIdOf = graphIdIn;
