import type { Ambient } from '../../../base/ambient';
import { Failure, isFailure } from '../../../base/failure';
import type { JsonValue } from '../../../base/json';
import type { GraphClient } from '../../../graph/client';
import type { RestorableItem } from '../../restorer';
import type { ItemComparison } from '../../scratch';
import { eventPath } from '../calendar/calendar-context';
import type { EventDocument } from '../calendar/event-document';
import { EVENT_NOTES } from '../calendar/fidelity-notes';
import { filesOf } from '../calendar/event-files';
import { eventRequest } from '../calendar/event-request';
import type { GraphEvent } from '../calendar/graph-event';
import { loadEvents } from '../calendar/load-events';
import { readDocument } from '../calendar/restore-event';
import { compareFiles, valueOf } from './compare-files';
import { difference, readText } from './same-text';

/**
 * Reads an event back, a series with its exceptions and cancelled days, and holds it against the backup, field by field.
 * People and online meetings come back as text (nobody may be invited), so that the text is compared with them in it.
 */
export async function compareEvent(
	context: { graph: GraphClient; userPath: string; ambient: Ambient },
	graphId: string,
	item: RestorableItem,
	said: readonly string[],
	signal: AbortSignal,
): Promise<ItemComparison> {
	const document = await readDocument(item);
	if (!document) throw new Failure('notFound', 'The backup holds no content of this event');
	const loaded = (await loadEvents({ ...context, lacksExceptions: false }, [graphId], () => item.meta['kind'] === 'series', signal)).get(graphId);
	if (!loaded) throw new Failure('notFound', 'Microsoft Graph gave no answer about the event');
	if (isFailure(loaded)) throw loaded;
	const now = context.ambient.now();
	const how: How = { now, careful: said.some((sentence) => sentence.startsWith(CAREFUL)), isShortened: said.includes(EVENT_NOTES.longText) };
	const differences = compareEvents('', document.event, loaded.document.event, how);
	// What the restored series did not take, the restore names by its day.
	differences.push(...compareOccurrences(document, loaded.document, how).filter(({ day }) => !said.some((sentence) => sentence.includes(day))).map(({ text }) => text));

	const { files } = filesOf(item, document, document.event.id);
	const there = loaded.attachments
		.filter(({ listed }) => listed.of === graphId)
		.map(({ id, listed }) => ({ name: listed.name, open: valueOf(context.graph, `${eventPath(context, graphId)}/attachments/${encodeURIComponent(id)}`) }));
	const stored = files.map(({ name, content }) => ({ name, ...('sha256' in content && typeof content.sha256 === 'string' ? { sha256: content.sha256 } : {}) }));
	const compared = await compareFiles(stored, there, said, signal);
	return { differences: [...differences, ...compared.differences], notCompared: compared.notCompared };
}

interface How {
	now: Date;
	/** Graph had refused the full request. */
	careful: boolean;
	/** The text was too long for any request. */
	isShortened: boolean;
}

const CAREFUL = EVENT_NOTES.careful('').slice(0, 40);

interface DayDifference {
	/** `2026-11-24` */
	day: string;
	text: string;
}

function compareOccurrences(stored: EventDocument, there: EventDocument, how: How): DayDifference[] {
	const differences: DayDifference[] = [];
	for (const day of stored.cancelled) if (!there.cancelled.includes(day)) differences.push({ day, text: `the cancelled day ${day} takes place` });
	for (const day of there.cancelled) if (!stored.cancelled.includes(day)) differences.push({ day, text: `the day ${day} is cancelled` });
	const found = new Map(there.exceptions.map((one) => [startOf(one), one]));
	for (const exception of stored.exceptions) {
		const same = found.get(startOf(exception));
		const day = startOf(exception).slice(0, 10);
		if (same) differences.push(...compareEvents(`on ${day} `, { ...exception, recurrence: null }, { ...same, recurrence: null }, how).map((text) => ({ day, text })));
		else differences.push({ day, text: `the changed day ${day} of the series is missing` });
	}
	const known = new Set(stored.exceptions.map(startOf));
	for (const start of found.keys()) if (!known.has(start)) differences.push({ day: start.slice(0, 10), text: `the day ${start.slice(0, 10)} differs from its series` });
	return differences;
}

/** To the minute: Graph spells the same instant with and without fractions. */
function startOf({ originalStart }: GraphEvent): string {
	return originalStart ? new Date(Date.parse(originalStart)).toISOString().slice(0, 16) : '';
}

const WORDS: Readonly<Record<string, string>> = {
	subject: 'the subject',
	body: 'the text',
	start: 'the start',
	end: 'the end',
	isAllDay: 'the all-day mark',
	showAs: 'the busy status',
	reminderMinutesBeforeStart: 'the reminder',
	isReminderOn: 'the reminder',
	location: 'the place',
	locations: 'the places',
	recurrence: 'the repetition',
};

/** What a request for either of them would say: leaves out what nobody can set. */
function compareEvents(of: string, stored: GraphEvent, there: GraphEvent, { now, careful, isShortened }: How): string[] {
	const [was, is] = [eventRequest(stored, now, careful).body, eventRequest(there, now, careful).body];
	const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => name !== 'responseRequested' && !(isShortened && name === 'body'));
	return names.flatMap((name) => {
		const [before, now_] = [comparable(name, was[name]), comparable(name, is[name])];
		return before === now_ ? [] : [difference(`${of}${WORDS[name] ?? `the ${name}`}`.trim(), before, now_)];
	});
}

function comparable(name: string, value: JsonValue | undefined): string {
	if (value === undefined) return '';
	if (name === 'body') return readText(value as { contentType?: string; content?: string });
	if (name === 'categories' && Array.isArray(value)) return value.map(String).sort().join(', ');
	return typeof value === 'string' ? value : JSON.stringify(sorted(value));
}

function sorted(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
