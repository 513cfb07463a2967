import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addVariety } from './generate-tenant';
import { GraphCaller, plainMime, type Entity } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
const FILE = { '@odata.type': '#microsoft.graph.fileAttachment' };
const MB = 1024 * 1024;
let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
});
afterEach(() => simulator.stop());

async function messageCalled(subject: string): Promise<string> {
	const found = await graph.get(`${USER}/messages?$top=1000&$select=subject`);
	return found.json.value.find((one) => one.subject?.startsWith(subject))!.id;
}

async function newMessage(): Promise<string> {
	return (await graph.post(`${USER}/mailFolders/inbox/messages`, { subject: 'With files', singleValueExtendedProperties: [{ id: 'Integer 0x0E07', value: '1' }] })).entity.id;
}

describe('attachments', () => {
	it('come with contentBytes in lists, or without them by $select, and raw by $value', async () => {
		addVariety(mailbox, { large: false });
		const path = `${USER}/messages/${await messageCalled('Two files of one name')}/attachments`;
		const list = (await graph.get(path)).json.value;
		expect(list.map(({ name, isInline, contentType }) => ({ name, isInline, contentType }))).toEqual(Array(2).fill({ name: 'Übersicht.bin', isInline: false, contentType: 'application/octet-stream' }));
		expect((await graph.get(`${path}?$select=id,name,size`)).json.value[0]).not.toHaveProperty('contentBytes');
		const raw = await graph.get(`${path}/${list[1]!.id}/$value`);
		expect(raw.bytes.toString('base64')).toBe(list[1]!.contentBytes);
	});

	it('nested messages are item attachments: expandable, and MIME by $value', async () => {
		addVariety(mailbox, { large: false });
		const path = `${USER}/messages/${await messageCalled('Fwd: ')}/attachments`;
		const [item] = (await graph.get(`${path}?$expand=microsoft.graph.itemAttachment/item`)).json.value;
		expect(item).toMatchObject({ '@odata.type': '#microsoft.graph.itemAttachment', item: { '@odata.type': '#microsoft.graph.message', subject: expect.stringMatching(/^Inner: /) as string } });
		const raw = await graph.get(`${path}/${item!.id}/$value`);
		expect(raw.text).toContain('Subject: Inner: ');
		expect(raw.text).toContain('Message-ID: <inner.');
	});

	it('inline-only attachments leave hasAttachments false', async () => {
		addVariety(mailbox, { large: false });
		const id = await messageCalled('Picture inside');
		expect((await graph.get(`${USER}/messages/${id}`)).entity.hasAttachments).toBe(false);
		expect((await graph.get(`${USER}/messages/${id}/attachments`)).json.value[0]).toMatchObject({ isInline: true, contentId: 'pic@simulator.invalid' });
	});

	it('are not what programs read of a delivery report, nor is it text (MS-OXCMAIL 2.2.3.7)', async () => {
		addVariety(mailbox, { large: false });
		const path = `${USER}/messages/${await messageCalled('Undeliverable: ')}`;
		const { body, hasAttachments } = (await graph.get(path)).entity;
		expect(body).toEqual({ contentType: 'text', content: expect.stringMatching(/^Your message could not be delivered\.\s*$/) as string });
		expect(hasAttachments).toBe(false);
		expect((await graph.get(`${path}/attachments`)).json.value).toEqual([]);
		expect((await graph.get(`${path}/$value`)).text).toContain('Final-Recipient: rfc822; nobody@example.com');
	});

	it('can be added one by one below 3 MB, and appear in the MIME', async () => {
		const id = await newMessage();
		const added = await graph.post(`${USER}/messages/${id}/attachments`, { ...FILE, name: 'ä.txt', contentType: 'text/plain', contentBytes: Buffer.from('attached text').toString('base64') });
		expect(added.status).toBe(201);
		expect((await graph.get(`${USER}/messages/${id}`)).entity).toMatchObject({ hasAttachments: true, isDraft: false });
		expect((await graph.get(`${USER}/messages/${id}/$value`)).text).toContain(Buffer.from('attached text').toString('base64'));
		expect((await graph.post(`${USER}/messages/${id}/attachments`, { ...FILE, name: 'big', contentBytes: Buffer.alloc(3 * MB).toString('base64') })).status).toBe(413);
	});

	it('takes item attachments as JSON; what is nested in them is lost', async () => {
		const id = await newMessage();
		const item = { '@odata.type': '#microsoft.graph.message', subject: 'Inner ✓', body: { contentType: 'text', content: 'deep' } };
		const added = await graph.post(`${USER}/messages/${id}/attachments`, { '@odata.type': '#microsoft.graph.itemAttachment', name: 'Inner', item });
		expect(added.status).toBe(201);
		const { json } = await graph.get(`${USER}/messages/${id}/attachments?$expand=microsoft.graph.itemAttachment/item`);
		expect(json.value[0]).toMatchObject({ item: { subject: 'Inner ✓', body: { content: 'deep' } } });
		expect((await graph.get(`${USER}/messages/${id}/$value`)).text).toContain('message/rfc822');
	});

	it('answers 405 to the raw value of a reference attachment', async () => {
		const id = await newMessage();
		const { entity } = await graph.post(`${USER}/messages/${id}/attachments`, { '@odata.type': '#microsoft.graph.referenceAttachment', name: 'link' });
		expect((await graph.get(`${USER}/messages/${id}/attachments/${entity.id}/$value`)).status).toBe(405);
	});
});

describe('upload sessions', () => {
	const size = 3.5 * MB;

	async function open(id: string, item: object = {}): Promise<Entity & { uploadUrl: string }> {
		const session = await graph.post(`${USER}/messages/${id}/attachments/createUploadSession`, { AttachmentItem: { attachmentType: 'file', name: 'large.bin', size, ...item } });
		expect(session.status).toBe(201);
		return session.entity as Entity & { uploadUrl: string };
	}
	const put = (url: string, from: number, bytes: Buffer<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
		fetch(url, { method: 'PUT', body: bytes, headers: { 'content-range': `bytes ${from}-${from + bytes.length - 1}/${size}`, ...headers } });

	it('take chunks in order on another origin, and end with 201 and a Location', async () => {
		const id = await newMessage();
		const session = await open(id, { isInline: true, contentId: 'cid1' });
		expect(new URL(session.uploadUrl).origin).not.toBe(simulator.graphUrl);
		expect(session.nextExpectedRanges).toEqual(['0-']);
		const first = await put(session.uploadUrl, 0, Buffer.alloc(2 * MB, 1));
		expect({ status: first.status, body: await first.json() }).toMatchObject({ status: 200, body: { nextExpectedRanges: [String(2 * MB)] } });
		const last = await put(session.uploadUrl, 2 * MB, Buffer.alloc(1.5 * MB, 2));
		expect(last.status).toBe(201);
		expect(last.headers.get('location')).toContain('/Attachments(');
		const { json } = await graph.get(`${USER}/messages/${id}/attachments`);
		expect(json.value[0]).toMatchObject({ name: 'large.bin', isInline: true, contentId: 'cid1' });
		expect(Buffer.from(json.value[0]!.contentBytes as string, 'base64')).toHaveLength(size);
	});

	it('refuse a Graph token, chunks out of order and chunks over 4 MB', async () => {
		const { uploadUrl } = await open(await newMessage());
		expect((await put(uploadUrl, 0, Buffer.alloc(MB), { authorization: `Bearer ${simulator.token}` })).status).toBe(401);
		expect((await put(uploadUrl, MB, Buffer.alloc(MB))).status).toBe(416);
		expect((await put(uploadUrl.replace(/authtoken=.*/, 'authtoken=wrong'), 0, Buffer.alloc(MB))).status).toBe(401);
	});

	it('are for files from 3 to 150 MB only; items answer 405', async () => {
		const id = await newMessage();
		const create = async (item: object): Promise<number> => (await graph.post(`${USER}/messages/${id}/attachments/createUploadSession`, { AttachmentItem: { attachmentType: 'file', name: 'f', size, ...item } })).status;
		expect(await create({ size: 3 * MB - 1 })).toBe(400);
		expect(await create({ size: 151 * MB })).toBe(400);
		expect(await create({ attachmentType: 'item' })).toBe(405);
		simulator.tenant.switches.uploadSessionOnNonDraft = 'refused';
		expect(await create({})).toBe(400);
	});

	it('expire, and are gone after DELETE', async () => {
		const id = await newMessage();
		const one = await open(id);
		expect((await fetch(one.uploadUrl, { method: 'DELETE' })).status).toBe(204);
		expect((await put(one.uploadUrl, 0, Buffer.alloc(MB))).status).toBe(404);
		const two = await open(id);
		simulator.tenant.clock.advance(48 * 3_600_000);
		expect((await put(two.uploadUrl, 0, Buffer.alloc(MB))).status).toBe(404);
	});

	it('do not make a message larger than 35 MB', async () => {
		simulator.tenant.switches.messageSizeLimitBytes = 3 * MB;
		const { uploadUrl } = await open(await newMessage());
		await put(uploadUrl, 0, Buffer.alloc(2 * MB));
		expect((await put(uploadUrl, 2 * MB, Buffer.alloc(1.5 * MB))).status).toBe(413);
		expect(mailbox.addMime('inbox', plainMime('still fine')).id).not.toBe('');
	});
});
