import { Failure, toFailure } from '../base/failure';
import { redact } from '../base/redact';

/** Codes of Node and undici, and of our login, that prove that the request never reached Graph, so that nothing can have happened there. */
const neverSent: ReadonlySet<string> = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'UND_ERR_CONNECT_TIMEOUT',
	'loginUnavailable',
]);

const certificateCodes = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_)/;

export function wasNeverSent(failure: Failure): boolean {
	return failure.code !== undefined && neverSent.has(failure.code);
}

/** What `fetch` or reading a body threw, as a Failure: `cancelled`, `invalid` for certificates, else `transient` with Node's code. */
export function connectionFailure(error: unknown, host: string): Failure {
	if (error instanceof Failure) return error;
	if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return toFailure(abortOf(error));
	const code = codeOf(error);
	if (code !== undefined && certificateCodes.test(code)) {
		return new Failure('invalid', `The certificate of ${host} is not trusted (${code})`, {
			code,
			nextStep: 'If a proxy or a private authority issued it, start n8n with NODE_EXTRA_CA_CERTS set to its certificate file',
		});
	}
	const detail = code ?? (error instanceof Error ? redact(error.message) : 'unknown cause');
	return new Failure('transient', `The connection to ${host} broke (${detail})`, {
		code: code ?? 'connectionBroken',
		nextStep: `Check that this machine can reach ${host}; the next run tries again`,
	});
}

function abortOf(error: Error): Error {
	return error.name === 'AbortError' ? error : Object.assign(new Error(error.message), { name: 'AbortError' });
}

/** undici wraps: TypeError "fetch failed" → cause (→ AggregateError → errors). */
function codeOf(error: unknown, depth = 0): string | undefined {
	if (typeof error !== 'object' || error === null || depth > 4) return undefined;
	if ('code' in error && typeof error.code === 'string') return error.code;
	if ('errors' in error && Array.isArray(error.errors)) {
		const inner = codeOf(error.errors[0], depth + 1);
		if (inner !== undefined) return inner;
	}
	return 'cause' in error ? codeOf(error.cause, depth + 1) : undefined;
}
