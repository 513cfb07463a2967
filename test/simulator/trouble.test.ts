import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, plainMime } from './graph-caller';
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

describe('throttling', () => {
	it('answers 429 MailboxConcurrency to the fifth request at once of a mailbox, not of another', async () => {
		simulator.tenant.addUser({ displayName: 'Bruno', userPrincipalName: 'bruno@contoso.example' });
		// Long enough that all are under way at once even on a busy machine.
		simulator.tenant.latencyMs = 1000;
		const answers = await Promise.all([...Array<string>(5).fill(`${USER}/mailFolders/inbox`), '/users/bruno@contoso.example/mailFolders/inbox'].map((path) => graph.get(path)));
		expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429]);
		const refused = answers.find(({ status }) => status === 429)!;
		expect(refused.json.error.message).toBe('Application is over its MailboxConcurrency limit.');
		expect(refused.headers.get('retry-after')).toBe('1');
	});

	it('answers 429 with Retry-After after 10,000 requests in 10 minutes, until the window has passed', async () => {
		const { throttle, clock } = simulator.tenant;
		for (let n = 0; n < 10_000; n++) {
			throttle.enter(mailbox.user.id, 0);
			throttle.leave(mailbox.user.id);
		}
		const refused = await graph.get(`${USER}/mailFolders/inbox`);
		expect(refused).toMatchObject({ status: 429, json: { error: { code: 'TooManyRequests' } } });
		const waitMs = Number(refused.headers.get('retry-after')) * 1000;
		expect(waitMs).toBeGreaterThan(580_000);
		clock.advance(waitMs);
		expect((await graph.get(`${USER}/mailFolders/inbox`)).status).toBe(200);
	});

	it('answers 429 after 150 MB of uploads in 5 minutes', async () => {
		const { throttle, clock } = simulator.tenant;
		throttle.enter(mailbox.user.id, 150 * 1024 * 1024);
		throttle.leave(mailbox.user.id);
		expect((await graph.post(`${USER}/messages`, { subject: 'one more' })).json.error.message).toContain('IncomingBytes');
		clock.advance(300_000);
		expect((await graph.post(`${USER}/messages`, { subject: 'one more' })).status).toBe(201);
	});

	it('passes faster when told so, and not at all when switched off', async () => {
		const { throttle } = simulator.tenant;
		throttle.speed = 600;
		throttle.enter(mailbox.user.id, 150 * 1024 * 1024);
		throttle.leave(mailbox.user.id);
		expect(Number((await graph.post(`${USER}/messages`, { subject: 'x' })).headers.get('retry-after'))).toBe(1);
		simulator.tenant.switches.throttling = false;
		expect((await graph.post(`${USER}/messages`, { subject: 'x' })).status).toBe(201);
	});
});

describe('scripted faults', () => {
	it('strike before the effect as often as told', async () => {
		simulator.tenant.faults.script({ match: 'POST /users/*/messages', times: 2, do: { status: 503, headers: { 'Retry-After': '7' } } });
		for (let n = 0; n < 2; n++) {
			const refused = await graph.post(`${USER}/messages`, { subject: 'x' });
			expect(refused.status).toBe(503);
			expect(refused.headers.get('retry-after')).toBe('7');
		}
		expect(mailbox.folder('drafts').total).toBe(0);
		expect((await graph.post(`${USER}/messages`, { subject: 'x' })).status).toBe(201);
		expect(simulator.tenant.faults.struck).toBe(2);
	});

	it('strike after the effect: the message is there, the answer is lost', async () => {
		simulator.tenant.faults.script({ match: /^POST .*\/messages$/, when: 'after', do: { reset: true } });
		await expect(graph.post(`${USER}/messages`, { subject: 'x' })).rejects.toThrow();
		expect(mailbox.folder('drafts').total).toBe(1);
	});

	it('strike during the answer: half of it arrives', async () => {
		const message = mailbox.addMime('inbox', plainMime('x', 'y'.repeat(100_000)));
		simulator.tenant.faults.script({ match: '*/$value', when: 'during', do: { reset: true } });
		const response = await fetch(`${simulator.graphUrl}/v1.0${USER}/messages/${message.id}/$value`, { headers: { authorization: `Bearer ${simulator.token}` } });
		expect(response.status).toBe(200);
		await expect(response.arrayBuffer()).rejects.toThrow();
	});

	it('truncate bodies, openly or silently', async () => {
		simulator.tenant.faults.script({ match: '*/mailFolders/inbox', do: { truncateAtByte: 20 } });
		await expect(graph.get(`${USER}/mailFolders/inbox`)).rejects.toThrow();
		simulator.tenant.faults.script({ match: '*/mailFolders/inbox', do: { truncateAtByte: 20, silent: true } });
		await expect(graph.get(`${USER}/mailFolders/inbox`)).rejects.toThrow(SyntaxError);
	});

	it('skip some requests, strike inside $batch, and can be functions', async () => {
		simulator.tenant.faults.script({ match: (method, path) => method === 'GET' && path.endsWith('/inbox'), skip: 1, do: { status: 504 } });
		const requests = ['1', '2', '3'].map((id) => ({ id, method: 'GET', url: `${USER}/mailFolders/inbox` }));
		const { json } = await graph.post('/$batch', { requests });
		expect(json.responses.map(({ status }) => status).sort()).toEqual([200, 200, 504]);
	});

	it('can answer with an empty body, as Exchange does with some 503', async () => {
		simulator.tenant.faults.script({ match: '*/mailFolders/inbox', do: { status: 503, body: '' } });
		expect(await graph.get(`${USER}/mailFolders/inbox`)).toMatchObject({ status: 503, text: '' });
	});

	it('strike uploads', async () => {
		const { entity } = await graph.post(`${USER}/messages`, { subject: 'x' });
		const size = 3 * 1024 * 1024;
		const session = await graph.post(`${USER}/messages/${entity.id}/attachments/createUploadSession`, { AttachmentItem: { attachmentType: 'file', name: 'f', size } });
		simulator.tenant.faults.script({ match: /^PUT /, do: { status: 503 } });
		const put = (): Promise<Response> => fetch(session.entity.uploadUrl as string, { method: 'PUT', body: Buffer.alloc(size), headers: { 'content-range': `bytes 0-${size - 1}/${size}` } });
		expect((await put()).status).toBe(503);
		expect((await put()).status).toBe(201);
	});

	it('a corrupt message always answers 500 ErrorCorruptData, singly and by $value, until it is healed', async () => {
		const message = mailbox.addMime('inbox', plainMime('x'));
		mailbox.corrupt(message);
		for (const tail of ['', '/$value', '/attachments']) expect(await graph.get(`${USER}/messages/${message.id}${tail}`)).toMatchObject({ status: 500, json: { error: { code: 'ErrorCorruptData' } } });
		mailbox.corrupt(message, null);
		expect((await graph.get(`${USER}/messages/${message.id}`)).status).toBe(200);
	});
});

describe('the request log', () => {
	it('counts refused requests under their route', async () => {
		await graph.get(`${USER}/messages/abc`);
		await graph.get(`${USER}/messages/abc/attachments/def/$value`);
		simulator.tenant.faults.script({ match: '*/delta', do: { status: 503 } });
		await graph.get(`${USER}/mailFolders/inbox/messages/delta`);
		await graph.get(`${USER}/mailFolders/inbox/messages/delta`);
		expect(Object.fromEntries(simulator.requestLog.byRoute)).toEqual({
			'GET /users/{id}/messages/{id}': 1,
			'GET /users/{id}/messages/{id}/attachments/{id}/$value': 1,
			'GET /users/{id}/mailFolders/{id}/messages/delta': 2,
		});
		expect(simulator.requestLog).toMatchObject({ requests: 4, calls: 4 });
	});
});

describe('the clock', () => {
	it('sets the Date header', async () => {
		simulator.tenant.clock.advance(3_600_000);
		const beforeMs = Date.now() + 3_600_000;
		const date = Date.parse((await graph.get(`${USER}/mailFolders/inbox`)).headers.get('date')!);
		// The header has whole seconds.
		expect(date).toBeGreaterThan(beforeMs - 1000);
		expect(date).toBeLessThanOrEqual(Date.now() + 3_600_000);
	});
});
