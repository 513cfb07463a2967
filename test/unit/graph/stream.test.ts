import { describe, expect, it } from 'vitest';
import { brokenBody, collect, countingTokens, FakeGraph, graphError, graphUrl, json, mailbox, rejection } from './fake-graph';

const path = `${mailbox}/messages/m/$value`;
const text = (pieces: Uint8Array[]): string => Buffer.concat(pieces).toString();

describe('a stream', () => {
	it('gives the bytes, their number and the headers', async () => {
		const graph = new FakeGraph(() => new Response('From: a\r\n\r\nhello', { headers: { 'content-length': '16', 'content-type': 'text/plain' } }));
		const answer = await graph.client.stream({ path });
		expect(answer).toMatchObject({ status: 200, sizeBytes: 16 });
		expect(answer.headers.get('content-type')).toBe('text/plain');
		expect(text(await collect(answer.body))).toBe('From: a\r\n\r\nhello');
	});

	it('follows a redirect to a download server without token, preferences or name of the tenant', async () => {
		const download = 'https://tenant.sharepoint.example/download.aspx?tempauth=key';
		const graph = new FakeGraph((request) => (request.url === download ? new Response('bytes') : new Response(null, { status: 302, headers: { location: download } })));
		const { body } = await graph.client.stream({ path: '/drives/d/items/i/content', headers: { Range: 'bytes=0-4' } });
		expect(text(await collect(body))).toBe('bytes');
		expect(graph.sent).toHaveLength(2);
		expect(graph.sent[0]?.headers.get('authorization')).toBe('Bearer token-1');
		const names: string[] = [];
		graph.sent[1]?.headers.forEach((_value, name) => names.push(name));
		expect(names.sort()).toEqual(['accept', 'range', 'user-agent']);
		expect(graph.client.stats).toMatchObject({ requests: 2, resourceUnits: 2, calls: 2 });
	});

	it('keeps the token on a redirect within the Graph host', async () => {
		const graph = new FakeGraph((_, number) => (number === 1 ? new Response(null, { status: 308, headers: { location: '/v1.0/elsewhere' } }) : new Response('x')));
		await collect((await graph.client.stream({ path })).body);
		expect(graph.sent[1]?.url).toBe(`${graphUrl}/v1.0/elsewhere`);
		expect(graph.sent[1]?.headers.get('authorization')).toBe('Bearer token-1');
	});

	it('does not follow a redirect to an unencrypted address', async () => {
		const graph = new FakeGraph(() => new Response(null, { status: 302, headers: { location: 'http://evil.example/x' } }));
		expect(await rejection(graph.client.stream({ path }))).toMatchObject({ kind: 'corrupt', code: 'foreignLink' });
		expect(graph.sent).toHaveLength(1);
	});

	it('ends in a failure when the connection breaks, and when fewer bytes come than announced', async () => {
		const broken = new FakeGraph(() => brokenBody('half'));
		expect(await rejection(collect((await broken.client.stream({ path })).body))).toMatchObject({ kind: 'transient', code: 'UND_ERR_SOCKET' });
		const short = new FakeGraph(() => new Response('half', { headers: { 'content-length': '8' } }));
		expect(await rejection(collect((await short.client.stream({ path })).body))).toMatchObject({ kind: 'transient', code: 'bodyTruncated' });
	});

	it('is tried again while nothing of the body was handed on', async () => {
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(503, 'ErrorServerBusy') : new Response('ok')));
		expect(text(await collect((await graph.client.stream({ path })).body))).toBe('ok');
	});

	it('is a classified failure when refused', async () => {
		const graph = new FakeGraph(() => graphError(403, 'malwareDetected'));
		expect(await rejection(graph.client.stream({ path: '/drives/d/items/i/content' }))).toMatchObject({ kind: 'denied', code: 'malwareDetected', nextStep: expect.stringContaining('malware') as string });
	});

	it.each([
		['read to its end', (body: AsyncIterable<Uint8Array>) => collect(body)],
		['left half way', async (body: AsyncIterable<Uint8Array>) => { for await (const _piece of body) break; }],
		['abandoned unread', (body: AsyncIterable<Uint8Array>) => body[Symbol.asyncIterator]().return?.()],
	])('holds one of four slots until it is %s', async (_how, finish) => {
		const graph = new FakeGraph(() => new Response(new Blob(['x'.repeat(10), 'y'])));
		const open = await Promise.all([1, 2, 3, 4].map(() => graph.client.stream({ path })));
		let entered = false;
		const fifth = graph.client.stream({ path }).then((answer) => {
			entered = true;
			return answer;
		});
		await new Promise((resolve) => setTimeout(resolve, 5));
		expect(entered).toBe(false);
		await finish(open[0]!.body);
		await fifth;
		expect(entered).toBe(true);
	});

	it('stops while it is read', async () => {
		const stop = new AbortController();
		let pulls = 0;
		const graph = new FakeGraph(
			(_request) =>
				new Response(
					new ReadableStream<Uint8Array>({
						pull(controller) {
							if (pulls++ === 0) controller.enqueue(Buffer.from('first'));
							else stop.signal.addEventListener('abort', () => controller.error(stop.signal.reason));
						},
					}),
				),
		);
		const { body } = await graph.client.stream({ path, signal: stop.signal });
		const reading = rejection(collect(body));
		setTimeout(() => stop.abort(), 5);
		expect(await reading).toMatchObject({ kind: 'cancelled' });
	});
});

describe('an upload', () => {
	const url = 'https://outlook.example/api/upload?authtoken=pre-authorised';
	const chunk = { offset: 4, bytes: Buffer.from('bytes'), totalBytes: 12 };

	it('goes to the pre-authorised address with a range and without a token, and no token is asked for', async () => {
		let asked = 0;
		const graph = new FakeGraph(() => json({ ExpirationDateTime: 'x', nextExpectedRanges: ['9'] }), { tokens: { token: () => Promise.resolve(`secret-${++asked}`) } });
		expect(await graph.client.upload(url, chunk, { mailbox: 'u' })).toEqual({ done: false, nextOffset: 9 });
		expect(asked).toBe(0);
		const [sent] = graph.sent;
		expect(sent).toMatchObject({ url, method: 'PUT', body: 'bytes' });
		expect(sent?.headers.get('content-range')).toBe('bytes 4-8/12');
		expect(sent?.headers.get('authorization')).toBeNull();
		expect(sent?.headers.get('prefer')).toBeNull();
	});

	it.each([
		['201 with a location', () => new Response(null, { status: 201, headers: { location: 'https://outlook.example/attachments/1' } }), { done: true, location: 'https://outlook.example/attachments/1' }],
		['201 with an item', () => json({ id: 'item' }, 201), { done: true, body: { id: 'item' } }],
		['200 with an item', () => json({ id: 'item' }), { done: true, body: { id: 'item' } }],
		['202 with ranges', () => json({ nextExpectedRanges: ['9-11'] }, 202), { done: false, nextOffset: 9 }],
	])('understands %s', async (_what, answer, expected) => {
		const graph = new FakeGraph(answer);
		expect(await graph.client.upload(url, chunk)).toEqual(expected);
	});

	it('counts against the 150 MB that a mailbox takes in five minutes', async () => {
		const graph = new FakeGraph(() => json({ nextExpectedRanges: ['1-'] }, 202));
		const start = graph.ambient.now();
		const bytes = Buffer.alloc(50_000_000);
		for (let piece = 0; piece < 4; piece++) await graph.client.upload(url, { offset: 0, bytes, totalBytes: 1e9 }, { mailbox: 'U' });
		expect(graph.ambient.elapsedMs(start)).toBeGreaterThanOrEqual(300_000);
		expect(graph.client.stats.throttledMs).toBeGreaterThanOrEqual(300_000);
	});

	it('is sent again after a passing fault, and says when the session is gone, never showing the address', async () => {
		const graph = new FakeGraph((_, number) => (number === 1 ? new Response('', { status: 503 }) : graphError(404, 'itemNotFound', {}, `no session ${url}`)));
		const failure = await rejection(graph.client.upload(url, chunk));
		expect(failure).toMatchObject({ kind: 'notFound' });
		expect((failure as Error).message).not.toContain('pre-authorised');
		expect(graph.sent).toHaveLength(2);
	});

	it('does not go to an unencrypted address', async () => {
		const graph = new FakeGraph(() => json({}));
		expect(await rejection(graph.client.upload('http://outlook.example/x', chunk))).toMatchObject({ kind: 'corrupt' });
		expect(graph.sent).toEqual([]);
	});
});

describe('a renewal', () => {
	it('is asked for by each call at most once, also while streaming', async () => {
		const tokens = countingTokens();
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(401, 'InvalidAuthenticationToken') : new Response('ok')), { tokens: tokens.source });
		expect(text(await collect((await graph.client.stream({ path })).body))).toBe('ok');
		expect(tokens.renewals()).toBe(1);
	});
});
