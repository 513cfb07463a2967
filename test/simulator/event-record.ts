import type { Zone } from 'luxon';
import type { CalendarRecord } from './calendar-record';
import type { Recurrence } from './calendar-recurrence';
import type { AttachmentRecord } from './message-content';

export type Json = Record<string, unknown>;

/** What an event says. Times are UTC milliseconds; those of an all-day event midnight of its days, wherever one is. */
export interface EventState {
	subject: string | null;
	body: { contentType: 'text' | 'html'; content: string };
	startMs: number;
	endMs: number;
	isAllDay: boolean;
	originalStartTimeZone: string;
	originalEndTimeZone: string;
	recurrence: Recurrence | null;
	location: Json;
	locations: Json[];
	attendees: Json[];
	organizer: Json;
	isOrganizer: boolean;
	responseStatus: { response: string; time: string };
	categories: string[];
	importance: string;
	sensitivity: string;
	showAs: string;
	isReminderOn: boolean;
	reminderMinutesBeforeStart: number;
	isOnlineMeeting: boolean;
	onlineMeetingProvider: string;
	onlineMeeting: Json | null;
	onlineMeetingUrl: string | null;
	allowNewTimeProposals: boolean;
	hideAttendees: boolean;
	responseRequested: boolean;
	isCancelled: boolean;
	isDraft: boolean;
	transactionId: string | null;
}

/** One day of a series that differs from it. */
export interface EventException {
	overrides: Partial<EventState>;
	attachments: AttachmentRecord[];
	singleValueProperties?: Map<string, string>;
	changeNumber: number;
	createdMs: number;
	modifiedMs: number;
}

/** A single event or the master of a series, with what is special about the series' days. */
export class EventRecord {
	/** Counts up with each change of place under mutable ids. */
	generation = 0;
	changeNumber = 0;
	createdMs = 0;
	modifiedMs = 0;
	attachments: AttachmentRecord[] = [];
	/** By the day on which the series has them: `2024-05-01` in its time zone. */
	readonly exceptions = new Map<string, EventException>();
	readonly cancelledDates = new Set<string>();
	singleValueProperties?: Map<string, string>;
	/** Set: reading it always answers 500 with this code. */
	corruptCode?: string;
	/** Requests that still answer 404 (switch newMessageNotFoundTimes). */
	notFoundTimes = 0;
	/** The rules behind `tzone://Microsoft/Custom`. */
	customZone?: Zone;

	constructor(
		readonly sequence: number,
		readonly iCalUId: string,
		/** null: in Deleted Items, or gone. */
		public calendar: CalendarRecord | null,
		public state: EventState,
		private readonly ids: { immutableMessage(sequence: number): string; mutableMessage(sequence: number, generation: number): string },
	) {}

	isPurged = false;

	/** The id under `Prefer: IdType="ImmutableId"`. */
	get id(): string {
		return this.ids.immutableMessage(this.sequence);
	}

	/** The id without that header: changes with every move. */
	get mutableId(): string {
		return this.ids.mutableMessage(this.sequence, this.generation);
	}
}
