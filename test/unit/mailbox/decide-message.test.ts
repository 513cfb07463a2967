import { describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { GraphClient } from '../../../nodes/M365Backup/graph/client';
import { decideMessage } from '../../../nodes/M365Backup/workloads/mailbox/decide-message';
import { FolderTree } from '../../../nodes/M365Backup/workloads/mailbox/folder-tree';
import type { GraphMessage } from '../../../nodes/M365Backup/workloads/mailbox/graph-message';
import { messageMeta } from '../../../nodes/M365Backup/workloads/mailbox/graph-message';
import type { MailContext } from '../../../nodes/M365Backup/workloads/mailbox/mail-context';
import type { KnownItem } from '../../../nodes/M365Backup/workloads/workload';

const message: GraphMessage = {
	id: 'M1',
	changeKey: 'K1',
	parentFolderId: 'INBOX',
	subject: 'Quarterly report',
	bodyPreview: 'Dear all',
	from: { emailAddress: { name: 'Ada', address: 'ada@contoso.com' } },
	sender: { emailAddress: { name: 'Ada', address: 'ada@contoso.com' } },
	toRecipients: [{ emailAddress: { name: 'Bob', address: 'bob@contoso.com' } }],
	ccRecipients: [],
	bccRecipients: [],
	replyTo: [],
	receivedDateTime: '2026-11-20T10:00:00Z',
	sentDateTime: '2026-11-20T09:59:58Z',
	createdDateTime: '2026-11-20T10:00:01Z',
	lastModifiedDateTime: '2026-11-20T10:00:02Z',
	isRead: false,
	isDraft: false,
	importance: 'normal',
	categories: [],
	flag: { flagStatus: 'notFlagged' },
	hasAttachments: false,
	internetMessageId: '<1@contoso.com>',
	conversationId: 'C1',
	inferenceClassification: 'focused',
};

function contextOf(): MailContext {
	const tree = new FolderTree('ROOT', [
		['INBOX', { name: 'Posteingang', parent: 'ROOT', role: 'inbox', count: 1 }],
		['NEWS', { name: 'News', parent: 'INBOX', count: 0 }],
	]);
	return {
		graph: undefined as unknown as GraphClient,
		userPath: '/users/U',
		ambient: realAmbient,
		tree,
		countsKnown: true,
		discovered: new Set(),
		recoverableItems: false,
	};
}

function known(of: GraphMessage, over: Partial<KnownItem> = {}): KnownItem {
	return {
		id: `mail/${of.id}`,
		type: 'message',
		parent: 'mail/INBOX',
		name: of.subject ?? '',
		etag: of.changeKey ?? '',
		hasContent: true,
		failedAttempts: 0,
		meta: messageMeta(of),
		...over,
	};
}

const fetched = expect.objectContaining({ kind: 'item', isNew: false });

describe('what a delta entry means for the catalog', () => {
	const rows: [sentence: string, entry: GraphMessage, before: KnownItem | undefined, expected: unknown][] = [
		['a new message is stored whole, with its content', message, undefined, expect.objectContaining({ kind: 'item', isNew: true })],
		['a replay of what is known changes nothing', message, known(message), null],
		[
			'a read toggle, which reports three fields only, writes a patch and fetches nothing',
			{ id: 'M1', isRead: true, parentFolderId: 'INBOX' },
			known(message),
			{ kind: 'patch', id: 'mail/M1', type: 'message', meta: { read: true } },
		],
		['a partial entry of an unknown message is a question', { id: 'M1', isRead: true, parentFolderId: 'INBOX' }, undefined, 'ask'],
		[
			'a partial entry of a message without content is a question',
			{ id: 'M1', isRead: true, parentFolderId: 'INBOX' },
			known(message, { hasContent: false }),
			'ask',
		],
		[
			'a category writes a patch and fetches nothing',
			{ ...message, changeKey: 'K2', categories: ['Red'] },
			known(message),
			expect.objectContaining({ kind: 'patch', etag: 'K2', meta: { categories: ['Red'] } }),
		],
		[
			'a flag that is gone is removed',
			{ ...message, changeKey: 'K2' },
			known({ ...message, flag: { flagStatus: 'flagged' } }),
			expect.objectContaining({ kind: 'patch', meta: { flag: null } }),
		],
		[
			'a move writes the new parent and fetches nothing',
			{ ...message, changeKey: 'K2', parentFolderId: 'NEWS' },
			known(message),
			expect.objectContaining({ kind: 'patch', parent: 'mail/NEWS' }),
		],
		['an edited subject is fetched again', { ...message, changeKey: 'K2', subject: 'Annual report' }, known(message), fetched],
		['an edited body is fetched again', { ...message, changeKey: 'K2', bodyPreview: 'Dear both' }, known(message), fetched],
		['a change that no field explains is fetched again: it may stand behind the preview', { ...message, changeKey: 'K2' }, known(message), fetched],
		[
			'a changed draft is always fetched again',
			{ ...message, isDraft: true, changeKey: 'K2', categories: ['Red'] },
			known({ ...message, isDraft: true }),
			fetched,
		],
		['a message that failed before is fetched again', message, known(message, { failedAttempts: 3 }), fetched],
	];
	it.each(rows)('%s', (_sentence, entry, before, expected) => {
		expect(decideMessage(contextOf(), entry, entry.parentFolderId ?? 'INBOX', before)).toEqual(expected);
	});

	it('counts messages by folder as they come and move', () => {
		const context = contextOf();
		decideMessage(context, { ...message, id: 'M2' }, 'INBOX', undefined);
		expect(context.tree.get('INBOX')?.count).toBe(2);
		decideMessage(context, { ...message, changeKey: 'K2', parentFolderId: 'NEWS' }, 'NEWS', known(message));
		expect(context.tree.get('INBOX')?.count).toBe(1);
		expect(context.tree.get('NEWS')?.count).toBe(1);
	});
});
