import MailComposer from 'nodemailer/lib/mail-composer';
import { createHash } from 'node:crypto';
import type { Address, AttachmentRecord, MessageContent, MessageDetails, MessageSummary } from './message-content';
import { previewOf } from './html';

export interface Composition {
	subject: string;
	body: { contentType: 'text' | 'html'; content: string };
	from: Address | null;
	sender: Address | null;
	to: Address[];
	cc: Address[];
	bcc: Address[];
	replyTo: Address[];
	importance: 'low' | 'normal' | 'high';
	internetMessageId: string;
	conversation: string;
	headers: { name: string; value: string }[];
	isReadReceiptRequested: boolean;
	isDeliveryReceiptRequested: boolean;
	sentMs: number;
	attachments: AttachmentRecord[];
	odataType?: string;
	meetingMessageType?: string;
}

/** A message that came as JSON, or whose content was changed since: its MIME is built when asked for, the same each time. */
export class ComposedMessage implements MessageContent {
	private built: WeakRef<Buffer> | undefined;

	constructor(readonly composition: Composition) {}

	/** Any content as one that can be changed. */
	static async from(content: MessageContent, sentMs: number): Promise<ComposedMessage> {
		if (content instanceof ComposedMessage) return new ComposedMessage({ ...content.composition, attachments: [...content.composition.attachments] });
		const [summary, details] = [await content.summary(), await content.details()];
		return new ComposedMessage({
			...summary,
			body: details.body,
			headers: details.headers.filter(({ name }) => /^x-/i.test(name)),
			attachments: [...details.attachments],
			sentMs,
		});
	}

	get approximateBytes(): number {
		const { body, attachments } = this.composition;
		return 1000 + body.content.length + attachments.reduce((sum, { content }) => sum + content.length, 0);
	}

	summary(): MessageSummary {
		const { body, headers: _headers, attachments, sentMs, ...rest } = this.composition;
		return { ...rest, preview: previewOf(body), hasAttachments: attachments.some(({ isInline }) => !isInline), dateMs: sentMs };
	}

	details(): MessageDetails {
		const { body, headers, attachments } = this.composition;
		return { body, headers, attachments };
	}

	async mime(): Promise<Buffer> {
		const known = this.built?.deref();
		if (known) return known;
		const bytes = await compose(this.composition);
		this.built = new WeakRef(bytes);
		return bytes;
	}
}

async function compose(message: Composition): Promise<Buffer> {
	const options: Record<string, unknown> = {
		subject: message.subject,
		from: message.from ?? undefined,
		sender: message.sender && message.sender.address !== message.from?.address ? message.sender : undefined,
		to: message.to,
		cc: message.cc,
		bcc: message.bcc,
		replyTo: message.replyTo,
		messageId: message.internetMessageId,
		date: new Date(message.sentMs),
		priority: message.importance,
		headers: [
			...message.headers.map(({ name, value }) => ({ key: name, value })),
			...(message.isReadReceiptRequested && message.from ? [{ key: 'Disposition-Notification-To', value: message.from.address }] : []),
			...(message.isDeliveryReceiptRequested && message.from ? [{ key: 'Return-Receipt-To', value: message.from.address }] : []),
		],
		baseBoundary: createHash('sha256').update(`${message.internetMessageId}/${message.sentMs}`).digest('hex').slice(0, 24),
		attachments: message.attachments.flatMap(mimeAttachment),
		newline: '\r\n',
		disableFileAccess: true,
		disableUrlAccess: true,
	};
	if (message.body.contentType === 'html') options.html = message.body.content;
	else options.text = message.body.content;
	const node = new MailComposer(options).compile();
	node.keepBcc = true;
	return node.build();
}

function mimeAttachment(attachment: AttachmentRecord): Record<string, unknown>[] {
	if (attachment.kind === 'reference') return [];
	if (attachment.kind === 'item') {
		const types: Record<string, string> = { '#microsoft.graph.event': 'text/calendar; method=PUBLISH', '#microsoft.graph.contact': 'text/vcard' };
		const contentType = types[attachment.itemType ?? ''] ?? 'message/rfc822';
		const extension = contentType === 'message/rfc822' ? '.eml' : contentType === 'text/vcard' ? '.vcf' : '.ics';
		return [{ filename: `${attachment.name}${extension}`, contentType, content: attachment.content, contentTransferEncoding: contentType === 'message/rfc822' ? '8bit' : 'base64' }];
	}
	const part: Record<string, unknown> = {
		filename: attachment.name,
		contentType: attachment.contentType ?? 'application/octet-stream',
		content: attachment.content,
		contentDisposition: attachment.isInline ? 'inline' : 'attachment',
		contentTransferEncoding: 'base64',
	};
	if (attachment.contentId) part.cid = attachment.contentId;
	return [part];
}
