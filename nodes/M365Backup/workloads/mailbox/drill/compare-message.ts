import { createHash } from 'node:crypto';
import { Failure } from '../../../base/failure';
import type { GraphClient } from '../../../graph/client';
import type { RestorableContent, RestorableItem } from '../../restorer';
import type { ItemComparison } from '../../scratch';
import type { MessageAddress, MessageMeta } from '../message-meta';
import { ORIGINAL_NAME } from '../restore/fidelity-notes';
import { outlineMessage, type MessageOutline } from '../restore/message-outline';
import { mimeParts } from '../restore/mime-parts';
import { compareFiles, valueOf, type StoredFile, type ThereFile } from './compare-files';
import { difference, readText } from './same-text';

interface GraphRecipient {
	emailAddress?: { name?: string | null; address?: string | null } | null;
}

/** A message as Graph serves it, as far as it is compared. */
interface ThereMessage {
	subject?: string | null;
	body?: { contentType?: string; content?: string };
	from?: GraphRecipient | null;
	toRecipients?: GraphRecipient[];
	ccRecipients?: GraphRecipient[];
	bccRecipients?: GraphRecipient[];
	replyTo?: GraphRecipient[];
	receivedDateTime?: string | null;
	sentDateTime?: string | null;
	importance?: string | null;
	categories?: string[];
	flag?: { flagStatus?: string } | null;
	isRead?: boolean | null;
}

const SELECT = 'subject,body,from,toRecipients,ccRecipients,bccRecipients,replyTo,receivedDateTime,sentDateTime,importance,categories,flag,isRead';

interface ThereAttachment {
	'@odata.type'?: string;
	id: string;
	name?: string | null;
}

/**
 * Reads a message back and holds it against the backup: what the catalog keeps of Graph's own answer (subject, people,
 * dates, flags), the text that people read, and the bytes of each attachment. A message that MIME alone cannot give back
 * has the original attached: then that one, byte for byte, is what counts, and text and attachments beside it may be less.
 *
 * @param path `/users/U/messages/M`
 */
export async function compareMessage(graph: GraphClient, path: string, item: RestorableItem, said: readonly string[], signal: AbortSignal): Promise<ItemComparison> {
	const { content } = item;
	if (!content) throw new Failure('notFound', 'The backup holds no content of this message');
	const outline = await outlineMessage(content);
	const there = await graph.json<ThereMessage>({ path: `${path}?$select=${SELECT}`, signal });
	const attachments = await listed(graph, path, signal);
	const differences = compareFields(item.meta, there);

	const original = attachments.find(({ name }) => name === ORIGINAL_NAME);
	const hasOriginal = original && outline.attachments.every(({ name }) => name !== ORIGINAL_NAME);
	if (hasOriginal) {
		const { differences: others } = await compareFiles([{ name: ORIGINAL_NAME, sha256: content.sha256 }], [original], said, signal);
		return { differences: [...differences, ...others], notCompared: [] };
	}
	const [was, is] = [readText(outline.body), readText(there.body)];
	if (was !== is) differences.push(difference('the text', was, is));
	const files = await compareFiles(await storedFiles(content, outline), attachments, said, signal);
	return { differences: [...differences, ...files.differences], notCompared: files.notCompared };
}

function compareFields(meta: MessageMeta, there: ThereMessage): string[] {
	const differences: string[] = [];
	const compare = (what: string, was: string | undefined, is: string | null | undefined): void => {
		if ((was ?? '') !== (is ?? '')) differences.push(difference(what, was ?? '', is ?? ''));
	};
	compare('the subject', meta.subject, there.subject);
	compare('the sender', addresses(meta.from ? [meta.from] : []), graphAddresses(there.from ? [there.from] : []));
	compare('the recipients (To)', addresses(meta.to), graphAddresses(there.toRecipients));
	compare('the recipients (Cc)', addresses(meta.cc), graphAddresses(there.ccRecipients));
	compare('the recipients (Bcc)', addresses(meta.bcc), graphAddresses(there.bccRecipients));
	// Exchange shows the sender where nobody else is to be answered.
	if (meta.replyTo && meta.replyTo.length > 0) compare('the addresses for answers', addresses(meta.replyTo), graphAddresses(there.replyTo));
	compare('the importance', meta.importance ?? 'normal', there.importance ?? 'normal');
	compare('the categories', [...(meta.categories ?? [])].sort().join(', '), [...(there.categories ?? [])].sort().join(', '));
	compare('the flag', meta.flag?.status ?? 'notFlagged', there.flag?.flagStatus ?? 'notFlagged');
	compare('the read mark', meta.read ? 'read' : 'unread', there.isRead ? 'read' : 'unread');
	if (meta.draft) return differences;
	// A draft's times are those of its last change.
	compare('the time of receipt', seconds(meta.received ?? meta.sent ?? meta.created), seconds(there.receivedDateTime));
	compare('the time of sending', seconds(meta.sent ?? meta.received ?? meta.created), seconds(there.sentDateTime));
	return differences;
}

function addresses(of: readonly MessageAddress[] | undefined): string {
	return spelled((of ?? []).map(({ address }) => address));
}

function graphAddresses(of: readonly GraphRecipient[] | undefined): string {
	return spelled((of ?? []).map(({ emailAddress }) => emailAddress?.address ?? ''));
}

/** Exchange finds names for addresses that it knows; an address without one has none to compare. */
function spelled(all: readonly string[]): string {
	return all.filter((address) => address !== '').map((address) => address.toLowerCase()).sort().join(', ');
}

function seconds(time: string | null | undefined): string {
	return time ? new Date(Math.floor(Date.parse(time) / 1000) * 1000).toISOString() : '';
}

/** What is attached, each with the hash of its decoded bytes, in one pass over the MIME. */
async function storedFiles(content: RestorableContent, outline: MessageOutline): Promise<StoredFile[]> {
	if (outline.attachments.length === 0) return [];
	const byPart = new Map(outline.attachments.map((one) => [one.part, one]));
	const files: StoredFile[] = [];
	for await (const part of mimeParts(content.open(), {})) {
		const attachment = byPart.get(part.index);
		if (!attachment) continue;
		const hash = createHash('sha256');
		for await (const chunk of part.content) hash.update(chunk);
		files.push({ name: attachment.name, ...(attachment.kind === 'file' ? { sha256: hash.digest('hex') } : {}), ...(part.fileName === undefined ? { isNameless: true } : {}) });
	}
	return files;
}

async function listed(graph: GraphClient, path: string, signal: AbortSignal): Promise<ThereFile[]> {
	const found: ThereFile[] = [];
	for await (const page of graph.pages<ThereAttachment>({ path: `${path}/attachments?$select=id,name`, signal })) {
		found.push(...page.map(({ id, name }) => ({ name: name ?? '', open: valueOf(graph, `${path}/attachments/${encodeURIComponent(id)}`) })));
	}
	return found;
}
