import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { GraphClient } from '../../../graph/client';
import type { RestorableItem } from '../../restorer';
import type { ItemComparison } from '../../scratch';
import { TASK_NOTES } from '../tasks/fidelity';
import { textOf, type GraphChecklistItem, type GraphLinkedResource, type GraphTask, type GraphTaskAttachment } from '../tasks/graph-task';
import { detailKeys } from '../tasks/restore/fingerprint';
import { readDocument } from '../tasks/restore/task-document';
import { partsOf } from '../tasks/restore/task-files';
import { compareFiles, valueOf } from './compare-files';
import { difference } from './same-text';

/**
 * Reads a task back with its steps, links and files, and holds it against the backup. Not compared is what a restore
 * leaves out on purpose: reminders of the past, the repetition of what is completed, times of creation and completion.
 *
 * @param path `/users/U/todo/lists/L/tasks/T`
 */
export async function compareTask(graph: GraphClient, path: string, item: RestorableItem, said: readonly string[], signal: AbortSignal): Promise<ItemComparison> {
	const document = await readDocument(item);
	const there = await readTask(graph, path, signal);
	const differences: string[] = [];
	const compare = (what: string, value: (task: GraphTask) => string): void => {
		const [was, is] = [value(document), value(there)];
		if (was !== is) differences.push(difference(what, was, is));
	};
	compare('the title', ({ title }) => (title ?? '').trim());
	compare('the text', ({ body }) => textOf(body));
	compare('the status', ({ status }) => status ?? 'notStarted');
	compare('the importance', ({ importance }) => importance ?? 'normal');
	compare('the categories', ({ categories }) => [...(categories ?? [])].sort().join(', '));
	compare('the due date', ({ dueDateTime }) => dueDateTime?.dateTime.slice(0, 10) ?? '');
	compare('the start date', ({ startDateTime }) => startDateTime?.dateTime.slice(0, 10) ?? '');
	if (document.status !== 'completed' && !said.includes(TASK_NOTES.repetitionRefused)) compare('the repetition', ({ recurrence }) => repetition(recurrence));
	compare('the steps and links', (task) => detailKeys(task).join(', '));

	const stored = partsOf(document, item.parts ?? new Map()).flatMap(({ name, content }) => (content ? [{ name, sha256: content.sha256 }] : []));
	if (stored.length === 0) return { differences, notCompared: [] };
	const listed: GraphTaskAttachment[] = [];
	for await (const page of graph.pages<GraphTaskAttachment>({ path: `${path}/attachments`, signal })) listed.push(...page);
	const files = await compareFiles(stored, listed.map(({ id, name }) => ({ name: name ?? '', open: valueOf(graph, `${path}/attachments/${encodeURIComponent(id)}`) })), said, signal);
	return { differences: [...differences, ...files.differences], notCompared: files.notCompared };
}

/** With steps and links, for which not every service takes `$expand`. */
async function readTask(graph: GraphClient, path: string, signal: AbortSignal): Promise<GraphTask> {
	try {
		const task = await graph.json<GraphTask>({ path: `${path}?$expand=checklistItems,linkedResources`, signal });
		if (task.checklistItems && task.linkedResources) return task;
	} catch (error) {
		if (!isFailure(error, 'invalid')) throw error;
	}
	const children = async <T>(of: string): Promise<T[]> => {
		const found: T[] = [];
		for await (const page of graph.pages<T>({ path: `${path}/${of}`, signal })) found.push(...page);
		return found;
	};
	const [checklistItems, linkedResources] = [await children<GraphChecklistItem>('checklistItems'), await children<GraphLinkedResource>('linkedResources')];
	return { ...(await graph.json<GraphTask>({ path, signal })), checklistItems, linkedResources };
}

function repetition(recurrence: JsonObject | null | undefined): string {
	const { type, interval, daysOfWeek, dayOfMonth, month, index } = (recurrence?.['pattern'] ?? {}) as JsonObject;
	return type === undefined ? '' : JSON.stringify([type, interval, daysOfWeek ?? [], dayOfMonth ?? 0, month ?? 0, index ?? 'first']);
}
