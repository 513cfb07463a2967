import { isFailure } from '../../../base/failure';
import type { JsonObject, JsonValue } from '../../../base/json';
import type { RestoreContext } from '../restore/restore-context';
import type { EventDocument } from './event-document';
import { eventRequest } from './event-request';
import type { GraphEvent } from './graph-event';
import { isMaster } from './graph-event';
import { loadEvents } from './load-events';

/**
 * Whether a living event says something else than its backup: compared is what a restore would make of the one and of the
 * other, exceptions, cancelled days and attachments included.
 *
 * @throws Failure if the living event cannot be read.
 */
export async function differsFromLiving(context: RestoreContext, document: EventDocument, living: GraphEvent): Promise<boolean> {
	const reader = { graph: context.graph, userPath: context.userPath, ambient: context.ambient, lacksExceptions: false };
	const loaded = (await loadEvents(reader, [living.id], () => isMaster(living), context.signal)).get(living.id);
	if (!loaded) return true;
	if (isFailure(loaded)) throw loaded;
	const now = context.ambient.now();
	return JSON.stringify(shown(document, now)) !== JSON.stringify(shown(loaded.document, now));
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
