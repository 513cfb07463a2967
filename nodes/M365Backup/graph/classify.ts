import { Failure, type FailureKind } from '../base/failure';
import { redact } from '../base/redact';
import { expiredCursorTexts, knownCodes, knownTexts } from './error-codes';
import { shownPath } from './graph-path';
import { permissionNextStep } from './permissions';
import { retryAfterMs } from './retry-after';

export interface ErrorAnswer {
	method: string;
	/** Relative to /v1.0; its query string is not shown. */
	path: string;
	status: number;
	headers: { get(name: string): string | null };
	/** Parsed JSON, or text, or nothing. */
	body: unknown;
	now: Date;
	/** What was sent and opens something: a service may repeat it. */
	secrets?: readonly string[];
}

/**
 * An answer of 400 and above as the Failure it comes to: the title says it plainly, the message is what a support case
 * needs. Neither holds query strings or tokens.
 */
export function classifyAnswer(answer: ErrorAnswer): Failure {
	const { code, message } = readError(answer.body);
	const told = answer.status >= 400 && answer.status < 500 && message !== undefined ? knownTexts.find(({ text }) => text.test(message)) : undefined;
	const known = told ?? (code === undefined ? undefined : knownCodes[code.toLowerCase()]);
	const wait = retryAfterMs(answer.headers, answer.now);
	const kind = kindOf(answer.status, message, known?.kind, wait);
	const said = message === undefined ? '' : `: ${redact(message, answer.secrets)}`;
	const shownCode = code === undefined ? undefined : redact(code, answer.secrets);
	const name = shownCode === undefined ? String(answer.status) : `${answer.status} ${shownCode}`;
	return new Failure(kind, `Microsoft Graph answered ${name} to ${answer.method} ${shownPath(answer.path)}${said}`, {
		status: answer.status,
		code: shownCode,
		retryAfterMs: wait,
		title: known?.title ?? titleOf(kind, answer),
		nextStep: known?.nextStep ?? nextStepOf(kind, answer),
	});
}

function kindOf(status: number, message: string | undefined, known: FailureKind | undefined, waitMs: number | undefined): FailureKind {
	if (status === 410 || known === 'expiredCursor') return 'expiredCursor';
	if (status >= 400 && status < 500 && message !== undefined && expiredCursorTexts.some((text) => text.test(message))) {
		return 'expiredCursor';
	}
	if (status === 429 || status === 509 || (status === 503 && waitMs !== undefined)) return 'throttled';
	if (known !== undefined) return known;
	switch (status) {
		case 401:
		case 403:
			return 'denied';
		case 404:
			return 'notFound';
		case 408:
		case 425:
			return 'transient';
		case 409:
		case 412:
		case 423:
			return 'conflict';
		case 507:
			return 'quota';
		default:
			return status >= 500 && status !== 501 ? 'transient' : 'invalid';
	}
}

function titleOf(kind: FailureKind, answer: ErrorAnswer): string {
	switch (kind) {
		case 'denied':
			return answer.status === 401 ? 'Microsoft 365 does not accept the sign-in of the credential' : 'Microsoft 365 refuses access';
		case 'throttled':
			return 'Microsoft 365 asks for fewer requests';
		case 'transient':
			return 'Microsoft 365 had a passing fault';
		case 'quota':
			return 'Microsoft 365 has no room left there';
		case 'notFound':
			return 'Something was not found in Microsoft 365';
		case 'conflict':
			return answer.status === 423 ? 'It is locked in Microsoft 365' : 'Somebody else changed the same thing in Microsoft 365';
		case 'corrupt':
			return 'Microsoft 365 cannot process the content';
		case 'expiredCursor':
			return 'Microsoft 365 no longer knows how far the last backup got';
		default:
			return 'Microsoft 365 does not accept a request of this node';
	}
}

function nextStepOf(kind: FailureKind, answer: ErrorAnswer): string | undefined {
	switch (kind) {
		case 'conflict':
			return answer.status === 423 ? 'Have it closed or checked in, then run this again' : 'Run this again: it looks anew at what is there';
		case 'denied':
			return answer.status === 401
				? 'Test the Microsoft credential: Microsoft Graph does not accept its token'
				: permissionNextStep(answer.method, answer.path);
		case 'throttled':
			return 'Microsoft 365 limits the rate of requests. Run again later, or with fewer sources at the same time';
		case 'transient':
			return 'Microsoft 365 had a passing fault. The next run tries again';
		case 'quota':
			return 'Make room at the destination or raise its quota';
		default:
			return undefined;
	}
}

/** `{"error":{"code","message"}}`, and the login service's `{"error":"…","error_description":"…"}` is none of it. */
export function readError(body: unknown): { code: string | undefined; message: string | undefined } {
	if (typeof body !== 'object' || body === null || !('error' in body)) return { code: undefined, message: undefined };
	const { error } = body;
	if (typeof error !== 'object' || error === null) return { code: undefined, message: undefined };
	return {
		code: 'code' in error && typeof error.code === 'string' && error.code !== '' ? error.code : undefined,
		message: 'message' in error && typeof error.message === 'string' && error.message !== '' ? error.message : undefined,
	};
}
