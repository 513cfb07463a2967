import { isFailure } from '../../../../base/failure';
import type { JsonObject } from '../../../../base/json';
import type { GraphMethod } from '../../../../graph/call';
import { signalOf } from '../../restore/restore-context';
import { TASK_NOTES } from '../fidelity';
import type { GraphChecklistItem, GraphLinkedResource, GraphTask, GraphTaskAttachment } from '../graph-task';
import { linkKey, stepKey, without } from './fingerprint';
import { addChildren, type ChildrenInput } from './task-children';
import { differingFields, wantedFields } from './task-request';

/**
 * Gives a living task back what the backup holds: its fields, steps and links. Files that came since stay: To Do has no
 * bin for them. The task itself stays the same, so that nothing that Graph does not show is lost.
 */
export async function setBack(input: ChildrenInput): Promise<{ changed: boolean; notes: string[] }> {
	const { context, path, task, preview } = input;
	const living = await context.graph.json<GraphTask>({ path, ...signalOf(context) });
	const { fields, notes } = wantedFields(task, context.ambient.now());
	// A reminder that is over on both sides needs nothing; one that is still to come, but was not then, goes.
	const differing = differingFields(living, fields);
	let changed = Object.keys(differing).length > 0;
	if (changed && !preview) {
		// Completing a task that repeats makes the next one.
		if (differing['status'] === 'completed' && living.recurrence) await send(input, 'PATCH', '', { recurrence: null });
		await send(input, 'PATCH', '', differing);
	}
	const extra = (await settleSteps(input)) + (await removeExtraLinks(input));
	const children = await addChildren(input);
	changed ||= extra > 0 || children.added > 0;
	const files = living.hasAttachments === true ? await all<GraphTaskAttachment>(input, 'attachments') : [];
	const kept = without(files.map(({ name }) => name ?? ''), (task.attachments ?? []).map(({ name }) => name ?? ''));
	return { changed, notes: [...notes, ...children.notes, ...(kept.length > 0 ? [TASK_NOTES.filesStay] : [])] };
}

async function send({ context, path }: ChildrenInput, method: GraphMethod, below: string, body?: JsonObject): Promise<void> {
	try {
		await context.graph.json({ method, path: `${path}${below}`, ...(body === undefined ? {} : { body }), ...signalOf(context) });
	} catch (error) {
		// Gone already is what was wanted.
		if (method !== 'DELETE' || !isFailure(error, 'notFound')) throw error;
	}
}

async function all<T>({ context, path }: ChildrenInput, kind: string): Promise<T[]> {
	const found: T[] = [];
	for await (const page of context.graph.pages<T>({ path: `${path}/${kind}`, ...signalOf(context) })) found.push(...page);
	return found;
}

/** Steps that came since go; those that were ticked or unticked since are as they were. @returns how many */
async function settleSteps(input: ChildrenInput): Promise<number> {
	const waiting = [...(input.task.checklistItems ?? [])];
	let settled = 0;
	for (const step of await all<GraphChecklistItem>(input, 'checklistItems')) {
		const at = waiting.findIndex((one) => stepKey(one) === stepKey(step));
		const [wanted] = at < 0 ? [] : waiting.splice(at, 1);
		const isChecked = wanted?.isChecked === true;
		if (wanted && isChecked === (step.isChecked === true)) continue;
		settled += 1;
		if (input.preview) continue;
		const below = `/checklistItems/${encodeURIComponent(step.id ?? '')}`;
		if (wanted) await send(input, 'PATCH', below, { isChecked });
		else await send(input, 'DELETE', below);
	}
	return settled;
}

async function removeExtraLinks(input: ChildrenInput): Promise<number> {
	const waiting = (input.task.linkedResources ?? []).map(linkKey);
	let removed = 0;
	for (const link of await all<GraphLinkedResource>(input, 'linkedResources')) {
		const at = waiting.indexOf(linkKey(link));
		if (at >= 0) {
			waiting.splice(at, 1);
			continue;
		}
		removed += 1;
		if (!input.preview) await send(input, 'DELETE', `/linkedResources/${encodeURIComponent(link.id ?? '')}`);
	}
	return removed;
}
