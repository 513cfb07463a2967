import { isFailure, toFailure, type Failure } from '../../../base/failure';
import type { RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../../restorer';
import { partRootId } from '../mailbox-part';
import { inFlight } from '../../in-flight';
import { partRestorer } from '../restore/part-restorer';
import { stopIfCancelled, type RestoreContext } from '../restore/restore-context';
import { failed } from '../restore/restore-message';
import { isWithoutMailbox } from '../restore-mail';
import type { MailboxRestorerOptions } from '../mailbox-options';
import { TASK_TYPE } from './graph-task';
import { planTasks, type PlannedTask } from './restore/plan-tasks';
import { carryOutTask, TaskWork } from './restore/restore-task';
import { TargetLists, type TargetList } from './restore/target-lists';
import { TASKS_PART } from './tasks-context';

/** Graph works on four requests of one mailbox at a time (throttling-limits, Outlook). */
const IN_FLIGHT = 4;

/** Gives one mailbox its To Do lists and tasks back. See DESIGN §6: tasks by field fingerprint, counted. */
export function tasksRestorer(options: MailboxRestorerOptions): Restorer {
	return partRestorer(options, ['folder', TASK_TYPE], restoreTasks);
}

async function* restoreTasks(context: RestoreContext, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const news: RestoreOutcome[] = [];
	const items = await byList(context, request.items);
	const selected = [...request.selectedFolders].filter((id) => id !== partRootId(TASKS_PART) && request.folders.has(id)).sort();
	if (items.size === 0 && selected.length === 0) return;

	const { folders, destination, preview } = request;
	let lists: TargetLists;
	try {
		lists = await TargetLists.read({ context, folders, destination, preview, report: (outcome) => news.push(outcome) });
	} catch (error) {
		const failure = ownFailure(error);
		for (const waiting of items.values()) yield* waiting.map((item) => failed(item, [], failure));
		return;
	}
	const work = new TaskWork(context, preview);
	// In a fixed order: which list goes where must not depend on what was selected first.
	const wanted = [...new Set([...items.keys(), ...selected])].sort();
	lists.claimLiving(wanted);
	for (const id of wanted) {
		stopIfCancelled(context);
		const waiting = items.get(id) ?? [];
		let target: TargetList;
		try {
			target = await lists.target(id);
		} catch (error) {
			const failure = ownFailure(error);
			const folder = folders.get(id);
			if (folder && request.selectedFolders.has(id)) yield failed({ ...folder, type: 'folder' }, [], failure);
			yield* waiting.map((item) => failed(item, [], failure));
			continue;
		}
		yield* news.splice(0);
		yield* intoList(work, request, target, waiting);
	}
}

async function* intoList(work: TaskWork, request: RestoreRequest, target: TargetList, items: readonly RestorableItem[]): AsyncGenerator<RestoreOutcome> {
	if (items.length === 0) return;
	const answered = new Set<string>();
	try {
		const plans = planTasks(work.context, target, items, request.conflictPolicy);
		for await (const outcome of inFlight(plans, IN_FLIGHT, (planned: PlannedTask) => carryOutTask(work, planned))) {
			answered.add(outcome.id);
			yield outcome;
		}
	} catch (error) {
		// The list cannot be read: that is the outcome of its tasks, and other lists go on.
		const failure = ownFailure(error);
		yield* items.filter(({ id }) => !answered.has(id)).map((item) => failed(item, target.path, failure));
	}
}

/** @throws what ends the whole restore: cancelled, or no such mailbox */
function ownFailure(error: unknown): Failure {
	const failure = toFailure(error);
	if (isFailure(failure, 'cancelled') || isWithoutMailbox(failure)) throw failure;
	return failure;
}

/**
 * The tasks by the list that they were in. Equal tasks are counted, which needs those of a list together; what is kept
 * of each is its catalog line, not its content.
 */
async function byList(context: RestoreContext, items: AsyncIterable<RestorableItem>): Promise<Map<string, RestorableItem[]>> {
	const lists = new Map<string, RestorableItem[]>();
	for await (const item of items) {
		stopIfCancelled(context);
		const key = item.parent ?? '';
		const list = lists.get(key);
		if (list) list.push(item);
		else lists.set(key, [item]);
	}
	return lists;
}

