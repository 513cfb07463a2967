import { isFailure } from '../../../base/failure';
import { batchResult, type BatchRequest } from '../../../graph/client';
import { isGone } from '../../is-gone';
import { itemReason } from '../../item-reason';
import type { Change, KnownItem } from '../../workload';
import { PART_TITLES } from '../mailbox-part';
import { taskEtag, taskMeta, taskName, taskTitle, taskVersion, TASK_TYPE, type GraphTask } from './graph-task';
import { graphIdOf, scopedId, taskPath, TASKS_PART, type TasksContext } from './tasks-context';

/** What an entry of a living task means for the catalog: null if it says the same already. */
export function decideTask(context: TasksContext, listId: string, task: GraphTask, known: KnownItem | undefined): Change | null {
	if (known?.hasContent && known.failedAttempts === 0 && known.parent === scopedId(listId)) {
		const etag = taskEtag(task);
		if (etag !== undefined && etag === known.etag) return null;
	}
	return wholeTask(context, listId, task, known);
}

/** Its line anew, and its content. */
export function wholeTask(context: TasksContext, listId: string, task: GraphTask, known: KnownItem | undefined): Change {
	const id = scopedId(task.id);
	const etag = taskEtag(task);
	return {
		kind: 'item',
		id,
		type: TASK_TYPE,
		parent: scopedId(listId),
		name: taskName(task),
		...(task.lastModifiedDateTime === undefined ? {} : { modified: task.lastModifiedDateTime }),
		...(etag === undefined ? {} : { etag }),
		meta: taskMeta(task),
		isNew: known === undefined,
		fetch: {
			id,
			folderPath: [PART_TITLES[TASKS_PART], context.lists.get(listId)?.name ?? ''],
			title: taskTitle(task),
			extension: '.json',
			version: taskVersion(task),
			hints: { list: listId },
		},
	};
}

/** A question about a task: where it was last seen. */
export interface TaskQuestion {
	listId: string;
	taskId: string;
}

/**
 * Asks for tasks themselves, twenty to a batch: those that delta reported as removed or too partially, those that a
 * complete listing did not show, and those that failed before. A task that was moved to another list is another one
 * there, with an id of its own (todotask resource), so that 404 means gone.
 */
export async function askTasks(context: TasksContext, questions: readonly TaskQuestion[], known: ReadonlyMap<string, KnownItem>, signal: AbortSignal): Promise<Change[]> {
	const changes: Change[] = [];
	const requests = questions.map(({ listId, taskId }, index): BatchRequest => ({ id: String(index), method: 'GET', path: taskPath(context, listId, taskId) }));
	for await (const answer of context.graph.batch(requests, { signal })) {
		const question = questions[Number(answer.id)];
		if (!question) continue;
		const id = scopedId(question.taskId);
		const before = known.get(id);
		const result = batchResult(answer);
		if (result.ok) {
			const change = decideTask(context, question.listId, result.body as GraphTask, before);
			if (change) changes.push(change);
		} else if (isGone(result.failure)) {
			if (before) changes.push({ kind: 'gone', id });
		} else if (isFailure(result.failure, 'cancelled')) {
			throw result.failure;
		} else {
			const parent = before?.parent ?? scopedId(question.listId);
			changes.push({ kind: 'failed', id, type: TASK_TYPE, name: before?.name ?? question.taskId, parent, reason: itemReason(result.failure), failure: result.failure });
		}
	}
	return changes;
}

/** Questions about items by what the catalog says of their list. Without a list there is nowhere to ask. */
export function questionsAbout(ids: readonly string[], known: ReadonlyMap<string, KnownItem>): TaskQuestion[] {
	return ids.flatMap((id) => {
		const parent = known.get(id)?.parent;
		return parent === undefined ? [] : [{ listId: graphIdOf(parent), taskId: graphIdOf(id) }];
	});
}
