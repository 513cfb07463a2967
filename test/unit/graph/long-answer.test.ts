import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { giveBack } from '../../../nodes/M365Backup/base/pieces';
import { bodyOf } from '../../../nodes/M365Backup/graph/body';
import { cancelBody, fetchLong, LONG_BYTES } from '../../../nodes/M365Backup/graph/long-answer';

const CONTENT = Buffer.alloc(3 * LONG_BYTES + 77);
for (let at = 0; at + 4 <= CONTENT.length; at += 4) CONTENT.writeUInt32LE(at, at);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const stops: (() => void)[] = [];
afterEach(() => {
	vi.unstubAllEnvs();
	for (const stop of stops.splice(0)) stop();
});

async function served(listener: RequestListener): Promise<string> {
	const server = createServer(listener).listen(0, '127.0.0.1');
	await new Promise((resolve) => server.once('listening', resolve));
	stops.push(() => {
		server.close();
		server.closeAllConnections();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

const whole: RequestListener = (_request, response) => {
	response.writeHead(200, { 'Content-Length': CONTENT.length, ETag: '"1"' });
	response.end(CONTENT);
};

async function readWhole(response: Response, pauseMs = 0): Promise<Buffer> {
	const copies: Buffer[] = [];
	for await (const piece of bodyOf(response, 'host')) {
		copies.push(Buffer.from(piece));
		giveBack(piece);
		if (pauseMs > 0) await delay(pauseMs);
	}
	return Buffer.concat(copies);
}

describe('A long download', () => {
	it('comes whole, in few pieces, with its headers, to fast readers and slow ones', async () => {
		const url = await served(whole);
		for (const pauseMs of [0, 5]) {
			const response = await fetchLong(url, { headers: {} });
			expect([response.status, response.headers.get('etag')]).toEqual([200, '"1"']);
			expect(sha256(await readWhole(response, pauseMs))).toBe(sha256(CONTENT));
		}
	});

	it('leaves nothing behind that waits for a full collection of all that n8n holds', async () => {
		const times = 16;
		const url = await served((_request, response) => {
			response.writeHead(200, { 'Content-Length': times * CONTENT.length });
			let sent = 0;
			const send = (): void => {
				if (sent++ < times) response.write(CONTENT, send);
				else response.end();
			};
			send();
		});
		const response = await fetchLong(url, { headers: {} });
		const before = process.memoryUsage().arrayBuffers;
		let [most, received] = [before, 0];
		for await (const piece of bodyOf(response, 'host')) {
			received += piece.length;
			giveBack(piece);
			most = Math.max(most, process.memoryUsage().arrayBuffers);
		}
		expect(received).toBe(times * CONTENT.length);
		expect(most - before).toBeLessThan(12_000_000);
	});

	it('that breaks off says so, after all that has come', async () => {
		const sent = LONG_BYTES + 5;
		const url = await served((_request, response) => {
			response.writeHead(200, { 'Content-Length': CONTENT.length });
			response.write(CONTENT.subarray(0, sent), () => setTimeout(() => response.destroy(), 50));
		});
		const copies: Buffer[] = [];
		const reading = (async () => {
			for await (const piece of bodyOf(await fetchLong(url, { headers: {} }), 'host')) copies.push(Buffer.from(piece));
		})();
		await expect(reading).rejects.toMatchObject({ kind: 'transient' });
		expect(Buffer.concat(copies).equals(CONTENT.subarray(0, sent))).toBe(true);
	});

	it('ends as cancelled when its signal fires, before the answer, during it, and before it is read', async () => {
		const url = await served((_request, response) => {
			response.writeHead(200, { 'Content-Length': CONTENT.length });
			response.write(CONTENT.subarray(0, LONG_BYTES));
		});
		const silent = await served(() => undefined);
		await expect(fetchLong(silent, { headers: {}, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'AbortError' });
		const stopping = new AbortController();
		const response = await fetchLong(url, { headers: {}, signal: stopping.signal });
		setTimeout(() => stopping.abort(), 100);
		await expect(readWhole(response)).rejects.toMatchObject({ kind: 'cancelled' });
		const early = new AbortController();
		const unread = await fetchLong(url, { headers: {}, signal: early.signal });
		early.abort();
		await delay(20);
		await expect(readWhole(unread)).rejects.toMatchObject({ kind: 'cancelled' });
	});

	it('that is abandoned, begun or not, closes its connection', async () => {
		let open = 0;
		const url = await served((_request, response) => {
			open++;
			response.once('close', () => open--);
			response.writeHead(200, { 'Content-Length': CONTENT.length });
			response.write(CONTENT.subarray(0, LONG_BYTES));
		});
		await cancelBody(await fetchLong(url, { headers: {} }));
		for await (const piece of bodyOf(await fetchLong(url, { headers: {} }), 'host')) {
			expect(piece.length).toBeGreaterThan(0);
			break;
		}
		await vi.waitFor(() => expect(open).toBe(0));
	});

	it('is as of fetch where it is short, refused, redirected or packed', async () => {
		const url = await served((request, response) => {
			if (request.url === '/refused') response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"error":1}');
			else if (request.url === '/moved') response.writeHead(302, { Location: '/elsewhere' }).end();
			else if (request.url === '/none') response.writeHead(204).end();
			else response.end('short');
		});
		const at = async (path: string): Promise<Response> => await fetchLong(new URL(path, url).href, { headers: {}, redirect: 'manual' });
		expect(await (await at('/short')).text()).toBe('short');
		const refused = await at('/refused');
		expect([refused.status, await refused.json()]).toEqual([404, { error: 1 }]);
		const moved = await at('/moved');
		expect([moved.status, moved.headers.get('location')]).toEqual([302, '/elsewhere']);
		await cancelBody(moved);
		expect([(await at('/none')).status, (await at('/none')).body]).toEqual([204, null]);
	});

	it('is left to fetch where a proxy is told', async () => {
		const url = await served(whole);
		vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
		const response = await fetchLong(url, { headers: {} });
		expect(response.body).not.toBeNull();
		expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(CONTENT));
	});

	it('to a place where nobody answers says which code Node gives', async () => {
		await expect(fetchLong('http://127.0.0.1:9/', { headers: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
	});
});
