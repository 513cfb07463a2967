import type { JsonObject } from '../../../base/json';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { Change, ChangePage, KnownItems, ListingNews, ScopeNews } from '../../workload';
import { partRootId, PART_TITLES } from '../mailbox-part';
import { TASK_TYPE, type GraphTaskList } from './graph-task';
import { graphIdOf, listMeta, listPath, scopedId, scopeName, TASKS_PART, type TaskListNode, type TasksContext } from './tasks-context';

const PAGE_SIZE = 100;

/** The lists in the catalog by Graph id, and whether it has the folder above them. */
export interface KnownLists {
	lists: Map<string, TaskListNode>;
	hasRoot: boolean;
}

/**
 * Lists the lists, in whole, as they are few: that costs what a delta costs, sees every rename, and its absence is known
 * from each run. A list that is missing is asked for before it counts as gone.
 *
 * @param whatWas What the catalog has; asked only once the lists could be read, as it may take a pass over the catalog.
 */
export async function readLists(context: TasksContext, whatWas: () => Promise<KnownLists>, signal: AbortSignal): Promise<{ page: ChangePage; before: ReadonlyMap<string, TaskListNode> }> {
	const listings: ListingNews[] = [];
	const links: Record<string, string | null> = {};
	const scopes: ScopeNews[] = [];
	const found = new Map<string, GraphTaskList>();
	const path = `${context.userPath}/todo/lists?$top=${PAGE_SIZE}`;
	for await (const page of context.graph.pages<GraphTaskList>({ path, signal })) for (const list of page) found.set(list.id, list);
	const { lists: before, hasRoot } = await whatWas();
	const changes: Change[] = hasRoot ? [] : [rootItem()];
	for (const [id, list] of await askMissing(context, [...before.keys()].filter((one) => !found.has(one)), signal)) {
		if (list) found.set(id, list);
		else {
			changes.push({ kind: 'gone', id: scopedId(id) });
			listings.push({ parent: scopedId(id), type: TASK_TYPE, state: 'restarted', seen: [] }, { parent: scopedId(id), type: TASK_TYPE, state: 'finished', seen: [] });
			links[scopedId(id)] = null;
		}
	}
	for (const [id, list] of found) {
		const name = list.displayName ?? '';
		const exclusion = exclusionOf(list);
		if (exclusion) {
			scopes.push({ id: scopedId(id), name: scopeName(name), state: 'excluded', ...exclusion });
			continue;
		}
		const node = nodeOf(list);
		context.lists.set(id, node);
		scopes.push({ id: scopedId(id), name: scopeName(name), state: 'complete' });
		const known = before.get(id);
		if (!known || !isSame(known, node)) changes.push({ ...listItem(id, node), isNew: !known });
	}
	return { page: { changes, listings, links, scopes }, before };
}

/** Flagged mail is backed up as mail; what belongs to somebody else is backed up with that mailbox. */
function exclusionOf(list: GraphTaskList): { reason?: string } | undefined {
	if (list.wellknownListName === 'flaggedEmails') return {};
	if (list.isOwner !== false) return undefined;
	return { reason: `The task list "${list.displayName ?? ''}" belongs to somebody else and is left out: back up its owner's mailbox` };
}

function nodeOf(list: GraphTaskList): TaskListNode {
	const { wellknownListName: role } = list;
	return {
		name: list.displayName ?? '',
		...(role === undefined || role === 'none' ? {} : { wellKnown: role }),
		...(list.isShared === true ? { shared: true as const } : {}),
	};
}

function isSame(a: TaskListNode, b: TaskListNode): boolean {
	return a.name === b.name && a.wellKnown === b.wellKnown && a.shared === b.shared;
}

function rootItem(): Change {
	return { kind: 'item', id: partRootId(TASKS_PART), type: 'folder', name: PART_TITLES[TASKS_PART], meta: { kind: 'root' }, isNew: true };
}

function listItem(id: string, node: TaskListNode): Omit<Change & { kind: 'item' }, 'isNew'> {
	return { kind: 'item', id: scopedId(id), type: 'folder', parent: partRootId(TASKS_PART), name: node.name, meta: listMeta(node) };
}

/** undefined for a list that is gone. */
async function askMissing(context: TasksContext, ids: readonly string[], signal: AbortSignal): Promise<[string, GraphTaskList | undefined][]> {
	const answers: [string, GraphTaskList | undefined][] = [];
	const requests = ids.map((id) => ({ id, method: 'GET' as const, path: listPath(context, id) }));
	for await (const answer of context.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) answers.push([answer.id, result.body as GraphTaskList]);
		else if (isGone(result.failure)) answers.push([answer.id, undefined]);
		else throw result.failure;
	}
	return answers;
}

/** As the cursor remembers them. */
export function listsFromNotes(notes: JsonObject | undefined): Map<string, TaskListNode> | undefined {
	const lists = notes?.['lists'];
	if (typeof lists !== 'object' || lists === null || Array.isArray(lists)) return undefined;
	return new Map(Object.entries(lists).map(([id, node]) => [id, node as unknown as TaskListNode]));
}

/** Without a cursor: from the catalog itself. */
export async function listsFromCatalog(known: KnownItems): Promise<KnownLists> {
	const lists = new Map<string, TaskListNode>();
	let hasRoot = false;
	for await (const { id, name, meta } of known.ofType('folder')) {
		if (id === partRootId(TASKS_PART)) hasRoot = true;
		if (!id.startsWith(`${TASKS_PART}/`) || meta['kind'] !== 'taskList') continue;
		const { wellKnown } = meta;
		lists.set(graphIdOf(id), {
			name,
			...(typeof wellKnown === 'string' ? { wellKnown } : {}),
			...(meta['isShared'] === true ? { shared: true as const } : {}),
		});
	}
	return { lists, hasRoot };
}
