import { redact } from './redact';

/**
 * What went wrong, in the few kinds that anybody above acts upon. The lowest layer that understands an
 * error classifies it, once; the layers above only compare `kind`; the actions room alone turns a Failure
 * into an n8n error.
 *
 * - `notFound`: the thing does not exist (any more)
 * - `denied`: no permission; `nextStep` names the missing one
 * - `throttled`: too many requests; `retryAfterMs` says when to come back
 * - `expiredCursor`: a delta link is no longer valid: enumerate anew
 * - `quota`: the service's or the disk's space is used up
 * - `corrupt`: bytes are not what their hash, format or protocol says
 * - `conflict`: somebody else wrote first, or the name is taken
 * - `transient`: a passing fault; trying again later is right
 * - `invalid`: the user's input or settings; nothing was changed
 * - `cancelled`: the user stopped the run
 * - `defect`: anything unforeseen, most likely our own mistake
 */
export type FailureKind =
	| 'notFound'
	| 'denied'
	| 'throttled'
	| 'expiredCursor'
	| 'quota'
	| 'corrupt'
	| 'conflict'
	| 'transient'
	| 'invalid'
	| 'cancelled'
	| 'defect';

export interface FailureDetails {
	/** What the user should do next, one or two plain sentences. */
	nextStep?: string | undefined;
	/**
	 * What happened in the words of somebody who does not know the vendor's interface, where `message` holds technical
	 * text. It may begin with "This mailbox" or "This user", which whoever shows it replaces by the name.
	 */
	title?: string | undefined;
	retryAfterMs?: number | undefined;
	/** The vendor's own code, e.g. Graph's `ErrorItemNotFound` or Node's `ENOSPC`. */
	code?: string | undefined;
	/** HTTP status where there was one. */
	status?: number | undefined;
	cause?: unknown;
}

/** The one error class below the n8n edge. `message` says what happened, `nextStep` what to do. */
export class Failure extends Error {
	override readonly name = 'Failure';
	readonly nextStep: string | undefined;
	readonly title: string | undefined;
	readonly retryAfterMs: number | undefined;
	readonly code: string | undefined;
	readonly status: number | undefined;

	constructor(
		readonly kind: FailureKind,
		message: string,
		details: FailureDetails = {},
	) {
		super(message, details.cause === undefined ? undefined : { cause: details.cause });
		this.nextStep = details.nextStep;
		this.title = details.title;
		this.retryAfterMs = details.retryAfterMs;
		this.code = details.code;
		this.status = details.status;
	}
}

/** Any thrown value as a Failure. What nobody classified is a `defect`, an abort is `cancelled`. */
export function toFailure(error: unknown): Failure {
	if (error instanceof Failure) return error;
	if (error instanceof Error) {
		if (error.name === 'AbortError') return new Failure('cancelled', 'The run was stopped', { cause: error });
		// Node and libraries repeat addresses and keys in theirs.
		return new Failure('defect', redact(error.message), { cause: error });
	}
	return new Failure('defect', redact(String(error)));
}

/** Whether it is a Failure of one of these kinds; of any kind if none is named. */
export function isFailure(error: Failure, ...kinds: FailureKind[]): boolean;
export function isFailure(error: unknown, ...kinds: FailureKind[]): error is Failure;
export function isFailure(error: unknown, ...kinds: FailureKind[]): boolean {
	return error instanceof Failure && (kinds.length === 0 || kinds.includes(error.kind));
}
