import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http, { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createRawServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { giveBack } from '../../../nodes/M365Backup/base/pieces';
import { bodyOf } from '../../../nodes/M365Backup/graph/body';
import { cancelBody, fetchLong, LONG_BYTES, longBody } from '../../../nodes/M365Backup/graph/long-answer';
import { certificatesFor } from '../../simulator/certificates';

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

async function written(socket: Socket, bytes: Buffer): Promise<void> {
	await new Promise((resolve) => socket.write(bytes, resolve));
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
			const response = await fetchLong(url, { isLong: true, headers: {} });
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
		const response = await fetchLong(url, { isLong: true, headers: {} });
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
			for await (const piece of bodyOf(await fetchLong(url, { isLong: true, headers: {} }), 'host')) copies.push(Buffer.from(piece));
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
		await expect(fetchLong(silent, { isLong: true, headers: {}, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'AbortError' });
		const stopping = new AbortController();
		const response = await fetchLong(url, { isLong: true, headers: {}, signal: stopping.signal });
		setTimeout(() => stopping.abort(), 100);
		await expect(readWhole(response)).rejects.toMatchObject({ kind: 'cancelled' });
		const early = new AbortController();
		const unread = await fetchLong(url, { isLong: true, headers: {}, signal: early.signal });
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
		await cancelBody(await fetchLong(url, { isLong: true, headers: {} }));
		for await (const piece of bodyOf(await fetchLong(url, { isLong: true, headers: {} }), 'host')) {
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
		const at = async (path: string): Promise<Response> => await fetchLong(new URL(path, url).href, { isLong: true, headers: {}, redirect: 'manual' });
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
		const response = await fetchLong(url, { isLong: true, headers: {} });
		expect(response.body).not.toBeNull();
		expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(CONTENT));
	});

	it('is left to fetch where requests go through an agent of somebody else, as behind a proxy', async () => {
		class OthersAgent extends http.Agent {}
		const own = http.globalAgent;
		http.globalAgent = new OthersAgent();
		try {
			const response = await fetchLong(await served(whole), { isLong: true, headers: {} });
			expect(longBody(response)).toBeUndefined();
			expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(CONTENT));
		} finally {
			http.globalAgent = own;
		}
	});

	it('that nobody told to be long comes whole as well', async () => {
		const response = await fetchLong(await served(whole), { headers: {} });
		expect(longBody(response)).toBeUndefined();
		expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(CONTENT));
	});

	it('is what stands behind its head, however the two come: byte by byte, in one, with more behind its end', async () => {
		const head = Buffer.from(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(12_000)}\r\nContent-Length: ${CONTENT.length}\r\nConnection: keep-alive\r\n\r\n`);
		const sendings = [
			async (socket: Socket) => {
				for (const byte of head) await written(socket, Buffer.from([byte]));
				socket.write(CONTENT);
			},
			async (socket: Socket) => await written(socket, Buffer.concat([head, CONTENT, Buffer.from('HTTP/1.1 200 OK\r\n\r\n')])),
			async (socket: Socket) => {
				const all = Buffer.concat([head, CONTENT]);
				for (let at = 0; at < all.length; at += 700_001) await written(socket, all.subarray(at, at + 700_001));
			},
		];
		for (const send of sendings) {
			const server = createRawServer((socket) => {
				socket.on('error', () => undefined);
				socket.once('data', () => void send(socket));
			}).listen(0, '127.0.0.1');
			await new Promise((resolve) => server.once('listening', resolve));
			stops.push(() => server.close());
			const response = await fetchLong(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { isLong: true, headers: {} });
			expect(response.headers.get('x-long')).toHaveLength(12_000);
			expect(sha256(await readWhole(response))).toBe(sha256(CONTENT));
		}
	});

	it('over TLS comes whole from a name whose certificate is vouched for, told that name, and from no other', async () => {
		const { caFile, key, cert } = await certificatesFor(['files.example.test']);
		const names: unknown[] = [];
		const secure = async (address: string): Promise<number> => {
			const server = createTlsServer({ key, cert }, (request, response) => {
				names.push('servername' in request.socket ? request.socket.servername : undefined);
				whole(request, response);
			}).listen(0, address);
			await new Promise((resolve) => server.once('listening', resolve));
			stops.push(() => server.close());
			return (server.address() as AddressInfo).port;
		};
		const port = await secure('127.0.0.1');
		const url = `https://localhost:${port}/`;
		await expect(fetchLong(url, { isLong: true, headers: {} })).rejects.toMatchObject({ code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/) });
		const before = getCACertificates('default');
		setDefaultCACertificates([...before, await readFile(caFile, 'utf8')]);
		try {
			expect(sha256(await readWhole(await fetchLong(url, { isLong: true, headers: {} })))).toBe(sha256(CONTENT));
			expect(sha256(await readWhole(await fetchLong(`https://127.0.0.1:${port}/`, { isLong: true, headers: {} })))).toBe(sha256(CONTENT));
			await expect(fetchLong(`https://127.0.0.2:${await secure('127.0.0.2')}/`, { isLong: true, headers: {} })).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
		} finally {
			setDefaultCACertificates(before);
		}
		expect(names).toEqual(['localhost', false]);
	});

	it('to a place where nobody answers says which code Node gives', async () => {
		await expect(fetchLong('http://127.0.0.1:9/', { isLong: true, headers: {} })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
	});
});
