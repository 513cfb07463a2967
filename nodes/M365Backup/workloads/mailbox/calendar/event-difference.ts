import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import type { JsonObject, JsonValue } from '../../../base/json';
import type { RestoreContext } from '../restore/restore-context';
import type { EventDocument } from './event-document';
import { eventRequest } from './event-request';
import type { GraphEvent } from './graph-event';
import { isMaster } from './graph-event';
import { concernsOthers } from './living-event';
import type { LoadedEvent } from './load-events';
import { loadEvents } from './load-events';

/** A living event, held against its backup. */
export interface Comparison {
	/** It says something else. */
	differs: boolean;
	/** People were asked to it, or to some of its days only: changing or deleting any of it writes to them. */
	hasGuests: boolean;
}

/**
 * Compared is what a restore would make of the living event and of its backup, exceptions, cancelled days and attachments
 * included.
 *
 * @throws Failure if the living event cannot be read.
 */
export async function compareWithLiving(context: RestoreContext, document: EventDocument, living: GraphEvent): Promise<Comparison> {
	const loaded = await load(context, living.id, isMaster(living));
	if (!loaded) return { differs: true, hasGuests: false };
	if (isFailure(loaded)) throw loaded;
	const now = context.ambient.now();
	return {
		differs: JSON.stringify(shown(document, now)) !== JSON.stringify(shown(loaded.document, now)),
		hasGuests: concernAny(loaded.document),
	};
}

/**
 * Whether anybody would hear of a change of this event or of one of its days. Of one that is not found: no.
 *
 * @throws Failure if it cannot be read.
 */
export async function hasGuests(context: RestoreContext, graphId: string, isSeries: boolean): Promise<boolean> {
	const loaded = await load(context, graphId, isSeries);
	if (!loaded || isFailure(loaded, 'notFound')) return false;
	if (isFailure(loaded)) throw loaded;
	return concernAny(loaded.document);
}

async function load(context: RestoreContext, graphId: string, isSeries: boolean): Promise<LoadedEvent | Failure | undefined> {
	const reader = { graph: context.graph, userPath: context.userPath, ambient: context.ambient, lacksExceptions: false };
	return (await loadEvents(reader, [graphId], () => isSeries, context.signal)).get(graphId);
}

/** A series may be nobody else's business but for single days. */
function concernAny({ event, exceptions }: EventDocument): boolean {
	return [event, ...exceptions].some(concernsOthers);
}

function shown(document: EventDocument, now: Date): JsonObject {
	const { event, exceptions, cancelled, attachments } = document;
	const says = (one: GraphEvent): JsonObject => sorted({ ...eventRequest(one, now).body, isReminderOn: one.isReminderOn ?? false });
	return {
		event: says(event),
		exceptions: [...exceptions].map((one) => ({ original: one.originalStart ?? '', ...says({ ...one, recurrence: null }) })).sort((a, b) => (a.original < b.original ? -1 : 1)),
		cancelled: [...cancelled].sort(),
		attachments: attachments.map(({ name, size, kind }) => `${kind} ${name} ${size ?? ''}`).sort(),
	};
}

/** The backup's keys are sorted, Graph's are not. */
function sorted<T extends JsonValue>(value: T): T {
	if (Array.isArray(value)) return value.map(sorted) as T;
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)])) as T;
}
