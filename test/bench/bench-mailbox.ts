import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Mailbox } from '../simulator/mailbox';
import type { MailFolder } from '../simulator/mail-folder';
import type { MessageRecord } from '../simulator/message';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import type { TenantUser } from '../simulator/tenant';
import type { BackupOrder, BackupReport } from '../support/backup-process';
import { startBackup } from '../support/run-backup';

/** A mailbox of so many messages in so many folders, a fifth of them with an attachment, and a repository for it. */
export interface BenchMailbox {
	sim: RunningSimulator;
	mailbox: Mailbox;
	/** Folders that a backup enumerates. */
	folders: MailFolder[];
	messages: number;
	withAttachments: number;
	backUp(order?: Partial<BackupOrder>): Promise<BackupReport>;
	/** An hour of a user's work: read, categorise, file, delete, receive. Returns what it must cost beyond a quiet run. */
	change(count: number): ChangeCost;
	stop(): Promise<void>;
}

export interface ChangeCost {
	/** New contents. */
	contents: number;
	contentsWithAttachments: number;
	/** `@removed` entries, each confirmed by a request. */
	removals: number;
}

export async function benchMailbox(options: { messages: number; folders: number; latencyMs: number }): Promise<BenchMailbox> {
	// The quota of ten minutes is the tenant's to measure, not ours: with it 50,000 messages would take an hour of waiting.
	const sim = await startSimulator({ http: true, users: 0, latencyMs: options.latencyMs, switches: { throttling: false } });
	const { user, mailbox, folders, withAttachments, receive } = addBenchUser(sim, options);
	const folder = await mkdtemp(path.join(tmpdir(), 'm365-bench-'));
	return {
		sim,
		mailbox,
		folders,
		messages: options.messages,
		withAttachments,
		backUp: (order = {}) =>
			startBackup({
				graphUrl: sim.graphUrl,
				token: sim.token,
				tenantId: sim.tenantId,
				mailboxId: user.id,
				folder,
				withoutQuota: true,
				...order,
			}).report,
		change: (count) => changeMailbox(mailbox, folders, count, receive),
		stop: async () => {
			await sim.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

interface BenchUser {
	user: TenantUser;
	mailbox: Mailbox;
	/** Folders that a backup enumerates. */
	folders: MailFolder[];
	withAttachments: number;
	/** One more message; says whether it has an attachment. */
	receive: (where: MailFolder) => boolean;
}

/** A user whose mailbox has so many messages in so many folders. */
export function addBenchUser(sim: RunningSimulator, size: { messages: number; folders: number }, displayName = 'Bench'): BenchUser {
	const user = sim.tenant.addUser({ displayName });
	const mailbox = sim.tenant.mailbox(user.id);
	const own = [...mailbox.folders.values()].filter((one) => one.isBelow(mailbox.root)).length;
	for (let index = own; index < size.folders; index++) mailbox.addFolder(index % 2 === 0 ? 'inbox' : mailbox.root, `Folder ${index}`);
	const folders = [...mailbox.folders.values()].filter((one) => one.isBelow(mailbox.root));
	let serial = 0;
	let withAttachments = 0;
	const receive = (where: MailFolder): boolean => {
		const attached = serial % 5 === 0;
		if (attached) withAttachments += 1;
		mailbox.addMime(where, benchMail(serial++, attached));
		return attached;
	};
	for (let index = 0; index < size.messages; index++) receive(folders[index % folders.length]!);
	return { user, mailbox, folders, withAttachments, receive };
}

/** What `BenchMailbox.change` does. */
export function changeMailbox(mailbox: Mailbox, folders: readonly MailFolder[], count: number, receive: (where: MailFolder) => boolean): ChangeCost {
	const cost: ChangeCost = { contents: 0, contentsWithAttachments: 0, removals: 0 };
	const messages: MessageRecord[] = [];
	for (const message of mailbox.allMessages()) {
		if (message.folder.isBelow(mailbox.root)) messages.push(message);
		if (messages.length >= count) break;
	}
	for (let index = 0; index < count; index++) {
		const message = messages[index]!;
		const folder = folders[(index * 7) % folders.length]!;
		if (index % 10 < 4) mailbox.patch(message, { isRead: !message.isRead });
		else if (index % 10 < 5) mailbox.patch(message, { categories: ['Red category'] });
		else if (index % 10 < 7) {
			if (message.folder !== folder) cost.removals += 1;
			mailbox.move(message, folder);
		} else if (index % 10 < 8) {
			mailbox.purge(message);
			cost.removals += 1;
		} else {
			cost.contents += 1;
			if (receive(folder)) cost.contentsWithAttachments += 1;
		}
	}
	return cost;
}

const paragraph = 'The quick brown fox jumps over the lazy dog, and files the minutes of the meeting. ';

/** About 3 KB of text, or 20 KB with an attachment. */
function benchMail(serial: number, attached: boolean): string {
	const head = [
		`From: Sender ${serial % 50} <sender${serial % 50}@fabrikam.example>`,
		'To: Bench <bench@contoso.example>',
		`Subject: Message ${serial} about the project`,
		`Date: ${new Date(Date.UTC(2026, 0, 1) + serial * 60_000).toUTCString().replace('GMT', '+0000')}`,
		`Message-ID: <bench-${serial}@fabrikam.example>`,
		'MIME-Version: 1.0',
	];
	const text = `${serial} ${paragraph.repeat(30)}`;
	if (!attached) return [...head, 'Content-Type: text/plain; charset=utf-8', '', text, ''].join('\r\n');
	const file = (Buffer.from(`${serial},${'0123456789abcdef'.repeat(700)}`).toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');
	return [
		...head,
		'Content-Type: multipart/mixed; boundary="b"',
		'',
		'--b',
		'Content-Type: text/plain; charset=utf-8',
		'',
		text,
		'--b',
		'Content-Type: application/octet-stream; name="data.csv"',
		'Content-Disposition: attachment; filename="data.csv"',
		'Content-Transfer-Encoding: base64',
		'',
		file,
		'--b--',
		'',
	].join('\r\n');
}
