import type { JsonObject, JsonValue } from '../../../../base/json';
import { isoOf, type GraphTask } from '../graph-task';
import { TASK_NOTES } from '../fidelity';

/** What a request says of a task's own fields, and what it leaves out on purpose. */
export interface TaskFieldsRequest {
	fields: JsonObject;
	notes: string[];
}

/**
 * The fields of a task to be made. A completed task comes without its repetition, since completing one that repeats
 * makes the next one; a reminder in the past would ring at once in every client.
 */
export function createFields(task: GraphTask, now: Date): TaskFieldsRequest {
	const { fields, notes } = wantedFields(task, now);
	return { fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)), notes };
}

/** Every field, null where it is empty. `isReminderOn` is absent where a past reminder says nothing. */
export function wantedFields(task: GraphTask, now: Date): TaskFieldsRequest {
	const notes: string[] = [];
	const isCompleted = task.status === 'completed';
	const fields: JsonObject = {
		title: task.title ?? '',
		body: { content: task.body?.content ?? '', contentType: task.body?.contentType ?? 'text' },
		importance: task.importance ?? 'normal',
		status: task.status ?? 'notStarted',
		categories: task.categories ?? [],
		dueDateTime: json(task.dueDateTime),
		startDateTime: json(task.startDateTime),
		recurrence: isCompleted ? null : recurrence(task.recurrence),
	};
	if (isCompleted) {
		fields['completedDateTime'] = json(task.completedDateTime);
		if (task.recurrence) notes.push(TASK_NOTES.noRepetition);
	}
	const reminder = task.isReminderOn === true ? isoOf(task.reminderDateTime) : undefined;
	if (reminder === undefined) fields['isReminderOn'] = false;
	else if (Date.parse(reminder) > now.getTime()) Object.assign(fields, { isReminderOn: true, reminderDateTime: json(task.reminderDateTime) });
	else notes.push(TASK_NOTES.pastReminder);
	return { fields, notes };
}

function json(value: { dateTime: string; timeZone: string } | null | undefined): JsonValue {
	return value ? { dateTime: value.dateTime, timeZone: value.timeZone } : null;
}

/** An empty recurrenceTimeZone, as Graph itself serves it, is refused in a request (corso#2490). */
function recurrence(value: JsonObject | null | undefined): JsonValue {
	if (!value) return null;
	const { recurrenceTimeZone, ...range } = (value['range'] ?? {}) as JsonObject;
	return { ...value, range: recurrenceTimeZone ? { ...range, recurrenceTimeZone } : range };
}

/** What must be patched for a living task to have these fields. */
export function differingFields(living: GraphTask, wanted: JsonObject): JsonObject {
	const current = living as unknown as Record<string, JsonValue | undefined>;
	return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => comparable(name, value) !== comparable(name, current[name] ?? null)));
}

function comparable(name: string, value: JsonValue): string {
	if (typeof value !== 'object' || value === null) return JSON.stringify(value);
	if (Array.isArray(value)) return JSON.stringify([...value].sort());
	if (name === 'body') return JSON.stringify([value['contentType'], text(value['content']).replace(/\r\n/g, '\n')]);
	if (name === 'recurrence') {
		const { type, interval, daysOfWeek, dayOfMonth, month, index } = (value['pattern'] ?? {}) as JsonObject;
		const range = (value['range'] ?? {}) as JsonObject;
		return JSON.stringify([type, interval, daysOfWeek ?? [], dayOfMonth ?? 0, month ?? 0, index ?? 'first', range['type'], range['startDate'], range['type'] === 'endDate' ? range['endDate'] : '']);
	}
	// A reminder has a minute, everything else a day.
	return text(value['dateTime']).slice(0, name === 'reminderDateTime' ? 16 : 10);
}

function text(value: JsonValue | undefined): string {
	return typeof value === 'string' ? value : '';
}
