import { Failure, isFailure, toFailure } from '../../../../base/failure';
import type { JsonObject } from '../../../../base/json';
import type { RestorableContent, RestorableItem, RestoreOutcome, RestoreOutcomeKind } from '../../../restorer';
import { createOnce } from '../../restore/create-once';
import { OneAtATime } from '../../restore/one-at-a-time';
import { signalOf, stopIfCancelled, type RestoreContext } from '../../restore/restore-context';
import { failed } from '../../restore/restore-message';
import { TASK_NOTES } from '../fidelity';
import type { GraphTask } from '../graph-task';
import type { PlannedTask } from './plan-tasks';
import { setBack } from './set-back';
import { addChildren, linkBody } from './task-children';
import { readDocument, type TaskDocument } from './task-document';
import { createFields } from './task-request';
import { targetTasksPath } from './target-lists';

/** What the tasks of one restore share. */
export class TaskWork {
	/** Once Microsoft 365 refuses to let this application create tasks, it refuses them all. */
	refusal: Failure | undefined;
	private readonly byPrint = new Map<string, OneAtATime>();

	constructor(
		readonly context: RestoreContext,
		readonly preview: boolean,
	) {}

	/** Equal tasks are made one after the other: a lost answer is looked for by what the task looks like. */
	turn(print: string): OneAtATime {
		const turns = this.byPrint.get(print) ?? new OneAtATime();
		this.byPrint.set(print, turns);
		return turns;
	}
}

/** Carries a plan out, or says what that would do. Never throws for what concerns this task alone; `cancelled` is thrown. */
export async function carryOutTask(work: TaskWork, planned: PlannedTask): Promise<RestoreOutcome> {
	const { item, target } = planned;
	try {
		stopIfCancelled(work.context);
		return await act(work, planned);
	} catch (error) {
		const failure = toFailure(error);
		stopIfCancelled(work.context);
		if (isFailure(failure, 'cancelled')) throw failure;
		return failed(item, target.path, failure);
	}
}

const NO_PARTS: ReadonlyMap<string, RestorableContent> = new Map();

async function act(work: TaskWork, planned: PlannedTask): Promise<RestoreOutcome> {
	const { context, preview } = work;
	const { item, target, plan } = planned;
	const path = (id: string): string => `${targetTasksPath(context, target.id ?? '')}/${encodeURIComponent(id)}`;
	switch (plan.do) {
		case 'nothing':
			return outcome(item, target.path, 'skipped', { newId: plan.id, reason: plan.reason });
		case 'fail':
			return failed(item, target.path, plan.failure);
		case 'complete': {
			const task = await readDocument(item);
			const { added, notes } = await addChildren({ context, path: path(plan.id), task, parts: item.parts ?? NO_PARTS, isNew: false, preview });
			const said = added > 0 ? 'It had been restored in part and is complete now' : 'An equal task is there already';
			return outcome(item, target.path, added > 0 ? 'created' : 'skipped', { newId: plan.id, reason: said, fidelity: notes });
		}
		case 'setBack': {
			const task = await readDocument(item);
			const { changed, notes } = await setBack({ context, path: path(plan.id), task, parts: item.parts ?? NO_PARTS, isNew: false, preview });
			const said = changed ? 'It was set back to what the backup holds' : 'It is as the backup holds it';
			return outcome(item, target.path, changed ? 'replaced' : 'skipped', { newId: plan.id, reason: said, fidelity: notes });
		}
		case 'create':
			return await create(work, planned, plan.print);
	}
}

async function create(work: TaskWork, { item, target, there }: PlannedTask, print: string): Promise<RestoreOutcome> {
	const { context, preview } = work;
	const task = await readDocument(item);
	const { fields, notes } = createFields(task, context.ambient.now());
	if (preview || target.id === null) return outcome(item, target.path, 'created', { fidelity: notes });
	if (work.refusal) throw work.refusal;
	const tasksPath = targetTasksPath(context, target.id);
	const links = (task.linkedResources ?? []).map(linkBody);
	const body = links.length === 0 ? fields : { ...fields, linkedResources: links };
	const made = await work.turn(print).run(async () => {
		const created = await createOnce<GraphTask & { wasFound?: true }>(
			() => postTask(context, tasksPath, body, notes),
			async () => {
				const found = await there.findNew(print);
				return found && { ...found, wasFound: true };
			},
			context.ambient,
			context.signal,
		).catch((error: unknown) => {
			throw refused(work, toFailure(error));
		});
		there.made(created.id, print);
		return created;
	});
	const path = `${tasksPath}/${encodeURIComponent(made.id)}`;
	const children = await addChildren({ context, path, task, parts: item.parts ?? NO_PARTS, isNew: made.wasFound !== true, preview: false });
	return outcome(item, target.path, 'created', { newId: made.id, fidelity: [...notes, ...completionNote(task, made, notes), ...children.notes] });
}

/** What Graph may refuse of a task, and what a result then says; a task without it is better than none. */
const DISPENSABLE = [
	['completedDateTime', TASK_NOTES.completionRefused],
	['recurrence', TASK_NOTES.repetitionRefused],
] as const;

async function postTask(context: RestoreContext, path: string, fields: JsonObject, notes: string[]): Promise<GraphTask> {
	const body = { ...fields };
	const waiting = DISPENSABLE.filter(([name]) => name in body);
	for (;;) {
		try {
			return await context.graph.json<GraphTask>({ method: 'POST', path, body, ...signalOf(context) });
		} catch (error) {
			const next = isFailure(error, 'invalid') ? waiting.shift() : undefined;
			if (!next) throw error;
			Reflect.deleteProperty(body, next[0]);
			if (!notes.includes(next[1])) notes.push(next[1]);
		}
	}
}

/** The permission is named; that it may be there and yet not suffice is known of To Do alone. */
function refused(work: TaskWork, failure: Failure): Failure {
	if (failure.kind !== 'denied') return failure;
	const advice = failure.nextStep === undefined ? '' : `${failure.nextStep}. `.replace(/\.\. $/, '. ');
	work.refusal = new Failure('denied', failure.message, {
		...(failure.title === undefined ? {} : { title: failure.title }),
		code: failure.code,
		status: failure.status,
		nextStep: `${advice}If it has been granted, Microsoft 365 does not let applications create tasks in this mailbox: export them instead (Item: Export)`,
		cause: failure,
	});
	return work.refusal;
}

function completionNote(task: TaskDocument, made: GraphTask, notes: readonly string[]): string[] {
	const wanted = task.status === 'completed' ? task.completedDateTime?.dateTime.slice(0, 10) : undefined;
	const kept = made.completedDateTime?.dateTime.slice(0, 10);
	return wanted === undefined || kept === undefined || wanted === kept || notes.includes(TASK_NOTES.completionRefused) ? [] : [TASK_NOTES.completedOn(kept)];
}

function outcome(item: RestorableItem, targetPath: string[], kind: RestoreOutcomeKind, more: { newId?: string; reason?: string; fidelity?: string[] }): RestoreOutcome {
	const { id, type, name, parent } = item;
	return { id, type, name, ...(parent === undefined ? {} : { parent }), outcome: kind, targetPath, ...more, fidelity: more.fidelity ?? [] };
}
