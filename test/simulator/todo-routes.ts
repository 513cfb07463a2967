import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { accessDenied, badRequest, itemNotFound, malformedId } from './graph-error';
import { looksLikeExchangeId } from './ids';
import { jsonBody } from './json-body';
import type { Mailbox } from './mailbox';
import type { Json } from './message-json';
import { matches, parseFilter } from './odata-filter';
import { contextUrl, nextPageLink, pageBounds } from './paging';
import { need } from './permissions';
import { extensionJson, linkJson, listJson, stepJson, taskJson } from './todo-json';
import { taskAttachmentRoutes, taskAttachmentSessionRoutes } from './todo-attachments';
import { listDelta, taskDelta } from './todo-delta';
import { taskFields } from './todo-input';
import { refuseReadOnly, type LinkedResourceEntry, type TaskListRecord, type TaskRecord, type TodoStore } from './todo-store';

const LARGEST_PAGE = 1000;

interface TodoRequest {
	request: GraphRequest;
	store: TodoStore;
}

/** Everything below `users/{id}/todo/lists`. */
export function todoRoutes(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	const [lists, listKey, tasks, ...rest] = request.segments.slice(3);
	const at = { request, store: mailbox.todo };
	if (lists?.toLowerCase() !== 'lists') return miss();
	need(request, request.method === 'GET' ? 'readTasks' : 'writeTasks');
	if (listKey === undefined) return named(request, 'lists', listCollection(at));
	if (isDelta(listKey)) return tasks === undefined && request.method === 'GET' ? named(request, 'lists/delta', listDelta(request, at.store)) : miss();
	const list = at.store.findList(listKey);
	if (!list) throw notThere(listKey);
	if (list.isForbidden) throw accessDenied();
	if (tasks === undefined) return named(request, 'lists/{id}', oneList(at, list));
	if (tasks.toLowerCase() !== 'tasks') return miss();
	return taskRoutes(at, list, rest);
}

function named(request: GraphRequest, route: string, answer: GraphAnswer): GraphAnswer {
	return { ...answer, route: answer.route ?? `${request.method} /users/{id}/todo/${route}` };
}

function isDelta(segment: string): boolean {
	return /^(microsoft\.graph\.)?delta(\(\))?$/i.test(segment);
}

function notThere(id: string): Error {
	return looksLikeExchangeId(id) ? itemNotFound() : malformedId();
}

function page<T>({ request }: TodoRequest, all: readonly T[], context: string, json: (one: T) => Json): GraphAnswer {
	const { skip, limit } = pageBounds(request, LARGEST_PAGE);
	const answer: Json = { '@odata.context': contextUrl(request, context), value: all.slice(skip, skip + limit).map(json) };
	if (skip + limit < all.length) answer['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json: answer };
}

function entity({ request }: TodoRequest, status: number, context: string, json: Json): GraphAnswer {
	return { status, json: { '@odata.context': contextUrl(request, `${context}/$entity`), ...json } };
}

function listCollection(at: TodoRequest): GraphAnswer {
	const { request, store } = at;
	if (request.method === 'GET') return page(at, [...store.lists.values()], 'todo/lists', (list) => listJson(store, list));
	if (request.method !== 'POST') return miss();
	refuseCreation(request);
	const { displayName } = jsonBody(request);
	if (typeof displayName !== 'string' || displayName === '') throw badRequest('The required property displayName is missing.', 'invalidRequest');
	return entity(at, 201, 'todo/lists', listJson(store, store.addList(displayName)));
}

/** A switch: Microsoft's pages contradict each other on whether applications may create (graph-facts §3). */
function refuseCreation(request: GraphRequest): void {
	if (request.tenant.switches.todoAppOnlyCreation === 'refused') throw accessDenied();
}

function oneList(at: TodoRequest, list: TaskListRecord): GraphAnswer {
	const { request, store } = at;
	switch (request.method) {
		case 'GET':
			return entity(at, 200, 'todo/lists', listJson(store, list));
		case 'PATCH': {
			const { displayName } = jsonBody(request);
			if (typeof displayName === 'string') store.renameList(list, displayName);
			return entity(at, 200, 'todo/lists', listJson(store, list));
		}
		case 'DELETE':
			store.deleteList(list);
			return { status: 204 };
		default:
			return miss();
	}
}

function taskRoutes(at: TodoRequest, list: TaskListRecord, rest: readonly string[]): GraphAnswer {
	const { request, store } = at;
	const [taskKey, kind, ...below] = rest;
	const route = 'lists/{id}/tasks';
	if (request.method !== 'GET') refuseReadOnly(list);
	if (taskKey === undefined) return named(request, route, taskCollection(at, list));
	if (isDelta(taskKey)) return kind === undefined && request.method === 'GET' ? named(request, `${route}/delta`, taskDelta(request, store, list)) : miss();
	const task = store.findTask(list, taskKey);
	if (!task) throw notThere(taskKey);
	if (kind === undefined) return named(request, `${route}/{id}`, oneTask(at, task));
	const under = `${route}/{id}/${kind}`;
	switch (kind.toLowerCase()) {
		case 'checklistitems':
			return named(request, below.length === 0 ? under : `${under}/{id}`, steps(at, task, below));
		case 'linkedresources':
			return named(request, below.length === 0 ? under : `${under}/{id}`, links(at, task, below));
		case 'extensions':
			return named(request, below.length === 0 ? under : `${under}/{id}`, extensions(at, task, below));
		case 'attachments':
			return named(request, [under, ...below.map((segment, index) => (index === 0 && !/^createUploadSession$/i.test(segment) ? '{id}' : segment))].join('/'), taskAttachmentRoutes(request, store, task, below));
		case 'attachmentsessions':
			return named(request, [under, ...below.map((segment, index) => (index === 0 ? '{id}' : segment))].join('/'), taskAttachmentSessionRoutes(request, store, task, below));
		default:
			return miss();
	}
}

function taskCollection(at: TodoRequest, list: TaskListRecord): GraphAnswer {
	const { request, store } = at;
	if (request.method === 'GET') {
		const filter = request.query.filter === undefined ? undefined : parseFilter(request.query.filter);
		if (request.query.orderby !== undefined) throw badRequest('The simulated To Do knows no $orderby.');
		const plain = { ...request.query, expand: [] };
		delete plain.select;
		const found = [...list.tasks.values()].filter((task) => !filter || matches(filter, taskJson(store, task, plain, true)));
		return page(at, found, 'todo/lists/tasks', (task) => taskJson(store, task, request.query, true));
	}
	if (request.method !== 'POST') return miss();
	refuseCreation(request);
	const body = jsonBody(request);
	const fields = taskFields(body);
	if (fields.completedDateTime && request.tenant.switches.todoCompletedDate === 'refused') throw badRequest('completedDateTime is read-only.', 'invalidRequest');
	if (typeof fields.title !== 'string') throw badRequest('The required property title is missing.', 'invalidRequest');
	const task = store.add(list, { ...fields, title: fields.title, linkedResources: (body.linkedResources ?? []) as Partial<LinkedResourceEntry>[] });
	const json = taskJson(store, task, { ...request.query, expand: [] }, false);
	return entity(at, 201, 'todo/lists/tasks', task.linkedResources.length === 0 ? json : { ...json, linkedResources: task.linkedResources.map(linkJson) });
}

function oneTask(at: TodoRequest, task: TaskRecord): GraphAnswer {
	const { request, store } = at;
	switch (request.method) {
		case 'GET':
			return entity(at, 200, 'todo/lists/tasks', taskJson(store, task, request.query, false));
		case 'PATCH':
			store.patch(task, taskFields(jsonBody(request)));
			return entity(at, 200, 'todo/lists/tasks', taskJson(store, task, { ...request.query, expand: [] }, false));
		case 'DELETE':
			store.delete(task);
			return { status: 204 };
		default:
			return miss();
	}
}

function steps(at: TodoRequest, task: TaskRecord, [key, ...more]: readonly string[]): GraphAnswer {
	const { request, store } = at;
	if (more.length > 0) return miss();
	if (key === undefined) {
		if (request.method === 'GET') return page(at, task.checklist, 'checklistItems', stepJson);
		if (request.method !== 'POST') return miss();
		const body = jsonBody(request);
		if (typeof body.displayName !== 'string') throw badRequest('The required property displayName is missing.', 'invalidRequest');
		if ((body.createdDateTime ?? body.checkedDateTime) !== undefined && request.tenant.switches.todoStepTimes === 'refused') throw badRequest('The times of a step are read-only.', 'invalidRequest');
		return entity(at, 201, 'checklistItems', stepJson(store.addStep(task, stepFields(body, body.displayName))));
	}
	const step = task.checklist.find(({ id }) => id === key);
	if (!step) throw itemNotFound();
	if (request.method === 'GET') return entity(at, 200, 'checklistItems', stepJson(step));
	if (request.method === 'DELETE') store.deleteStep(task, step);
	else if (request.method === 'PATCH') {
		const body = jsonBody(request);
		store.patchStep(task, step, stepFields(body, typeof body.displayName === 'string' ? body.displayName : step.displayName));
	} else return miss();
	return request.method === 'DELETE' ? { status: 204 } : entity(at, 200, 'checklistItems', stepJson(step));
}

function stepFields(body: Json, displayName: string): { displayName: string; isChecked?: boolean; createdDateTime?: string; checkedDateTime?: string } {
	return {
		displayName,
		...(typeof body.isChecked === 'boolean' ? { isChecked: body.isChecked } : {}),
		...(typeof body.createdDateTime === 'string' ? { createdDateTime: body.createdDateTime } : {}),
		...(typeof body.checkedDateTime === 'string' ? { checkedDateTime: body.checkedDateTime } : {}),
	};
}

function links(at: TodoRequest, task: TaskRecord, [key, ...more]: readonly string[]): GraphAnswer {
	const { request, store } = at;
	if (more.length > 0) return miss();
	if (key === undefined) {
		if (request.method === 'GET') return page(at, task.linkedResources, 'linkedResources', linkJson);
		return request.method === 'POST' ? entity(at, 201, 'linkedResources', linkJson(store.addLink(task, jsonBody(request)))) : miss();
	}
	const link = task.linkedResources.find(({ id }) => id === key);
	if (!link) throw itemNotFound();
	if (request.method === 'GET') return entity(at, 200, 'linkedResources', linkJson(link));
	if (request.method === 'PATCH') {
		store.changeLink(task, link, jsonBody(request));
		return entity(at, 200, 'linkedResources', linkJson(link));
	}
	if (request.method !== 'DELETE') return miss();
	store.deleteLink(task, link);
	return { status: 204 };
}

function extensions(at: TodoRequest, task: TaskRecord, [key, ...more]: readonly string[]): GraphAnswer {
	const { request, store } = at;
	if (more.length > 0) return miss();
	if (key === undefined) {
		if (request.method === 'GET') return page(at, [...task.extensions], 'extensions', ([name, data]) => extensionJson(name, data));
		if (request.method !== 'POST') return miss();
		const { '@odata.type': _type, extensionName, id: _id, ...data } = jsonBody(request);
		if (typeof extensionName !== 'string') throw badRequest('The required property extensionName is missing.', 'invalidRequest');
		store.setExtension(task, extensionName, data);
		return entity(at, 201, 'extensions', extensionJson(extensionName, data));
	}
	const data = task.extensions.get(key);
	if (!data) throw itemNotFound();
	if (request.method === 'GET') return entity(at, 200, 'extensions', extensionJson(key, data));
	if (request.method !== 'DELETE') return miss();
	task.extensions.delete(key);
	store.touch(task);
	return { status: 204 };
}
