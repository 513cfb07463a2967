import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { answerUpload } from './attachment-routes';
import { streamContent } from './drive-stream';
import { answerDriveUrl, driveUrlKind } from './drive-urls';
import { parsePreferences, type GraphAnswer } from './exchange';
import { answerImport, isImport } from './exchange-import';
import { underFault } from './faults';
import { GraphError } from './graph-error';
import { answerLogin } from './login';
import { answerGraph, errorAnswer } from './router';
import { answerBeta } from './settings-beta';
import { parseTarget } from './target';
import type { Tenant } from './tenant';

export interface TlsMaterial {
	key: string;
	cert: string;
}

/** Listens on loopback only. */
export async function listen(tenant: Tenant, handler: 'graph' | 'upload', port: number, tls: TlsMaterial | undefined): Promise<Server> {
	const listener: RequestListener = (request, response) => {
		void (handler === 'graph' ? graphAndLogin(tenant, request, response) : upload(tenant, request, response));
	};
	const server = tls ? createHttpsServer(tls, listener) : createServer(listener);
	server.keepAliveTimeout = 65_000;
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return server;
}

export function portOf(server: Server): number {
	return (server.address() as AddressInfo).port;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
	if (request.method === 'GET' || request.method === 'HEAD') return Buffer.alloc(0);
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function plainHeaders(request: IncomingMessage): Record<string, string> {
	const headers: Record<string, string> = {};
	for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
	return headers;
}

async function graphAndLogin(tenant: Tenant, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const method = request.method ?? 'GET';
	const url = request.url ?? '/';
	const origin = `${'encrypted' in request.socket ? 'https' : 'http'}://${request.headers.host ?? '127.0.0.1'}`;
	let body: Buffer;
	try {
		body = await readBody(request);
	} catch {
		return; // The client went away before it had sent its request: nobody waits for an answer.
	}
	const headers = plainHeaders(request);
	if (!url.startsWith('/v1.0/') && !url.startsWith('/beta/')) {
		const login = { method, url, headers, body, origin };
		const fault = tenant.loginFaults.take(method, url);
		const proceed = (): Promise<GraphAnswer> => Promise.resolve(answerLogin(tenant, login));
		const answer = fault ? await underFault(fault, proceed, { ...login, url: `${origin}${url}` }) : await proceed();
		if (answer.delayMs) await tenant.wait(answer.delayMs);
		send(tenant, response, answer, method);
		return;
	}
	let answer: GraphAnswer;
	try {
		const claims = authenticate(tenant, headers.authorization);
		if (url.startsWith('/beta/')) {
			answer = await answerBeta({ method, url: `${origin}${url}`, headers, body, segments: parseTarget(url).segments, roles: tenant.roles.effective(claims.roles), tenant });
		} else {
			answer = await answerGraph({ method, url, ...parseTarget(url), headers, body, origin, inBatch: false, prefer: parsePreferences(headers.prefer), roles: tenant.roles.effective(claims.roles), tenant });
		}
	} catch (error) {
		answer = errorAnswer(error, { tenant });
	}
	tenant.counted({ method, url }, answer, false);
	tenant.requestLog.record(method, `${origin}${url}`, body, answer);
	if (answer.delayMs) await tenant.wait(answer.delayMs);
	send(tenant, response, answer, method);
}

/** @throws GraphError 401 */
function authenticate(tenant: Tenant, header: string | undefined): { roles: string[] } {
	const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
	if (token === undefined) throw new GraphError(401, 'InvalidAuthenticationToken', 'Access token is empty.', { 'WWW-Authenticate': 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"' });
	const claims = tenant.tokens.check(token);
	if (!claims) throw new GraphError(401, 'InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.', { 'WWW-Authenticate': 'Bearer realm="", error="invalid_token"' });
	return claims;
}

async function upload(tenant: Tenant, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const method = request.method ?? 'GET';
	const url = request.url ?? '/';
	let body: Buffer;
	try {
		body = await readBody(request);
	} catch {
		return; // As above.
	}
	const given = { method, url, headers: plainHeaders(request), body, tenant };
	const proceed = async (): Promise<GraphAnswer> => {
		try {
			if (driveUrlKind(url)) return await answerDriveUrl(given);
			return await (isImport(url) ? answerImport(given) : answerUpload(given));
		} catch (error) {
			return { ...errorAnswer(error, { tenant }), route: `${method} ${driveUrlKind(url) ?? (isImport(url) ? 'importItem' : 'upload')}` };
		}
	};
	const fault = tenant.faults.take(method, url);
	const answer = fault ? await underFault(fault, proceed, { ...given, url: `${tenant.uploadOrigin}${url}` }) : await proceed();
	tenant.counted({ method, url }, answer, false);
	if (answer.delayMs) await tenant.wait(answer.delayMs);
	send(tenant, response, answer, method);
}

function send(tenant: Tenant, response: ServerResponse, answer: GraphAnswer, method: string): void {
	const { breakage } = answer;
	if (breakage?.kind === 'reset') {
		response.destroy();
		return;
	}
	const bytes = answer.bytes ?? (answer.json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(answer.json)));
	const headers: Record<string, string | number> = { Date: httpDate(tenant.clock.nowMs()), 'request-id': '00000000-0000-4000-a000-000000000000', 'Cache-Control': 'private', ...answer.headers };
	if (answer.json !== undefined) headers['Content-Type'] = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
	else if (answer.bytes ?? answer.source) headers['Content-Type'] = answer.contentType ?? 'application/octet-stream';
	if (breakage?.kind !== 'silentTruncate' && answer.status !== 204) headers['Content-Length'] = answer.source ? answer.source.to - answer.source.from : bytes.length;
	response.writeHead(answer.status, headers);
	if (answer.source && method !== 'HEAD') {
		streamContent(response, answer.source, tenant.switches.downloadBytesPerSecond, breakage).catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
		return;
	}
	if (!breakage) {
		response.end(method === 'HEAD' || answer.status === 204 ? undefined : bytes);
		return;
	}
	const atByte = breakage.kind === 'resetHalfway' ? Math.floor(bytes.length / 2) : Math.min(breakage.atByte, bytes.length);
	if (breakage.kind === 'silentTruncate') {
		response.end(bytes.subarray(0, atByte));
		return;
	}
	response.write(bytes.subarray(0, atByte), () => response.destroy());
}

let lastSecond = 0;
let lastDate = '';

/** The same text for all answers of a second. */
function httpDate(nowMs: number): string {
	const second = Math.floor(nowMs / 1000);
	if (second !== lastSecond) {
		lastSecond = second;
		lastDate = new Date(second * 1000).toUTCString();
	}
	return lastDate;
}
