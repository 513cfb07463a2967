import { createHash } from 'node:crypto';
import { GraphReader } from './graph-reader';

/** What Graph shows of a message, as far as somebody who reads mail would notice a difference. */
export interface SeenMessage {
	id: string;
	/** Path of display names, e.g. `Inbox/Projects`. */
	folder: string;
	internetMessageId: string;
	properties: Record<string, unknown>;
	attachments: SeenAttachment[];
	/** SHA-256 of the whole message as it would be sent. */
	mimeHash: string;
}

export interface SeenAttachment {
	name: string;
	/** Type, inline or not, and SHA-256 of the bytes; of an attached message, its MIME. */
	content: string;
}

/** What a restored message is compared by. */
export const compared = [
	'subject',
	'from',
	'sender',
	'toRecipients',
	'ccRecipients',
	'bccRecipients',
	'replyTo',
	'sentDateTime',
	'receivedDateTime',
	'isRead',
	'isDraft',
	'importance',
	'categories',
	'flag',
	'body',
	'inferenceClassification',
	'hasAttachments',
	'internetMessageId',
] as const;

/** Mail, read from Graph as an outsider sees it. */
export class GraphMail extends GraphReader {
	async mailboxes(): Promise<{ id: string; address: string; name: string }[]> {
		const users = await this.list('/users?$select=id,displayName,userPrincipalName');
		return users.map((user) => ({
			id: String(user['id']),
			address: String(user['userPrincipalName']),
			name: String(user['displayName']),
		}));
	}

	/** All messages of all folders of a mailbox. */
	async messages(mailbox: string): Promise<SeenMessage[]> {
		const seen: SeenMessage[] = [];
		for (const { id, path } of await this.folders(mailbox, '/mailFolders?$top=100', '')) {
			const select = ['id', ...compared].join(',');
			const found = await this.list(`/users/${mailbox}/mailFolders/${id}/messages?$top=100&$select=${select}`);
			for (const message of found) {
				seen.push(await this.seen(mailbox, path, message));
			}
		}
		return seen;
	}

	/** Gone for good: not even an administrator finds it in the Recoverable Items. */
	async deletePermanently(mailbox: string, id: string): Promise<void> {
		await this.send('POST', `/users/${mailbox}/messages/${id}/permanentDelete`);
	}

	/** As Outlook's Delete key does it. */
	async moveToDeletedItems(mailbox: string, id: string): Promise<void> {
		await this.send('POST', `/users/${mailbox}/messages/${id}/move`, { destinationId: 'deleteditems' });
	}

	private async folders(mailbox: string, from: string, parent: string): Promise<{ id: string; path: string }[]> {
		const folders: { id: string; path: string }[] = [];
		for (const folder of await this.list(`/users/${mailbox}${from}`)) {
			const path = parent === '' ? String(folder['displayName']) : `${parent}/${String(folder['displayName'])}`;
			folders.push({ id: String(folder['id']), path });
			if (Number(folder['childFolderCount']) > 0) {
				const below = `/mailFolders/${String(folder['id'])}/childFolders?$top=100`;
				folders.push(...(await this.folders(mailbox, below, path)));
			}
		}
		return folders;
	}

	private async seen(mailbox: string, folder: string, message: Record<string, unknown>): Promise<SeenMessage> {
		const id = String(message['id']);
		return {
			id,
			folder,
			internetMessageId: String(message['internetMessageId']),
			properties: Object.fromEntries(compared.map((name) => [name, message[name] ?? null])),
			// Inline pictures do not count as attachments in hasAttachments, so it cannot be relied upon here.
			attachments: await this.attachments(mailbox, id),
			mimeHash: sha256(await this.send('GET', `/users/${mailbox}/messages/${id}/$value`)),
		};
	}

	private async attachments(mailbox: string, message: string): Promise<SeenAttachment[]> {
		const path = `/users/${mailbox}/messages/${message}/attachments`;
		const found: SeenAttachment[] = [];
		for (const { id, name, contentType, isInline } of await this.list(path)) {
			const bytes = await this.send('GET', `${path}/${String(id)}/$value`);
			const place = isInline === true ? 'inline' : 'attached';
			found.push({ name: String(name), content: `${String(contentType)}, ${place}, ${sha256(bytes)}` });
		}
		return found.sort((a, b) => a.name.localeCompare(b.name) || a.content.localeCompare(b.content));
	}
}

export interface Comparison {
	/** One line a difference. */
	differences: string[];
	/** Subjects of messages that Exchange does not let anybody make anew as they were, and that carry their original. */
	withOriginal: string[];
}

/**
 * Compares mail as it was with mail as it is. Messages are told apart by their Internet message id; the Graph id may
 * differ, since a message that is made anew gets another one. A message may carry an `original.eml` that is, byte for
 * byte, the message that was lost: then its text and attachments may differ, and the caller is told.
 */
export function compareMail(before: readonly SeenMessage[], after: readonly SeenMessage[]): Comparison {
	const result: Comparison = { differences: [], withOriginal: [] };
	for (const was of before) {
		const name = `“${String(was.properties['subject'])}”`;
		const [now, ...others] = after.filter(({ internetMessageId }) => internetMessageId === was.internetMessageId);
		if (now === undefined || others.length > 0) {
			result.differences.push(`${name}: ${now === undefined ? 'is missing' : `is there ${others.length + 1} times`}`);
			continue;
		}
		const original = now.attachments.find((attachment) => attachment.name === 'original.eml' && attachment.content.endsWith(was.mimeHash));
		if (original !== undefined) {
			result.withOriginal.push(name);
		}
		result.differences.push(...messageDifferences(was, now, original).map((line) => `${name}: ${line}`));
	}
	return result;
}

function messageDifferences(was: SeenMessage, now: SeenMessage, original: SeenAttachment | undefined): string[] {
	const found: string[] = [];
	if (now.folder !== was.folder) {
		found.push(`was in ${was.folder}, is in ${now.folder}`);
	}
	for (const property of compared) {
		const [a, b] = [JSON.stringify(was.properties[property]), JSON.stringify(now.properties[property])];
		if (a !== b && !(original !== undefined && ['body', 'hasAttachments'].includes(property))) {
			found.push(`${property} was ${a}, is ${b}`);
		}
	}
	const [before, after] = [was, now].map(({ attachments }) => attachments.map(({ name, content }) => `${name} (${content})`).join(', '));
	if (before !== after && original === undefined) {
		found.push(`attachments were [${before}], are [${after}]`);
	}
	return found;
}

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}
