import type { Ambient } from '../base/ambient';
import { Failure, isFailure, toFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { letGo } from '../base/let-go';
import { BatchAnswerScanner } from './batch-reader';
import { bodyOf } from './body';
import type { Call, CallInput } from './call';
import { classifyAnswer } from './classify';
import type { GraphAddress } from './graph-address';
import { isSharePoint, mailboxOf } from './graph-path';
import { withImmutableIds } from './prefer';
import { headerGetter, retryAfterMs } from './retry-after';
import { backoffMs, isRepeatable, longestRetryAfterMs, maximumRetries, mayRetry, pauseMs } from './retry-rule';
import { either, type Sender } from './sender';
import { isSharing, resourceUnits } from './sharepoint-quota';
import type { GraphStats } from './stats';

export interface BatchRequest {
	/** The caller's own; unique within one call of `batch`. */
	id: string;
	method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
	/** Relative to /v1.0, or a link on the Graph host. */
	path: string;
	headers?: Record<string, string>;
	body?: JsonObject;
	/** What SharePoint charges, where the path does not tell (sharepoint-quota.ts). */
	resourceUnits?: number;
}

/**
 * `status` is below 400; anything else is a classified `failure`. Bodies are JSON; text/* bodies are strings as they
 * arrived. Failure code `batchAnswerTooLarge`, of `$value` and with `reportsTooLarge`: ask for this one alone, as a stream.
 * `location`: where an expired delta link may start anew.
 */
export type BatchAnswer =
	| { id: string; status: number; headers: Record<string, string>; body: unknown }
	| { id: string; failure: Failure; location?: string };

/** An answer as a success or a failure, for callers that ask `ok` first. */
export function batchResult(answer: BatchAnswer): { ok: true; status: number; headers: Record<string, string>; body: unknown } | { ok: false; failure: Failure } {
	return 'failure' in answer ? { ok: false, failure: answer.failure } : { ok: true, status: answer.status, headers: answer.headers, body: answer.body };
}

export interface BatchOptions {
	signal?: AbortSignal;
	/** The most that one answer of Graph to a batch may weigh; default 24 MB. */
	maxResponseBytes?: number;
	/** Says `batchAnswerTooLarge` also of what the client would otherwise ask for alone: the caller has a smaller question. */
	reportsTooLarge?: boolean;
	/** One small question to each of many mailboxes: none of them spends more than one of its slots on it. */
	acrossMailboxes?: boolean;
}

export interface BatchParts {
	sender: Sender;
	address: GraphAddress;
	ambient: Ambient;
	stats: GraphStats;
	/** The client's own: ends everything. */
	signal: AbortSignal | undefined;
}

/** Microsoft's limit ("Combine multiple HTTP requests using JSON batching"). */
const mostRequests = 20;
const defaultMaxResponseBytes = 24 * 1024 * 1024;
/** How often a request alone in its batch is asked for again after a broken answer. */
const mostBrokenSingles = 2;

/** Larger answers wait for their turn as text and are parsed twice: twenty pages of a listing as objects are a lot of memory. */
const keptAsTextChars = 32 * 1024;

interface Pending {
	request: BatchRequest;
	/** Relative to /v1.0. */
	path: string;
	attempts: number;
	broken: number;
}

interface Round {
	answers: { pending: Pending; status: number; headers: Record<string, string>; body: () => unknown }[];
	unanswered: Pending[];
	tooLarge: boolean;
}

/**
 * Any number of requests to one mailbox (or, if the options say so, to many), or to drives and sites, 20 at a time, one batch after the other (a batch uses
 * all slots of its mailbox).
 * Every request is answered exactly once, in any order. Throws `cancelled`, `denied` and `defect` (several mailboxes);
 * all else comes as the failure of single requests.
 */
export async function* batch(parts: BatchParts, requests: readonly BatchRequest[], options: BatchOptions): AsyncGenerator<BatchAnswer, void, undefined> {
	const all = requests.map((request): Pending => ({ request, path: parts.address.relative(request.path), attempts: 0, broken: 0 }));
	if (options.acrossMailboxes !== true) assertOneMailbox(all);
	for (let at = 0; at < all.length; at += mostRequests) {
		yield* settle(parts, all.slice(at, at + mostRequests), options);
	}
}

/** One batch and what follows from it: retries of what was refused, halves of what did not fit. */
async function* settle(parts: BatchParts, group: readonly Pending[], options: BatchOptions): AsyncGenerator<BatchAnswer, void, undefined> {
	const groups: Pending[][] = [[...group]];
	const again: Pending[] = [];
	let delayMs = 0;
	for (;;) {
		let current = groups.shift();
		if (current === undefined) {
			if (again.length === 0) return;
			current = again.splice(0);
			if (delayMs > 0) await parts.ambient.sleep(delayMs, either(parts.signal, options.signal));
			delayMs = 0;
		}
		let round: Round;
		try {
			round = await send(parts, current, options);
		} catch (error) {
			const failure = toFailure(error);
			if (['cancelled', 'denied', 'defect'].includes(failure.kind)) throw failure;
			for (const { request } of current) yield { id: request.id, failure };
			continue;
		}
		const wasAlone = round.unanswered.length === 1 && round.answers.length === 0;
		// Each is let go of as soon as it is handed on: the text of a page is long.
		for (let answer = round.answers.shift(); answer; answer = round.answers.shift()) {
			const { pending, status, headers, body: read } = answer;
			const body = read();
			if (status < 400) {
				yield { id: pending.request.id, status, headers, body };
				continue;
			}
			const failure = classifyAnswer({ method: pending.request.method, path: pending.path, status, headers: headerGetter(headers), body, now: parts.ambient.now() });
			if (!isWorthAnotherTry(failure, pending)) {
				yield { id: pending.request.id, failure, ...(headers['location'] === undefined ? {} : { location: headers['location'] }) };
				continue;
			}
			// A Retry-After is waited for by the governor, for the whole mailbox; it knows none where there are many.
			if (failure.retryAfterMs === undefined) delayMs = Math.max(delayMs, backoffMs(pending.attempts, parts.ambient.random()));
			else if (options.acrossMailboxes === true) delayMs = Math.max(delayMs, pauseMs(failure.retryAfterMs, parts.ambient.random()));
			pending.attempts++;
			parts.stats.retries++;
			again.push(pending);
		}
		yield* regroup(round, wasAlone, groups);
	}
}

/** What a broken or oversized answer left open: in halves, a single one again or as a failure. */
function* regroup(round: Round, wasAlone: boolean, groups: Pending[][]): Generator<BatchAnswer, void, undefined> {
	const { unanswered, tooLarge } = round;
	const [first] = unanswered;
	if (first === undefined) return;
	const unsafe = unanswered.filter(({ request }) => !isRepeatable(request.method, request.path));
	for (const { request } of unsafe) yield { id: request.id, failure: lostAnswer() };
	const open = unanswered.filter((pending) => !unsafe.includes(pending));
	if (wasAlone) {
		first.broken++;
		if (open.length === 1 && (tooLarge || first.broken > mostBrokenSingles)) {
			yield { id: first.request.id, failure: tooLargeForBatch(tooLarge) };
			return;
		}
	}
	const half = Math.ceil(open.length / 2);
	for (const part of [open.slice(0, half), open.slice(half)]) if (part.length > 0) groups.push(part);
}

function isWorthAnotherTry(failure: Failure, pending: Pending): boolean {
	if (!mayRetry(failure, isRepeatable(pending.request.method, pending.request.path))) return false;
	if ((failure.retryAfterMs ?? 0) > longestRetryAfterMs) return false;
	return pending.attempts < (failure.kind === 'throttled' ? maximumRetries.throttled : maximumRetries.transient);
}

async function send(parts: BatchParts, group: readonly Pending[], options: BatchOptions): Promise<Round> {
	const byNumber = new Map(group.map((pending, index) => [String(index + 1), pending]));
	const requests = [...byNumber].map(([id, { request, path }]) => ({
		id,
		method: request.method,
		url: path,
		headers: withImmutableIds({ ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }), ...request.headers }),
		...(request.body === undefined ? {} : { body: request.body }),
	}));
	const answers: Round['answers'] = [];
	let tooLarge = false;
	const read = async (response: Response, call: Call): Promise<void> => {
		tooLarge = await readAnswers(response, call, options.maxResponseBytes ?? defaultMaxResponseBytes, (answer) => {
			const pending = byNumber.get(answer.id);
			if (pending === undefined) return;
			byNumber.delete(answer.id);
			answers.push({ pending, status: answer.status, headers: answer.headers, body: answer.body });
		});
		const waits = answers.filter(({ status }) => status === 429 || status === 503).map(({ status, headers }) => waitOf(status, headers, parts.ambient.now()));
		const longestMs = Math.max(...waits);
		if (longestMs >= 0) call.lease?.throttled(longestMs);
	};
	await parts.sender.send({
		method: 'POST',
		url: `${parts.address.baseUrl}/$batch`,
		path: '/$batch',
		headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
		body: JSON.stringify({ requests }),
		signal: options.signal,
		repeatable: group.every(({ request }) => isRepeatable(request.method, request.path)),
		requests: group.length,
		...(options.acrossMailboxes === true ? {} : paidBy(group)),
		read,
	});
	return { answers, unanswered: [...byNumber.values()], tooLarge };
}

/** A mailbox, all of whose slots a batch uses; or SharePoint, which charges for each request inside and knows no slots. */
function paidBy(group: readonly Pending[]): Pick<CallInput, 'allSlots' | 'mailbox' | 'isSharePoint' | 'resourceUnits' | 'sharings'> {
	const mailbox = mailboxOf(group[0]?.path ?? '');
	if (mailbox !== undefined || !group.some(({ path }) => isSharePoint(path))) return { allSlots: true, mailbox };
	return {
		isSharePoint: true,
		resourceUnits: group.reduce((sum, { request, path }) => sum + (request.resourceUnits ?? resourceUnits(request.method, path)), 0),
		sharings: group.filter(({ request, path }) => isSharing(request.method, path)).length,
	};
}

interface InnerAnswer {
	id: string;
	status: number;
	headers: Record<string, string>;
	body: () => unknown;
}

/** Reads answers as they arrive; a connection that breaks leaves the rest unanswered. Returns whether the limit was passed. */
async function readAnswers(response: Response, call: Call, maxBytes: number, take: (answer: InnerAnswer) => void): Promise<boolean> {
	const scanner = new BatchAnswerScanner();
	let size = 0;
	try {
		for await (const piece of bodyOf(response, new URL(call.url).host)) {
			size += piece.byteLength;
			if (size > maxBytes) return true;
			for (const text of scanner.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))) {
				const answer = innerAnswer(text);
				if (answer !== undefined) take(answer);
			}
			// What the scanner keeps of it is a copy.
			letGo(piece);
		}
	} catch (error) {
		// A broken end is no reason to ask for what has arrived again: the caller asks for the rest.
		if (!isFailure(error, 'transient')) throw error;
	}
	return false;
}

function innerAnswer(text: string): InnerAnswer | undefined {
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		// Left unanswered, so asked for again.
		return undefined;
	}
	if (typeof parsed !== 'object' || parsed === null || !('id' in parsed) || !('status' in parsed)) return undefined;
	const headers = 'headers' in parsed && typeof parsed.headers === 'object' && parsed.headers !== null ? parsed.headers : {};
	return {
		id: String(parsed.id),
		status: Number(parsed.status),
		headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
		body: text.length < keptAsTextChars ? kept(parsed) : parsedLater(text),
	};
}

// Two functions, since closures of one function share what they hold: the text would keep the objects alive.
function kept(parsed: unknown): () => unknown {
	return () => bodyOfAnswer(parsed);
}

function parsedLater(text: string): () => unknown {
	return () => bodyOfAnswer(JSON.parse(text));
}

function bodyOfAnswer(parsed: unknown): unknown {
	return typeof parsed === 'object' && parsed !== null && 'body' in parsed ? parsed.body : undefined;
}

/** -1: no refusal by the limits. */
function waitOf(status: number, headers: Record<string, string>, now: Date): number {
	return retryAfterMs(headerGetter(headers), now) ?? (status === 429 ? 0 : -1);
}

function assertOneMailbox(all: readonly Pending[]): void {
	const mailboxes = new Set(all.map(({ path }) => mailboxOf(path) ?? ''));
	if (mailboxes.size > 1) throw new Failure('defect', 'A batch of Graph requests holds requests to several mailboxes; nothing was sent');
}

function lostAnswer(): Failure {
	return new Failure('transient', 'The answer to a request that creates something was lost. Whether it took effect is unknown', { code: 'effectUnknown' });
}

function tooLargeForBatch(tooLarge: boolean): Failure {
	return new Failure('transient', tooLarge ? 'The answer is too large for a batch' : 'The answer broke off in a batch again and again', {
		code: 'batchAnswerTooLarge',
	});
}
