import path from 'node:path';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { once } from '../../../nodes/M365Backup/repository/bytes';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { SnapshotRecord, SourceRef } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';

export const anna: SourceRef = {
	workload: 'mailbox',
	id: '288038ea-9572-4dd7-aa7f-e8e77cd945d1',
	name: 'anna@contoso.com',
	tenantId: '7a3e0c36-5d2f-4c0e-9d0a-3b3c1f0a1111',
};

export interface MailRepository {
	repository: Repository;
	folder: string;
	key: string;
	/** Oldest first; complete ones hold one message more each, `mail/m1`, `mail/m2`… in the folder `Inbox/Projects`. */
	snapshots: SnapshotRecord[];
}

/** A repository in a folder with snapshots of one mailbox, finished at these times. */
export async function mailRepository(
	base: string,
	commits: { finishedAt: string; status?: 'complete' | 'partial'; tag?: string; /** Two folders of one name. */ twins?: boolean }[],
	source = anna,
	projects = 'Projects',
): Promise<MailRepository> {
	const folder = path.join(base, 'repository');
	const ambient = { ...realAmbient, now: () => new Date(commits[0]!.finishedAt) };
	const repository = await Repository.open(createFolderStore({ root: folder }), ambient, { create: true });
	const run = repository.startRun(source, null);
	const snapshots: SnapshotRecord[] = [];
	for (const [index, { finishedAt, status = 'complete', tag, twins = false }] of commits.entries()) {
		if (index === 0) {
			await run.add({ id: 'mail/inbox', whole: true, type: 'folder', name: 'Posteingang', meta: { role: 'inbox' } });
			for (const id of twins ? ['mail/twin-1', 'mail/twin-2'] : []) await run.add({ id, whole: true, type: 'folder', name: 'Twins', parent: 'mail/inbox', meta: {} });
			await run.add({ id: 'mail/projects', whole: true, type: 'folder', name: projects, parent: 'mail/inbox', meta: {} });
		}
		const number = index + 1;
		const mime = Buffer.from(`Subject: Message ${number}\r\n\r\nHello ${number}\r\n`);
		const content = await run.addContent({ entryName: `Inbox/Message ${number} [0000000${number}].eml`, content: once(mime) });
		await run.add({
			id: `mail/m${number}`,
			whole: true,
			type: 'message',
			parent: 'mail/projects',
			name: `Message ${number}`,
			size: mime.length,
			content: [content],
			meta: {
				subject: `Message ${number}`,
				from: { name: 'Bob', address: 'bob@contoso.com' },
				to: [{ name: 'Anna', address: 'anna@contoso.com' }],
				received: `2026-11-0${number}T12:00:00Z`,
			},
		});
		snapshots.push(
			await run.commit({
				status,
				scopes: [{ id: 'mail', name: 'Mail', asOf: finishedAt, state: status === 'complete' ? 'complete' : 'stale' }],
				totals: { items: number, bytes: mime.length * number },
				changes: { added: 1, updated: 0, deleted: 0, failed: 0, skipped: 0 },
				failures: [],
				cursor: { scopes: {}, failed: [], seen: [] },
				tag: tag ?? null,
				finishedAt: new Date(finishedAt),
			}),
		);
	}
	await run.abandon();
	return { repository, folder, key: sourceKey(source), snapshots };
}
