import { FolderChangeLog } from './change-log';
import { badRequest, GraphError } from './graph-error';
import type { Json } from './message-json';
import type { Mailbox, TestDate } from './mailbox';
import { nextDueDate } from './todo-recurrence';

export interface DateTimeTimeZone {
	dateTime: string;
	timeZone: string;
}

export interface ChecklistEntry {
	id: string;
	displayName: string;
	isChecked: boolean;
	createdDateTime: string;
	checkedDateTime: string | null;
}

export interface LinkedResourceEntry {
	id: string;
	webUrl: string | null;
	applicationName: string | null;
	displayName: string | null;
	externalId: string | null;
}

export interface TaskAttachment {
	number: number;
	name: string;
	contentType: string;
	lastModifiedMs: number;
	content: Buffer;
}

/** What a user may set of a task. Dates in UTC. */
export interface TaskFields {
	title: string;
	body: { content: string; contentType: 'text' | 'html' };
	importance: 'low' | 'normal' | 'high';
	status: 'notStarted' | 'inProgress' | 'completed' | 'waitingOnOthers' | 'deferred';
	categories: string[];
	isReminderOn: boolean;
	dueDateTime: DateTimeTimeZone | null;
	startDateTime: DateTimeTimeZone | null;
	completedDateTime: DateTimeTimeZone | null;
	reminderDateTime: DateTimeTimeZone | null;
	recurrence: Json | null;
}

export interface TaskRecord extends TaskFields {
	readonly sequence: number;
	readonly generation: 0;
	list: TaskListRecord;
	createdMs: number;
	modifiedMs: number;
	bodyModifiedMs: number;
	changeNumber: number;
	checklist: ChecklistEntry[];
	linkedResources: LinkedResourceEntry[];
	attachments: TaskAttachment[];
	/** Open extensions by name. */
	extensions: Map<string, Json>;
	isDeleted: boolean;
}

export type WellknownListName = 'none' | 'defaultList' | 'flaggedEmails';

export interface TaskListRecord {
	readonly sequence: number;
	readonly generation: 0;
	displayName: string;
	isOwner: boolean;
	isShared: boolean;
	wellknownListName: WellknownListName;
	readonly tasks: Map<number, TaskRecord>;
	readonly log: FolderChangeLog<TaskRecord>;
	deltaEpoch: number;
	/** 403 for the list and what is in it. */
	isForbidden: boolean;
}

export interface NewTask extends Partial<TaskFields> {
	title: string;
	created?: TestDate;
	checklist?: (string | { displayName: string; isChecked: boolean })[];
	linkedResources?: Partial<LinkedResourceEntry>[];
	attachments?: { name: string; content: Buffer | string; contentType?: string }[];
}

/** The To Do lists and tasks of one mailbox, and the only place where they change. All synchronous, as a user's edits. */
export class TodoStore {
	readonly lists = new Map<number, TaskListRecord>();
	readonly listLog = new FolderChangeLog<TaskListRecord>();
	listEpoch = 0;
	readonly defaultList: TaskListRecord;
	readonly flaggedEmails: TaskListRecord;
	private nextSequence = 1;
	private nextChange = 1;

	constructor(
		readonly mailbox: Mailbox,
		locale: 'en' | 'de',
	) {
		this.defaultList = this.addList(locale === 'de' ? 'Aufgaben' : 'Tasks', { wellknownListName: 'defaultList' });
		this.flaggedEmails = this.addList(locale === 'de' ? 'Gekennzeichnete E-Mails' : 'Flagged Emails', { wellknownListName: 'flaggedEmails' });
	}

	get nowMs(): number {
		return this.mailbox.tenant.clock.nowMs();
	}

	/** By id or name. @throws Error if there is none */
	list(nameOrId: string): TaskListRecord {
		const found = this.findList(nameOrId) ?? [...this.lists.values()].find((list) => list.displayName === nameOrId);
		if (!found) throw new Error(`${this.mailbox.user.userPrincipalName} has no task list ${nameOrId}`);
		return found;
	}

	findList(id: string): TaskListRecord | undefined {
		return [...this.lists.values()].find((list) => this.listId(list) === id);
	}

	findTask(list: TaskListRecord, id: string): TaskRecord | undefined {
		const sequence = this.sequenceOf(id);
		const task = sequence === undefined ? undefined : list.tasks.get(sequence);
		return task && this.taskId(task) === id ? task : undefined;
	}

	allTasks(): TaskRecord[] {
		return [...this.lists.values()].flatMap((list) => [...list.tasks.values()]);
	}

	listId(list: TaskListRecord): string {
		return `AQMkA${this.guidText()}LgAAAD-_${packed(list.sequence)}AAA=`;
	}

	taskId(task: TaskRecord): string {
		return `AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A${this.guidText()}T${packed(task.sequence)}AAA=`;
	}

	attachmentId(task: TaskRecord, attachment: TaskAttachment): string {
		return `${this.taskId(task).slice(0, -4)}BEgAQ${packed(attachment.number)}=`;
	}

	private guidText(): string {
		return Buffer.from(this.mailbox.user.id, 'latin1').toString('base64url');
	}

	private sequenceOf(id: string): number | undefined {
		const text = /T([A-Za-z0-9_-]{8})AAA=$/.exec(id)?.[1];
		return text === undefined ? undefined : Buffer.from(text, 'base64url').readUIntBE(0, 6);
	}

	addList(displayName: string, options: Partial<Pick<TaskListRecord, 'isOwner' | 'isShared' | 'wellknownListName'>> = {}): TaskListRecord {
		const list: TaskListRecord = {
			sequence: this.nextSequence++,
			generation: 0,
			displayName,
			isOwner: options.isOwner ?? true,
			isShared: options.isShared ?? false,
			wellknownListName: options.wellknownListName ?? 'none',
			tasks: new Map(),
			log: new FolderChangeLog<TaskRecord>(),
			deltaEpoch: 0,
			isForbidden: false,
		};
		this.lists.set(list.sequence, list);
		this.listLog.append(list, 'created');
		return list;
	}

	renameList(list: TaskListRecord, displayName: string): void {
		if (list.wellknownListName !== 'none') throw badRequest('Well-known lists cannot be renamed.', 'invalidRequest');
		list.displayName = displayName;
		this.listLog.append(list, 'full');
	}

	deleteList(list: TaskListRecord): void {
		if (list.wellknownListName !== 'none') throw badRequest('Well-known lists cannot be deleted.', 'invalidRequest');
		for (const task of list.tasks.values()) task.isDeleted = true;
		this.lists.delete(list.sequence);
		this.listLog.append(list, 'removed');
	}

	add(list: TaskListRecord | string, task: NewTask): TaskRecord {
		const where = typeof list === 'string' ? this.list(list) : list;
		const createdMs = task.created === undefined ? this.nowMs : new Date(task.created).getTime();
		const record: TaskRecord = {
			...emptyFields(),
			title: task.title,
			sequence: this.nextSequence++,
			generation: 0,
			list: where,
			createdMs,
			modifiedMs: createdMs,
			bodyModifiedMs: createdMs,
			changeNumber: this.nextChange++,
			checklist: [],
			linkedResources: [],
			attachments: [],
			extensions: new Map(),
			isDeleted: false,
		};
		where.tasks.set(record.sequence, record);
		this.assign(record, task);
		for (const step of task.checklist ?? []) this.newStep(record, typeof step === 'string' ? { displayName: step } : step);
		for (const link of task.linkedResources ?? []) this.newLink(record, link);
		for (const { name, content, contentType } of task.attachments ?? []) this.newAttachment(record, name, Buffer.from(content), contentType);
		where.log.append(record, 'created');
		return record;
	}

	/** As a user's edit. Completing a task that repeats makes the next one. */
	patch(task: TaskRecord, fields: Partial<TaskFields>): void {
		this.assign(task, fields);
		this.touch(task);
	}

	complete(task: TaskRecord): void {
		this.patch(task, { status: 'completed' });
	}

	private assign(task: TaskRecord, fields: Partial<TaskFields>): void {
		const wasCompleted = task.status === 'completed';
		for (const name of FIELD_NAMES) {
			const value = fields[name];
			if (value !== undefined) Object.assign(task, { [name]: value });
		}
		if (fields.body !== undefined) task.bodyModifiedMs = this.nowMs;
		task.dueDateTime = dayOnly(task.dueDateTime);
		task.startDateTime = dayOnly(task.startDateTime);
		const { recurrence } = task;
		if (recurrence && !task.dueDateTime) {
			const range = recurrence.range as { startDate?: string } | undefined;
			task.dueDateTime = { dateTime: `${range?.startDate ?? isoOf(this.nowMs).slice(0, 10)}T00:00:00.0000000`, timeZone: 'UTC' };
		}
		if (task.isReminderOn && !task.reminderDateTime) task.isReminderOn = false;
		if (task.isReminderOn && task.reminderDateTime && Date.parse(`${task.reminderDateTime.dateTime.slice(0, 19)}Z`) <= this.nowMs) this.remindAtOnce(task);
		if (task.status === 'completed') {
			const given = this.mailbox.tenant.switches.todoCompletedDate === 'kept' ? fields.completedDateTime : undefined;
			if (given) task.completedDateTime = dayOnly(given);
			else if (!wasCompleted) task.completedDateTime = dayOnly(utc(this.nowMs));
			if (recurrence && !wasCompleted) this.addNext(task, recurrence);
		} else task.completedDateTime = null;
	}

	/** The completed one keeps its day and loses the repetition; the next one is open. */
	private addNext(task: TaskRecord, recurrence: Json): void {
		const day = nextDueDate(task.dueDateTime?.dateTime.slice(0, 10) ?? isoOf(this.nowMs).slice(0, 10), recurrence);
		task.recurrence = null;
		if (day === null) return;
		this.add(task.list, {
			title: task.title,
			body: task.body,
			importance: task.importance,
			categories: [...task.categories],
			dueDateTime: { dateTime: `${day}T00:00:00.0000000`, timeZone: 'UTC' },
			recurrence,
			checklist: task.checklist.map(({ displayName }) => displayName),
		});
	}

	/** A reminder whose time is over pops up in every client at once. */
	private remindAtOnce(task: TaskRecord): void {
		const { tenant, user } = this.mailbox;
		tenant.outbox.push({ kind: 'reminder', mailbox: user.userPrincipalName, subject: task.title, recipients: [user.userPrincipalName], request: 'to do task' });
	}

	/** Its id is another one in the other list. */
	move(task: TaskRecord, to: TaskListRecord | string): TaskRecord {
		const where = typeof to === 'string' ? this.list(to) : to;
		this.remove(task);
		const moved: TaskRecord = { ...task, sequence: this.nextSequence++, list: where, isDeleted: false, changeNumber: this.nextChange++, modifiedMs: this.nowMs };
		where.tasks.set(moved.sequence, moved);
		where.log.append(moved, 'created');
		return moved;
	}

	delete(task: TaskRecord): void {
		this.remove(task);
	}

	private remove(task: TaskRecord): void {
		task.isDeleted = true;
		task.list.tasks.delete(task.sequence);
		task.list.log.append(task, 'removed');
	}

	addStep(task: TaskRecord, step: Partial<ChecklistEntry> & { displayName: string }): ChecklistEntry {
		const added = this.newStep(task, step);
		this.stepsChanged(task);
		return added;
	}

	patchStep(task: TaskRecord, step: ChecklistEntry, fields: Partial<Omit<ChecklistEntry, 'id'>>): void {
		Object.assign(step, fields);
		if (fields.isChecked === true && fields.checkedDateTime === undefined) step.checkedDateTime = isoOf(this.nowMs);
		if (!step.isChecked) step.checkedDateTime = null;
		this.stepsChanged(task);
	}

	deleteStep(task: TaskRecord, step: ChecklistEntry): void {
		task.checklist.splice(task.checklist.indexOf(step), 1);
		this.stepsChanged(task);
	}

	private newStep(task: TaskRecord, step: Partial<ChecklistEntry> & { displayName: string }): ChecklistEntry {
		const isChecked = step.isChecked ?? false;
		const added = {
			id: this.childId(),
			displayName: step.displayName,
			isChecked,
			createdDateTime: step.createdDateTime ?? isoOf(this.nowMs),
			checkedDateTime: isChecked ? (step.checkedDateTime ?? isoOf(this.nowMs)) : null,
		};
		task.checklist.push(added);
		return added;
	}

	/** See the switch todoStepsChangeTask. */
	private stepsChanged(task: TaskRecord): void {
		if (this.mailbox.tenant.switches.todoStepsChangeTask) this.touch(task);
	}

	addLink(task: TaskRecord, link: Partial<LinkedResourceEntry>): LinkedResourceEntry {
		const added = this.newLink(task, link);
		this.stepsChanged(task);
		return added;
	}

	deleteLink(task: TaskRecord, link: LinkedResourceEntry): void {
		task.linkedResources.splice(task.linkedResources.indexOf(link), 1);
		this.stepsChanged(task);
	}

	changeLink(task: TaskRecord, link: LinkedResourceEntry, fields: Partial<Omit<LinkedResourceEntry, 'id'>>): void {
		Object.assign(link, fields);
		this.stepsChanged(task);
	}

	private newLink(task: TaskRecord, link: Partial<LinkedResourceEntry>): LinkedResourceEntry {
		const added = { webUrl: null, applicationName: null, displayName: null, externalId: null, ...link, id: this.childId() };
		task.linkedResources.push(added);
		return added;
	}

	attach(task: TaskRecord, name: string, content: Buffer | string, contentType?: string): TaskAttachment {
		const added = this.newAttachment(task, name, Buffer.from(content), contentType);
		this.touch(task);
		return added;
	}

	detach(task: TaskRecord, attachment: TaskAttachment): void {
		task.attachments.splice(task.attachments.indexOf(attachment), 1);
		this.touch(task);
	}

	private newAttachment(task: TaskRecord, name: string, content: Buffer, contentType = 'application/octet-stream'): TaskAttachment {
		const number = task.attachments.reduce((largest, one) => Math.max(largest, one.number), 0) + 1;
		const added = { number, name, contentType, lastModifiedMs: this.nowMs, content };
		task.attachments.push(added);
		return added;
	}

	setExtension(task: TaskRecord, name: string, data: Json): void {
		task.extensions.set(name, data);
		this.touch(task);
	}

	touch(task: TaskRecord): void {
		task.modifiedMs = this.nowMs;
		task.changeNumber = this.nextChange++;
		task.list.log.append(task, 'full');
	}

	/** Delta tokens of one list, or of everything, answer 410 from now on. */
	expireDelta(list?: TaskListRecord): void {
		if (list) list.deltaEpoch++;
		else {
			this.listEpoch++;
			for (const one of this.lists.values()) one.deltaEpoch++;
		}
	}

	private childId(): string {
		return this.mailbox.tenant.guid(`todo/${this.mailbox.user.id}/${this.nextSequence++}`);
	}
}

const FIELD_NAMES = ['title', 'body', 'importance', 'status', 'categories', 'isReminderOn', 'dueDateTime', 'startDateTime', 'reminderDateTime', 'recurrence'] as const;

function emptyFields(): TaskFields {
	return {
		title: '',
		body: { content: '', contentType: 'text' },
		importance: 'normal',
		status: 'notStarted',
		categories: [],
		isReminderOn: false,
		dueDateTime: null,
		startDateTime: null,
		completedDateTime: null,
		reminderDateTime: null,
		recurrence: null,
	};
}

export function isoOf(ms: number): string {
	return new Date(ms).toISOString();
}

export function utc(ms: number): DateTimeTimeZone {
	return { dateTime: `${isoOf(ms).slice(0, 19)}.0000000`, timeZone: 'UTC' };
}

/** Due, start and completion have a day alone. */
function dayOnly(date: DateTimeTimeZone | null): DateTimeTimeZone | null {
	return date && { dateTime: `${date.dateTime.slice(0, 10)}T00:00:00.0000000`, timeZone: date.timeZone };
}

function packed(sequence: number): string {
	const bytes = Buffer.alloc(6);
	bytes.writeUIntBE(sequence, 0, 6);
	return bytes.toString('base64url');
}

/** @throws GraphError 403: what Outlook fills itself is read only */
export function refuseReadOnly(list: TaskListRecord): void {
	if (list.wellknownListName === 'flaggedEmails') throw new GraphError(403, 'ErrorAccessDenied', 'The list of flagged emails is read-only.');
}
