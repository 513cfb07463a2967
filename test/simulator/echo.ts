/** What a fault may repeat of the request that it strikes. */
export interface EchoedRequest {
	method: string;
	/** Path and query, or the whole address. */
	url: string;
	headers: Record<string, string>;
	body: Buffer;
}

/** The ways in which gateways and services have been seen to repeat what they were sent. */
export const ECHO_STYLES = ['address', 'encoded address', 'headers', 'bare keys', 'code', 'form', 'web page', 'other JSON'] as const;
export type EchoStyle = (typeof ECHO_STYLES)[number];

/** The body of a refusal that repeats secrets of the request: a JSON value, or the text of a web page. */
export function echoOf(request: EchoedRequest, style: EchoStyle): { json: unknown } | { page: string } {
	const { method, url, headers, body } = request;
	const error = (message: string, code = 'InternalServerError'): { json: unknown } => ({ json: { error: { code, message, innerError: { request: `${method} ${url}`, headers } } } });
	switch (style) {
		case 'address':
			return error(`${method} ${url} failed with Authorization: ${headers.authorization ?? '-'}`);
		case 'encoded address':
			return error(`Cannot redirect to /error?from=${encodeURIComponent(url)}&authorization=${encodeURIComponent(headers.authorization ?? '')}`);
		case 'headers':
			return error(`Headers: ${JSON.stringify({ url, ...headers })}`);
		case 'bare keys':
			return error(`Not valid: ${keysOf(request).join(' ')}`);
		case 'code':
			return error('An error occurred.', keysOf(request)[0] ?? url);
		case 'form':
			return error(`Body was ${body.subarray(0, 2000).toString('latin1')}`);
		case 'web page':
			return { page: `<html><h1>Bad gateway</h1><pre>${method} ${url}\n${JSON.stringify(headers)}\n${body.subarray(0, 2000).toString('latin1')}</pre></html>` };
		case 'other JSON':
			return { json: { error: 'server_error', error_description: `${method} ${url} ${keysOf(request).join(' ')}`, error_codes: [90033] } };
	}
}

/** Values that open something, without the names that would give them away. */
function keysOf({ url, headers, body }: EchoedRequest): string[] {
	const keys = [(headers.authorization ?? '').replace(/^Bearer /i, '')];
	const query = new URLSearchParams(url.split('?')[1] ?? '');
	for (const name of ['tempauth', 'authtoken', 'guid']) keys.push(query.get(name) ?? '');
	if (/^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '')) {
		const form = new URLSearchParams(body.toString('latin1'));
		for (const name of ['client_secret', 'client_assertion']) keys.push(form.get(name) ?? '');
	}
	return keys.filter((key) => key !== '');
}
