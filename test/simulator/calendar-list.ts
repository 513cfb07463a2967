import { FIRST_CALENDAR, FIRST_GROUP } from './calendar-ids';
import { CalendarGroupRecord, CalendarRecord, type CalendarKind, type CalendarOwner } from './calendar-record';
import { badRequest, GraphError } from './graph-error';
import type { Mailbox } from './mailbox';

const GROUPS = [
	{ english: 'My Calendars', german: 'Meine Kalender', classId: '0006f0b7-0000-0000-c000-000000000046' },
	{ english: 'Other Calendars', german: 'Andere Kalender', classId: '0006f0b8-0000-0000-c000-000000000046' },
] as const;
const NO_CLASS = '00000000-0000-0000-0000-000000000000';

export interface NewCalendar {
	/** `My Calendars` unless said. */
	group?: CalendarGroupRecord | string;
	kind?: CalendarKind;
	owner?: CalendarOwner;
	color?: string;
	hexColor?: string;
	canEdit?: boolean;
}

/** The calendars of a mailbox and their groups. What is in them is MailboxCalendar's. */
export class CalendarList {
	readonly groups = new Map<number, CalendarGroupRecord>();
	readonly calendars = new Map<number, CalendarRecord>();
	readonly default: CalendarRecord;
	protected nextNumber = 1;
	protected changeCounter = 500_000;

	constructor(readonly mailbox: Mailbox, locale: 'en' | 'de') {
		for (const { english, german, classId } of GROUPS) this.newGroup(locale === 'de' ? german : english, classId, true);
		this.default = this.newCalendar(locale === 'de' ? 'Kalender' : 'Calendar', 'own', this.group(0), this.self);
		Object.assign(this.default, { isDefault: true, isRemovable: false });
		this.newCalendar(locale === 'de' ? 'Geburtstage' : 'Birthdays', 'birthdays', this.group(1), this.self);
	}

	protected get self(): CalendarOwner {
		return { name: this.mailbox.user.displayName, address: this.mailbox.user.userPrincipalName };
	}

	private group(index: number): CalendarGroupRecord {
		return [...this.groups.values()][index]!;
	}

	private newGroup(name: string, classId: string, isBuiltIn: boolean): CalendarGroupRecord {
		const sequence = FIRST_GROUP + this.nextNumber++;
		const group = new CalendarGroupRecord(sequence, this.mailbox.ids.folder(sequence), name, classId, isBuiltIn);
		group.changeNumber = this.changeCounter++;
		this.groups.set(sequence, group);
		return group;
	}

	private newCalendar(name: string, kind: CalendarKind, group: CalendarGroupRecord, owner: CalendarOwner): CalendarRecord {
		const sequence = FIRST_CALENDAR + this.nextNumber++;
		const calendar = new CalendarRecord(sequence, this.mailbox.ids.folder(sequence), name, group, kind, owner);
		calendar.changeNumber = this.changeCounter++;
		if (kind !== 'own') Object.assign(calendar, { canEdit: false, canShare: false, isRemovable: kind !== 'birthdays', canViewPrivateItems: kind !== 'shared' });
		this.calendars.set(sequence, calendar);
		return calendar;
	}

	/** By id; `calendar` is the default one. */
	findCalendar(id: string): CalendarRecord | undefined {
		const parsed = this.mailbox.ids.parse(id);
		return parsed?.kind === 'folder' ? this.calendars.get(parsed.sequence) : undefined;
	}

	findGroup(id: string): CalendarGroupRecord | undefined {
		const parsed = this.mailbox.ids.parse(id);
		return parsed?.kind === 'folder' ? this.groups.get(parsed.sequence) : undefined;
	}

	/**
	 * A calendar by name or id.
	 *
	 * @throws Error if there is none
	 */
	calendar(nameOrId: string): CalendarRecord {
		const found = this.findCalendar(nameOrId) ?? [...this.calendars.values()].find(({ name }) => name === nameOrId);
		if (!found) throw new Error(`${this.mailbox.user.userPrincipalName} has no calendar ${nameOrId}`);
		return found;
	}

	protected calendarOf(calendar: CalendarRecord | string): CalendarRecord {
		return typeof calendar === 'string' ? this.calendar(calendar) : calendar;
	}

	/** @throws GraphError ErrorFolderExists */
	addCalendar(name: string, options: NewCalendar = {}): CalendarRecord {
		this.refuseTakenName(name);
		const kind = options.kind ?? 'own';
		const named = typeof options.group === 'string' ? [...this.groups.values()].find((one) => one.name === options.group) : options.group;
		if (typeof options.group === 'string' && !named) throw new Error(`There is no calendar group ${options.group}`);
		const calendar = this.newCalendar(name, kind, named ?? this.group(kind === 'own' ? 0 : 1), options.owner ?? this.self);
		if (options.color !== undefined) calendar.color = options.color;
		if (options.hexColor !== undefined) calendar.hexColor = options.hexColor;
		if (options.canEdit !== undefined) calendar.canEdit = options.canEdit;
		return calendar;
	}

	addGroup(name: string): CalendarGroupRecord {
		for (const group of this.groups.values()) if (sameName(group.name, name)) throw nameTaken();
		return this.newGroup(name, NO_CLASS, false);
	}

	/** @throws GraphError ErrorFolderExists */
	renameCalendar(calendar: CalendarRecord, name: string): void {
		this.refuseTakenName(name, calendar);
		calendar.name = name;
		this.calendarChanged(calendar);
	}

	renameGroup(group: CalendarGroupRecord, name: string): void {
		group.name = name;
		group.changeNumber = this.changeCounter++;
	}

	calendarChanged(calendar: CalendarRecord): void {
		calendar.changeNumber = this.changeCounter++;
	}

	private refuseTakenName(name: string, self?: CalendarRecord): void {
		for (const one of this.calendars.values()) if (one !== self && sameName(one.name, name)) throw nameTaken();
	}

	/** @throws GraphError 400 unless it is empty and the user's own */
	deleteGroup(group: CalendarGroupRecord): void {
		if (group.isBuiltIn || [...this.calendars.values()].some((calendar) => calendar.group === group)) throw badRequest('The calendar group cannot be deleted: it is not empty, or one of Outlook\'s own.', 'ErrorCalendarGroupCannotBeDeleted');
		this.groups.delete(group.sequence);
	}

	/** From now on requests for it (and its events) answer 403 ErrorAccessDenied. */
	forbid(calendar: CalendarRecord | string, isForbidden = true): void {
		this.calendarOf(calendar).isForbidden = isForbidden;
	}

	/** From now on requests for its events answer 503, for good (msgraph-sdk-dotnet#1568); null heals it. */
	break(calendar: CalendarRecord | string, status: number | null = 503): void {
		const broken = this.calendarOf(calendar);
		if (status === null) delete broken.brokenStatus;
		else broken.brokenStatus = status;
	}
}

function sameName(a: string, b: string): boolean {
	return a.toLowerCase() === b.toLowerCase();
}

function nameTaken(): GraphError {
	return new GraphError(409, 'ErrorFolderExists', 'A folder with the specified name already exists.');
}
