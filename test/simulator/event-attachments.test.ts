import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventRecord } from './event-record';
import { GraphCaller } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

const USER = '/users/anna@contoso.example';
const FILE = { '@odata.type': '#microsoft.graph.fileAttachment', name: 'agenda.txt', contentType: 'text/plain', contentBytes: Buffer.from('Agenda').toString('base64') };

let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;
let event: EventRecord;
let path: string;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' }).mailbox!;
	graph = new GraphCaller(simulator);
	const at = (hour: number): Record<string, string> => ({ dateTime: `2026-11-24T${hour}:00:00`, timeZone: 'UTC' });
	event = mailbox.calendar.addEvent('Calendar', { subject: 'x', start: at(10), end: at(11), recurrence: { pattern: { type: 'daily', interval: 1 }, range: { type: 'numbered', startDate: '2026-11-24', numberOfOccurrences: 3 } } });
	path = `${USER}/events/${event.id}/attachments`;
});

afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	await simulator.stop();
});

describe('attachments of events', () => {
	it('are added, listed, read and taken away', async () => {
		const before = event.changeNumber;
		const added = await graph.post(path, FILE);
		expect(added).toMatchObject({ status: 201, entity: { name: 'agenda.txt', contentType: 'text/plain', isInline: false } });
		expect(event.changeNumber).toBeGreaterThan(before);
		expect((await graph.get(`${USER}/events/${event.id}?$select=hasAttachments`)).entity.hasAttachments).toBe(true);
		expect((await graph.get(`${path}?$select=name,size`)).json.value).toEqual([{ '@odata.type': FILE['@odata.type'], '@odata.mediaContentType': 'text/plain', id: added.entity.id, name: 'agenda.txt', size: 156 }]);
		expect((await graph.get(`${path}/${added.entity.id}/$value`)).text).toBe('Agenda');
		expect((await graph.get(`${path}/${added.entity.id}`)).entity.contentBytes).toBe(FILE.contentBytes);
		expect((await graph.get(`${USER}/events?$expand=attachments($select=name)`)).json.value[0]).toMatchObject({ attachments: [{ name: 'agenda.txt' }] });
		expect((await graph.call('DELETE', `${path}/${added.entity.id}`)).status).toBe(204);
		expect((await graph.get(path)).json.value).toEqual([]);
	});

	it('may be items, and links that have no bytes', async () => {
		mailbox.calendar.addAttachment(event, { '@odata.type': '#microsoft.graph.itemAttachment', name: 'Mail', item: { '@odata.type': '#microsoft.graph.message', subject: 'Inner' } });
		mailbox.calendar.addAttachment(event, { '@odata.type': '#microsoft.graph.referenceAttachment', name: 'Link' });
		const [item, link] = (await graph.get(`${path}?$expand=microsoft.graph.itemAttachment/item`)).json.value;
		expect(item).toMatchObject({ name: 'Mail', item: { subject: 'Inner' } });
		expect((await graph.get(`${path}/${item!.id}/$value`)).text).toContain('Subject: Inner');
		expect((await graph.get(`${path}/${link!.id}/$value`)).status).toBe(405);
	});

	it('from 3 MB on come by upload session', async () => {
		const bytes = Buffer.alloc(3_500_000, 'a');
		expect((await graph.post(path, { ...FILE, contentBytes: Buffer.alloc(3_200_000).toString('base64') })).status).toBe(413);
		expect((await graph.post(`${path}/createUploadSession`, { AttachmentItem: { attachmentType: 'file', name: 'small', size: 100 } })).status).toBe(400);
		const session = await graph.post(`${path}/createUploadSession`, { AttachmentItem: { attachmentType: 'file', name: 'big.bin', size: bytes.length } });
		expect(session.status).toBe(201);
		const put = await fetch(String(session.json.uploadUrl), { method: 'PUT', body: bytes, headers: { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` } });
		expect(put.status).toBe(201);
		const [big] = (await graph.get(`${path}?$select=name`)).json.value;
		expect(put.headers.get('location')).toContain(`Events('${event.id}')/Attachments('${big!.id}')`);
		expect((await graph.get(`${path}/${big!.id}/$value`)).bytes.equals(bytes)).toBe(true);
	});

	it('of one day of a series are that day’s own', async () => {
		await graph.post(path, FILE);
		const [, second] = (await graph.get(`${USER}/events/${event.id}/instances?startDateTime=2026-11-01&endDateTime=2026-12-01`)).json.value;
		const day = `${USER}/events/${second!.id}`;
		await graph.post(`${day}/attachments`, { ...FILE, name: 'day.txt' });
		expect((await graph.get(day)).entity.type).toBe('exception');
		expect((await graph.get(`${day}/attachments`)).json.value.map(({ name }) => name)).toEqual(['agenda.txt', 'day.txt']);
		expect((await graph.get(path)).json.value.map(({ name }) => name)).toEqual(['agenda.txt']);
		mailbox.calendar.addAttachment({ record: event, date: '2026-11-26' }, { name: 'third.txt', contentBytes: '' });
		const [, , third] = (await graph.get(`${USER}/events/${event.id}/instances?startDateTime=2026-11-01&endDateTime=2026-12-01`)).json.value;
		expect(third!.type).toBe('exception');
	});

	it('need the permission for calendars', async () => {
		simulator.tenant.roles.set('Calendars.Read', 'Mail.ReadWrite');
		expect([(await graph.get(path)).status, (await graph.post(path, FILE)).status, (await graph.post(`${path}/createUploadSession`, {})).status]).toEqual([200, 403, 403]);
		simulator.tenant.roles.set('Mail.ReadWrite');
		expect((await graph.get(path)).status).toBe(403);
	});
});
