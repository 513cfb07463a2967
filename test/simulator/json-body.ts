import type { GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';

/** @throws GraphError 400 if the body is no JSON object, 413 if it is over the REST limit */
export function jsonBody(request: GraphRequest): Record<string, unknown> {
	refuseTooLarge(request);
	const type = request.headers['content-type'] ?? '';
	if (!/^application\/json\b/i.test(type)) throw new GraphError(415, 'RequestBodyRead', `The Content-Type header is missing or not supported: '${type}'.`);
	try {
		const parsed: unknown = JSON.parse(request.body.toString('utf8'));
		if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
	} catch {
		// Falls through to Graph's own answer.
	}
	throw badRequest('Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.');
}

export function refuseTooLarge(request: GraphRequest): void {
	if (request.body.length > request.tenant.switches.requestSizeLimitBytes) throw new GraphError(413, 'RequestEntityTooLarge', 'Maximum request length exceeded.');
}
