import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type RunningSimulator } from './start';
import type { Mailbox } from './mailbox';

type Json = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- answers are read as a client would
let simulator: RunningSimulator;
let mailbox: Mailbox;

const mime = (subject: string, body = 'Hello'): string =>
	`From: Anna Berg <anna@contoso.example>\r\nTo: Bob <bob@example.com>\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replace(/\W/g, '')}@example.com>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`;

async function call(method: string, path: string, options: { body?: unknown; headers?: Record<string, string>; mutable?: boolean } = {}): Promise<{ status: number; json: Json; text: string; headers: Headers }> {
	const headers: Record<string, string> = { authorization: `Bearer ${simulator.token}`, ...(options.mutable ? {} : { prefer: 'IdType="ImmutableId"' }), ...options.headers };
	const init: RequestInit = { method, headers };
	if (options.body !== undefined) {
		init.body = typeof options.body === 'string' ? options.body : JSON.stringify(options.body);
		headers['content-type'] ??= 'application/json';
	}
	const response = await fetch(path.startsWith('http') ? path : `${simulator.graphUrl}/v1.0${path}`, init);
	const text = await response.text();
	return { status: response.status, text, headers: response.headers, json: /^\s*\{/.test(text) ? (JSON.parse(text) as Json) : {} };
}

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
});
afterEach(() => simulator.stop());

describe('the thin path', () => {
	it('serves MIME bytes exactly as stored', async () => {
		const bytes = Buffer.concat([Buffer.from(mime('Raw')), Buffer.from([0xff, 0xfe, 0])]);
		const message = mailbox.addMime('inbox', bytes);
		const response = await fetch(`${simulator.graphUrl}/v1.0/users/anna@contoso.example/messages/${message.id}/$value`, { headers: { authorization: `Bearer ${simulator.token}` } });
		expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
	});

	it('lists messages with what their MIME says', async () => {
		mailbox.addMime('inbox', mime('Quarterly report'), { isRead: true });
		const { json } = await call('GET', '/users/anna@contoso.example/mailFolders/inbox/messages');
		expect(json.value).toHaveLength(1);
		expect(json.value[0]).toMatchObject({ subject: 'Quarterly report', isRead: true, isDraft: false, from: { emailAddress: { address: 'anna@contoso.example', name: 'Anna Berg' } }, bodyPreview: 'Hello', receivedDateTime: '2026-03-02T10:00:00Z', hasAttachments: false });
	});

	it('follows delta: pages, then changes only', async () => {
		for (let i = 0; i < 25; i++) mailbox.addMime('inbox', mime(`m${i}`));
		let page = await call('GET', '/users/anna@contoso.example/mailFolders/inbox/messages/delta?$select=subject,isRead', { headers: { prefer: 'IdType="ImmutableId", odata.maxpagesize=10' } });
		const seen: string[] = [];
		while (page.json['@odata.nextLink']) {
			seen.push(...page.json.value.map((one: Json) => one.subject));
			page = await call('GET', page.json['@odata.nextLink'], { headers: { prefer: 'IdType="ImmutableId", odata.maxpagesize=10' } });
		}
		seen.push(...page.json.value.map((one: Json) => one.subject));
		expect(seen).toHaveLength(25);
		const quiet = await call('GET', page.json['@odata.deltaLink']);
		expect(quiet.json.value).toEqual([]);
		const first = [...mailbox.folder('inbox').messages()][0]!;
		mailbox.patch(first, { isRead: true });
		const changed = await call('GET', quiet.json['@odata.deltaLink']);
		expect(changed.json.value).toEqual([{ '@odata.type': '#microsoft.graph.message', '@odata.etag': expect.any(String), id: first.id, isRead: true, parentFolderId: mailbox.folder('inbox').id }]);
	});

	it('answers a batch with one answer for each request', async () => {
		const message = mailbox.addMime('inbox', mime('Batched'));
		const { json, status } = await call('POST', '/$batch', {
			body: { requests: [{ id: '1', method: 'GET', url: `/users/anna@contoso.example/messages/${message.mutableId}/$value` }, { id: '2', method: 'GET', url: '/users/anna@contoso.example/messages/nonsense' }] },
		});
		expect(status).toBe(200);
		const byId = Object.fromEntries(json.responses.map((one: Json) => [one.id, one]));
		expect(byId['1'].body).toBe(mime('Batched'));
		expect(byId['2']).toMatchObject({ status: 400, body: { error: { code: 'ErrorInvalidIdMalformed' } } });
	});
});
