import path from 'node:path';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { JsonObject } from '../../../nodes/M365Backup/base/json';
import { once } from '../../../nodes/M365Backup/repository/bytes';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { ItemType, SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { anna, type MailRepository } from './mail-repository';

const folders: [string, string, string | undefined, JsonObject][] = [
	['mail/inbox', 'Inbox', undefined, { role: 'inbox' }],
	['calendar/root', 'Calendars', undefined, { kind: 'root' }],
	['calendar/work', 'Work', 'calendar/root', { kind: 'calendar' }],
	['contacts/root', 'Contacts', undefined, { kind: 'root' }],
	['contacts/vip', 'VIP', 'contacts/root', { kind: 'contactFolder' }],
	['tasks/root', 'Tasks', undefined, { kind: 'root' }],
	['tasks/list', 'Errands', 'tasks/root', { kind: 'taskList' }],
];

const bob = { name: 'Bob', address: 'bob@contoso.com' };

/**
 * A mailbox with every kind of item, in three snapshots: on the 20th everything; on the 21st the message m1 and the event
 * are gone and the contact has a new number; on the 22nd a task came.
 */
export async function everyKindRepository(base: string): Promise<MailRepository> {
	const folder = path.join(base, 'every-kind');
	let at = '2026-11-20T10:00:00Z';
	const repository = await Repository.open(createFolderStore({ root: folder }), { ...realAmbient, now: () => new Date(at) }, { create: true });
	const run = repository.startRun(anna, null);
	const snapshots: SnapshotRecord[] = [];
	const put = async (type: ItemType, id: string, parent: string, name: string, content: string, meta: JsonObject, attachment?: string): Promise<void> => {
		const extension = type === 'message' ? 'eml' : 'json';
		const refs = [await run.addContent({ entryName: `${name} [00000000].${extension}`, content: once(Buffer.from(content)) })];
		if (attachment !== undefined) {
			const ref = await run.addContent({ entryName: `${name}, agenda [00000001].txt`, content: once(Buffer.from(attachment)) });
			refs.push({ ...ref, part: 'attachment-1' });
		}
		await run.add({ id, whole: true, type, parent, name, content: refs, meta, modified: at });
	};
	const commit = async (finishedAt: string): Promise<void> => {
		at = finishedAt;
		snapshots.push(
			await run.commit({
				status: 'complete', scopes: [], totals: { items: 0, bytes: 0 }, changes: { added: 1, updated: 0, deleted: 0, failed: 0, skipped: 0 },
				failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: null, finishedAt: new Date(finishedAt),
			}),
		);
	};
	for (const [id, name, parent, meta] of folders) await run.add({ id, whole: true, type: 'folder', name, meta, ...(parent && { parent }) });
	await put('message', 'mail/m1', 'mail/inbox', 'Offer', 'Subject: Offer\r\n\r\nhello', { subject: 'Offer', from: bob, received: '2026-11-19T08:00:00Z' });
	await put('message', 'mail/m2', 'mail/inbox', 'Invoice', 'Subject: Invoice\r\n\r\nhello', { subject: 'Invoice', from: bob, received: '2026-11-19T09:00:00Z' });
	await put(
		'event', 'calendar/e1', 'calendar/work', 'Stand-up',
		JSON.stringify({
			event: {
				id: 'e1', iCalUId: 'uid-1', type: 'singleInstance', subject: 'Stand-up', body: { contentType: 'text', content: 'Be there' },
				start: { dateTime: '2026-11-22T09:00:00.0000000', timeZone: 'UTC' }, end: { dateTime: '2026-11-22T09:15:00.0000000', timeZone: 'UTC' },
			},
			attachments: [{ of: 'e1', kind: 'file', name: 'agenda.txt', contentType: 'text/plain', size: 6 }],
		}),
		{ subject: 'Stand-up', start: '2026-11-22T09:00:00.000Z', end: '2026-11-22T09:15:00.000Z', location: 'Room 5', organizer: bob, attendees: [{ name: 'Anna', address: 'anna@contoso.com' }], attachments: true, kind: 'single' },
		'agenda',
	);
	const contact = (phone: string): Promise<void> =>
		put('contact', 'contacts/c1', 'contacts/vip', 'Grace Hopper', JSON.stringify({ id: 'c1', displayName: 'Grace Hopper', givenName: 'Grace', surname: 'Hopper', mobilePhone: phone }), {
			subject: 'Grace Hopper', emails: [{ name: 'Grace', address: 'grace@navy.example' }], phones: [phone], company: 'Navy',
		});
	await contact('+1 555 0100');
	await put('setting', 'settings/r1', 'settings/root', 'Move newsletters', '{"displayName":"Move newsletters"}', { kind: 'rule' });
	await commit('2026-11-20T10:00:00Z');
	for (const [id, type, name] of [['mail/m1', 'message', 'Offer'], ['calendar/e1', 'event', 'Stand-up']] as const) {
		await run.add({ id, deleted: at, type, name });
	}
	await contact('+1 (555) 01-99');
	await commit('2026-11-21T10:00:00Z');
	await put('task', 'tasks/t1', 'tasks/list', 'Buy milk', JSON.stringify({ id: 't1', title: 'Buy milk', status: 'notStarted' }), { subject: 'Buy milk', status: 'notStarted', due: '2026-11-25T00:00:00.000Z' });
	await commit('2026-11-22T10:00:00Z');
	await run.abandon();
	return { repository, folder, key: sourceKey(anna), snapshots };
}
