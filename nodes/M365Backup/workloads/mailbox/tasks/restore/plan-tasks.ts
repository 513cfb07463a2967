import { isFailure, toFailure, type Failure } from '../../../../base/failure';
import type { ConflictPolicy, RestorableItem } from '../../../restorer';
import { graphIdIn } from '../../mailbox-part';
import { stopIfCancelled, type RestoreContext } from '../../restore/restore-context';
import { detailKeys, fingerprint, likeness, type Likeness } from './fingerprint';
import { readDocument } from './task-document';
import type { TargetList } from './target-lists';
import { TargetTasks, type ThereTask } from './target-tasks';

/**
 * What is to be done for one task:
 * - `nothing`: it is there
 * - `complete`: an earlier restore may have been cut off; what it lacks is added
 * - `setBack`: the living original gets the fields, steps and links that it had
 */
export type TaskPlan =
	| { do: 'nothing'; id: string; reason: string }
	| { do: 'complete'; id: string }
	| { do: 'setBack'; id: string }
	| { do: 'create'; print: string }
	| { do: 'fail'; failure: Failure };

export interface PlannedTask {
	item: RestorableItem;
	target: TargetList;
	there: TargetTasks;
	plan: TaskPlan;
}

/** An item with what tells it from others; its document is read again when its turn comes. */
interface ReadItem {
	item: RestorableItem;
	print: string;
	details: string[];
	/** Files or data of applications hang on it, which lists do not show. */
	hasMore: boolean;
}

export const REASONS = {
	inPlace: 'It is still in its list',
	there: 'An equal task is there already',
} as const;

/** Plans all tasks that go into one list: equal ones are counted, so that they must be seen together. */
export async function* planTasks(context: RestoreContext, target: TargetList, items: readonly RestorableItem[], policy: ConflictPolicy): AsyncGenerator<PlannedTask> {
	const there = await TargetTasks.read(context, target.id);
	const own = new Set(target.isOriginal ? items.map(({ id }) => graphIdIn(id)) : []);
	const free = new Map<string, ThereTask[]>();
	for (const task of there.all()) {
		if (own.has(task.id)) continue;
		const equal = free.get(task.print);
		if (equal) equal.push(task);
		else free.set(task.print, [task]);
	}

	const open: ReadItem[] = [];
	for (const item of items) {
		stopIfCancelled(context);
		const living = own.has(graphIdIn(item.id)) && policy !== 'keepBoth' ? there.get(graphIdIn(item.id)) : undefined;
		if (living && policy === 'skip') {
			yield { item, target, there, plan: { do: 'nothing', id: living.id, reason: REASONS.inPlace } };
			continue;
		}
		try {
			const task = await readDocument(item);
			if (living) yield { item, target, there, plan: { do: 'setBack', id: living.id } };
			else open.push({ item, print: fingerprint(task), details: detailKeys(task), hasMore: (task.attachments ?? []).length + (task.extensions ?? []).length > 0 });
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			yield { item, target, there, plan: { do: 'fail', failure } };
		}
	}
	const matches = match(open, free, policy);
	for (const one of open) {
		const found = matches.get(one);
		yield { item: one.item, target, there, plan: found ? planFor(one, found) : { do: 'create', print: one.print } };
	}
}

interface Match {
	task: ThereTask;
	likeness: Likeness;
}

function planFor(item: ReadItem, { task, likeness: how }: Match): TaskPlan {
	const mayLack = how === 'less' || task.details === undefined || (item.hasMore && how === 'equal');
	return mayLack && cameAfter(task, item) ? { do: 'complete', id: task.id } : { do: 'nothing', id: task.id, reason: REASONS.there };
}

/**
 * Each task that is there stands for one of the snapshot at most, the likest first. A task with fewer steps or links is
 * taken for one that a restore could not finish only if it was made after the one in the backup was last changed.
 */
function match(items: readonly ReadItem[], free: ReadonlyMap<string, ThereTask[]>, policy: ConflictPolicy): Map<ReadItem, Match> {
	const matches = new Map<ReadItem, Match>();
	for (const wanted of ['equal', 'less', 'more'] as const) {
		for (const item of items) {
			if (matches.has(item)) continue;
			// Taken out at once: of thousands of equal tasks none is looked at twice.
			const equal = free.get(item.print) ?? [];
			const at = equal.findIndex((one) => {
				if ((policy === 'keepBoth' || wanted === 'less') && !cameAfter(one, item)) return false;
				return (one.details === undefined ? 'equal' : likeness(one.details, item.details)) === wanted;
			});
			const [task] = at < 0 ? [] : equal.splice(at, 1);
			if (!task) continue;
			matches.set(item, { task, likeness: wanted });
		}
	}
	return matches;
}

/** What a restore makes is younger than the state that it restores: To Do keeps no time of creation. */
function cameAfter(task: ThereTask, { item }: ReadItem): boolean {
	return item.modified === undefined || task.createdMs >= Date.parse(item.modified);
}
