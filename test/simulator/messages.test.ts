import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller, plainMime } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
const MARK = 'String {00020329-0000-0000-c000-000000000046} Name backupMark';
let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
});
afterEach(() => simulator.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('reading messages', () => {
	it('serves MIME bytes exactly as they were stored, as text/plain', async () => {
		const bytes = Buffer.concat([Buffer.from(plainMime('Raw')), Buffer.from([0xff, 0xfe, 0])]);
		const message = mailbox.addMime('inbox', bytes);
		const answer = await graph.get(`${USER}/messages/${message.id}/$value`);
		expect(answer.bytes.equals(bytes)).toBe(true);
		expect(answer.headers.get('content-type')).toBe('text/plain');
	});

	it('shows what the MIME says', async () => {
		mailbox.addMime('inbox', plainMime('Quarterly report'), { isRead: true });
		const { json } = await graph.get(`${USER}/mailFolders/inbox/messages`);
		expect(json.value[0]).toMatchObject({
			subject: 'Quarterly report',
			isRead: true,
			isDraft: false,
			hasAttachments: false,
			from: { emailAddress: { name: 'Bruno Costa', address: 'bruno@fabrikam.example' } },
			toRecipients: [{ emailAddress: { name: 'Anna Berg', address: 'anna@contoso.example' } }],
			bodyPreview: 'Hello',
			body: { contentType: 'text', content: 'Hello\n' },
			internetMessageId: '<Quarterlyreport@example.com>',
			receivedDateTime: '2026-03-02T10:00:00Z',
			flag: { flagStatus: 'notFlagged' },
			importance: 'normal',
			inferenceClassification: 'focused',
		});
	});

	it('lists 10 by default, newest first, and follows nextLinks to the end', async () => {
		for (let i = 0; i < 23; i++) mailbox.addMime('inbox', plainMime(`m${i}`), { received: 1e12 + i * 1e6 });
		const first = await graph.get(`${USER}/mailFolders/inbox/messages?$select=subject`);
		expect(first.json.value.map(({ subject }) => subject).slice(0, 2)).toEqual(['m22', 'm21']);
		expect(await graph.round(`${USER}/mailFolders/inbox/messages?$select=subject`)).toMatchObject({ pages: 3 });
		expect((await graph.get(`${USER}/messages?$top=1000`)).json.value).toHaveLength(23);
		expect((await graph.get(`${USER}/messages?$top=1001`)).status).toBe(400);
	});

	it('refuses properties that messages do not have, and understands select without the dollar sign', async () => {
		mailbox.addMime('inbox', plainMime('x'));
		expect((await graph.get(`${USER}/messages?$select=size`)).status).toBe(400);
		expect(Object.keys((await graph.get(`${USER}/messages?select=subject`)).json.value[0]!).sort()).toEqual(['@odata.etag', 'id', 'subject']);
	});

	it('gives 404 ErrorItemNotFound for an unknown id and 400 ErrorInvalidIdMalformed for what is no id; ids are case-sensitive', async () => {
		const message = mailbox.addMime('inbox', plainMime('x'));
		mailbox.purge(message);
		expect(await graph.get(`${USER}/messages/${message.id}`)).toMatchObject({ status: 404, json: { error: { code: 'ErrorItemNotFound' } } });
		expect(await graph.get(`${USER}/messages/abc`)).toMatchObject({ status: 400, json: { error: { code: 'ErrorInvalidIdMalformed' } } });
		const other = mailbox.addMime('inbox', plainMime('y'));
		const [head, tail] = [other.id.slice(0, -10), other.id.slice(-10)];
		const swapped = head + tail.replace(/[a-z]/i, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()));
		expect((await graph.get(`${USER}/messages/${swapped}`)).status).toBe(404);
	});

	it('sanitises HTML unless asked not to, and turns it into text when asked to', async () => {
		const html = 'Subject: h\r\nContent-Type: text/html\r\n\r\n<p onclick="x()">Hi</p><script>evil()</script>';
		const { id } = mailbox.addMime('inbox', html);
		const content = async (prefer: string): Promise<unknown> => (await graph.get(`${USER}/messages/${id}?$select=body`, { headers: { prefer } })).entity.body;
		expect(await content('')).toEqual({ contentType: 'html', content: '<p>Hi</p>' });
		expect(await content('outlook.allow-unsafe-html')).toEqual({ contentType: 'html', content: '<p onclick="x()">Hi</p><script>evil()</script>' });
		expect(await content('outlook.body-content-type="text"')).toMatchObject({ contentType: 'text' });
	});

	it('finds messages by internetMessageId, by text and by extended property, values without regard to case', async () => {
		mailbox.addMime('inbox', plainMime('One'));
		mailbox.addMime('inbox', plainMime('Two'), { singleValueProperties: { [MARK]: 'ABCdef' } });
		const found = async (query: string): Promise<unknown> => (await graph.get(`${USER}/mailFolders/inbox/messages?${query}&$select=subject`)).json.value.map(({ subject }) => subject);
		expect(await found(`$filter=internetMessageId eq '<One@example.com>'`)).toEqual(['One']);
		expect(await found(`$filter=${encodeURIComponent(`singleValueExtendedProperties/Any(ep: ep/id eq '${MARK}' and ep/value eq 'abcDEF')`)}`)).toEqual(['Two']);
		expect(await found(`$filter=${encodeURIComponent(`singleValueExtendedProperties/any(ep:ep/id eq '${MARK}' and startswith(ep/value,'zzz'))`)}`)).toEqual([]);
		expect(await found(`$search="one"`)).toEqual(['One']);
		expect(await found(`$filter=receivedDateTime ge 2026-03-02T10:00:00Z and isRead eq false`)).toHaveLength(2);
		expect((await graph.get(`${USER}/messages?$filter=nonsense nonsense`)).status).toBe(400);
	});

	it('refuses $orderby by what does not come first in $filter', async () => {
		const status = async (filter: string): Promise<number> => (await graph.get(`${USER}/messages?$orderby=receivedDateTime desc&$filter=${filter}`)).status;
		expect(await status('isRead eq false')).toBe(400);
		expect(await status('receivedDateTime ge 2020-01-01T00:00:00Z and isRead eq false')).toBe(200);
	});

	it('expands extended properties by id', async () => {
		const { id } = mailbox.addMime('inbox', plainMime('x'), { singleValueProperties: { [MARK]: 'v' } });
		const { entity } = await graph.get(`${USER}/messages/${id}?$expand=${encodeURIComponent(`singleValueExtendedProperties($filter=id eq '${MARK}' or id eq 'Integer 0x0E07')`)}`);
		expect(entity.singleValueExtendedProperties).toEqual([{ id: MARK, value: 'v' }, { id: 'Integer 0x0E07', value: '0' }]);
	});

	it('types meeting requests as eventMessageRequest', async () => {
		mailbox.addMime('inbox', `Subject: Planning\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n`);
		expect((await graph.get(`${USER}/messages`)).json.value[0]).toMatchObject({ '@odata.type': '#microsoft.graph.eventMessageRequest', meetingMessageType: 'meetingRequest', hasAttachments: false });
	});
});

describe('ids', () => {
	it('stay on a move with ImmutableId and change without it', async () => {
		const message = mailbox.addMime('inbox', plainMime('x'));
		const mutable = message.mutableId;
		const moved = await graph.post(`${USER}/messages/${message.id}/move`, { destinationId: 'archive' });
		expect(moved).toMatchObject({ status: 201, entity: { id: message.id, parentFolderId: mailbox.folder('archive').id } });
		expect((await graph.get(`${USER}/messages/${mutable}`, { mutable: true })).status).toBe(404);
		expect((await graph.get(`${USER}/messages/${message.id}`, { mutable: true })).entity.id).toBe(message.mutableId);
		expect(message.mutableId).not.toBe(mutable);
	});

	it('survive a DELETE: the message lies in Recoverable Items and can be moved back', async () => {
		const message = mailbox.addMime('inbox', plainMime('x'));
		expect((await graph.call('DELETE', `${USER}/messages/${message.id}`)).status).toBe(204);
		const deletions = await graph.get(`${USER}/mailFolders/recoverableitemsdeletions/messages`);
		expect(deletions.json.value.map(({ id }) => id)).toEqual([message.id]);
		expect((await graph.get(`${USER}/messages/${message.id}?$select=parentFolderId`)).entity.parentFolderId).toBe(mailbox.folder('recoverableitemsdeletions').id);
		expect((await graph.post(`${USER}/messages/${message.id}/move`, { destinationId: 'inbox' })).status).toBe(201);
		expect(mailbox.folder('inbox').total).toBe(1);
	});

	it('are gone after permanentDelete', async () => {
		const message = mailbox.addMime('inbox', plainMime('x'));
		expect((await graph.call('POST', `${USER}/messages/${message.id}/permanentDelete`)).status).toBe(204);
		expect((await graph.get(`${USER}/messages/${message.id}`)).status).toBe(404);
	});
});

describe('creating messages from JSON', () => {
	const restored = {
		subject: 'Restored ✓',
		body: { contentType: 'html', content: '<p>Grüße</p>' },
		from: { emailAddress: { name: 'Bruno', address: 'bruno@fabrikam.example' } },
		toRecipients: [{ emailAddress: { name: 'Anna', address: 'anna@contoso.example' } }],
		bccRecipients: [{ emailAddress: { name: 'Hidden', address: 'hidden@contoso.example' } }],
		isRead: false,
		importance: 'high',
		categories: ['Red'],
		flag: { flagStatus: 'flagged' },
		internetMessageHeaders: [{ name: 'x-kept', value: '1' }],
		internetMessageId: '<original@example.com>',
		singleValueExtendedProperties: [
			{ id: 'Integer 0x0E07', value: '4' },
			{ id: 'SystemTime 0x0039', value: '2023-01-02T03:04:05Z' },
			{ id: 'SystemTime 0x0E06', value: '2023-01-02T03:04:06Z' },
			{ id: MARK, value: 'abc' },
		],
	};

	it('gives no draft, with its dates, when MessageFlags without 0x8 stand in the create request', async () => {
		const created = await graph.post(`${USER}/mailFolders/archive/messages`, restored);
		expect(created.status).toBe(201);
		const { entity } = await graph.get(`${USER}/messages/${created.entity.id}?$expand=${encodeURIComponent(`singleValueExtendedProperties($filter=id eq '${MARK}')`)}`);
		expect(entity).toMatchObject({
			subject: 'Restored ✓',
			isDraft: false,
			isRead: false,
			sentDateTime: '2023-01-02T03:04:05Z',
			receivedDateTime: '2023-01-02T03:04:06Z',
			importance: 'high',
			categories: ['Red'],
			flag: { flagStatus: 'flagged' },
			bccRecipients: [{ emailAddress: { address: 'hidden@contoso.example' } }],
			internetMessageId: '<original@example.com>',
			singleValueExtendedProperties: [{ id: MARK, value: 'abc' }],
			parentFolderId: mailbox.folder('archive').id,
		});
	});

	it('is readable as MIME afterwards, the same bytes each time', async () => {
		const { entity } = await graph.post(`${USER}/mailFolders/archive/messages`, restored);
		const [one, two] = [await graph.get(`${USER}/messages/${entity.id}/$value`), await graph.get(`${USER}/messages/${entity.id}/$value`)];
		expect(one.text).toBe(two.text);
		expect(one.text).toContain('Bcc: Hidden <hidden@contoso.example>');
		expect(one.text).toContain('Message-ID: <original@example.com>');
		expect(one.text).toMatch(/^x-kept: 1/im);
		expect(one.text).toContain('Mon, 02 Jan 2023 03:04:05 +0000');
	});

	it('gives a draft without those flags, and neither PATCH nor a later property clears that', async () => {
		const { entity } = await graph.post(`${USER}/messages`, { subject: 'Draft' });
		expect(entity).toMatchObject({ isDraft: true, parentFolderId: mailbox.folder('drafts').id });
		await graph.call('PATCH', `${USER}/messages/${entity.id}`, { body: { isDraft: false, singleValueExtendedProperties: [{ id: 'Integer 0x0E07', value: '1' }] } });
		expect((await graph.get(`${USER}/messages/${entity.id}`)).entity.isDraft).toBe(true);
	});

	it('may not find a message that was just created for a while', async () => {
		simulator.tenant.switches.newMessageNotFoundTimes = 2;
		const { entity } = await graph.post(`${USER}/messages`, { subject: 'x' });
		const statuses: number[] = [];
		for (let n = 0; n < 3; n++) statuses.push((await graph.get(`${USER}/messages/${entity.id}`)).status);
		expect(statuses).toEqual([404, 404, 200]);
	});

	it('refuses header names without x-, more than five, and an empty list', async () => {
		const status = async (internetMessageHeaders: unknown): Promise<number> => (await graph.post(`${USER}/messages`, { subject: 'h', internetMessageHeaders })).status;
		expect(await status([{ name: 'Received', value: 'x' }])).toBe(400);
		expect(await status(Array.from({ length: 6 }, (_, n) => ({ name: `x-${n}`, value: '1' })))).toBe(400);
		expect(await status([])).toBe(400);
		expect(await status(Array.from({ length: 5 }, (_, n) => ({ name: `X-${n}`, value: '1' })))).toBe(201);
	});

	it('refuses unknown properties, an invalid replyTo and bodies over 4 MB', async () => {
		expect((await graph.post(`${USER}/messages`, { subjekt: 'x' })).status).toBe(400);
		expect(await graph.post(`${USER}/messages`, { replyTo: [{ emailAddress: { address: 'nobody' } }] })).toMatchObject({ status: 400, json: { error: { code: 'ErrorInvalidRecipients' } } });
		expect((await graph.post(`${USER}/messages`, { subject: 'x'.repeat(4 * 1024 * 1024) })).status).toBe(413);
	});
});

describe('creating messages from MIME', () => {
	const text = { headers: { 'content-type': 'text/plain' } };

	it('always gives a draft in Drafts, with the same bytes', async () => {
		const mime = plainMime('From MIME');
		const created = await graph.post(`${USER}/messages`, base64(mime), text);
		expect(created).toMatchObject({ status: 201, entity: { isDraft: true, subject: 'From MIME', parentFolderId: mailbox.folder('drafts').id } });
		expect((await graph.get(`${USER}/messages/${created.entity.id}/$value`)).text).toBe(mime);
	});

	it('answers 400 to bad base64 or no MIME, and 413 over 4 MB', async () => {
		expect((await graph.post(`${USER}/messages`, 'not base64!', text)).status).toBe(400);
		expect((await graph.post(`${USER}/messages`, base64('no header here'), text)).status).toBe(400);
		expect((await graph.post(`${USER}/messages`, base64('x'.repeat(3.2 * 1024 * 1024)), text)).status).toBe(413);
	});

	it('is refused into a folder as users report, or accepted as documented', async () => {
		const post = (): ReturnType<GraphCaller['post']> => graph.post(`${USER}/mailFolders/archive/messages`, base64(plainMime('x')), text);
		expect(await post()).toMatchObject({ status: 400, json: { error: { code: 'UnableToDeserializePostBody' } } });
		simulator.tenant.switches.mimePostIntoFolder = 'accepted';
		expect(await post()).toMatchObject({ status: 201, entity: { isDraft: true, parentFolderId: mailbox.folder('archive').id } });
	});

	it('may answer 200 and create nothing over 2.2 MB', async () => {
		simulator.tenant.switches.largeMimeDraftsVanish = true;
		expect((await graph.post(`${USER}/messages`, base64(plainMime('big', 'x'.repeat(2.4 * 1024 * 1024))), text)).status).toBe(200);
		expect(mailbox.folder('drafts').total).toBe(0);
	});
});

describe('changing messages', () => {
	it('patches marks of any message, content only of drafts', async () => {
		const { id } = mailbox.addMime('inbox', plainMime('x'));
		expect((await graph.call('PATCH', `${USER}/messages/${id}`, { body: { isRead: true, categories: ['Blue'], flag: { flagStatus: 'complete' } } })).entity).toMatchObject({ isRead: true, categories: ['Blue'], flag: { flagStatus: 'complete' } });
		expect((await graph.call('PATCH', `${USER}/messages/${id}`, { body: { subject: 'y' } })).status).toBe(400);
		const draft = await graph.post(`${USER}/messages`, { subject: 'a' });
		expect((await graph.call('PATCH', `${USER}/messages/${draft.entity.id}`, { body: { subject: 'b' } })).entity.subject).toBe('b');
		simulator.tenant.switches.patchContentOfNonDraft = 'accepted';
		expect((await graph.call('PATCH', `${USER}/messages/${id}`, { body: { subject: 'y' } })).entity.subject).toBe('y');
	});

	it('copies under a new id and keeps marks', async () => {
		const message = mailbox.addMime('inbox', plainMime('x'), { categories: ['Red'], isRead: true });
		const { entity } = await graph.post(`${USER}/messages/${message.id}/copy`, { destinationId: 'archive' });
		expect(entity).toMatchObject({ categories: ['Red'], isRead: true, subject: 'x' });
		expect(entity.id).not.toBe(message.id);
		expect(mailbox.folder('inbox').total).toBe(1);
	});

	it('puts what Graph would have sent into the outbox: sendMail, send, and receipts on reading or deleting', async () => {
		const asking = `From: boss@fabrikam.example\r\nDisposition-Notification-To: boss@fabrikam.example\r\nSubject: Receipt please\r\n\r\nx`;
		const [a, b] = [mailbox.addMime('inbox', asking), mailbox.addMime('inbox', asking)];
		await graph.call('PATCH', `${USER}/messages/${a.id}`, { body: { isRead: true } });
		await graph.call('DELETE', `${USER}/messages/${b.id}`);
		const draft = await graph.post(`${USER}/messages`, { subject: 'Out', toRecipients: [{ emailAddress: { address: 'x@example.com' } }] });
		await graph.call('POST', `${USER}/messages/${draft.entity.id}/send`);
		await graph.post(`${USER}/sendMail`, { message: { subject: 'Direct', toRecipients: [{ emailAddress: { address: 'y@example.com' } }] } });
		expect(simulator.tenant.outbox.map(({ kind, subject, recipients }) => [kind, subject, recipients[0]])).toEqual([
			['receipt', 'Read: Receipt please', 'boss@fabrikam.example'],
			['receipt', 'Not read: Receipt please', 'boss@fabrikam.example'],
			['mail', 'Out', 'x@example.com'],
			['mail', 'Direct', 'y@example.com'],
		]);
	});
});
