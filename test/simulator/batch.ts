import { isUtf8 } from 'node:buffer';
import { miss, parsePreferences, type GraphAnswer, type GraphRequest } from './exchange';
import { badRequest } from './graph-error';
import { jsonBody } from './json-body';
import { answerGraph } from './router';
import { parseTarget } from './target';

interface InnerRequest {
	id: string;
	method: string;
	url: string;
	headers?: Record<string, string>;
	body?: unknown;
	dependsOn?: string[];
}

interface InnerAnswer {
	id: string;
	status: number;
	headers: Record<string, string>;
	body?: unknown;
}

const LARGEST_BATCH = 20;
const WAVE = 4;

/** `POST /$batch`: at most 20, waves of 4 for each mailbox, each inner request counted by itself; outer 200. */
export async function answerBatch(request: GraphRequest): Promise<GraphAnswer> {
	if (request.method !== 'POST' || request.segments.length > 1) return miss();
	if (request.inBatch) throw badRequest('Nested batch requests are not allowed.');
	const inner = readInner(jsonBody(request).requests);
	const answers = new Map<string, InnerAnswer>();
	const broken: GraphAnswer[] = [];
	const run = async (one: InnerRequest): Promise<void> => {
		const failed = one.dependsOn?.find((id) => (answers.get(id)?.status ?? 500) >= 400);
		if (failed !== undefined) {
			answers.set(one.id, { id: one.id, status: 424, headers: { 'Content-Type': 'application/json' }, body: { error: { code: 'FailedDependency', message: `The request ${failed} that it depends on failed.` } } });
			return;
		}
		const answer = await answerInner(request, one);
		if (answer.breakage) broken.push(answer);
		answers.set(one.id, shown(request, one.id, answer));
	};
	let waiting = inner;
	while (waiting.length) {
		const ready = waiting.filter((one) => !one.dependsOn?.some((id) => !answers.has(id)));
		const waves = byMailbox(ready);
		await Promise.all([...waves.values()].map(async (queue) => {
			for (let i = 0; i < queue.length; i += WAVE) await Promise.all(queue.slice(i, i + WAVE).map(run));
		}));
		waiting = waiting.filter((one) => !answers.has(one.id));
	}
	const responses = inner.map((one) => answers.get(one.id)!);
	if (request.tenant.switches.batchAnswerOrder === 'reversed') responses.reverse();
	const answer: GraphAnswer = { status: 200, json: { responses }, route: 'POST /$batch' };
	if (broken[0]?.breakage) answer.breakage = broken[0].breakage;
	return answer;
}

function readInner(requests: unknown): InnerRequest[] {
	if (!Array.isArray(requests) || requests.length === 0) throw badRequest('Invalid batch payload format.');
	if (requests.length > LARGEST_BATCH) throw badRequest(`Number of batch request steps exceeds the maximum value of ${LARGEST_BATCH}.`);
	const inner = requests as InnerRequest[];
	const ids = new Set<string>();
	for (const one of inner) {
		if (typeof one.id !== 'string' || typeof one.method !== 'string' || typeof one.url !== 'string') throw badRequest('Write request id, method and url are required.');
		if (ids.has(one.id)) throw badRequest('Request ids must be unique.');
		for (const id of one.dependsOn ?? []) if (!ids.has(id)) throw badRequest(`The request ${one.id} depends on ${id}, which does not come before it.`);
		ids.add(one.id);
	}
	return inner;
}

/** `users/{id}` of the URL; what belongs to no mailbox shares one queue. */
function byMailbox(requests: readonly InnerRequest[]): Map<string, InnerRequest[]> {
	const queues = new Map<string, InnerRequest[]>();
	for (const one of requests) {
		const key = /^\/?users(?:\/|\('?)([^/')?]+)/i.exec(one.url)?.[1]?.toLowerCase() ?? '';
		const queue = queues.get(key);
		if (queue) queue.push(one);
		else queues.set(key, [one]);
	}
	return queues;
}

async function answerInner(outer: GraphRequest, one: InnerRequest): Promise<GraphAnswer> {
	const headers: Record<string, string> = {};
	for (const [name, value] of Object.entries(one.headers ?? {})) headers[name.toLowerCase()] = value;
	if (/^https?:/i.test(one.url)) return { status: 400, json: { error: { code: 'BadRequest', message: 'The url of a batch request must be relative.' } } };
	const url = `/v1.0${one.url.startsWith('/') ? '' : '/'}${one.url}`;
	try {
		const { segments, query } = parseTarget(url);
		const request: GraphRequest = {
			...outer,
			method: one.method.toUpperCase(),
			url,
			segments,
			query,
			headers,
			body: innerBody(one.body, headers),
			inBatch: true,
			prefer: parsePreferences(headers.prefer),
		};
		const answer = await answerGraph(request);
		outer.tenant.counted(request, answer, true);
		if (answer.delayMs) await outer.tenant.wait(answer.delayMs);
		return answer;
	} catch (error) {
		return { status: 400, json: { error: { code: 'BadRequest', message: error instanceof Error ? error.message : String(error) } } };
	}
}

/** JSON as it is; everything else is base64 in a string, but plain text may be itself. */
function innerBody(body: unknown, headers: Record<string, string>): Buffer {
	if (body === undefined) return Buffer.alloc(0);
	if (typeof body === 'string') return Buffer.from(body);
	headers['content-type'] ??= '';
	return Buffer.from(JSON.stringify(body));
}

function shown(request: GraphRequest, id: string, answer: GraphAnswer): InnerAnswer {
	const headers: Record<string, string> = { 'Cache-Control': 'private', ...answer.headers };
	const shownAnswer: InnerAnswer = { id, status: answer.status, headers };
	if (answer.bytes) {
		headers['Content-Type'] = answer.contentType ?? 'application/octet-stream';
		shownAnswer.body = bodyText(request, answer.bytes, answer.contentType ?? '');
	} else if (answer.json !== undefined) {
		headers['Content-Type'] = 'application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8';
		shownAnswer.body = answer.json;
	}
	return shownAnswer;
}

function bodyText(request: GraphRequest, bytes: Buffer, contentType: string): string {
	const { batchValueBody, batchEightBit } = request.tenant.switches;
	if (!contentType.startsWith('text/') || batchValueBody === 'base64') return bytes.toString('base64');
	return batchEightBit === 'latin1' && !isUtf8(bytes) ? bytes.toString('latin1') : bytes.toString('utf8');
}
