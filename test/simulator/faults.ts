import { ECHO_STYLES, echoOf, type EchoedRequest, type EchoStyle } from './echo';
import type { GraphAnswer } from './exchange';

export type FaultAction =
	/** A body that is text is sent as it is (`''`: an empty one); without any, Graph's own words. */
	| { status: number; body?: unknown; headers?: Record<string, string> }
	/** The answer repeats the request, keys included, in one way, or in each in turn. */
	| { status: number; echo: EchoStyle | 'each' }
	/** The connection is reset without an answer (`during`: after half of it). */
	| { reset: true }
	/** Only so many bytes of the body arrive. `silent`: without a Content-Length that would tell. */
	| { truncateAtByte: number; silent?: boolean }
	| { delayMs: number };

export interface Fault {
	/** `'GET /users/*\/messages/*\/$value'` (`*` stands for anything), a RegExp on `METHOD /path?query`, or a function. Paths start behind `/v1.0`. */
	match: string | RegExp | ((method: string, path: string) => boolean);
	/** How often; 1 unless said. Infinity: always. */
	times?: number;
	/** Matching requests that go through unharmed before the first fault. */
	skip?: number;
	/** Before the request takes effect (default), while its answer is on its way, or after the effect instead of the answer. */
	when?: 'before' | 'during' | 'after';
	do: FaultAction;
}

interface Scripted extends Fault {
	left: number;
	toSkip: number;
	test: (method: string, path: string) => boolean;
}

/** Faults that a test wrote down. They hit single requests, requests inside `$batch` and upload chunks alike. */
export class Faults {
	private scripted: Scripted[] = [];
	/** How many faults have struck so far. */
	struck = 0;

	script(fault: Fault): void {
		this.scripted.push({ ...fault, left: fault.times ?? 1, toSkip: fault.skip ?? 0, test: tester(fault.match) });
	}

	clear(): void {
		this.scripted = [];
	}

	/** The fault that strikes this request, if any; it counts as used. */
	take(method: string, path: string): Fault | undefined {
		if (this.scripted.length === 0) return undefined;
		for (const fault of this.scripted) {
			if (fault.left <= 0 || !fault.test(method, path)) continue;
			if (fault.toSkip > 0) {
				fault.toSkip--;
				continue;
			}
			fault.left--;
			this.struck++;
			if (fault.left <= 0) this.scripted = this.scripted.filter((other) => other !== fault);
			return fault;
		}
		return undefined;
	}
}

function tester(match: Fault['match']): (method: string, path: string) => boolean {
	if (typeof match === 'function') return match;
	if (match instanceof RegExp) return (method, path) => match.test(`${method} ${path}`);
	const pattern = match
		.split('*')
		.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
		.join('.*');
	const regexp = new RegExp(`^${pattern}(\\?.*)?$`, 'i');
	return (method, path) => regexp.test(`${method} ${path}`);
}

/** So that all ways have their turn, whichever requests are struck. */
let echoes = 0;

/** Carries out a request under a fault. `proceed` is the request's own effect and answer. */
export async function underFault(fault: Fault, proceed: () => Promise<GraphAnswer>, request: EchoedRequest): Promise<GraphAnswer> {
	const action = fault.do;
	if ('delayMs' in action) {
		const answer = await proceed();
		return { ...answer, delayMs: action.delayMs };
	}
	const when = fault.when ?? 'before';
	const isBodyFault = 'truncateAtByte' in action;
	const answer = when === 'before' && !isBodyFault ? { status: 500 } : await proceed();
	if ('reset' in action) return { ...answer, breakage: { kind: when === 'during' ? 'resetHalfway' : 'reset' } };
	if ('echo' in action) {
		const style = action.echo === 'each' ? ECHO_STYLES[echoes++ % ECHO_STYLES.length]! : action.echo;
		const echo = echoOf(request, style);
		return { status: action.status, ...('json' in echo ? { json: echo.json } : { bytes: Buffer.from(echo.page), contentType: 'text/html' }), ...(answer.route ? { route: answer.route } : {}) };
	}
	if ('truncateAtByte' in action) return { ...answer, breakage: { kind: action.silent ? 'silentTruncate' : 'truncate', atByte: action.truncateAtByte } };
	const failed: GraphAnswer = { status: action.status, headers: action.headers ?? {} };
	if (typeof action.body === 'string') Object.assign(failed, { bytes: Buffer.from(action.body), contentType: 'text/html' });
	else if (action.body !== undefined) failed.json = action.body;
	else if (action.status >= 400) failed.json = errorBody(action.status);
	if (answer.route) failed.route = answer.route;
	return failed;
}

/** What Graph says with these statuses. */
function errorBody(status: number): unknown {
	const codes: Record<number, [string, string]> = {
		401: ['InvalidAuthenticationToken', 'Access token has expired or is not yet valid.'],
		403: ['ErrorAccessDenied', 'Access is denied. Check credentials and try again.'],
		404: ['ErrorItemNotFound', 'The specified object was not found in the store.'],
		429: ['TooManyRequests', 'Please retry again later.'],
		500: ['InternalServerError', 'An internal server error occurred. The operation failed.'],
		503: ['ServiceUnavailable', 'The service is unavailable.'],
		504: ['GatewayTimeout', 'The gateway timed out.'],
	};
	const [code, message] = codes[status] ?? ['UnknownError', 'An error occurred.'];
	return { error: { code, message } };
}
