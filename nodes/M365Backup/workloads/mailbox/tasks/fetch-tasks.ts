import { Failure, isFailure, toFailure } from '../../../base/failure';
import type { JsonObject, JsonValue } from '../../../base/json';
import { batchResult, type BatchRequest } from '../../../graph/client';
import type { ContentRequest, Fetched } from '../../workload';
import { splitExtension } from './attachment-name';
import { detailsDigest, type GraphTask, type GraphTaskAttachment } from './graph-task';
import { graphIdOf, taskPath, type TasksContext } from './tasks-context';

/** Tasks read together: what one `$batch` takes. */
const TOGETHER = 20;
const RELATIONS = ['checklistItems', 'linkedResources', 'extensions'] as const;

type Read = { request: ContentRequest; task: GraphTask } | { request: ContentRequest; failure: Failure };

/** Each task as a JSON document, and the files that are attached to it as parts. */
export async function* fetchTasks(context: TasksContext, requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
	for (let start = 0; start < requests.length; start += TOGETHER) {
		const reads = await readTasks(context, requests.slice(start, start + TOGETHER), signal);
		const files = await listAttachments(context, reads, signal);
		for (const read of reads) {
			const { id } = read.request;
			const attachments = files.get(id) ?? [];
			if ('failure' in read) yield { id, failure: read.failure };
			else if (attachments instanceof Failure) yield { id, failure: ofAPart(attachments) };
			else yield* taskContents(context, read.request, read.task, attachments, signal);
		}
	}
}

async function* taskContents(context: TasksContext, request: ContentRequest, task: GraphTask, attachments: readonly GraphTaskAttachment[], signal: AbortSignal): AsyncGenerator<Fetched> {
	const { id } = request;
	const path = pathOf(context, request);
	const bytes = Buffer.from(`${JSON.stringify(taskDocument(task, attachments), null, 2)}\n`);
	yield { id, content: once(bytes), sizeBytes: bytes.length, more: true };
	for (const [index, attachment] of attachments.entries()) {
		const { base, extension } = splitExtension(attachment.name ?? '');
		try {
			const content = await openAttachment(context, `${path}/attachments/${encodeURIComponent(attachment.id)}`, signal);
			yield { id, ...content, part: { name: `attachment-${index + 1}`, title: `${request.title}, ${base}`, extension }, more: true };
		} catch (error) {
			yield { id, failure: ofAPart(error) };
			return;
		}
	}
	const details = detailsDigest(task);
	yield { id, end: true, ...(details === undefined ? {} : { meta: { details } }) };
}

/** That something of a task is not there does not mean that the task is gone: the next run tries again. */
function ofAPart(error: unknown): Failure {
	const failure = toFailure(error);
	if (failure.kind !== 'notFound') return failure;
	return new Failure('transient', failure.message, { title: 'Something that belongs to the task was not found', code: failure.code, status: failure.status, cause: failure });
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(bytes);
}

function pathOf(context: TasksContext, request: ContentRequest): string {
	const { list } = request.hints;
	if (typeof list !== 'string') throw new Failure('defect', `Nobody said in which list ${request.id} is`);
	return taskPath(context, list, graphIdOf(request.id));
}

/** What is attached to those that have something attached, by item id. */
async function listAttachments(context: TasksContext, reads: readonly Read[], signal: AbortSignal): Promise<Map<string, GraphTaskAttachment[] | Failure>> {
	const found = new Map<string, GraphTaskAttachment[] | Failure>();
	const asked = reads.flatMap((read): BatchRequest[] =>
		'task' in read && read.task.hasAttachments === true ? [{ id: read.request.id, method: 'GET', path: `${pathOf(context, read.request)}/attachments` }] : [],
	);
	for await (const answer of context.graph.batch(asked, { signal })) {
		const result = batchResult(answer);
		try {
			found.set(answer.id, result.ok ? ((await wholeCollection(context, result.body, signal)) as GraphTaskAttachment[]) : result.failure);
		} catch (error) {
			found.set(answer.id, toFailure(error));
		}
	}
	return found;
}

/** A collection from its first page on. */
async function wholeCollection(context: TasksContext, body: unknown, signal: AbortSignal): Promise<unknown[]> {
	const { value, '@odata.nextLink': next } = body as { value: unknown[]; '@odata.nextLink'?: string };
	const all = [...value];
	if (next !== undefined) for await (const page of context.graph.pages({ path: next, signal })) all.push(...page);
	return all;
}

/** As a stream; where Graph does not give one, from the attachment's own JSON (25 MB are its limit). */
async function openAttachment(context: TasksContext, path: string, signal: AbortSignal): Promise<{ content: AsyncIterable<Uint8Array>; sizeBytes?: number }> {
	try {
		const { body, sizeBytes } = await context.graph.stream({ path: `${path}/$value`, headers: { Accept: '*/*' }, signal });
		return { content: body, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
	} catch (error) {
		if (!isFailure(error, 'invalid')) throw error;
		const { contentBytes } = await context.graph.json<{ contentBytes?: string }>({ path, signal });
		if (contentBytes === undefined) throw error;
		const bytes = Buffer.from(contentBytes, 'base64');
		return { content: once(bytes), sizeBytes: bytes.length };
	}
}

async function readTasks(context: TasksContext, requests: readonly ContentRequest[], signal: AbortSignal): Promise<Read[]> {
	const reads: Read[] = [];
	let plain: ContentRequest[] = [];
	if (context.expandWorks) {
		const query = `?$expand=${RELATIONS.join(',')}`;
		const asked = requests.map((request, index): BatchRequest => ({ id: String(index), method: 'GET', path: `${pathOf(context, request)}${query}` }));
		for await (const answer of context.graph.batch(asked, { signal })) {
			const request = requests[Number(answer.id)];
			const result = batchResult(answer);
			if (!request) continue;
			if (result.ok && hasRelations(result.body as JsonObject)) reads.push({ request, task: result.body as GraphTask });
			else if (result.ok) plain.push(request);
			else if (isFailure(result.failure, 'invalid')) plain.push(request);
			else reads.push({ request, failure: result.failure });
		}
		if (plain.length === requests.length) context.expandWorks = false;
	} else plain = [...requests];
	for (const request of plain) reads.push(await readPlainly(context, request, signal));
	return reads;
}

/** Whether steps and links came with the task, and all of them: what is left out in silence would count as not there. */
function hasRelations(task: JsonObject): boolean {
	return Array.isArray(task['checklistItems']) && Array.isArray(task['linkedResources']) && !RELATIONS.some((relation) => `${relation}@odata.nextLink` in task);
}

/** The task and what hangs on it in requests of their own. */
async function readPlainly(context: TasksContext, request: ContentRequest, signal: AbortSignal): Promise<Read> {
	const path = pathOf(context, request);
	const asked = ['', ...RELATIONS].map((relation): BatchRequest => ({ id: relation, method: 'GET', path: relation === '' ? path : `${path}/${relation}` }));
	const task: Record<string, unknown> = {};
	for await (const answer of context.graph.batch(asked, { signal })) {
		const result = batchResult(answer);
		if (!result.ok) {
			// Open extensions are nobody's but an application's: without them the task is still whole to its user.
			if (answer.id === 'extensions' && isFailure(result.failure, 'invalid', 'denied')) continue;
			return { request, failure: answer.id === '' ? result.failure : ofAPart(result.failure) };
		}
		try {
			if (answer.id === '') Object.assign(task, result.body);
			else task[answer.id] = await wholeCollection(context, result.body, signal);
		} catch (error) {
			return { request, failure: ofAPart(error) };
		}
	}
	return { request, task: task as unknown as GraphTask };
}

/** What Graph served, without what belongs to the answer, in a fixed order: the same state gives the same bytes. */
export function taskDocument(task: GraphTask, attachments: readonly GraphTaskAttachment[]): JsonValue {
	const document = sorted(task as unknown as JsonObject) as JsonObject;
	delete document['attachmentSessions'];
	for (const relation of RELATIONS) if (Array.isArray(document[relation]) && document[relation].length === 0) Reflect.deleteProperty(document, relation);
	if (attachments.length > 0) document['attachments'] = attachments.map((one) => sorted(one as unknown as JsonObject));
	else delete document['attachments'];
	return document;
}

function sorted(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	const kept = Object.entries(value).filter(([name]) => !name.includes('@odata.') && name !== 'contentBytes');
	return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
}
