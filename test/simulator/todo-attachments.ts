import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { accessDenied, badRequest, GraphError, itemNotFound } from './graph-error';
import { jsonBody } from './json-body';
import { contextUrl, pageBounds, nextPageLink } from './paging';
import { taskAttachmentJson } from './todo-json';
import { linkTo } from './todo-delta';
import type { TaskRecord, TodoStore } from './todo-store';

const LARGEST_POSTED_BYTES = 3 * 1024 * 1024;
const LARGEST_CHUNK_BYTES = 4 * 1024 * 1024;
/** todo-attachments: up to 25 MB. */
const LARGEST_BYTES = 25 * 1024 * 1024;
const LIFETIME_MS = 3_600_000;

/** Everything below `tasks/{id}/attachments`. */
export function taskAttachmentRoutes(request: GraphRequest, store: TodoStore, task: TaskRecord, [key, tail, ...more]: readonly string[]): GraphAnswer {
	const { method } = request;
	if (more.length > 0) return miss();
	if (key === undefined) {
		if (method === 'GET') return list(request, store, task);
		return method === 'POST' ? add(request, store, task) : miss();
	}
	if (/^createUploadSession$/i.test(key)) return tail === undefined && method === 'POST' ? createSession(request, store, task) : miss();
	const attachment = task.attachments.find((one) => store.attachmentId(task, one) === key);
	if (!attachment) throw itemNotFound();
	if (tail === undefined && method === 'GET') {
		return { status: 200, json: { '@odata.context': contextUrl(request, 'attachments/$entity'), ...taskAttachmentJson(store, task, attachment, true) } };
	}
	if (tail === undefined && method === 'DELETE') {
		store.detach(task, attachment);
		return { status: 204 };
	}
	if (tail?.toLowerCase() !== '$value' || method !== 'GET') return miss();
	if (request.tenant.switches.todoAttachmentValue === 'refused') throw badRequest('The raw value of this attachment cannot be read.', 'invalidRequest');
	return { status: 200, bytes: attachment.content, contentType: attachment.contentType };
}

function list(request: GraphRequest, store: TodoStore, task: TaskRecord): GraphAnswer {
	const { skip, limit } = pageBounds(request, 1000);
	const value = task.attachments.slice(skip, skip + limit).map((attachment) => taskAttachmentJson(store, task, attachment));
	const next = skip + limit < task.attachments.length ? { '@odata.nextLink': nextPageLink(request, skip + limit) } : {};
	return { status: 200, json: { '@odata.context': contextUrl(request, 'attachments'), value, ...next } };
}

function add(request: GraphRequest, store: TodoStore, task: TaskRecord): GraphAnswer {
	const body = jsonBody(request);
	if (!/^#?microsoft\.graph\.taskFileAttachment$/i.test(String(body['@odata.type']))) throw badRequest('An attachment of a task needs the type taskFileAttachment.', 'invalidRequest');
	if (typeof body.name !== 'string' || typeof body.contentBytes !== 'string') throw badRequest('name and contentBytes are required.', 'invalidRequest');
	const content = Buffer.from(body.contentBytes, 'base64');
	if (content.length >= LARGEST_POSTED_BYTES) throw new GraphError(413, 'ErrorAttachmentSizeLimitExceeded', 'Attachments of 3 MB and more need an upload session.');
	const attachment = store.attach(task, body.name, content, typeof body.contentType === 'string' ? body.contentType : undefined);
	return { status: 201, json: { '@odata.context': contextUrl(request, 'attachments/$entity'), ...taskAttachmentJson(store, task, attachment, true) } };
}

interface TaskUpload {
	task: TaskRecord;
	name: string;
	contentType: string | undefined;
	sizeBytes: number;
	expiresMs: number;
	chunks: Buffer[];
	received: number;
}

/** Open sessions of a store by id. Unlike those of messages they are on Graph's own host and need the token. */
const sessions = new WeakMap<TodoStore, Map<string, TaskUpload>>();

function sessionsOf(store: TodoStore): Map<string, TaskUpload> {
	const found = sessions.get(store) ?? new Map<string, TaskUpload>();
	sessions.set(store, found);
	return found;
}

function createSession(request: GraphRequest, store: TodoStore, task: TaskRecord): GraphAnswer {
	if (request.tenant.switches.todoUploadSession === 'refused') throw accessDenied();
	const info = jsonBody(request).attachmentInfo as { attachmentType?: string; name?: string; size?: number; contentType?: string } | undefined;
	if (info?.attachmentType !== 'file' || typeof info.name !== 'string' || typeof info.size !== 'number') throw badRequest('attachmentInfo needs attachmentType, name and size.', 'invalidRequest');
	if (info.size > LARGEST_BYTES) throw badRequest('The attachment exceeds 25 MB.', 'ErrorAttachmentSizeLimitExceeded');
	const open = sessionsOf(store);
	const id = `AAMkSession${open.size + 1}-${store.nowMs}`;
	const session: TaskUpload = { task, name: info.name, contentType: info.contentType, sizeBytes: info.size, expiresMs: store.nowMs + LIFETIME_MS, chunks: [], received: 0 };
	open.set(id, session);
	const uploadUrl = linkTo({ ...request, segments: [...request.segments.slice(0, 7), 'attachmentSessions', id] }, '').replace(/\?$/, '');
	return {
		status: 201,
		json: { '@odata.context': contextUrl(request, 'microsoft.graph.uploadSession'), uploadUrl, expirationDateTime: new Date(session.expiresMs).toISOString(), nextExpectedRanges: ['0-'] },
	};
}

/** `attachmentSessions/{id}` and its `content`. */
export function taskAttachmentSessionRoutes(request: GraphRequest, store: TodoStore, task: TaskRecord, [id, tail, ...more]: readonly string[]): GraphAnswer {
	const open = sessionsOf(store);
	const session = open.get(id ?? '');
	if (!session || session.task !== task || session.expiresMs <= store.nowMs) throw itemNotFound();
	if (tail === undefined && request.method === 'DELETE') {
		open.delete(id!);
		return { status: 204 };
	}
	if (tail?.toLowerCase() !== 'content' || more.length > 0 || request.method !== 'PUT') return miss();
	const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range'] ?? '');
	if (!range) throw badRequest('The Content-Range header is missing or malformed.', 'ErrorInvalidContentRange');
	const [first, last, total] = range.slice(1).map(Number) as [number, number, number];
	if (total !== session.sizeBytes || last - first + 1 !== request.body.length) throw badRequest('The Content-Range header does not fit the session or the body.', 'ErrorInvalidContentRange');
	if (request.body.length > LARGEST_CHUNK_BYTES) throw new GraphError(413, 'RequestEntityTooLarge', 'A chunk may have at most 4 MB.');
	if (first !== session.received) throw new GraphError(416, 'ErrorInvalidContentRange', 'The chunk is not the one expected next.');
	session.chunks.push(request.body);
	session.received += request.body.length;
	if (session.received < session.sizeBytes) {
		return { status: 200, json: { ExpirationDateTime: new Date(session.expiresMs).toISOString(), NextExpectedRanges: [String(session.received)] } };
	}
	open.delete(id!);
	const attachment = store.attach(task, session.name, Buffer.concat(session.chunks), session.contentType);
	const path = request.segments.slice(0, 7).map((segment) => `/${encodeURIComponent(segment)}`).join('');
	return { status: 201, headers: { Location: `${request.origin}/v1.0${path}/Attachments/${store.attachmentId(task, attachment)}` } };
}
