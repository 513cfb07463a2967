import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, plainMime, type AnswerJson } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
});
afterEach(() => simulator.stop());

type Inner = AnswerJson['responses'][number];
async function batch(requests: object[]): Promise<{ status: number; byId: Record<string, Inner>; order: string[] }> {
	const { status, json } = await graph.post('/$batch', { requests });
	const responses = status === 200 ? json.responses : [];
	return { status, byId: Object.fromEntries(responses.map((one) => [one.id, one])), order: responses.map(({ id }) => id) };
}
const get = (id: string, url: string, more: object = {}): object => ({ id, method: 'GET', url, headers: { prefer: 'IdType="ImmutableId"' }, ...more });

describe('$batch', () => {
	it('answers each request once, in another order than asked, and is 200 even if all fail', async () => {
		const message = mailbox.addMime('inbox', plainMime('Batched'));
		const { byId, order, status } = await batch([get('1', `${USER}/messages/${message.id}`), get('2', `${USER}/messages/abc`)]);
		expect(status).toBe(200);
		expect(order).toEqual(['2', '1']);
		expect(byId['1']).toMatchObject({ status: 200, body: { subject: 'Batched', id: message.id } });
		expect(byId['2']).toMatchObject({ status: 400, body: { error: { code: 'ErrorInvalidIdMalformed' } } });
		expect(simulator.requestLog).toMatchObject({ calls: 1, requests: 2 });
	});

	it('takes at most 20 requests, no nested batch, unique ids and relative URLs', async () => {
		expect((await batch(Array.from({ length: 21 }, (_, n) => get(String(n), '/users')))).status).toBe(400);
		expect((await batch([get('1', '/users'), get('1', '/users')])).status).toBe(400);
		expect((await batch([{ id: '1', method: 'POST', url: '/$batch', headers: { 'content-type': 'application/json' }, body: { requests: [] } }])).byId['1']?.status).toBe(400);
		expect((await batch([get('1', `${simulator.graphUrl}/v1.0/users`)])).byId['1']?.status).toBe(400);
	});

	it('runs at most 4 at once of a mailbox, and counts each towards its limits', async () => {
		simulator.tenant.latencyMs = 5;
		const { byId } = await batch(Array.from({ length: 20 }, (_, n) => get(String(n), `${USER}/mailFolders/inbox`)));
		expect(Object.values(byId).map(({ status }) => status)).toEqual(Array(20).fill(200));
		expect(simulator.tenant.throttle.seen(mailbox.user.id)).toEqual({ peak: 4, refused: 0 });
	});

	it('throttles inner requests with 429 and Retry-After while the outer answer is 200', async () => {
		simulator.tenant.latencyMs = 20;
		const both = await Promise.all([1, 2].map(() => batch(Array.from({ length: 8 }, (_, n) => get(String(n), `${USER}/mailFolders/inbox`)))));
		const throttled = both.flatMap(({ byId }) => Object.values(byId)).filter(({ status }) => status === 429);
		expect(throttled.length).toBeGreaterThan(0);
		expect(throttled[0]).toMatchObject({ headers: { 'Retry-After': '1' }, body: { error: { code: 'ApplicationThrottled', message: 'Application is over its MailboxConcurrency limit.' } } });
	});

	it('runs dependsOn in turn and answers 424 to what depends on a failure', async () => {
		const chained = await batch([get('a', `${USER}/mailFolders/inbox`), get('b', `${USER}/mailFolders/drafts`, { dependsOn: ['a'] })]);
		expect(chained.byId.b?.status).toBe(200);
		const failed = await batch([get('a', `${USER}/messages/abc`), get('b', `${USER}/mailFolders/drafts`, { dependsOn: ['a'] }), get('c', `${USER}/mailFolders/drafts`)]);
		expect([failed.byId.a?.status, failed.byId.b?.status, failed.byId.c?.status]).toEqual([400, 424, 200]);
	});

	it('gives MIME as a JSON string, in which 8-bit bytes are lost, or as base64', async () => {
		const eightBit = Buffer.concat([Buffer.from(plainMime('8 bit')), Buffer.from([0xe4])]);
		const message = mailbox.addMime('inbox', eightBit);
		const body = async (): Promise<unknown> => (await batch([get('1', `${USER}/messages/${message.id}/$value`)])).byId['1']?.body;
		expect(await body()).toBe(`${plainMime('8 bit')}\uFFFD`);
		simulator.tenant.switches.batchEightBit = 'latin1';
		expect(await body()).toBe(`${plainMime('8 bit')}ä`);
		simulator.tenant.switches.batchValueBody = 'base64';
		expect(await body()).toBe(eightBit.toString('base64'));
	});

	it('carries out writes with JSON bodies', async () => {
		const message = mailbox.addMime('inbox', plainMime('x'));
		const { byId } = await batch([{ id: '1', method: 'PATCH', url: `${USER}/messages/${message.id}`, headers: { 'Content-Type': 'application/json' }, body: { isRead: true } }]);
		expect(byId['1']?.status).toBe(200);
		expect(message.isRead).toBe(true);
	});
});
