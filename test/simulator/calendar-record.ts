import type { EventRecord } from './event-record';

/** `own`: the mailbox's; `shared`: somebody else's, seen from here; the other two are filled by Exchange and read-only. */
export type CalendarKind = 'own' | 'shared' | 'holidays' | 'birthdays';

export interface CalendarOwner {
	name: string;
	address: string;
}

/** One calendar. Created and changed through its MailboxCalendar only. */
export class CalendarRecord {
	/** In order of arrival. */
	readonly events = new Set<EventRecord>();
	color = 'auto';
	hexColor = '';
	isDefault = false;
	isRemovable = true;
	canEdit = true;
	canShare = true;
	canViewPrivateItems = true;
	changeNumber = 0;
	isDeleted = false;
	/** Every request that touches it answers 403. */
	isForbidden = false;
	/** Set: every request for its events answers with this status. */
	brokenStatus?: number;
	singleValueProperties?: Map<string, string>;

	constructor(
		readonly sequence: number,
		readonly id: string,
		public name: string,
		public group: CalendarGroupRecord,
		readonly kind: CalendarKind,
		readonly owner: CalendarOwner,
	) {}
}

/** A group of calendars: `My Calendars`, or one that the user made. */
export class CalendarGroupRecord {
	changeNumber = 0;

	constructor(
		readonly sequence: number,
		readonly id: string,
		public name: string,
		/** Of the groups that every mailbox has. */
		readonly classId: string,
		readonly isBuiltIn: boolean,
	) {}
}
