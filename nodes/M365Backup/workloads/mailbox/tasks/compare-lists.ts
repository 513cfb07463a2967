import { isFailure, toFailure } from '../../../base/failure';
import { batchResult, type BatchRequest } from '../../../graph/client';
import type { ChangePage, KnownItems, ListingNews } from '../../workload';
import { decideTask, wholeTask } from './decide-task';
import { detailsDigest, TASK_TYPE, type GraphTask } from './graph-task';
import { listPath, scopedId, type TasksContext } from './tasks-context';

const PAGE_SIZE = 100;

/**
 * Lists tasks with their steps and links and compares them with the catalog: finds changes of steps that delta does not
 * report (whether it does is documented nowhere), tasks that it lost, and, where `all` are listed, those that are not
 * there any more. The first pages of twenty lists are one call.
 *
 * @param all False: open tasks alone, whose steps people still tick.
 * @returns false if something could not be compared: then it is due again.
 */
export async function* compareLists(context: TasksContext, known: KnownItems, all: boolean, signal: AbortSignal): AsyncGenerator<ChangePage, boolean> {
	const listIds = [...context.lists.keys()];
	const requests = listIds.map((id): BatchRequest => ({ id, method: 'GET', path: firstPage(context, id, all) }));
	let isComplete = true;
	for await (const answer of context.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) {
			const through = yield* compareList(context, known, answer.id, result.body as TaskPage, all, signal);
			isComplete &&= through;
		} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		// Only a comparison: what delta said still stands. A request that Graph refuses as such is not asked again each run.
		else if (isFailure(result.failure, 'invalid')) context.expandWorks = false;
		// What is refused or gone will be so in an hour, too; its scope says so.
		else if (!isFailure(result.failure, 'denied', 'notFound')) isComplete = false;
	}
	return isComplete;
}

interface TaskPage {
	value: GraphTask[];
	'@odata.nextLink'?: string;
}

function firstPage(context: TasksContext, listId: string, all: boolean): string {
	const filter = all ? '' : `&$filter=${encodeURIComponent("status ne 'completed'")}`;
	return `${listPath(context, listId)}/tasks?$top=${PAGE_SIZE}${context.expandWorks ? '&$expand=checklistItems,linkedResources' : ''}${filter}`;
}

async function* compareList(context: TasksContext, known: KnownItems, listId: string, first: TaskPage, all: boolean, signal: AbortSignal): AsyncGenerator<ChangePage, boolean> {
	const news = (state: ListingNews['state'], tasks: readonly GraphTask[]): { listings?: ListingNews[] } =>
		all ? { listings: [{ parent: scopedId(listId), type: TASK_TYPE, state, seen: tasks.map(({ id }) => scopedId(id)) }] } : {};
	yield { changes: [], ...news('restarted', []) };
	const compared = async (tasks: readonly GraphTask[]): Promise<ChangePage> => ({ ...(await compareTasks(context, known, listId, tasks)), ...news('going', tasks) });
	yield await compared(first.value);
	try {
		const next = first['@odata.nextLink'];
		if (next !== undefined) for await (const tasks of context.graph.pages<GraphTask>({ path: next, signal })) yield await compared(tasks);
	} catch (error) {
		const failure = toFailure(error);
		if (!isFailure(failure, 'denied', 'notFound', 'transient', 'throttled', 'corrupt')) throw failure;
		yield { changes: [], ...news('abandoned', []) };
		return false;
	}
	yield { changes: [], ...news('finished', []) };
	return true;
}

async function compareTasks(context: TasksContext, known: KnownItems, listId: string, tasks: readonly GraphTask[]): Promise<ChangePage> {
	const before = await known.lookUp(tasks.map(({ id }) => scopedId(id)));
	const changes = tasks.flatMap((task) => {
		const item = before.get(scopedId(task.id));
		const change = decideTask(context, listId, task, item);
		if (change) return [change];
		const differs = task.checklistItems !== undefined && (detailsDigest(task) ?? null) !== (item?.meta['details'] ?? null);
		return differs ? [wholeTask(context, listId, task, item)] : [];
	});
	return { changes };
}
