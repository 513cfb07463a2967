import { badRequest } from './graph-error';
import type { Json } from './message-json';
import type { DateTimeTimeZone, TaskFields } from './todo-store';

const ENUMS = {
	importance: ['low', 'normal', 'high'],
	status: ['notStarted', 'inProgress', 'completed', 'waitingOnOthers', 'deferred'],
} as const;

const DATES = ['dueDateTime', 'startDateTime', 'completedDateTime', 'reminderDateTime'] as const;

/**
 * The writable properties of a task in a request.
 *
 * @throws GraphError 400 for values that Graph's types do not take
 */
export function taskFields(body: Json): Partial<TaskFields> {
	const fields: Partial<TaskFields> = {};
	if (typeof body.title === 'string') fields.title = body.title;
	if (typeof body.isReminderOn === 'boolean') fields.isReminderOn = body.isReminderOn;
	if (Array.isArray(body.categories)) fields.categories = body.categories.map(String);
	if (body.body !== undefined && body.body !== null) {
		const { content, contentType } = body.body as { content?: string; contentType?: string };
		fields.body = { content: content ?? '', contentType: contentType?.toLowerCase() === 'html' ? 'html' : 'text' };
	}
	for (const name of ['importance', 'status'] as const) {
		const value = body[name];
		if (value === undefined) continue;
		const known = ENUMS[name].find((one) => one === value);
		if (known === undefined) throw badRequest(`Requested value ${JSON.stringify(value)} was not found.`, 'invalidRequest');
		Object.assign(fields, { [name]: known });
	}
	for (const name of DATES) {
		const value = body[name];
		if (value === null) fields[name] = null;
		else if (value !== undefined) fields[name] = inUtc(value);
	}
	if (body.recurrence === null) fields.recurrence = null;
	else if (body.recurrence !== undefined) fields.recurrence = recurrenceOf(body.recurrence as Json);
	return fields;
}

function inUtc(value: unknown): DateTimeTimeZone {
	const { dateTime, timeZone } = value as { dateTime?: string; timeZone?: string };
	if (typeof dateTime !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(dateTime)) throw badRequest('The date and time is not valid.', 'invalidRequest');
	if (timeZone !== 'UTC') throw badRequest(`The simulated To Do knows the time zone UTC alone, not '${String(timeZone)}'.`, 'TimeZoneNotSupportedException');
	return { dateTime: `${dateTime.slice(0, 19)}.0000000`, timeZone };
}

/** An empty recurrenceTimeZone answers 400 (corso#2490), as for events. */
function recurrenceOf(recurrence: Json): Json {
	const range = recurrence.range as { recurrenceTimeZone?: string | null } | undefined;
	const pattern = recurrence.pattern as { type?: string; interval?: number } | undefined;
	if (!range || !pattern || typeof pattern.type !== 'string' || !(Number(pattern.interval) > 0)) throw badRequest('The recurrence is not valid.', 'invalidRequest');
	if (range.recurrenceTimeZone === '') throw badRequest('The recurrenceTimeZone is not valid.', 'ErrorInvalidRequest');
	return recurrence;
}
