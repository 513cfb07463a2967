import type { FolderChangeLog, Logged } from './change-log';
import { syncStateNotFound } from './delta-token';
import type { GraphAnswer, GraphRequest } from './exchange';
import { badRequest } from './graph-error';
import type { Json } from './message-json';
import { parseQuery, type OdataQuery } from './odata-query';
import { contextUrl } from './paging';
import { listJson, taskJson } from './todo-json';
import type { TaskListRecord, TaskRecord, TodoStore } from './todo-store';

/** What a link stands for; opaque to clients. */
interface TodoToken {
	kind: 'todo';
	/** Sequence of the list; 0 for the lists themselves. */
	list: number;
	epoch: number;
	issuedMs: number;
	query: string;
	roundStart: number;
	position: number;
	/** Sequence from which the first enumeration goes on; null once it is over. */
	arrival: number | null;
	given: number;
	emptied: boolean;
}

interface Collection<T extends Logged> {
	list: number;
	epoch: number;
	log: FolderChangeLog<T>;
	/** In order of their sequence. */
	members: readonly T[];
	type: string;
	idOf: (member: T) => string;
	json: (member: T, query: OdataQuery) => Json;
}

/** `todo/lists/delta`. */
export function listDelta(request: GraphRequest, store: TodoStore): GraphAnswer {
	return delta<TaskListRecord>(request, {
		list: 0,
		epoch: store.listEpoch,
		log: store.listLog,
		members: [...store.lists.values()],
		type: 'todoTaskList',
		idOf: (list) => store.listId(list),
		json: (list) => listJson(store, list),
	});
}

/** `todo/lists/{id}/tasks/delta`: `$select`, `$top` and `$expand` (todotask-delta). */
export function taskDelta(request: GraphRequest, store: TodoStore, list: TaskListRecord): GraphAnswer {
	return delta<TaskRecord>(request, {
		list: list.sequence,
		epoch: list.deltaEpoch,
		log: list.log,
		members: [...list.tasks.values()],
		type: 'todoTask',
		idOf: (task) => store.taskId(task),
		json: (task, query) => taskJson(store, task, query, true),
	});
}

function delta<T extends Logged>(request: GraphRequest, of: Collection<T>): GraphAnswer {
	const { switches, clock } = request.tenant;
	const given = request.query.skipToken ?? request.query.deltaToken;
	const token = given === undefined || given === '' ? firstToken(request, of) : readToken(given);
	if (token.list !== of.list) throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
	if (token.epoch !== of.epoch || clock.nowMs() - token.issuedMs > switches.deltaTokenLifetimeMs) {
		throw syncStateNotFound(token.epoch, linkTo(request, `${token.query ? `${token.query}&` : ''}$deltatoken=`));
	}
	if (request.query.deltaToken) Object.assign(token, { roundStart: token.position, given: 0, emptied: false });
	const query = parseQuery(token.query);
	if (query.filter !== undefined || query.search !== undefined || query.orderby !== undefined) throw badRequest('The query option is not supported with delta.');
	const limit = Math.min(request.prefer.maxPageSize ?? query.top ?? switches.defaultPageSize, switches.deltaLargestPage);
	const value = token.arrival === null ? changes(of, token, limit, query, switches.deltaReplays) : arrivals(of, token, limit, query, switches.deltaReplays);
	token.given += value.length;
	token.issuedMs = clock.nowMs();
	return { status: 200, json: { '@odata.context': contextUrl(request, `Collection(${of.type})`), ...links(request, of, token), value } };
}

function firstToken<T extends Logged>(request: GraphRequest, of: Collection<T>): TodoToken {
	const position = of.log.observe();
	return { kind: 'todo', list: of.list, epoch: of.epoch, issuedMs: 0, query: request.query.repeatable, roundStart: position, position, arrival: 0, given: 0, emptied: false };
}

function arrivals<T extends Logged>(of: Collection<T>, token: TodoToken, limit: number, query: OdataQuery, replays: boolean): Json[] {
	const from = token.arrival ?? 0;
	const waiting = of.members.filter(({ sequence }) => sequence >= from);
	const before = replays ? of.members.filter(({ sequence }) => sequence < from).slice(-1) : [];
	const page = waiting.slice(0, limit);
	token.arrival = waiting[limit]?.sequence ?? null;
	return [...before, ...page].map((member) => ({ '@odata.type': `#microsoft.graph.${of.type}`, ...of.json(member, query) }));
}

function changes<T extends Logged>(of: Collection<T>, token: TodoToken, limit: number, query: OdataQuery, replays: boolean): Json[] {
	const replayed = replays && token.position > token.roundStart ? 1 : 0;
	const page = of.log.page(token.roundStart, token.position - replayed, limit + replayed, RULES);
	token.position = page.position;
	return page.changes.map(({ kind, message }) =>
		kind === 'removed'
			? { '@odata.type': `#microsoft.graph.${of.type}`, id: of.idOf(message), '@removed': { reason: 'deleted' } }
			: { '@odata.type': `#microsoft.graph.${of.type}`, ...of.json(message, query) },
	);
}

const RULES = { immutable: false, reportsReturns: true };

function links<T extends Logged>(request: GraphRequest, of: Collection<T>, token: TodoToken): Json {
	const { deltaEmptyPages } = request.tenant.switches;
	const isLast = token.arrival === null && of.log.page(token.roundStart, token.position, 1, RULES).changes.length === 0;
	if (!isLast) return { '@odata.nextLink': linkTo(request, `$skiptoken=${writeToken(token)}`) };
	if (!token.emptied && (deltaEmptyPages === 'always' || (deltaEmptyPages === 'end' && token.given > 0))) {
		return { '@odata.nextLink': linkTo(request, `$skiptoken=${writeToken({ ...token, emptied: true })}`) };
	}
	return { '@odata.deltaLink': linkTo(request, `$deltatoken=${writeToken({ ...token, roundStart: token.position })}`) };
}

export function linkTo(request: GraphRequest, query: string): string {
	const path = request.segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
	return `${request.origin}/v1.0${path}?${query}`;
}

function writeToken(token: TodoToken): string {
	return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function readToken(text: string): TodoToken {
	try {
		const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as TodoToken;
		if ((token.kind as string) === 'todo') return token;
	} catch {
		// Falls through to the answer that Graph gives to a broken token.
	}
	throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
}
