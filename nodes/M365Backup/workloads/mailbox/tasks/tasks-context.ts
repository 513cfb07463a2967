import type { Ambient } from '../../../base/ambient';
import type { JsonObject } from '../../../base/json';
import type { GraphClient } from '../../../graph/client';
import { graphIdIn, partId, PART_TITLES } from '../mailbox-part';

/** A list that is backed up. */
export interface TaskListNode {
	name: string;
	/** `defaultList`, whose name is translated. */
	wellKnown?: string;
	shared?: true;
}

/** What the parts of one run over one mailbox's tasks share. */
export interface TasksContext {
	graph: GraphClient;
	/** `/users/<id>`, ready to be put before a path. */
	userPath: string;
	ambient: Ambient;
	/** By Graph id. */
	lists: Map<string, TaskListNode>;
	/** Until Graph refuses it once. */
	expandWorks: boolean;
}

export const TASKS_PART = 'tasks';

/** As the catalog, links and scopes name a list or a task. */
export function scopedId(graphId: string): string {
	return partId(TASKS_PART, graphId);
}

export { graphIdIn as graphIdOf };

export function listPath(context: Pick<TasksContext, 'userPath'>, listId: string): string {
	return `${context.userPath}/todo/lists/${encodeURIComponent(listId)}`;
}

export function taskPath(context: Pick<TasksContext, 'userPath'>, listId: string, taskId: string): string {
	return `${listPath(context, listId)}/tasks/${encodeURIComponent(taskId)}`;
}

export function scopeName(listName: string): string {
	return `${PART_TITLES[TASKS_PART]}/${listName}`;
}

export function listMeta(node: TaskListNode): JsonObject {
	return {
		kind: 'taskList',
		...(node.wellKnown === undefined ? {} : { wellKnown: node.wellKnown }),
		...(node.shared ? { isShared: true } : {}),
	};
}
