import { describe, expect, it } from 'vitest';
import { type BatchAnswer, type BatchRequest } from '../../../nodes/M365Backup/graph/client';
import { brokenBody, collect, connectionReset, FakeGraph, graphError, graphUrl, innerRequests, json, mailbox, rejection, type InnerRequest, type Sent } from './fake-graph';

const reads = (count: number): BatchRequest[] => Array.from({ length: count }, (_, index) => ({ id: `item-${index}`, method: 'GET', path: `${mailbox}/messages/m${index}` }));

const ok = ({ id, url }: InnerRequest): object => ({ id, status: 200, headers: { 'Content-Type': 'application/json' }, body: { url } });
const refused = (status: number, code: string, headers: object = {}) => ({ id }: InnerRequest): object => ({ id, status, headers, body: { error: { code, message: 'no' } } });

/** Answers each inner request by the first rule whose text its URL contains. */
const responses = (request: Sent, answer: (inner: InnerRequest) => object): Response => json({ responses: innerRequests(request).map(answer).reverse() });

const idsOf = (answers: readonly BatchAnswer[]): string[] => answers.map(({ id }) => id).sort();
const failureOf = (answers: readonly BatchAnswer[], id: string) => {
	const answer = answers.find((one) => one.id === id);
	return answer !== undefined && 'failure' in answer ? answer.failure : undefined;
};

describe('a batch', () => {
	it('cuts any number of requests in twenties and answers each once, under its own id', async () => {
		const graph = new FakeGraph((request) => responses(request, ok));
		const requests = reads(45);
		const answers = await collect(graph.client.batch(requests));
		expect(idsOf(answers)).toEqual(requests.map(({ id }) => id).sort());
		for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: { url: `${mailbox}/messages/m${answer.id.slice(5)}` } });
		expect(graph.sent.map((request) => innerRequests(request).length)).toEqual([20, 20, 5]);
		expect(graph.sent.every(({ url, method }) => url === `${graphUrl}/v1.0/$batch` && method === 'POST')).toBe(true);
		expect(graph.client.stats).toMatchObject({ requests: 45, calls: 3 });
	});

	it('asks for immutable ids in each inner request, beside other preferences', async () => {
		const graph = new FakeGraph((request) => responses(request, ok));
		await collect(graph.client.batch([{ id: 'a', method: 'GET', path: `${mailbox}/messages`, headers: { Prefer: 'odata.maxpagesize=9' } }]));
		expect(innerRequests(graph.sent[0]!)[0]?.headers).toEqual({ Prefer: 'odata.maxpagesize=9, IdType="ImmutableId"' });
	});

	it('turns links into relative addresses and refuses links of other hosts before anything is sent', async () => {
		const graph = new FakeGraph((request) => responses(request, ok));
		await collect(graph.client.batch([{ id: 'a', method: 'GET', path: `${graphUrl}/v1.0/users('U')/messages?$skiptoken=x%2F1` }]));
		expect(innerRequests(graph.sent[0]!)[0]?.url).toBe(`/users('U')/messages?$skiptoken=x%2F1`);
		expect(await rejection(collect(graph.client.batch([{ id: 'a', method: 'GET', path: 'https://evil.example/v1.0/users' }])))).toMatchObject({ code: 'foreignLink' });
		expect(graph.sent).toHaveLength(1);
	});

	it('for two mailboxes is our own mistake, and nothing is sent', async () => {
		const graph = new FakeGraph((request) => responses(request, ok));
		const requests: BatchRequest[] = [...reads(1), { id: 'other', method: 'GET', path: '/users/someone-else/messages' }];
		expect(await rejection(collect(graph.client.batch(requests)))).toMatchObject({ kind: 'defect' });
		expect(graph.sent).toEqual([]);
	});

	it('classifies inner refusals one by one', async () => {
		const graph = new FakeGraph((request) =>
			responses(request, (inner) => {
				if (inner.url.endsWith('m0')) return refused(404, 'ErrorItemNotFound')(inner);
				if (inner.url.endsWith('m1')) return refused(403, 'ErrorAccessDenied')(inner);
				return inner.url.endsWith('m2') ? refused(500, 'ErrorCorruptData')(inner) : ok(inner);
			}),
		);
		const answers = await collect(graph.client.batch(reads(4)));
		expect(failureOf(answers, 'item-0')).toMatchObject({ kind: 'notFound', code: 'ErrorItemNotFound' });
		expect(failureOf(answers, 'item-1')).toMatchObject({ kind: 'denied' });
		expect(failureOf(answers, 'item-1')?.nextStep).toContain('Mail.Read ');
		expect(failureOf(answers, 'item-2')).toMatchObject({ kind: 'corrupt' });
		expect(failureOf(answers, 'item-3')).toBeUndefined();
		expect(graph.sent).toHaveLength(1);
	});

	it('asks again for those that were throttled, alone and together, after the longest Retry-After', async () => {
		const graph = new FakeGraph((request, number) =>
			responses(request, (inner) => {
				if (number > 1) return ok(inner);
				if (inner.url.endsWith('m3')) return refused(429, 'TooManyRequests', { 'Retry-After': '4' })(inner);
				return inner.url.endsWith('m7') ? refused(429, 'TooManyRequests', { 'Retry-After': '11' })(inner) : ok(inner);
			}),
		);
		graph.ambient.chance = 0;
		const start = graph.ambient.now();
		const answers = await collect(graph.client.batch(reads(20)));
		expect(answers).toHaveLength(20);
		expect(answers.every((answer) => 'status' in answer)).toBe(true);
		expect(innerRequests(graph.sent[1]!).map(({ url }) => url).sort()).toEqual([`${mailbox}/messages/m3`, `${mailbox}/messages/m7`]);
		expect(graph.ambient.elapsedMs(start)).toBe(11_000);
		expect(graph.client.stats).toMatchObject({ retries: 2, requests: 22, throttledMs: 11_000 });
	});

	it('gives up on one that always fails without holding up the others', async () => {
		const graph = new FakeGraph((request) => responses(request, (inner) => (inner.url.endsWith('m1') ? refused(503, 'ErrorServerBusy')(inner) : ok(inner))));
		const answers = await collect(graph.client.batch(reads(3)));
		expect(idsOf(answers)).toEqual(['item-0', 'item-1', 'item-2']);
		expect(failureOf(answers, 'item-1')).toMatchObject({ kind: 'transient', status: 503 });
		expect(graph.sent).toHaveLength(7);
	});

	it('asks only for what is missing when the answer breaks off, in halves', async () => {
		const graph = new FakeGraph((request, number) => {
			if (number > 1) return responses(request, ok);
			const whole = innerRequests(request).map(ok);
			return brokenBody(`{"responses":[${whole.slice(0, 5).map((one) => JSON.stringify(one)).join(',')},{"id":"6","sta`);
		});
		const answers = await collect(graph.client.batch(reads(11)));
		expect(idsOf(answers)).toEqual(reads(11).map(({ id }) => id).sort());
		expect(graph.sent.map((request) => innerRequests(request).length)).toEqual([11, 3, 3]);
	});

	it('halves an answer over the byte limit down to single ones, and says which one is too large by itself', async () => {
		const heavy = 'x'.repeat(5_000);
		const graph = new FakeGraph((request) => responses(request, (inner) => ({ ...ok(inner), body: inner.url.endsWith('m5') ? heavy : 'light' })));
		const answers = await collect(graph.client.batch(reads(8), { maxResponseBytes: 4_000, reportsTooLarge: true }));
		expect(idsOf(answers)).toEqual(reads(8).map(({ id }) => id).sort());
		expect(failureOf(answers, 'item-5')).toMatchObject({ code: 'batchAnswerTooLarge' });
		expect(answers.filter((answer) => 'failure' in answer)).toHaveLength(1);
	});

	it('passes one on that breaks again and again even when alone', async () => {
		const graph = new FakeGraph(() => brokenBody('{"responses":['));
		const answers = await collect(graph.client.batch(reads(1), { reportsTooLarge: true }));
		expect(failureOf(answers, 'item-0')).toMatchObject({ code: 'batchAnswerTooLarge' });
		expect(graph.sent).toHaveLength(3);
	});

	it('asks by itself for what arrives whole in no batch, but for contents, which the caller streams', async () => {
		const graph = new FakeGraph((request) => (request.url.endsWith('$batch') ? brokenBody('{"responses":[') : new Response('{"subject":"whole"}', { headers: { 'content-type': 'application/json' } })));
		const [read] = reads(1);
		expect(await collect(graph.client.batch([read!]))).toEqual([{ id: read!.id, status: 200, headers: {}, body: { subject: 'whole' } }]);
		expect(graph.sent.map(({ url }) => url.endsWith('$batch'))).toEqual([true, true, true, false]);
		const content = { ...read!, path: `${read!.path}/$value` };
		expect(failureOf(await collect(graph.client.batch([content])), content.id)).toMatchObject({ code: 'batchAnswerTooLarge' });
	});

	it('does not repeat a creation whose answer was lost', async () => {
		const graph = new FakeGraph(() => brokenBody('{"responses":['));
		const answers = await collect(graph.client.batch([{ id: 'new', method: 'POST', path: `${mailbox}/mailFolders`, body: { displayName: 'A' } }]));
		expect(failureOf(answers, 'new')).toMatchObject({ kind: 'transient', code: 'effectUnknown' });
		expect(graph.sent).toHaveLength(1);
	});

	it('does not repeat a creation whose connection was reset, but answers for it', async () => {
		const graph = new FakeGraph(() => Promise.reject(connectionReset()));
		const answers = await collect(graph.client.batch([{ id: 'new', method: 'POST', path: `${mailbox}/mailFolders`, body: { displayName: 'A' } }]));
		expect(failureOf(answers, 'new')).toMatchObject({ code: 'effectUnknown' });
		expect(graph.sent).toHaveLength(1);
	});

	it('waits out a throttled batch as a whole', async () => {
		const graph = new FakeGraph((request, number) => (number === 1 ? graphError(429, 'TooManyRequests', { 'retry-after': '3' }) : responses(request, ok)));
		graph.ambient.chance = 0;
		const start = graph.ambient.now();
		expect(await collect(graph.client.batch(reads(2)))).toHaveLength(2);
		expect(graph.ambient.elapsedMs(start)).toBe(3_000);
	});

	it('gives text bodies as the strings that arrived, wherever the network cuts them', async () => {
		const mime = 'Subject: "quoted" \\ back\\\\slash\r\n\r\n{"not":"json"} ]} end \u{1F600} é\\"';
		const graph = new FakeGraph((request) => {
			const bytes = Buffer.from(JSON.stringify({ responses: innerRequests(request).map(({ id }) => ({ id, status: 200, headers: { 'Content-Type': 'text/plain' }, body: `${id} ${mime}` })) }));
			let at = 0;
			return new Response(
				new ReadableStream<Uint8Array>({
					pull(controller) {
						if (at >= bytes.length) controller.close();
						else controller.enqueue(bytes.subarray(at, ++at));
					},
				}),
			);
		});
		const answers = await collect(graph.client.batch(reads(3)));
		expect(answers.map((answer) => ('body' in answer ? answer.body : ''))).toEqual([`1 ${mime}`, `2 ${mime}`, `3 ${mime}`]);
		expect(answers[0]).toMatchObject({ headers: { 'content-type': 'text/plain' } });
	});
});
