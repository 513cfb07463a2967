import type { JsonObject } from '../../../base/json';
import { icsBinary, icsLine, icsText } from '../calendar/ics-lines';
import { recurrenceRule } from '../calendar/ics-recurrence';
import { plainText } from '../calendar/plain-text';
import { isoOf, type DateTimeTimeZone, type GraphTask, type GraphTaskAttachment } from './graph-task';

type Parts = ReadonlyMap<string, { sizeBytes: number; open(): AsyncIterable<Uint8Array> }>;

/**
 * A task of a backup as an iCalendar file (RFC 5545, VTODO) that task programs open: days of start and due, repetition,
 * reminder, files inside. Steps and links have no property that every program shows, so that they stand in the text.
 *
 * @param task The main content.
 * @param parts Files by part name.
 */
export async function* taskIcs(task: JsonObject, parts: Parts): AsyncGenerator<Uint8Array> {
	const graph = task as unknown as GraphTask & { attachments?: GraphTaskAttachment[] };
	yield Buffer.from(['BEGIN:VCALENDAR\r\n', 'VERSION:2.0\r\n', 'PRODID:-//n8n-nodes-m365-backup//EN\r\n', 'BEGIN:VTODO\r\n', ...describe(graph)].join(''));
	for (const [index, { name, contentType }] of (graph.attachments ?? []).entries()) {
		const part = parts.get(`attachment-${index + 1}`);
		if (part) yield* icsBinary('ATTACH', { FMTTYPE: contentType ?? undefined, FILENAME: name ?? undefined, 'X-FILENAME': name ?? undefined }, part.open());
	}
	yield Buffer.from([...alarm(graph), 'END:VTODO\r\n', 'END:VCALENDAR\r\n'].join(''));
}

const STATUSES: Readonly<Record<string, string>> = { completed: 'COMPLETED', inProgress: 'IN-PROCESS' };
const PRIORITIES: Readonly<Record<string, string>> = { high: '1', low: '9' };

function describe(task: GraphTask): string[] {
	const isHtml = task.body?.contentType === 'html';
	const content = task.body?.content ?? '';
	const text = [isHtml ? plainText(content) : content.trim(), steps(task), links(task)].filter((one) => one !== '').join('\n\n');
	const link = (task.linkedResources ?? []).find(({ webUrl }) => webUrl)?.webUrl;
	const lines = [
		icsLine('UID', icsText(task.id)),
		icsLine('DTSTAMP', instant(task.lastModifiedDateTime ?? task.createdDateTime)),
		task.createdDateTime === undefined ? '' : icsLine('CREATED', instant(task.createdDateTime)),
		task.lastModifiedDateTime === undefined ? '' : icsLine('LAST-MODIFIED', instant(task.lastModifiedDateTime)),
		icsLine('SUMMARY', icsText(task.title ?? '')),
		text === '' ? '' : icsLine('DESCRIPTION', icsText(text)),
		isHtml && content !== '' ? icsLine('X-ALT-DESC', icsText(content), { FMTTYPE: 'text/html' }) : '',
		...days(task),
		icsLine('STATUS', STATUSES[task.status ?? ''] ?? 'NEEDS-ACTION'),
		icsLine('PERCENT-COMPLETE', task.status === 'completed' ? '100' : '0'),
		task.status === 'completed' && task.completedDateTime ? icsLine('COMPLETED', instant(isoOf(task.completedDateTime))) : '',
		icsLine('PRIORITY', PRIORITIES[task.importance ?? ''] ?? '5'),
		task.categories && task.categories.length > 0 ? icsLine('CATEGORIES', task.categories.map(icsText).join(',')) : '',
		link ? icsLine('URL', link.replace(/[\u0000-\u0020]/g, '')) : '',
	];
	return lines.filter((line) => line !== '');
}

/** DUE must be later than DTSTART, and a rule needs a DTSTART: a task that repeats and has one day lasts that day. */
function days(task: GraphTask): string[] {
	const due = day(task.dueDateTime);
	const start = day(task.startDateTime);
	const date = (name: string, value: string): string => icsLine(name, value, { VALUE: 'DATE' });
	const rule = task.recurrence ? recurrenceRule(task.recurrence, undefined) : undefined;
	const startsBefore = start !== undefined && (due === undefined || start < due);
	if (rule === undefined) return [...(startsBefore ? [date('DTSTART', start)] : []), ...(due === undefined ? [] : [date('DUE', due)])];
	const first = startsBefore ? start : (due ?? start);
	if (first === undefined) return [];
	return [date('DTSTART', first), due !== undefined && first < due ? date('DUE', due) : 'DURATION:P1D\r\n', icsLine('RRULE', rule)];
}

function day(value: DateTimeTimeZone | null | undefined): string | undefined {
	return value?.dateTime.slice(0, 10).replaceAll('-', '');
}

/** `20261001T083000Z` */
function instant(iso: string | undefined): string {
	const date = new Date(iso === undefined || Number.isNaN(Date.parse(iso)) ? 0 : iso);
	return `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function steps(task: GraphTask): string {
	return (task.checklistItems ?? []).map(({ displayName, isChecked }) => `[${isChecked === true ? 'x' : ' '}] ${displayName ?? ''}`).join('\n');
}

function links(task: GraphTask): string {
	return (task.linkedResources ?? []).map(({ displayName, applicationName, webUrl }) => [displayName ?? applicationName, webUrl].filter(Boolean).join(': ')).join('\n');
}

function alarm(task: GraphTask): string[] {
	const at = task.isReminderOn === true ? isoOf(task.reminderDateTime) : undefined;
	if (at === undefined) return [];
	return ['BEGIN:VALARM\r\n', 'ACTION:DISPLAY\r\n', icsLine('DESCRIPTION', icsText(task.title ?? '')), icsLine('TRIGGER', instant(at), { VALUE: 'DATE-TIME' }), 'END:VALARM\r\n'];
}
