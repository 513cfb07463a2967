import { badRequest } from './graph-error';
import type { Json } from './message-json';
import type { OdataQuery } from './odata-query';
import type { ChecklistEntry, LinkedResourceEntry, TaskAttachment, TaskListRecord, TaskRecord, TodoStore } from './todo-store';
import { isoOf } from './todo-store';

export function listJson(store: TodoStore, list: TaskListRecord): Json {
	return {
		'@odata.etag': `W/"${Buffer.from(`list/${list.displayName}/${list.isShared}`).toString('base64')}"`,
		displayName: list.displayName,
		isOwner: list.isOwner,
		isShared: list.isShared,
		wellknownListName: list.wellknownListName,
		id: store.listId(list),
	};
}

export function stepJson(step: ChecklistEntry): Json {
	const { checkedDateTime, ...rest } = step;
	return checkedDateTime === null ? { ...rest } : { ...rest, checkedDateTime };
}

export function linkJson(link: LinkedResourceEntry): Json {
	return { ...link };
}

/** Without contentBytes: only the single one comes with them (todotask-list-attachments). */
export function taskAttachmentJson(store: TodoStore, task: TaskRecord, attachment: TaskAttachment, withBytes = false): Json {
	return {
		'@odata.type': '#microsoft.graph.taskFileAttachment',
		id: store.attachmentId(task, attachment),
		name: attachment.name,
		contentType: attachment.contentType,
		size: attachment.content.length,
		lastModifiedDateTime: `${isoOf(attachment.lastModifiedMs).slice(0, 19)}Z`,
		...(withBytes ? { contentBytes: attachment.content.toString('base64') } : {}),
	};
}

export function extensionJson(name: string, data: Json): Json {
	return { '@odata.type': '#microsoft.graph.openTypeExtension', extensionName: name, id: name, ...data };
}

/**
 * @param inList Listings and delta leave recurrence out unless the switch todoListsShowRecurrence says otherwise.
 * @throws GraphError 400 for `$expand` of what is no relationship, or of any while the switch todoExpand says so
 */
export function taskJson(store: TodoStore, task: TaskRecord, query: OdataQuery, inList: boolean): Json {
	const { switches } = store.mailbox.tenant;
	const showsRecurrence = !inList || switches.todoListsShowRecurrence;
	const full: Json = {
		'@odata.etag': `W/"${Buffer.from(`task/${task.changeNumber}`).toString('base64')}"`,
		importance: task.importance,
		isReminderOn: task.isReminderOn,
		status: task.status,
		title: task.title,
		createdDateTime: isoOf(task.createdMs),
		lastModifiedDateTime: isoOf(task.modifiedMs),
		hasAttachments: task.attachments.length > 0,
		categories: task.categories,
		id: store.taskId(task),
		body: { ...task.body },
		...(task.body.content === '' ? {} : { bodyLastModifiedDateTime: isoOf(task.bodyModifiedMs) }),
		...(task.dueDateTime ? { dueDateTime: task.dueDateTime } : {}),
		...(task.startDateTime ? { startDateTime: task.startDateTime } : {}),
		...(task.completedDateTime ? { completedDateTime: task.completedDateTime } : {}),
		...(task.reminderDateTime && task.isReminderOn ? { reminderDateTime: task.reminderDateTime } : {}),
		...(task.recurrence && showsRecurrence ? { recurrence: task.recurrence } : {}),
	};
	const json = query.select ? selected(full, query.select) : full;
	if (query.expand.length > 0 && switches.todoExpand === 'refused') throw badRequest("The query parameter '$expand' is not supported.", 'RequestBroker--ParseUri');
	for (const { path } of query.expand) json[path] = related(store, task, path);
	return json;
}

function related(store: TodoStore, task: TaskRecord, path: string): Json[] {
	switch (path) {
		case 'checklistItems':
			return task.checklist.map(stepJson);
		case 'linkedResources':
			return task.linkedResources.map(linkJson);
		case 'attachments':
			return task.attachments.map((attachment) => taskAttachmentJson(store, task, attachment));
		case 'extensions':
			return [...task.extensions].map(([name, data]) => extensionJson(name, data));
		default:
			throw badRequest(`Could not expand '${path}'.`, 'RequestBroker--ParseUri');
	}
}

function selected(full: Json, select: readonly string[]): Json {
	const wanted = new Set(select.map((name) => name.toLowerCase()));
	return Object.fromEntries(Object.entries(full).filter(([name]) => name.startsWith('@') || name === 'id' || wanted.has(name.toLowerCase())));
}
