import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../../base/json';
import { plainText } from '../calendar/plain-text';

export interface DateTimeTimeZone {
	/** `2026-11-24T00:00:00.0000000` */
	dateTime: string;
	/** UTC unless a request asks for another one (outlook.timezone). */
	timeZone: string;
}

/** A todoTask as Graph serves it. Delta and lists may leave out `recurrence` (MS365-ToDo#133): a GET of the task has it. */
export interface GraphTask {
	id: string;
	'@odata.etag'?: string;
	'@removed'?: { reason: string };
	title?: string | null;
	status?: string;
	importance?: string;
	body?: { content?: string | null; contentType?: string } | null;
	categories?: string[];
	isReminderOn?: boolean;
	hasAttachments?: boolean | null;
	createdDateTime?: string;
	lastModifiedDateTime?: string;
	dueDateTime?: DateTimeTimeZone | null;
	startDateTime?: DateTimeTimeZone | null;
	completedDateTime?: DateTimeTimeZone | null;
	reminderDateTime?: DateTimeTimeZone | null;
	recurrence?: JsonObject | null;
	checklistItems?: GraphChecklistItem[];
	linkedResources?: GraphLinkedResource[];
	extensions?: JsonObject[];
}

export interface GraphChecklistItem {
	id?: string;
	displayName?: string | null;
	isChecked?: boolean | null;
	createdDateTime?: string;
	checkedDateTime?: string | null;
}

export interface GraphLinkedResource {
	id?: string;
	webUrl?: string | null;
	applicationName?: string | null;
	displayName?: string | null;
	externalId?: string | null;
}

export interface GraphTaskAttachment {
	id: string;
	name?: string | null;
	contentType?: string | null;
	size?: number;
	lastModifiedDateTime?: string | null;
}

export interface GraphTaskList {
	id: string;
	displayName?: string | null;
	isOwner?: boolean;
	isShared?: boolean;
	wellknownListName?: string;
}

export const TASK_TYPE = 'task';

const PREVIEW_CHARS = 255;
const MAX_NAME_CHARS = 4096;

export function taskName(task: GraphTask): string {
	return (task.title ?? '').slice(0, MAX_NAME_CHARS);
}

/** `2026-11-22 Call Anna`: what a person looks for in an archive. */
export function taskTitle(task: GraphTask): string {
	const title = task.title?.trim() || '(no title)';
	return task.createdDateTime ? `${task.createdDateTime.slice(0, 10)} ${title}` : title;
}

/** What search and listings show of a task. Absent means empty. */
export function taskMeta(task: GraphTask): JsonObject {
	const preview = textOf(task.body).slice(0, PREVIEW_CHARS);
	const fields: Record<string, JsonValue | undefined> = {
		subject: task.title || undefined,
		preview: preview || undefined,
		categories: task.categories && task.categories.length > 0 ? task.categories : undefined,
		attachments: task.hasAttachments === true ? true : undefined,
		status: task.status,
		created: task.createdDateTime,
		due: isoOf(task.dueDateTime),
		completed: isoOf(task.completedDateTime),
		importance: task.importance === 'low' || task.importance === 'high' ? task.importance : undefined,
	};
	return Object.fromEntries(Object.entries(fields).filter((field): field is [string, JsonValue] => field[1] !== undefined));
}

/** ISO 8601; in UTC where Graph says so, else the local time without a zone. */
export function isoOf(date: DateTimeTimeZone | null | undefined): string | undefined {
	if (!date) return undefined;
	return `${date.dateTime.slice(0, 19)}${/^(utc|etc\/gmt|tzone:\/\/microsoft\/utc)$/i.test(date.timeZone) ? 'Z' : ''}`;
}

/** The text that a person reads in a body, white space in one piece. */
export function textOf(body: GraphTask['body']): string {
	const content = body?.content ?? '';
	return (body?.contentType === 'html' ? plainText(content) : content).replace(/\s+/g, ' ').trim();
}

/** What tells two states of a task apart: the etag where there is one, else the time of the last change. */
export function taskEtag(task: GraphTask): string | undefined {
	return task['@odata.etag'] ?? task.lastModifiedDateTime;
}

/** Part of the name in the archive. */
export function taskVersion(task: GraphTask): string {
	return createHash('sha256').update(taskEtag(task) ?? '').digest('hex').slice(0, 16);
}

/** A delta entry with everything that the catalog shows. */
export function isWholeEntry(task: GraphTask): boolean {
	return task.title !== undefined && task.status !== undefined;
}

/**
 * Steps and links in a few digits, undefined if there are none: Microsoft says nowhere whether a change of theirs changes
 * the task's etag, so that they are compared by themselves now and then.
 */
export function detailsDigest(task: Pick<GraphTask, 'checklistItems' | 'linkedResources'>): string | undefined {
	const steps = (task.checklistItems ?? []).map(({ id, displayName, isChecked }) => [id ?? '', displayName ?? '', isChecked === true]);
	const links = (task.linkedResources ?? []).map((link) => [link.id ?? '', link.webUrl ?? '', link.applicationName ?? '', link.displayName ?? '', link.externalId ?? '']);
	if (steps.length + links.length === 0) return undefined;
	const sorted = [...steps, ...links].map((one) => JSON.stringify(one)).sort();
	return createHash('sha256').update(sorted.join('\n')).digest('hex').slice(0, 16);
}
