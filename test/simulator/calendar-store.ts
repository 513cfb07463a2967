import { attachmentFromJson } from './attachment-writes';
import { FIRST_EVENT, splitEventId } from './calendar-ids';
import { CalendarList } from './calendar-list';
import type { CalendarRecord } from './calendar-record';
import { recurrenceFrom } from './calendar-recurrence';
import { findZone } from './calendar-time-zones';
import { exceptionOf, hasOccurrence, occurrenceStartMs, stateOf, type EventInstance } from './event-instance';
import { changesFrom, emptyState, extendedPropertiesFrom, setProperties } from './event-input';
import { EventRecord, type EventState, type Json } from './event-record';
import { badRequest } from './graph-error';

/** What a test may set on an event beside what Graph lets clients write. */
const PRIVILEGED = ['organizer', 'isOrganizer', 'responseStatus', 'isCancelled', 'isDraft', 'onlineMeeting', 'onlineMeetingUrl'] as const;

/**
 * The calendars of one mailbox and their events: the only place where they change. Graph's routes and tests call the
 * same methods, so that a test's edits show up as a user's would.
 */
export class MailboxCalendar extends CalendarList {
	/** Who was touched, in order: positions in it are tokens of calendarView delta. */
	readonly log: { record: EventRecord; calendar: CalendarRecord }[] = [];
	/** Raised by `expireDelta`: older tokens answer 410. */
	deltaEpoch = 0;
	private readonly records = new Map<number, EventRecord>();
	private readonly transactions = new Map<string, { record: EventRecord; untilMs: number }>();

	/** With its events: into Deleted Items, or for good. */
	deleteCalendar(calendar: CalendarRecord, forGood = false): void {
		for (const record of [...calendar.events]) {
			if (forGood) this.purgeEvent(record);
			else this.deleteEvent(record);
		}
		calendar.isDeleted = true;
		this.calendars.delete(calendar.sequence);
	}

	/** An event of this mailbox, in Deleted Items too, by immutable or (still valid) mutable id. Days of a series need not exist. */
	findInstance(id: string): EventInstance | undefined {
		const { seriesId, date } = splitEventId(id);
		const parsed = this.mailbox.ids.parse(seriesId);
		if (parsed?.kind !== 'message') return undefined;
		const record = this.records.get(parsed.sequence);
		if (!record || (parsed.generation !== null && parsed.generation !== record.generation)) return undefined;
		return date === undefined ? { record } : { record, date };
	}

	/** All events and series that are in calendars. */
	events(calendar?: CalendarRecord | string): EventRecord[] {
		if (calendar !== undefined) return [...this.calendarOf(calendar).events];
		return [...this.records.values()].filter((record) => record.calendar !== null);
	}

	/** Events that were deleted and lie in Deleted Items. */
	deletedEvents(): EventRecord[] {
		return [...this.records.values()].filter((record) => record.calendar === null);
	}

	/**
	 * Adds an event as Graph writes it. Beside what clients may write: organizer, isOrganizer, responseStatus,
	 * isCancelled, onlineMeeting, createdDateTime, iCalUId, recurrences without a time zone, and `customTimeZone`: the
	 * IANA name of the rules behind `tzone://Microsoft/Custom`. `attachments` and `singleValueExtendedProperties` too.
	 *
	 * @throws GraphError as Graph would
	 */
	addEvent(calendar: CalendarRecord | string, json: Json): EventRecord {
		const customZone = typeof json.customTimeZone === 'string' ? findZone(json.customTimeZone) : undefined;
		const state = emptyState(this.self);
		const body = { ...json };
		delete body.recurrence;
		Object.assign(state, changesFrom(body, state, customZone));
		for (const name of PRIVILEGED) if (json[name] !== undefined) Object.assign(state, { [name]: json[name] });
		if (json.recurrence) state.recurrence = leniently(json.recurrence as Json);
		if (state.isOnlineMeeting && !state.onlineMeeting) this.giveMeetingLink(state);
		const record = this.add(this.calendarOf(calendar), state, typeof json.iCalUId === 'string' ? json.iCalUId : undefined);
		if (customZone) record.customZone = customZone;
		if (typeof json.createdDateTime === 'string') record.createdMs = Date.parse(json.createdDateTime);
		setProperties(record, extendedPropertiesFrom(json.singleValueExtendedProperties, () => undefined));
		for (const attachment of (json.attachments ?? []) as Json[]) record.attachments.push(attachmentFromJson(attachment, record.attachments.length + 1, this.nowMs));
		return record;
	}

	private get nowMs(): number {
		return this.mailbox.tenant.clock.nowMs();
	}

	/** Puts a new event into a calendar. */
	add(calendar: CalendarRecord, state: EventState, iCalUId?: string): EventRecord {
		const sequence = FIRST_EVENT + this.nextNumber++;
		const uid = iCalUId ?? `040000008200E00074C5B7101A82E00800000000${sequence.toString(16).toUpperCase().padStart(16, '0')}000000000000000010000000${this.mailbox.user.id.replace(/-/g, '').toUpperCase()}`;
		const record = new EventRecord(sequence, uid, calendar, state, this.mailbox.ids);
		record.createdMs = this.nowMs;
		this.records.set(sequence, record);
		calendar.events.add(record);
		this.touch({ record });
		return record;
	}

	/** The event that this client already made with this id, if that is not long ago. */
	madeBy(transactionId: string): EventRecord | undefined {
		const known = this.transactions.get(transactionId);
		return known && known.untilMs > this.nowMs && known.record.calendar ? known.record : undefined;
	}

	rememberTransaction(transactionId: string, record: EventRecord): void {
		this.transactions.set(transactionId, { record, untilMs: this.nowMs + 3_600_000 });
	}

	giveMeetingLink(state: EventState): void {
		const number = this.nextNumber++;
		state.onlineMeetingProvider = 'teamsForBusiness';
		state.onlineMeeting = { joinUrl: `https://teams.microsoft.com/l/meetup-join/19%3ameeting_${number.toString(16).padStart(8, '0')}%40thread.v2/0?context=%7b%22Tid%22%3a%22${this.mailbox.tenant.tenantId}%22%7d` };
	}

	/**
	 * Changes an event, or the day of a series.
	 *
	 * @throws GraphError as Graph would
	 */
	change(event: EventRecord | EventInstance, patch: Json): void {
		const instance = event instanceof EventRecord ? { record: event } : event;
		const { record, date } = instance;
		if (date !== undefined && patch.recurrence) throw badRequest('The recurrence of an occurrence cannot be changed.', 'ErrorCalendarCannotUpdateOccurrence');
		const changes = changesFrom(patch, stateOf(instance), record.customZone);
		for (const name of PRIVILEGED) if (patch[name] !== undefined && !(name in changes)) Object.assign(changes, { [name]: patch[name] });
		if (date === undefined) {
			const isMoved = changes.recurrence !== undefined || (changes.startMs !== undefined && changes.startMs !== record.state.startMs) || (changes.endMs !== undefined && changes.endMs !== record.state.endMs);
			if (isMoved && record.state.recurrence) {
				record.exceptions.clear();
				record.cancelledDates.clear();
			}
			Object.assign(record.state, changes);
		} else this.changeDay(record, date, changes);
		this.touch(instance);
	}

	private changeDay(record: EventRecord, date: string, changes: Partial<EventState>): void {
		const known = record.exceptions.get(date);
		if (changes.startMs !== undefined || changes.endMs !== undefined) this.refuseCrossing(record, date, changes.startMs ?? stateOf({ record, date }).startMs);
		const startMs = occurrenceStartMs(record, date);
		const own = { startMs, endMs: startMs + record.state.endMs - record.state.startMs };
		record.exceptions.set(date, {
			overrides: { ...own, ...known?.overrides, ...changes },
			attachments: known?.attachments ?? [...record.attachments],
			...(known?.singleValueProperties ? { singleValueProperties: known.singleValueProperties } : {}),
			changeNumber: 0,
			createdMs: known?.createdMs ?? this.nowMs,
			modifiedMs: 0,
		});
	}

	/** Exchange: an occurrence may not skip over another one, nor share its day. */
	private refuseCrossing(record: EventRecord, date: string, startMs: number): void {
		const distanceMs = Math.abs(startMs - occurrenceStartMs(record, date));
		const window = distanceMs + 2 * 86_400_000;
		const own = occurrenceStartMs(record, date);
		for (let day = own - window; day <= own + window; day += 86_400_000) {
			const other = new Date(day).toISOString().slice(0, 10);
			if (other === date || record.cancelledDates.has(other) || !hasOccurrence(record, other)) continue;
			const otherMs = stateOf({ record, date: other }).startMs;
			if (other < date ? startMs <= otherMs : startMs >= otherMs) throw badRequest('The modified occurrence is crossing or overlapping an adjacent occurrence.', 'ErrorOccurrenceCrossingBoundary');
		}
	}

	/** Changes the day of a series that was `date` before anything was moved: it becomes an exception. */
	changeOccurrence(series: EventRecord, date: string, patch: Json): void {
		this.change(this.day(series, date), patch);
	}

	cancelOccurrence(series: EventRecord, date: string): void {
		this.deleteInstance(this.day(series, date));
	}

	private day(series: EventRecord, date: string): EventInstance {
		if (!hasOccurrence(series, date)) throw new Error(`The series has no occurrence on ${date}`);
		return { record: series, date };
	}

	/** An event goes to Deleted Items; the day of a series is cancelled. */
	deleteInstance({ record, date }: EventInstance): void {
		if (date === undefined) {
			this.deleteEvent(record);
			return;
		}
		record.exceptions.delete(date);
		record.cancelledDates.add(date);
		this.touch({ record });
	}

	/** As a user does: into Deleted Items, where its immutable id lives on. */
	deleteEvent(record: EventRecord): void {
		this.leave(record);
		record.generation++;
		record.changeNumber = this.changeCounter++;
	}

	/** Gone for good. */
	purgeEvent(record: EventRecord): void {
		this.leave(record);
		record.isPurged = true;
		this.records.delete(record.sequence);
	}

	private leave(record: EventRecord): void {
		if (!record.calendar) return;
		this.log.push({ record, calendar: record.calendar });
		record.calendar.events.delete(record);
		record.calendar = null;
	}

	/** Drags it into another calendar, as Outlook does (Graph cannot); out of Deleted Items, too. */
	moveToCalendar(record: EventRecord, calendar: CalendarRecord | string): void {
		this.leave(record);
		record.calendar = this.calendarOf(calendar);
		record.calendar.events.add(record);
		record.generation++;
		this.touch({ record });
	}

	/** A file, item or reference attachment as Graph writes it; `date`: of that day of a series. */
	addAttachment(event: EventRecord | EventInstance, json: Json): void {
		const instance = event instanceof EventRecord ? { record: event } : event;
		if (instance.date !== undefined && !exceptionOf(instance)) this.changeDay(instance.record, instance.date, {});
		const { attachments } = exceptionOf(instance) ?? instance.record;
		const number = attachments.reduce((largest, one) => Math.max(largest, one.number), 0) + 1;
		attachments.push(attachmentFromJson({ '@odata.type': '#microsoft.graph.fileAttachment', ...json }, number, this.nowMs));
		this.touch(instance);
	}

	/** New changeKey and time of change. Whether the series changes with one of its days is a switch. */
	touch(instance: EventInstance): void {
		const { record } = instance;
		const exception = exceptionOf(instance);
		const changeNumber = this.changeCounter++;
		if (exception) Object.assign(exception, { changeNumber, modifiedMs: this.nowMs });
		if (!exception || this.mailbox.tenant.switches.exceptionChangesMaster) Object.assign(record, { changeNumber, modifiedMs: this.nowMs });
		if (record.calendar) this.log.push({ record, calendar: record.calendar });
	}

	/** From now on reading it answers 500 ErrorCorruptData (or `code`); null heals it. */
	corrupt(record: EventRecord, code: string | null = 'ErrorCorruptData'): void {
		if (code === null) delete record.corruptCode;
		else record.corruptCode = code;
	}
}

/** Old series may have no time zone of their own: Graph shows them so, but takes none so. */
function leniently(json: Json): NonNullable<EventState['recurrence']> {
	const range = { ...(json.range as Json) };
	const zone = typeof range.recurrenceTimeZone === 'string' ? range.recurrenceTimeZone : '';
	const recurrence = recurrenceFrom({ ...json, range: { ...range, recurrenceTimeZone: 'UTC' } });
	recurrence.range.recurrenceTimeZone = zone;
	return recurrence;
}
