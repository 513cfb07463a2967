import type { RestoreOptions, RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { restore } from '../../nodes/M365Backup/engine/restore';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import type { SnapshotRecord } from '../../nodes/M365Backup/repository/records';
import { mailRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mail';
import { expect } from 'vitest';
import type { MailFolder } from '../simulator/mail-folder';
import type { MessageRecord } from '../simulator/message';
import { everySortOfMail } from '../support/every-sort-of-mail';
import type { MailboxFixture } from '../support/mailbox-fixture';

export async function newestSnapshot(fixture: MailboxFixture): Promise<SnapshotRecord> {
	return (await fixture.repository.snapshots(fixture.key)).at(-1)!;
}

export interface RestoreCall extends Partial<RestoreOptions> {
	mailboxId?: string;
	graph?: GraphClient;
}

/** Restores as the node would: everything of the newest snapshot to where it was, unless told otherwise. */
export async function restoreAll(fixture: MailboxFixture, options: RestoreCall = {}): Promise<RestoreResult[]> {
	const { mailboxId = fixture.source.id, graph = fixture.client(), ...rest } = options;
	const results: RestoreResult[] = [];
	for await (const result of restore({
		repository: fixture.repository,
		source: fixture.source,
		snapshot: rest.snapshot ?? (await newestSnapshot(fixture)),
		selection: { kind: 'everything' },
		destination: { kind: 'original' },
		conflictPolicy: 'skip',
		mode: 'restore',
		restorer: mailRestorer({ graph, mailboxId, ambient: fixture.ambient, source: fixture.source }),
		ambient: fixture.ambient,
		...rest,
	})) {
		results.push(result);
	}
	return results;
}

export function outcomes(results: readonly RestoreResult[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
	return counts;
}

export function failures(results: readonly RestoreResult[]): RestoreResult[] {
	return results.filter(({ outcome }) => outcome === 'failed');
}

/** What a user sees of a message, as the README's fidelity table promises it. */
export interface Portrait {
	folder: string;
	subject: string;
	body: { contentType: string; content: string };
	from: unknown;
	sender: unknown;
	to: unknown;
	cc: unknown;
	bcc: unknown;
	replyTo: unknown;
	importance: string;
	categories: string[];
	flag: unknown;
	isRead: boolean;
	isDraft: boolean;
	inference: string;
	received: string;
	sent: string;
	internetMessageId: string;
	hasAttachments: boolean;
	attachments: { name: string; contentType: string | null; isInline: boolean; contentId: string | null; bytes: string }[];
}

export async function portrait(message: MessageRecord): Promise<Portrait> {
	const summary = await message.content.summary();
	const details = await message.content.details();
	return {
		folder: message.folder.path.join(' > '),
		subject: summary.subject,
		body: details.body,
		from: summary.from,
		sender: summary.sender,
		to: summary.to,
		cc: summary.cc,
		bcc: summary.bcc,
		replyTo: summary.replyTo,
		importance: message.importance ?? summary.importance,
		categories: message.categories,
		flag: message.flag,
		isRead: message.isRead,
		isDraft: message.isDraft,
		inference: message.inference,
		received: new Date(message.receivedMs).toISOString(),
		sent: new Date(message.sentMs).toISOString(),
		internetMessageId: summary.internetMessageId,
		hasAttachments: summary.hasAttachments,
		attachments: details.attachments.map(({ kind, name, contentType, isInline, contentId, content }) => ({
			name,
			contentType,
			// A message that was delivered leaves it open where the MIME does.
			isInline: (isInline as boolean | undefined) ?? false,
			contentId,
			// What a nested message came from is its own test's matter.
			bytes: kind === 'file' ? content.toString('base64') : kind,
		})),
	};
}

/** The visible messages by internetMessageId and folder. */
export async function portraits(fixture: MailboxFixture): Promise<Map<string, Portrait>> {
	const found = new Map<string, Portrait>();
	for (const message of fixture.mailbox.allMessages()) {
		if (!message.folder.isBelow(fixture.mailbox.root)) continue;
		const one = await portrait(message);
		let key = `${one.folder} / ${one.internetMessageId}`;
		while (found.has(key)) key += ' again';
		found.set(key, one);
	}
	return found;
}

export function purgeAll(fixture: MailboxFixture): void {
	for (const message of [...fixture.mailbox.allMessages()]) fixture.mailbox.purge(message);
}

/** `count` messages of all sorts over these folders, as users leave them: read, flagged, categorised. @returns by portrait key whether MIME alone gives it back whole */
export async function fillWithEverySort(fixture: MailboxFixture, count: number, places: readonly (string | MailFolder)[]): Promise<Map<string, boolean>> {
	const whole = new Map<string, boolean>();
	let index = 0;
	for (const sample of everySortOfMail(count)) {
		const message = fixture.mailbox.addMime(places[index++ % places.length]!, sample.mime, {
			isRead: sample.isRead,
			isDraft: sample.isDraft,
			categories: sample.categories,
			importance: sample.importance,
			inference: index % 5 === 0 ? 'other' : 'focused',
			...(sample.flagged ? { flag: { flagStatus: 'flagged' as const } } : {}),
			bcc: index % 4 === 0 ? [{ name: 'Blind', address: 'blind@contoso.example' }] : [],
		});
		whole.set(await portraitKey(message), sample.comesBackWhole);
	}
	return whole;
}

export async function portraitKey(message: MessageRecord): Promise<string> {
	return `${message.folder.path.join(' > ')} / ${(await message.summary()).internetMessageId}`;
}

/** Whole messages equal what was lost in everything; the others in all but their attachments, which hold `original.eml`. */
export function expectAsPromised(before: ReadonlyMap<string, Portrait>, after: ReadonlyMap<string, Portrait>, whole: ReadonlyMap<string, boolean>): void {
	expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
	for (const [key, original] of before) {
		const restored = after.get(key)!;
		if (whole.get(key)) {
			expect(restored, key).toEqual(original);
		} else {
			const { attachments: _attachments, hasAttachments: _hasAttachments, ...rest } = original;
			expect(restored, key).toMatchObject(rest);
			expect(restored.attachments.map(({ name }) => name)).toContain('original.eml');
		}
	}
}
