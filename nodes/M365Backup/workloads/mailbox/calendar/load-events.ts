import type { Failure } from '../../../base/failure';
import { isFailure, toFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import type { CalendarContext } from './calendar-context';
import { EVENT_HEADERS, eventPath } from './calendar-context';
import type { ListedAttachment } from './event-attachments';
import { hasAttachments, listAttachments } from './event-attachments';
import type { EventDocument } from './event-document';
import type { GraphEvent } from './graph-event';
import { cancelledDate, isMaster, MASTER_QUERY } from './graph-event';
import { readInstances } from './instances-window';

/** An event as it is now, with all that belongs to it but the bytes of its attachments. */
export interface LoadedEvent {
	document: EventDocument;
	/** In the order of `document.attachments`. */
	attachments: ListedAttachment[];
	warning?: string;
}

type LoadContext = Pick<CalendarContext, 'graph' | 'userPath' | 'ambient' | 'lacksExceptions'>;

/**
 * Events by Graph id, one GET each, twenty to a batch; series with their exceptions and cancelled days. A cloud that does
 * not know these is asked for instances instead.
 *
 * @param isSeries Which of them the listing said to be series; another answer is asked for again.
 */
export async function loadEvents(
	context: LoadContext,
	graphIds: readonly string[],
	isSeries: (graphId: string) => boolean,
	signal: AbortSignal | undefined,
): Promise<Map<string, LoadedEvent | Failure>> {
	const events = new Map<string, GraphEvent | Failure>();
	await ask(context, graphIds, isSeries, events, signal);
	const loaded = new Map<string, LoadedEvent | Failure>();
	for (const [id, event] of events) loaded.set(id, isFailure(event) ? event : await withOccurrences(context, event, signal));
	await withAttachments(context, loaded, signal);
	return loaded;
}

async function ask(
	context: LoadContext,
	graphIds: readonly string[],
	isSeries: (graphId: string) => boolean,
	events: Map<string, GraphEvent | Failure>,
	signal: AbortSignal | undefined,
): Promise<void> {
	const again: string[] = [];
	const plain: string[] = [];
	const asMaster = (id: string): boolean => isSeries(id) && !context.lacksExceptions;
	const requests: BatchRequest[] = graphIds.map((id) => ({
		id,
		method: 'GET',
		path: `${eventPath(context, id)}${asMaster(id) ? `?${MASTER_QUERY}` : ''}`,
		headers: { ...EVENT_HEADERS },
	}));
	for await (const answer of context.graph.batch(requests, signal ? { signal } : {})) {
		const result = batchResult(answer);
		if (result.ok) {
			const event = result.body as GraphEvent;
			if (isMaster(event) && !isSeries(answer.id)) again.push(answer.id);
			else events.set(answer.id, event);
		} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else if (isFailure(result.failure, 'invalid') && asMaster(answer.id)) plain.push(answer.id);
		else events.set(answer.id, result.failure);
	}
	if (plain.length > 0) {
		// "Could not find a property named 'cancelledOccurrences'": the clouds without it.
		context.lacksExceptions = true;
		await ask(context, plain, () => true, events, signal);
	}
	if (again.length > 0) await ask(context, again, () => true, events, signal);
}

async function withOccurrences(context: LoadContext, event: GraphEvent, signal: AbortSignal | undefined): Promise<LoadedEvent | Failure> {
	const document: EventDocument = { event, exceptions: [], cancelled: [], attachments: [] };
	if (!isMaster(event)) return { document, attachments: [] };
	try {
		if (event.exceptionOccurrences !== undefined || event.cancelledOccurrences !== undefined) {
			document.exceptions = await allExceptions(context, event, signal);
			document.cancelled = (event.cancelledOccurrences ?? []).map(cancelledDate).filter((date) => date !== undefined);
			return { document, attachments: [] };
		}
		const { warning, ...read } = await readInstances(context, event, signal);
		return { document: { ...document, ...read }, attachments: [], warning };
	} catch (error) {
		const failure = toFailure(error);
		if (isFailure(failure, 'cancelled')) throw failure;
		return failure;
	}
}

/** What is expanded may come in pages, as OData has it. */
export async function allExceptions(context: Pick<LoadContext, 'graph'>, master: GraphEvent, signal: AbortSignal | undefined): Promise<GraphEvent[]> {
	const found = [...(master.exceptionOccurrences ?? [])];
	const next = master['exceptionOccurrences@odata.nextLink'];
	if (!next) return found;
	for await (const page of context.graph.pages<GraphEvent>({ path: next, headers: { ...EVENT_HEADERS }, ...(signal ? { signal } : {}) })) found.push(...page);
	return found;
}

async function withAttachments(context: LoadContext, loaded: Map<string, LoadedEvent | Failure>, signal: AbortSignal | undefined): Promise<void> {
	const owners = new Map<string, string>();
	for (const [id, one] of loaded) {
		if (isFailure(one)) continue;
		for (const event of [one.document.event, ...one.document.exceptions]) if (hasAttachments(event)) owners.set(event.id, id);
	}
	const lists = await listAttachments(context, [...owners.keys()], signal);
	for (const [ownerId, id] of owners) {
		const one = loaded.get(id);
		const list = lists.get(ownerId);
		if (!one || isFailure(one) || list === undefined) continue;
		if (isFailure(list)) loaded.set(id, list);
		else {
			one.attachments.push(...list);
			one.document.attachments.push(...list.map(({ listed }) => listed));
		}
	}
}
