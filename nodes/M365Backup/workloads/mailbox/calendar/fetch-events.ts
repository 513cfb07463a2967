import { Failure, isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { ContentRequest, Fetched } from '../../workload';
import type { CalendarContext } from './calendar-context';
import { eventPath, graphIdOf } from './calendar-context';
import type { ListedAttachment } from './event-attachments';
import { documentBytes, partName } from './event-document';
import { eventMeta, occurrencesMark } from './event-meta';
import { isMaster } from './graph-event';
import { loadEvents, type LoadedEvent } from './load-events';

/** Events in one `$batch`. */
const GROUP = 20;

/** Each event's document, then its attachments as parts, then what only the content tells for its line. */
export async function* fetchEvents(
	context: CalendarContext,
	requests: readonly ContentRequest[],
	signal: AbortSignal,
): AsyncGenerator<Fetched> {
	const groups: Map<string, ContentRequest>[] = [];
	for (let start = 0; start < requests.length; start += GROUP) {
		groups.push(new Map(requests.slice(start, start + GROUP).map((request) => [graphIdOf(request.id), request])));
	}
	// The next twenty are under way while the engine stores these.
	let pending = groups[0] && settled(load(context, groups[0], signal));
	for (const [index, group] of groups.entries()) {
		const loaded = await pending;
		const following = groups[index + 1];
		pending = following && settled(load(context, following, signal));
		if (!loaded) return;
		if ('error' in loaded) throw loaded.error;
		for (const [id, request] of group) {
			const event = loaded.value.get(id) ?? new Failure('transient', 'Microsoft gave no answer for this event');
			if (isFailure(event)) yield { id: request.id, failure: event };
			else yield* deliver(context, request, event, signal);
		}
	}
}

function load(context: CalendarContext, group: ReadonlyMap<string, ContentRequest>, signal: AbortSignal): ReturnType<typeof loadEvents> {
	return loadEvents(context, [...group.keys()], (id) => group.get(id)?.hints['series'] === true, signal);
}

/** So that a group that fails while nobody waits for it is no unhandled rejection. */
function settled<T>(promise: Promise<T>): Promise<{ value: T } | { error: unknown }> {
	return promise.then(
		(value) => ({ value }),
		(error: unknown) => ({ error }),
	);
}

async function* deliver(context: CalendarContext, request: ContentRequest, loaded: LoadedEvent, signal: AbortSignal): AsyncGenerator<Fetched> {
	const { document, attachments } = loaded;
	const bytes = documentBytes(document);
	yield { id: request.id, content: once(bytes), sizeBytes: bytes.length, more: true };
	const unread: string[] = [];
	for (const [index, attachment] of attachments.entries()) {
		if (attachment.listed.kind === 'reference') continue;
		let opened: Awaited<ReturnType<typeof open>>;
		try {
			opened = await open(context, attachment, signal);
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			// What Exchange itself cannot read must not keep the event from being stored, nor what fails in two runs.
			const isLasting = isFailure(failure, 'notFound', 'denied', 'invalid') && request.hints['failedBefore'] === true;
			if (isFailure(failure, 'corrupt') || isLasting) {
				unread.push(attachment.listed.name);
				continue;
			}
			yield { id: request.id, failure: ofAttachment(failure) };
			return;
		}
		yield {
			id: request.id,
			content: opened.body,
			...(opened.sizeBytes === undefined ? {} : { sizeBytes: opened.sizeBytes }),
			part: { name: partName(index), ...namesOf(request.title, attachment) },
			more: true,
		};
	}
	yield { id: request.id, end: true, meta: metaOf(loaded, unread.length > 0), ...warningOf(request, loaded, unread) };
}

/** An attachment that is not found says nothing of its event, which is there: it is read again. */
function ofAttachment(failure: Failure): Failure {
	if (failure.kind !== 'notFound') return failure;
	return new Failure('transient', failure.message, { cause: failure, code: failure.code, status: failure.status, nextStep: failure.nextStep });
}

async function open(context: CalendarContext, { id, listed }: ListedAttachment, signal: AbortSignal): ReturnType<CalendarContext['graph']['stream']> {
	return await context.graph.stream({ path: `${eventPath(context, listed.of)}/attachments/${encodeURIComponent(id)}/$value`, signal });
}

function metaOf({ document }: LoadedEvent, isIncomplete: boolean): JsonObject {
	const meta = eventMeta(document.event);
	if (isMaster(document.event)) meta['occurrences'] = occurrencesMark(document.exceptions, document.cancelled);
	if (document.attachments.length > 0) meta['attachments'] = true;
	if (isIncomplete) meta['incomplete'] = true;
	return meta;
}

function warningOf(request: ContentRequest, loaded: LoadedEvent, unread: readonly string[]): { warning?: string } {
	if (unread.length > 0) {
		return { warning: `"${request.title}": Microsoft 365 cannot read its attachment ${unread.map((name) => `"${name}"`).join(', ')}; the event was stored without` };
	}
	return loaded.warning === undefined ? {} : { warning: loaded.warning };
}

/** Items come as MIME, iCalendar or vCard, whatever their name says. */
function namesOf(title: string, { listed }: ListedAttachment): { title: string; extension: string } {
	const dot = /^(.+)(\.[A-Za-z0-9]{1,10})$/.exec(listed.name);
	const [name, extension] = listed.kind === 'file' && dot ? [dot[1] ?? '', dot[2] ?? ''] : [listed.name, ''];
	return { title: `${title}, ${name || 'attachment'}`, extension: extension || (listed.kind === 'item' ? '.eml' : '.bin') };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(bytes);
}
