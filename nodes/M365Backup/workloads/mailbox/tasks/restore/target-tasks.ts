import { isFailure } from '../../../../base/failure';
import { signalOf, type RestoreContext } from '../../restore/restore-context';
import type { GraphTask } from '../graph-task';
import { detailKeys, fingerprint } from './fingerprint';
import { targetTasksPath } from './target-lists';

/** A task that is in a target list already. */
export interface ThereTask {
	id: string;
	print: string;
	/** Steps and links; undefined if Graph does not show them in lists. */
	details: string[] | undefined;
	createdMs: number;
}

/** The tasks of one target list, read once. What is there is few fields a task: To Do holds thousands, not millions. */
export class TargetTasks {
	private readonly byId = new Map<string, ThereTask>();

	private constructor(
		private readonly context: RestoreContext,
		private readonly listId: string | null,
	) {}

	static async read(context: RestoreContext, listId: string | null): Promise<TargetTasks> {
		const tasks = new TargetTasks(context, listId);
		if (listId !== null) for await (const task of allTasks(context, listId)) tasks.byId.set(task.id, thereTask(task));
		return tasks;
	}

	get(id: string): ThereTask | undefined {
		return this.byId.get(id);
	}

	all(): Iterable<ThereTask> {
		return this.byId.values();
	}

	/** The answer to a creation came: it is no unknown one any more. */
	made(id: string, print: string): void {
		this.byId.set(id, { id, print, details: [], createdMs: Number.MAX_SAFE_INTEGER });
	}

	/** Whether a creation whose answer was lost took place: a task that nobody knew, with these very fields. */
	async findNew(print: string): Promise<{ id: string } | undefined> {
		if (this.listId === null) return undefined;
		for await (const task of allTasks(this.context, this.listId)) {
			if (!this.byId.has(task.id) && fingerprint(task) === print) return { id: task.id };
		}
		return undefined;
	}
}

function thereTask(task: GraphTask): ThereTask {
	return {
		id: task.id,
		print: fingerprint(task),
		details: task.checklistItems === undefined ? undefined : detailKeys(task),
		createdMs: Date.parse(task.createdDateTime ?? '1970-01-01T00:00:00Z'),
	};
}

async function* allTasks(context: RestoreContext, listId: string): AsyncGenerator<GraphTask> {
	const path = `${targetTasksPath(context, listId)}?$top=100`;
	const read = (query: string): AsyncIterable<GraphTask[]> => context.graph.pages<GraphTask>({ path: `${path}${query}`, ...signalOf(context) });
	let isRead = false;
	try {
		for await (const page of read('&$expand=checklistItems,linkedResources')) {
			isRead = true;
			yield* page;
		}
	} catch (error) {
		if (isRead || !isFailure(error, 'invalid')) throw error;
		for await (const page of read('')) yield* page;
	}
}
