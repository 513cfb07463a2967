import { isFailure, type Failure } from '../../../base/failure';
import type { DeltaCursor, DeltaPage } from '../../../graph/client';
import type { ChangePage, KnownItems, ListingNews, ScopeNews } from '../../workload';
import { brokenOff, MOST_RESTARTS } from '../broken-off';
import { askTasks, decideTask, type TaskQuestion } from './decide-task';
import { isWholeEntry, TASK_TYPE, type GraphTask } from './graph-task';
import { graphIdOf, listPath, scopedId, scopeName, type TasksContext } from './tasks-context';

/** Lists in one round: what one `$batch` takes. */
const ROUND_SIZE = 20;
const PAGE_SIZE = 100;

/** A list whose tasks are being enumerated. */
interface ListRound {
	id: string;
	cursor: DeltaCursor;
	/** Enumerates everything although the catalog may have tasks of the list: absence will be a question. */
	relisting: boolean;
	/** An earlier run began this round of pages: what changed since then comes only with the round after it. */
	resumed: boolean;
	/** How often this run began it anew. */
	restarts?: number;
}

export interface TaskEnumeration {
	context: TasksContext;
	known: KnownItems;
	links: Readonly<Record<string, string>>;
	/** Graph ids of lists that the catalog had before this run: a listing of theirs is compared. */
	listedBefore: ReadonlySet<string>;
	/** Graph ids of lists whose full listing goes on. Changed in place, for the cursor's notes. */
	relisting: Set<string>;
	/** Graph ids of lists whose stored link is a next link. Changed in place, too. */
	unfinished: Set<string>;
	signal: AbortSignal;
}

interface Page extends ChangePage {
	links: Record<string, string | null>;
	listings: ListingNews[];
	scopes: ScopeNews[];
}

/** Delta pages of all lists, twenty a batch; each round of pages is one page of changes. */
export async function* readTaskChanges(run: TaskEnumeration): AsyncGenerator<ChangePage> {
	const queue = [...run.context.lists.keys()].map((id) => roundFor(run, id));
	while (queue.length > 0) yield await readRound(run, queue.splice(0, ROUND_SIZE), queue);
	for (const going of [run.relisting, run.unfinished]) for (const id of going) if (!run.context.lists.has(id)) going.delete(id);
}

function startCursor(context: TasksContext, listId: string): DeltaCursor {
	// No $select: it has been seen to fail (MS365-ToDo#133), and all of it is wanted anyway.
	return { kind: 'start', path: `${listPath(context, listId)}/tasks/delta` };
}

function roundFor(run: TaskEnumeration, id: string): ListRound {
	const link = run.links[scopedId(id)];
	if (link === undefined) return { id, cursor: startCursor(run.context, id), relisting: run.listedBefore.has(id), resumed: false };
	return { id, cursor: { kind: 'link', url: link }, relisting: run.relisting.has(id), resumed: run.unfinished.has(id) };
}

async function readRound(run: TaskEnumeration, rounds: readonly ListRound[], queue: ListRound[]): Promise<ChangePage> {
	const { context, known, signal } = run;
	const page: Page = { changes: [], links: {}, listings: [], scopes: [] };
	const entries = new Map<string, { task: GraphTask; listId: string }>();
	const byId = new Map(rounds.map((round) => [round.id, round]));
	for await (const answer of context.graph.deltaBatch<GraphTask>(rounds, { signal, maxPageSize: PAGE_SIZE })) {
		const round = byId.get(answer.id);
		if (round && answer.page) takePage(run, round, answer.page, page, entries, queue);
		else if (round && answer.failure) takeFailure(run, round, answer.failure, page, queue);
	}
	const before = await known.lookUp([...entries.keys()].map(scopedId));
	const questions: TaskQuestion[] = [];
	for (const [taskId, { task, listId }] of entries) {
		const item = before.get(scopedId(taskId));
		if (task['@removed']) {
			if (item) questions.push({ listId: item.parent === undefined ? listId : graphIdOf(item.parent), taskId });
		} else if (isWholeEntry(task)) {
			const change = decideTask(context, listId, task, item);
			if (change) page.changes.push(change);
		} else questions.push({ listId, taskId });
	}
	if (questions.length > 0) page.changes.push(...(await askTasks(context, questions, before, signal)));
	return page;
}

function takePage(run: TaskEnumeration, round: ListRound, answer: DeltaPage<GraphTask>, page: Page, entries: Map<string, { task: GraphTask; listId: string }>, queue: ListRound[]): void {
	const key = scopedId(round.id);
	if (answer.resync) {
		beginAnew(run, round, page, queue);
		return;
	}
	if (round.relisting && round.cursor.kind === 'start') {
		run.relisting.add(round.id);
		page.listings.push({ parent: key, type: TASK_TYPE, state: 'restarted', seen: [] });
	}
	// Replays and duplicates occur: the last occurrence wins (delta-query-overview).
	for (const task of answer.items) {
		const met = entries.get(task.id);
		// Removed here, and alive in another list of this round: it was moved.
		if (task['@removed'] && met && met.listId !== round.id && !met.task['@removed']) continue;
		const before = task['@removed'] ? undefined : met?.task;
		entries.set(task.id, { task: before?.['@removed'] ? task : { ...before, ...task }, listId: round.id });
	}
	const seen = answer.items.filter((task) => !task['@removed']).map((task) => scopedId(task.id));
	const next = answer.next ?? answer.delta;
	if (next !== undefined) page.links[key] = next;
	if (answer.next !== undefined) {
		run.unfinished.add(round.id);
		queue.push({ ...round, cursor: { kind: 'link', url: answer.next } });
	} else {
		run.unfinished.delete(round.id);
		// One more round, so that the snapshot does not say "complete" of what lacks the changes since the round began.
		if (round.resumed && answer.delta !== undefined) queue.push({ id: round.id, cursor: { kind: 'link', url: answer.delta }, relisting: false, resumed: false });
	}
	if (!round.relisting) return;
	const finished = answer.next === undefined;
	page.listings.push({ parent: key, type: TASK_TYPE, state: finished ? 'finished' : 'going', seen });
	if (finished) run.relisting.delete(round.id);
}

/** The link has expired (410) or belongs to another Graph host: everything again, compared with the catalog. */
function beginAnew(run: TaskEnumeration, { id, restarts = 0 }: ListRound, page: Page, queue: ListRound[]): void {
	run.relisting.add(id);
	page.links[scopedId(id)] = null;
	page.listings.push({ parent: scopedId(id), type: TASK_TYPE, state: 'restarted', seen: [] });
	const again: ListRound = { id, cursor: startCursor(run.context, id), relisting: true, resumed: false, restarts: restarts + 1 };
	if (again.restarts === MOST_RESTARTS) takeFailure(run, again, brokenOff(), page, queue);
	else queue.push(again);
}

/** The list keeps its old entries and its old link and says so; the next run tries again. */
function takeFailure(run: TaskEnumeration, round: ListRound, failure: Failure, page: Page, queue: ListRound[]): void {
	if (isFailure(failure, 'cancelled')) throw failure;
	if (isFailure(failure, 'expiredCursor') && round.cursor.kind === 'link') {
		beginAnew(run, round, page, queue);
		return;
	}
	const name = scopeName(run.context.lists.get(round.id)?.name ?? '');
	const reason = `${name}: ${failure.title ?? failure.message}.${failure.nextStep === undefined ? '' : ` ${failure.nextStep}`}`;
	page.scopes.push({ id: scopedId(round.id), name, state: failure.kind === 'denied' ? 'denied' : 'stale', reason });
}
