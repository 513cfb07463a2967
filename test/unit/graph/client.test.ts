import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../nodes/M365Backup/base/failure';
import { brokenBody, collect, connectionReset, countingTokens, FakeGraph, graphError, graphUrl, json, mailbox, rejection } from './fake-graph';

describe('a call to Graph', () => {
	it('goes to v1.0 with the token, our name and immutable ids, its query untouched', async () => {
		const graph = new FakeGraph(() => json({ id: 'm' }));
		const path = `${mailbox}/messages/A+b%2F=?zeta=1&$select=id,subject&$top=5`;
		expect(await graph.client.json({ path, headers: { Prefer: 'outlook.timezone="A, B"' } })).toEqual({ id: 'm' });
		const [sent] = graph.sent;
		expect(sent?.url).toBe(`${graphUrl}/v1.0${path}`);
		expect(sent?.headers.get('authorization')).toBe('Bearer token-1');
		expect(sent?.headers.get('user-agent')).toMatch(/^NONISV\|n8n-nodes-m365-backup\|M365Backup\/\d+\.\d+\.\d+$/);
		expect(sent?.headers.get('prefer')).toBe('outlook.timezone="A, B", IdType="ImmutableId"');
		expect(graph.client.stats).toMatchObject({ requests: 1, calls: 1, retries: 0, throttledMs: 0 });
	});

	it('sends an object as JSON and gives undefined for 204', async () => {
		const graph = new FakeGraph(() => new Response(null, { status: 204 }));
		expect(await graph.client.json({ method: 'PATCH', path: `${mailbox}/messages/1`, body: { isRead: true } })).toBeUndefined();
		expect(graph.sent[0]).toMatchObject({ method: 'PATCH', body: '{"isRead":true}' });
		expect(graph.sent[0]?.headers.get('content-type')).toBe('application/json');
	});

	it.each(['https://evil.example/v1.0/users', 'http://graph.example/v1.0/users', 'https://graph.example:444/v1.0/users', '//evil.example/x', 'https://graph.example@evil.example/v1.0'])(
		'sends nothing to %s',
		async (path) => {
			const graph = new FakeGraph(() => json({}));
			expect(await rejection(graph.client.json({ path }))).toMatchObject({ kind: 'invalid', code: 'foreignLink' });
			expect(graph.sent).toEqual([]);
		},
	);

	it('answers 401 with exactly one new token', async () => {
		const tokens = countingTokens();
		const graph = new FakeGraph((request) => (request.headers.get('authorization') === 'Bearer token-2' ? json({ ok: true }) : graphError(401, 'InvalidAuthenticationToken')), {
			tokens: tokens.source,
		});
		expect(await graph.client.json({ path: `${mailbox}/messages` })).toEqual({ ok: true });
		expect(tokens.renewals()).toBe(1);
	});

	it('gives up as denied when the new token is refused, too', async () => {
		const tokens = countingTokens();
		const graph = new FakeGraph(() => graphError(401, 'InvalidAuthenticationToken'), { tokens: tokens.source });
		expect(await rejection(graph.client.json({ path: `${mailbox}/messages` }))).toMatchObject({ kind: 'denied', status: 401 });
		expect(tokens.renewals()).toBe(1);
		expect(graph.sent).toHaveLength(2);
	});

	it.each([
		['seconds', { 'retry-after': '7' }, 7_000],
		['a date, measured by the Date of the answer', { 'retry-after': 'Sun, 22 Nov 2026 08:00:09 GMT', date: 'Sun, 22 Nov 2026 08:00:00 GMT' }, 9_000],
	])('honours Retry-After given as %s', async (_kind, headers, waitMs) => {
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(429, 'TooManyRequests', headers) : json({ ok: true })));
		graph.ambient.chance = 0;
		const start = graph.ambient.now();
		expect(await graph.client.json({ path: `${mailbox}/messages` })).toEqual({ ok: true });
		expect(graph.ambient.elapsedMs(start)).toBe(waitMs);
		expect(graph.client.stats).toMatchObject({ retries: 1, throttledMs: waitMs });
	});

	it.each([500, 502, 503, 504])('tries again after %i, waiting at random under a doubling bound', async (status) => {
		const graph = new FakeGraph((_, number) => (number <= 3 ? new Response('<html>', { status }) : json({ ok: true })));
		expect(await graph.client.json({ path: `${mailbox}/messages` })).toEqual({ ok: true });
		expect(graph.ambient.sleeps).toEqual([500, 1000, 2000]);
	});

	it.each([
		['a reset connection', () => Promise.reject(connectionReset())],
		['a body that breaks off', () => brokenBody('{"value":[')],
		['cut JSON', () => new Response('{"value":[{"id":', { status: 200 })],
		['a body shorter than its Content-Length', () => new Response('{}', { status: 200, headers: { 'content-length': '99' } })],
		['an empty page', () => new Response('', { status: 200 })],
	])('tries again after %s', async (_what, answer) => {
		const graph = new FakeGraph((_, number) => (number === 1 ? answer() : json({ ok: true })));
		expect(await graph.client.json({ path: `${mailbox}/messages` })).toEqual({ ok: true });
		expect(graph.sent).toHaveLength(2);
	});

	it('stops after six retries and says what lasted', async () => {
		const graph = new FakeGraph(() => graphError(503, 'ErrorServerBusy'));
		expect(await rejection(graph.client.json({ path: `${mailbox}/messages` }))).toMatchObject({ kind: 'transient', status: 503, code: 'ErrorServerBusy' });
		expect(graph.sent).toHaveLength(7);
	});

	it('does not sleep for a Retry-After of an hour', async () => {
		const graph = new FakeGraph(() => graphError(429, 'TooManyRequests', { 'retry-after': '3600' }));
		expect(await rejection(graph.client.json({ path: `${mailbox}/messages` }))).toMatchObject({ kind: 'throttled', retryAfterMs: 3_600_000 });
		expect(await rejection(graph.client.json({ path: `${mailbox}/messages` }))).toMatchObject({ kind: 'throttled' });
		expect(graph.sent).toHaveLength(1);
	});

	describe('that creates something', () => {
		const create = { method: 'POST' as const, path: `${mailbox}/messages`, body: { subject: 'once' } };

		it.each([
			['500', () => graphError(500, 'ErrorInternalServerError')],
			['504', () => new Response('', { status: 504 })],
			['503 without Retry-After', () => new Response('', { status: 503 })],
			['a reset connection', () => Promise.reject(connectionReset())],
			['an answer that breaks off', () => brokenBody('{"id":')],
		])('is sent once when %s leaves its effect unknown', async (_what, answer) => {
			const graph = new FakeGraph(() => answer());
			expect(await rejection(graph.client.json(create))).toMatchObject({ kind: 'transient', code: 'effectUnknown' });
			expect(graph.sent).toHaveLength(1);
		});

		it.each([
			['429', () => graphError(429, 'TooManyRequests', { 'retry-after': '1' })],
			['503 with Retry-After', () => graphError(503, 'serviceNotAvailable', { 'retry-after': '1' })],
			['a refused connection', () => Promise.reject(connectionReset('ECONNREFUSED'))],
		])('is sent again after %s, which proves that nothing happened', async (_what, answer) => {
			const graph = new FakeGraph((_, number) => (number === 1 ? answer() : json({ id: 'new' }, 201)));
			expect(await graph.client.json(create)).toEqual({ id: 'new' });
			expect(graph.sent).toHaveLength(2);
		});

		it('is sent again after any passing fault when the caller says that it may', async () => {
			const graph = new FakeGraph((_, number) => (number === 1 ? new Response('', { status: 504 }) : json({ id: 'new' }, 201)));
			expect(await graph.client.json({ ...create, repeatable: true })).toEqual({ id: 'new' });
		});
	});

	it('measures the clock against the Date of the answers', async () => {
		const graph = new FakeGraph(() => json({}, 200, { date: 'Sun, 22 Nov 2026 09:54:00 GMT' }));
		expect(graph.client.clockSkewMs()).toBeUndefined();
		await graph.client.json({ path: '/users' });
		expect(graph.client.clockSkewMs()).toBe(360_000);
	});

	it('stops at once while it waits to try again', async () => {
		const graph = new FakeGraph(() => new Response('', { status: 504 }));
		const stop = new AbortController();
		graph.ambient.sleep = (_ms, signal) =>
			new Promise((_, reject) => {
				signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
				setTimeout(() => stop.abort(), 5);
			});
		expect(await rejection(graph.client.json({ path: `${mailbox}/messages`, signal: stop.signal }))).toMatchObject({ kind: 'cancelled' });
		expect(graph.sent).toHaveLength(1);
	});

	it('sends nothing when it is stopped before it begins', async () => {
		const graph = new FakeGraph(() => json({}), { signal: AbortSignal.abort() });
		expect(await rejection(graph.client.json({ path: '/users' }))).toMatchObject({ kind: 'cancelled' });
		expect(graph.sent).toEqual([]);
	});
});

describe('pages', () => {
	it('follow next links verbatim', async () => {
		const next = `${graphUrl}/v1.0/users('U')/messages?$skiptoken=b%2Fa&x=1&$top=2`;
		const graph = new FakeGraph((_, number) => (number === 1 ? json({ value: [1, 2], '@odata.nextLink': next }) : json({ value: [3] })));
		expect(await collect(graph.client.pages({ path: `${mailbox}/messages` }))).toEqual([[1, 2], [3]]);
		expect(graph.sent[1]?.url).toBe(next);
	});

	it('do not go round in a circle', async () => {
		const next = `${graphUrl}/v1.0/users('U')/messages?$skiptoken=1`;
		const graph = new FakeGraph(() => json({ value: [1], '@odata.nextLink': next }));
		expect(await rejection(collect(graph.client.pages({ path: `${mailbox}/messages` })))).toMatchObject({ kind: 'transient', code: 'noLink' });
		expect(graph.sent).toHaveLength(2);
	});

	it('end with a failure where a link leaves the Graph host, and nothing is sent there', async () => {
		const graph = new FakeGraph(() => json({ value: [1], '@odata.nextLink': 'https://evil.example/next' }));
		expect(await rejection(collect(graph.client.pages({ path: `${mailbox}/messages` })))).toMatchObject({ kind: 'corrupt', code: 'foreignLink' });
		expect(graph.sent).toHaveLength(1);
	});
});

describe('a failure', () => {
	it('never shows tokens, secrets or pre-authorised addresses', async () => {
		const secret = 'eyJhbGciOi.eyJzdWIi.c2lnbmF0';
		const message = `see https://outlook.example/up?authtoken=abc123 Bearer ${secret} client_secret=hunter2`;
		const graph = new FakeGraph(() => graphError(400, 'BadRequest', {}, message));
		const failure = (await rejection(graph.client.json({ path: `${mailbox}/messages?$deltatoken=topsecret` }))) as Failure;
		const shown = `${failure.message} ${String(failure.nextStep)} ${String(failure.stack)}`;
		for (const hidden of ['abc123', secret, 'hunter2', 'topsecret', 'token-1']) expect(shown).not.toContain(hidden);
		expect(shown).toContain('400 BadRequest to GET /users/');
	});
});
