import {
	NodeApiError,
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type IDataObject,
	type JsonObject,
} from 'n8n-workflow';
import { toFailure, type Failure, type FailureKind } from '../base/failure';

/** Those that are Graph's answer, not the user's input: n8n shows them as errors of an API. */
const apiKinds: ReadonlySet<FailureKind> = new Set(['throttled', 'transient', 'denied', 'notFound', 'quota', 'expiredCursor']);

const ownNextStep = 'If it happens again, report it with the text above. Nothing that was stored before is affected.';

/**
 * The one place where a Failure becomes an n8n error: the message says what happened, the description what to do next.
 * `name` is that of the source, if there may be several. n8n's own errors (a parameter's expression, missing
 * credentials) pass as they are.
 */
export function toNodeError(this: Pick<IExecuteFunctions, 'getNode'>, error: unknown, itemIndex?: number, name?: string): Error {
	if (isN8nError(error)) return error;
	const failure = toFailure(error);
	const message = named(titleOf(failure), name);
	const technical = technicalOf(failure);
	const options = {
		message,
		description: technical === undefined ? nextStepOf(failure) : sentences(nextStepOf(failure), technical),
		...(itemIndex === undefined ? {} : { itemIndex }),
	};
	if (failure.status === undefined || !apiKinds.has(failure.kind)) {
		return new NodeOperationError(this.getNode(), message, options);
	}
	const answer: JsonObject = { message, ...(failure.code === undefined ? {} : { code: failure.code }) };
	return new NodeApiError(this.getNode(), answer, { ...options, httpCode: String(failure.status) });
}

/** What happened, plainly. */
export function titleOf(failure: Failure): string {
	return failure.title ?? failure.message;
}

/** The text behind a plain title, for a support case. */
export function technicalOf(failure: Failure): string | undefined {
	return failure.title === undefined ? undefined : failure.message;
}

/** What the user does next, whether or not the layer that failed said so. */
export function nextStepOf(failure: Failure): string {
	if (failure.nextStep !== undefined) return failure.nextStep;
	switch (failure.kind) {
		case 'throttled':
		case 'transient':
			return 'Try again later. What was stored so far stays, the next run goes on from there.';
		case 'quota':
			return 'Make room and run it again.';
		case 'cancelled':
			return 'Run it again. What was stored so far stays.';
		default:
			return ownNextStep;
	}
}

/**
 * An item that failed, as Continue On Fail wants it. It has exactly the keys `error`, `message` and `details`: with any
 * other n8n does not route it to the error output.
 */
export function failedItem(
	error: unknown,
	itemIndex: number,
	{ name, details = {} }: { name?: string | undefined; details?: IDataObject } = {},
): INodeExecutionData {
	const failure = toFailure(error);
	const nextStep = isN8nError(error) ? (descriptionOf(error) ?? '') : nextStepOf(failure);
	const technical = technicalOf(failure);
	return {
		json: {
			error: titleOf(failure),
			message: sentences(named(titleOf(failure), name), nextStep),
			details: {
				...details,
				kind: isN8nError(error) ? 'invalid' : failure.kind,
				nextStep,
				...(technical === undefined ? {} : { technical }),
				...(failure.code === undefined ? {} : { code: failure.code }),
				...(failure.status === undefined ? {} : { status: failure.status }),
			},
		},
		pairedItem: { item: itemIndex },
	};
}

const unnamed = /^This (mailbox|user|drive|site)\b/;

/** The message with the name of what it is about, unless it says it itself. */
export function named(message: string, name: string | undefined): string {
	if (name !== undefined && unnamed.test(message)) return message.replace(unnamed, () => name);
	return name === undefined || message.includes(name) ? message : `${name}: ${message}`;
}

/** One text of several sentences, of which some end with a full stop already; empty ones are left out. */
export function sentences(...parts: readonly (string | undefined)[]): string {
	const said = parts.map((part) => (part ?? '').trim().replace(/\.$/, '')).filter((part) => part !== '');
	return said.length > 1 ? `${said.join('. ')}.` : said.join('');
}

/** NodeError, ExpressionError and their kin: n8n shows them itself, with more context than we have. */
function isN8nError(error: unknown): error is Error {
	return error instanceof Error && (error instanceof NodeApiError || error instanceof NodeOperationError || 'context' in error);
}

function descriptionOf(error: Error): string | undefined {
	return 'description' in error && typeof error.description === 'string' ? error.description : undefined;
}
