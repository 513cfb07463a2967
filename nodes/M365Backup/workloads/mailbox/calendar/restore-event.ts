import { Failure, isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import type { RestorableItem, RestoreOutcome, RestoreOutcomeKind } from '../../restorer';
import { createOnce } from '../restore/create-once';
import type { FolderMarkers } from '../restore/folder-markers';
import { markerProperty, type Marker } from '../restore/marker';
import type { RestoreContext } from '../restore/restore-context';
import { signalOf, stopIfCancelled } from '../restore/restore-context';
import { failed } from '../restore/restore-message';
import { calendarPath, EVENT_HEADERS, eventPath } from './calendar-context';
import type { EventDocument } from './event-document';
import { parseDocument } from './event-document';
import { filesOf, settleFiles, type EventFile } from './event-files';
import { eventRequest, type EventRequest } from './event-request';
import { EVENT_NOTES } from './fidelity-notes';
import type { GraphEvent } from './graph-event';
import { isMaster } from './graph-event';
import type { EventPlan } from './plan-event';
import { planRepair, repairSteps } from './series-repair';
import type { TargetCalendar } from './target-calendars';

/** One event with what is to be done for it. */
export interface PlannedEvent {
	item: RestorableItem;
	target: TargetCalendar;
	plan: EventPlan;
}

export const NO_CONTENT = {
	kind: 'notFound',
	message: 'The backup holds no content of this event',
	nextStep: 'Choose a snapshot in which this event could be read',
} as const;

const TRIES = 4;

/** The event's document, from the backup. @throws Failure `corrupt`. */
export async function readDocument(item: RestorableItem): Promise<EventDocument | undefined> {
	if (!item.content) return undefined;
	const chunks: Uint8Array[] = [];
	for await (const chunk of item.content.open()) chunks.push(chunk);
	try {
		return parseDocument(Buffer.concat(chunks).toString('utf8'));
	} catch (error) {
		throw new Failure('corrupt', 'The event in the backup is not readable JSON', { cause: error });
	}
}

/** What a preview says of a plan: the outcome that carrying it out would have. */
export function previewOutcome({ item, target, plan }: PlannedEvent): RestoreOutcome {
	switch (plan.do) {
		case 'nothing':
			return outcome(item, target, plan.replaces === undefined ? 'skipped' : 'replaced', { newId: plan.id, reason: plan.reason });
		case 'complete':
			return outcome(item, target, 'created', { newId: plan.id, reason: plan.reason });
		case 'create':
			if (!item.content) return failed(item, target.path, NO_CONTENT);
			return outcome(item, target, plan.replaces === undefined ? 'created' : 'replaced', { ...reasonOf(plan.reason), fidelity: foreseeable(item.meta) });
		case 'fail':
			return failed(item, target.path, plan.failure);
	}
}

/** What the catalog alone tells. */
function foreseeable(meta: JsonObject): string[] {
	return [
		...(meta['attendees'] === undefined ? [] : [EVENT_NOTES.attendees]),
		...(meta['online'] === true ? [EVENT_NOTES.online] : []),
		...(meta['cancelled'] === true ? [EVENT_NOTES.cancelled] : []),
	];
}

/** Carries a plan out. Never throws for what concerns this event alone; `cancelled` is thrown. */
export async function carryOut(context: RestoreContext, markers: FolderMarkers, planned: PlannedEvent): Promise<RestoreOutcome> {
	const { item, target } = planned;
	try {
		stopIfCancelled(context);
		return await act(context, markers, planned);
	} catch (error) {
		const failure = toFailure(error);
		stopIfCancelled(context);
		if (isFailure(failure, 'cancelled')) throw failure;
		return failed(item, target.path, failure);
	}
}

async function act(context: RestoreContext, markers: FolderMarkers, planned: PlannedEvent): Promise<RestoreOutcome> {
	const { item, target, plan } = planned;
	if (plan.do === 'fail') return previewOutcome(planned);
	if (plan.do === 'nothing') {
		await remove(context, plan.replaces);
		return previewOutcome(planned);
	}
	const document = await readDocument(item);
	if (!document) return failed(item, target.path, NO_CONTENT);
	const request = eventRequest(document.event, context.ambient.now());
	const isNew = plan.do === 'create';
	const state = isWholeAtOnce(document, request) ? 'done' : 'open';
	const made = isNew ? await create(context, markers, target, document.event, { key: item.markerKey, state }) : { id: plan.id, fidelity: request.fidelity };
	const { id } = made;
	const fidelity = [...made.fidelity, ...(await complete(context, item, document, request, id, isNew))];
	if (!isNew || state === 'open') await markDone(context, id, item.markerKey);
	await remove(context, plan.replaces);
	return outcome(item, target, plan.replaces === undefined ? 'created' : 'replaced', { newId: id, fidelity: [...new Set(fidelity)], ...reasonOf(plan.reason) });
}

/** Nothing is left to do once it is made. */
function isWholeAtOnce(document: EventDocument, request: EventRequest): boolean {
	const { attachments, exceptions, cancelled } = document;
	return attachments.length + exceptions.length + cancelled.length === 0 && request.wholeText === undefined;
}

/** As it was; where Graph refuses that, without what it may not take. */
async function create(
	context: RestoreContext,
	markers: FolderMarkers,
	target: TargetCalendar,
	event: GraphEvent,
	marker: Marker,
): Promise<{ id: string; fidelity: string[] }> {
	const { id: calendarId } = target;
	if (calendarId === null) throw new Error('A planned calendar was never made');
	const post = async (request: EventRequest): Promise<string> => {
		const body: JsonObject = { ...request.body, singleValueExtendedProperties: [markerProperty(marker)] };
		const attempt = async (): Promise<string> =>
			(await context.graph.json<{ id: string }>({ method: 'POST', path: `${calendarPath(context, calendarId)}/events`, body, ...signalOf(context) })).id;
		return await createOnce(attempt, () => markers.find(calendarId, marker.key), context.ambient, context.signal);
	};
	const now = context.ambient.now();
	const request = eventRequest(event, now);
	try {
		return { id: await post(request), fidelity: request.fidelity };
	} catch (error) {
		if (!isFailure(error, 'invalid', 'corrupt')) throw error;
		const careful = eventRequest(event, now, true);
		if (JSON.stringify(careful.body) === JSON.stringify(request.body)) throw error;
		return { id: await post(careful), fidelity: [...careful.fidelity, EVENT_NOTES.careful(error.code ?? error.kind)] };
	}
}

/** Attachments, then the series' occurrences, which may take over attachments, then theirs. @returns fidelity sentences. */
async function complete(
	context: RestoreContext,
	item: RestorableItem,
	document: EventDocument,
	request: EventRequest,
	id: string,
	isNew: boolean,
): Promise<string[]> {
	const own = filesOf(item, document, document.event.id);
	const files = [...own.files, ...wholeText(request, document.event)];
	if (files.length > 0) await settleFiles(context, id, files, isNew);
	if (!isMaster(document.event)) return own.fidelity;
	return [...own.fidelity, ...(await repair(context, item, document, id, isNew))];
}

function wholeText({ wholeText: text }: EventRequest, event: GraphEvent): EventFile[] {
	if (text === undefined) return [];
	const isHtml = event.body?.contentType !== 'text';
	const bytes = Buffer.from(text);
	const open = async function* (): AsyncGenerator<Uint8Array> {
		yield await Promise.resolve(bytes);
	};
	return [{ name: isHtml ? 'text.html' : 'text.txt', contentType: isHtml ? 'text/html' : 'text/plain', isInline: false, content: { sizeBytes: bytes.length, open } }];
}

/** Cancelled days are deleted first: an occurrence cannot be moved past its neighbours. */
async function repair(context: RestoreContext, item: RestorableItem, document: EventDocument, id: string, isNew: boolean): Promise<string[]> {
	const plan = planRepair(document);
	const notes = document.window ? [EVENT_NOTES.window(document.window.from, document.window.to)] : [];
	if (plan.windows.length === 0) return notes;
	const steps = repairSteps(document, plan, await instancesOf(context, id, plan.windows), context.ambient.now());
	for (const instanceId of steps.deletions) await ignoreMissing(context.graph.json({ method: 'DELETE', path: eventPath(context, instanceId), ...signalOf(context) }));

	// What a neighbour was in the way of goes once the neighbour has moved.
	let refused = steps.changes.filter(({ patch }) => patch !== null);
	for (let round = 1; round <= 2 && refused.length > 0; round += 1) {
		const again: typeof refused = [];
		for (const change of refused) {
			stopIfCancelled(context);
			try {
				await context.graph.json({ method: 'PATCH', path: eventPath(context, change.instanceId), body: change.patch ?? {}, ...signalOf(context) });
			} catch (error) {
				if (!isFailure(error, 'invalid', 'conflict', 'corrupt')) throw error;
				again.push(change);
			}
		}
		refused = again;
	}
	const hasOwnFiles = document.attachments.some(({ of }) => of === document.event.id);
	for (const { instanceId, exception } of steps.changes) {
		const { files, fidelity } = filesOf(item, document, exception.id);
		if (files.length > 0 || hasOwnFiles) await settleFiles(context, instanceId, files, false);
		notes.push(...fidelity);
	}
	// In a series that an interrupted restore had begun, what is missing may have been moved away by it.
	const lost = [...refused.map(({ day }) => day), ...(isNew ? steps.missing : []), ...plan.placeless.map(({ start }) => start?.dateTime.slice(0, 10) ?? '?')];
	if (lost.length > 0) notes.push(EVENT_NOTES.occurrences([...new Set(lost)].sort()));
	return notes;
}

async function instancesOf(context: RestoreContext, id: string, windows: readonly { from: string; to: string }[]): Promise<GraphEvent[]> {
	const query = '$select=id,type,start,end,originalStart,isAllDay&$top=100';
	const requests: BatchRequest[] = windows.map(({ from, to }, index) => ({
		id: String(index),
		method: 'GET',
		path: `${eventPath(context, id)}/instances?startDateTime=${from}&endDateTime=${to}&${query}`,
		headers: { ...EVENT_HEADERS },
	}));
	for (let tries = 1; ; tries += 1) {
		try {
			return await readInstancePages(context, requests);
		} catch (error) {
			// A series made a moment ago may not be found everywhere at once.
			if (!isFailure(error, 'notFound') || tries >= TRIES) throw error;
			await context.ambient.sleep(1_000 * tries, context.signal);
		}
	}
}

async function readInstancePages(context: RestoreContext, requests: readonly BatchRequest[]): Promise<GraphEvent[]> {
	const found: GraphEvent[] = [];
	for await (const answer of context.graph.batch(requests, signalOf(context))) {
		const result = batchResult(answer);
		if (!result.ok) throw result.failure;
		const page = result.body as { value?: GraphEvent[]; '@odata.nextLink'?: string };
		found.push(...(page.value ?? []));
		const next = page['@odata.nextLink'];
		if (next !== undefined) for await (const more of context.graph.pages<GraphEvent>({ path: next, ...signalOf(context) })) found.push(...more);
	}
	return found;
}

/** From here on a second restore finds it whole. */
async function markDone(context: RestoreContext, id: string, markerKey: string): Promise<void> {
	await settled(context, () =>
		context.graph.json({
			method: 'PATCH',
			path: eventPath(context, id),
			body: { singleValueExtendedProperties: [markerProperty({ key: markerKey, state: 'done' })] },
			...signalOf(context),
		}),
	);
}

/** Again for a while if an event made a moment ago is not found everywhere yet. */
async function settled<T>(context: RestoreContext, work: () => Promise<T>): Promise<T> {
	for (let tries = 1; ; tries += 1) {
		try {
			return await work();
		} catch (error) {
			if (!isFailure(error, 'notFound') || tries >= TRIES) throw error;
			await context.ambient.sleep(1_000 * tries, context.signal);
		}
	}
}

/** Only once the new one stands, and only of events that concern nobody else: Exchange puts it into Deleted Items. */
async function remove(context: RestoreContext, id: string | undefined): Promise<void> {
	if (id !== undefined) await ignoreMissing(context.graph.json({ method: 'DELETE', path: eventPath(context, id), ...signalOf(context) }));
}

/** Deleted already: by a request whose answer was lost. With immutable ids Graph says so by a 403, too (msgraph-sdk-dotnet #3047). */
async function ignoreMissing(request: Promise<unknown>): Promise<void> {
	try {
		await request;
	} catch (error) {
		const isGone = isFailure(error, 'notFound') || (isFailure(error, 'denied') && error.code === 'ErrorCannotDeleteObject');
		if (!isGone) throw error;
	}
}

function reasonOf(reason: string | undefined): { reason?: string } {
	return reason === undefined ? {} : { reason };
}

function outcome(
	item: RestorableItem,
	target: TargetCalendar,
	kind: RestoreOutcomeKind,
	more: { newId?: string; reason?: string; fidelity?: string[] },
): RestoreOutcome {
	const { id, type, name, parent } = item;
	return { id, type, name, ...(parent === undefined ? {} : { parent }), outcome: kind, targetPath: target.path, ...more, fidelity: more.fidelity ?? [] };
}
