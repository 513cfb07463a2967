import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import { collect, rejection } from './fake-graph';
import { VirtualAmbient } from './virtual-ambient';

/** The same over real sockets and the real `fetch`, whose errors and redirects are its own. */
const servers: Server[] = [];

async function serve(answer: (request: IncomingMessage, response: ServerResponse, number: number) => void): Promise<{ url: string; requests: IncomingMessage[] }> {
	const requests: IncomingMessage[] = [];
	const server = createServer((request, response) => {
		requests.push(request);
		answer(request, response, requests.length);
	});
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function clientFor(graphUrl: string): GraphClient {
	const ambient = new VirtualAmbient();
	return createGraphClient({ graphUrl, tokens: fixedToken('the-token'), ambient, governor: new Governor(ambient) });
}

afterEach(async () => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	}
});

describe('over a real connection', () => {
	it('a socket that closes in the middle of an answer is tried again', async () => {
		const { url, requests } = await serve((_, response, number) => {
			if (number > 1) return response.end('{"id":"m"}');
			response.writeHead(200, { 'content-length': '100' });
			response.write('{"id":');
			setTimeout(() => response.destroy(), 5);
			return undefined;
		});
		expect(await clientFor(url).json({ path: '/users/u/messages/m' })).toEqual({ id: 'm' });
		expect(requests).toHaveLength(2);
	});

	it('a connection reset before the answer is tried again', async () => {
		const { url, requests } = await serve((request, response, number) => (number === 1 ? void request.socket.destroy() : void response.end('{"id":"m"}')));
		expect(await clientFor(url).json({ path: '/users/u/messages/m' })).toEqual({ id: 'm' });
		expect(requests).toHaveLength(2);
	});

	it('a packed answer is unpacked, and its length is not mistaken for the body\'s', async () => {
		const packed = gzipSync(JSON.stringify({ text: 'a'.repeat(10_000) }));
		const { url, requests } = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed));
		expect(await clientFor(url).json<{ text: string }>({ path: '/users/u/messages/m' })).toMatchObject({ text: 'a'.repeat(10_000) });
		expect(requests).toHaveLength(1);
	});

	it('a stream that is cut ends in a failure after the bytes that came', async () => {
		let cut = (): void => undefined;
		const { url } = await serve((_, response) => {
			response.writeHead(200, { 'content-length': '1000' });
			response.write('x'.repeat(500));
			cut = () => response.destroy();
		});
		const { body } = await clientFor(url).stream({ path: '/users/u/messages/m/$value' });
		let received = 0;
		const reading = (async () => {
			for await (const piece of body) if ((received += piece.byteLength) === 500) cut();
		})();
		expect(await rejection(reading)).toMatchObject({ kind: 'transient' });
		expect(received).toBe(500);
	});

	it('a redirect to another origin carries no token', async () => {
		const downloads = await serve((_, response) => response.end('bytes'));
		const graph = await serve((_, response) => response.writeHead(302, { location: `${downloads.url}/file?tempauth=key` }).end());
		const { body } = await clientFor(graph.url).stream({ path: '/drives/d/items/i/content' });
		expect(Buffer.concat(await collect(body)).toString()).toBe('bytes');
		expect(graph.requests[0]?.headers.authorization).toBe('Bearer the-token');
		expect(downloads.requests).toHaveLength(1);
		expect(JSON.stringify(downloads.requests[0]?.rawHeaders)).not.toContain('the-token');
		expect(downloads.requests[0]?.headers.prefer).toBeUndefined();
	});

	it('stopping closes the connection of a body that is being read', async () => {
		let closed = false;
		const { url } = await serve((_, response) => {
			response.on('close', () => (closed = true));
			response.writeHead(200);
			response.write('first');
		});
		const stop = new AbortController();
		const { body } = await clientFor(url).stream({ path: '/users/u/messages/m/$value', signal: stop.signal });
		const reading = rejection(collect(body));
		setTimeout(() => stop.abort(), 20);
		expect(await reading).toMatchObject({ kind: 'cancelled' });
		await expect.poll(() => closed, { timeout: 60_000 }).toBe(true);
	});

	it('a body left half way closes its connection', async () => {
		let closed = false;
		const { url } = await serve((_, response) => {
			response.on('close', () => (closed = true));
			response.writeHead(200);
			response.write('first');
		});
		const { body } = await clientFor(url).stream({ path: '/users/u/messages/m/$value' });
		for await (const piece of body) {
			expect(Buffer.from(piece).toString()).toBe('first');
			break;
		}
		await expect.poll(() => closed, { timeout: 60_000 }).toBe(true);
	});

	it('a host that is not there is a passing fault, with its name', async () => {
		const { url } = await serve((_, response) => response.end());
		const gone = servers.pop();
		await new Promise((resolve) => gone?.close(resolve));
		const client = clientFor(url);
		expect(await rejection(client.json({ path: '/users', retries: 0 }))).toMatchObject({ kind: 'transient', code: 'ECONNREFUSED', message: expect.stringContaining(new URL(url).host) as string });
	});

	it('bytes and text are sent as they are', async () => {
		const bodies: string[] = [];
		const { url } = await serve((request, response) => {
			let body = '';
			request.on('data', (piece: Buffer) => (body += piece.toString('latin1')));
			request.on('end', () => {
				bodies.push(body);
				response.writeHead(201).end('{}');
			});
		});
		const client = clientFor(url);
		await client.json({ method: 'POST', path: '/users/u/messages', body: 'TUlNRQ==', headers: { 'Content-Type': 'text/plain' } });
		await client.json({ method: 'PUT', path: '/users/u/photo', body: Buffer.from([0, 255, 10]) });
		expect(bodies).toEqual(['TUlNRQ==', '\u0000\u00ff\n']);
	});
});
