import { createHash } from 'node:crypto';
import { simpleParser, type AddressObject, type Attachment, type EmailAddress, type ParsedMail } from 'mailparser';
import type { Address, AttachmentRecord, MessageContent, MessageDetails, MessageSummary } from './message-content';
import { previewOf } from './html';

/** The parsed form of the messages looked at last; bytes are kept by the messages themselves. */
const recentlyParsed = new Map<StoredMime, Promise<ParsedMail>>();
const RECENT = 64;

/** A message as MIME bytes, served unchanged by `/$value`. Parsed only when somebody wants to see inside. */
export class StoredMime implements MessageContent {
	private known: MessageSummary | undefined;

	constructor(
		private readonly bytes: Buffer,
		private readonly bcc: readonly Address[] = [],
	) {}

	get approximateBytes(): number {
		return this.bytes.length;
	}

	mime(): Buffer {
		return this.bytes;
	}

	/** The Date header, read without parsing the message. */
	dateMs(): number | undefined {
		const value = this.header('date');
		const parsed = value === undefined ? NaN : Date.parse(value.replace(/\([^)]*\)/g, '').trim());
		return Number.isNaN(parsed) ? undefined : parsed;
	}

	private header(name: string): string | undefined {
		const head = this.bytes.subarray(0, 65_536).toString('latin1');
		const end = /\r?\n\r?\n/.exec(head);
		const lines = (end ? head.slice(0, end.index) : head).replace(/\r?\n[ \t]+/g, ' ');
		return new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(lines)?.[1]?.trim();
	}

	private async parsed(): Promise<ParsedMail> {
		const known = recentlyParsed.get(this);
		if (known) return known;
		// `ignoreEmbedded` (of the splitter below mailparser) keeps nested messages whole, as attachments.
		// `keepDeliveryStatus` keeps what programs read of a report out of the text.
		const options = { ignoreEmbedded: true, keepDeliveryStatus: true, skipTextToHtml: true, skipImageLinks: true, skipHtmlToText: true };
		const parsing = simpleParser(this.bytes, options as Parameters<typeof simpleParser>[1]);
		recentlyParsed.set(this, parsing);
		if (recentlyParsed.size > RECENT) recentlyParsed.delete(recentlyParsed.keys().next().value!);
		return parsing;
	}

	async summary(): Promise<MessageSummary> {
		this.known ??= await this.read();
		return this.known;
	}

	private async read(): Promise<MessageSummary> {
		const mail = await this.parsed();
		const details = detailsOf(mail);
		const from = addresses(mail.from)[0] ?? null;
		const meeting = meetingKind(mail);
		const summary: MessageSummary = {
			subject: mail.subject ?? '',
			from,
			sender: addresses(mail.headers.get('sender') as AddressObject | undefined)[0] ?? from,
			to: addresses(mail.to),
			cc: addresses(mail.cc),
			bcc: this.bcc.length ? [...this.bcc] : addresses(mail.bcc),
			replyTo: addresses(mail.replyTo),
			importance: this.importance(),
			preview: previewOf(details.body),
			hasAttachments: details.attachments.some((attachment) => !attachment.isInline),
			internetMessageId: this.header('message-id') ?? `<${createHash('sha1').update(this.bytes).digest('hex')}@simulator.invalid>`,
			conversation: this.conversation(mail),
			isReadReceiptRequested: mail.headers.has('disposition-notification-to'),
			isDeliveryReceiptRequested: mail.headers.has('return-receipt-to'),
		};
		if (mail.date) summary.dateMs = mail.date.getTime();
		if (meeting) Object.assign(summary, meeting);
		return summary;
	}

	private importance(): 'low' | 'normal' | 'high' {
		const named = (this.header('importance') ?? this.header('x-msmail-priority') ?? '').toLowerCase();
		if (named === 'low' || named === 'high') return named;
		const number = Number.parseInt(this.header('x-priority') ?? '3', 10);
		return number < 3 ? 'high' : number > 3 ? 'low' : 'normal';
	}

	private conversation(mail: ParsedMail): string {
		const references = Array.isArray(mail.references) ? mail.references[0] : mail.references;
		return references ?? mail.inReplyTo ?? mail.messageId ?? (mail.subject ?? '').replace(/^((re|fw|fwd|aw|wg):\s*)+/i, '');
	}

	async details(): Promise<MessageDetails> {
		return detailsOf(await this.parsed());
	}
}

function addresses(object: AddressObject | AddressObject[] | undefined): Address[] {
	if (!object) return [];
	const flat = (list: readonly EmailAddress[]): Address[] =>
		list.flatMap((entry) => (entry.group ? flat(entry.group) : entry.address || entry.name ? [{ name: entry.name || (entry.address ?? ''), address: entry.address ?? '' }] : []));
	return (Array.isArray(object) ? object : [object]).flatMap((one) => flat(one.value));
}

function calendarPart(mail: ParsedMail): Attachment | undefined {
	return mail.attachments.find((attachment) => attachment.contentType === 'text/calendar');
}

function meetingKind(mail: ParsedMail): Pick<MessageSummary, 'odataType' | 'meetingMessageType'> | undefined {
	const calendar = calendarPart(mail);
	const method = calendar && /^METHOD:(\w+)/im.exec(calendar.content.toString('utf8'))?.[1]?.toUpperCase();
	if (method === 'REQUEST') return { odataType: '#microsoft.graph.eventMessageRequest', meetingMessageType: 'meetingRequest' };
	if (method === 'CANCEL') return { odataType: '#microsoft.graph.eventMessage', meetingMessageType: 'meetingCancelled' };
	if (method === 'REPLY') return { odataType: '#microsoft.graph.eventMessageResponse', meetingMessageType: 'meetingAccepted' };
	return undefined;
}

/** Exchange makes properties of the message and its recipients of these parts of a report, neither text nor attachments (MS-OXCMAIL 2.2.3.7). */
const READ_BY_PROGRAMS = /^message\/(global-)?(delivery-status|disposition-notification)$/;

function detailsOf(mail: ParsedMail): MessageDetails {
	const isMeeting = meetingKind(mail) !== undefined;
	const isReport = (mail.headers.get('content-type') as { value?: string } | undefined)?.value?.toLowerCase() === 'multipart/report';
	const isProperties = ({ contentType }: Attachment): boolean => (isMeeting && contentType === 'text/calendar') || (isReport && READ_BY_PROGRAMS.test(contentType));
	const attachments = mail.attachments.filter((attachment) => !isProperties(attachment));
	return {
		body: typeof mail.html === 'string' ? { contentType: 'html', content: mail.html } : { contentType: 'text', content: mail.text ?? '' },
		headers: mail.headerLines.map(({ line }) => {
			const colon = line.indexOf(':');
			return { name: line.slice(0, colon), value: line.slice(colon + 1).replace(/\r?\n[ \t]+/g, ' ').trim() };
		}),
		attachments: attachments.map((attachment, index) => attachmentRecord(attachment, index + 1)),
	};
}

function attachmentRecord(attachment: Attachment, number: number): AttachmentRecord {
	const isMessage = attachment.contentType === 'message/rfc822';
	const subject = isMessage ? nestedSubject(attachment.content) : '';
	const record: AttachmentRecord = {
		number,
		kind: isMessage ? 'item' : 'file',
		name: attachment.filename ?? (subject || `ATT${String(number).padStart(5, '0')}`),
		contentType: isMessage ? null : attachment.contentType,
		isInline: attachment.contentDisposition === 'inline' || ((attachment.related as boolean | undefined) === true && attachment.contentId !== undefined),
		contentId: attachment.contentId?.replace(/^<|>$/g, '') ?? null,
		contentLocation: null,
		lastModifiedMs: 0,
		content: attachment.content,
	};
	if (isMessage) record.itemType = '#microsoft.graph.message';
	return record;
}

function nestedSubject(mime: Buffer): string {
	return /^subject:[ \t]*(.*)$/im.exec(mime.subarray(0, 16_384).toString('latin1'))?.[1]?.trim() ?? '';
}
