import { addressHeader, base64Lines, crlf, headerAddress, headerText } from './mime-text';
import type { Address, AttachmentRecord, MessageContent, MessageDetails, MessageSummary } from './message-content';
import { previewOf } from './html';
import { oddMessage, ODD_SORTS } from './odd-messages';
import { randomBytesOf, SeededRandom } from './seeded-random';
import { StoredMime } from './stored-mime';
import { paragraphs, person, sentence } from './word-stock';

/** What the common sorts are made of. */
interface Plan {
	subject: string;
	from: Address;
	to: Address[];
	cc: Address[];
	bcc: Address[];
	html: boolean;
	body: string;
	files: { name: string; contentType: string; isInline: boolean; contentId: string | null; content: () => Buffer }[];
	importance: 'low' | 'normal' | 'high';
	messageId: string;
	sentMs: number;
}

/** The odd messages looked at last. */
const recentOdd = new Map<GeneratedMessage, StoredMime>();
const RECENT_ODD = 200;
const ATTACHMENT_SHARE = 0.15;
const INLINE_SHARE = 0.05;
const ODD_SHARE = 0.05;

/**
 * A message that exists as three numbers until somebody asks for it. Common sorts show themselves without being
 * parsed; the odd ones (nested, signed, foreign charsets…) are MIME first.
 */
export class GeneratedMessage implements MessageContent {
	constructor(
		private readonly seed: number,
		private readonly index: number,
		private readonly owner: Address,
		private readonly isSent: boolean,
		private readonly sentMs: number,
	) {}

	readonly isCheap = true;

	/** Known without building anything: most messages are small. */
	get approximateBytes(): number {
		return 8000;
	}

	private get oddSort(): number | undefined {
		const random = new SeededRandom(this.seed, this.index, 1);
		return random.chance(ODD_SHARE) ? random.below(ODD_SORTS) : undefined;
	}

	private plan(): Plan {
		const random = new SeededRandom(this.seed, this.index, 2);
		const html = random.chance(0.6);
		const text = paragraphs(random, 1 + random.below(6));
		const withInline = html && random.chance(INLINE_SHARE / 0.6);
		const withFiles = random.chance(ATTACHMENT_SHARE);
		const others = Array.from({ length: 1 + random.below(3) }, () => person(random));
		const subject = `${random.chance(0.3) ? 'Re: ' : ''}${sentence(random, 2, 8)}${random.chance(0.05) ? ' 🚀 größer' : ''} ${this.index}`;
		const contentId = `image${this.index}@simulator.invalid`;
		const files: Plan['files'] = [];
		if (withInline) {
			files.push({ name: 'logo.png', contentType: 'image/png', isInline: true, contentId, content: () => randomBytesOf(new SeededRandom(this.seed, this.index, 3), 1500 + (this.index % 700)) });
		}
		if (withFiles) {
			const count = 1 + random.below(2);
			for (let n = 0; n < count; n++) {
				const [extension, contentType] = random.pick([['pdf', 'application/pdf'], ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'], ['zip', 'application/zip']] as const);
				const sizeBytes = 500 + random.below(30_000);
				files.push({ name: `${sentence(random, 1, 3)} ${n + 1}.${extension}`, contentType, isInline: false, contentId: null, content: () => randomBytesOf(new SeededRandom(this.seed, this.index, 4 + n), sizeBytes) });
			}
		}
		return {
			subject,
			from: this.isSent ? this.owner : others[0]!,
			to: this.isSent ? others : [this.owner],
			cc: random.chance(0.2) ? [person(random)] : [],
			bcc: this.isSent && random.chance(0.1) ? [person(random)] : [],
			html,
			body: html ? `<html><body>${text.map((one) => `<p>${one.replace(/\n/g, ' ')}</p>`).join('')}${withInline ? `<img src="cid:${contentId}">` : ''}</body></html>` : `${text.join('\n\n')}\n`,
			files,
			importance: random.chance(0.05) ? 'high' : random.chance(0.02) ? 'low' : 'normal',
			messageId: `<${this.seed}.${this.index}@simulator.invalid>`,
			sentMs: this.sentMs,
		};
	}

	private odd(sort: number): StoredMime {
		const known = recentOdd.get(this);
		if (known) return known;
		const made = new StoredMime(oddMessage(sort, new SeededRandom(this.seed, this.index, 5), { owner: this.owner, messageId: `<odd.${this.seed}.${this.index}@simulator.invalid>`, sentMs: this.sentMs }));
		recentOdd.set(this, made);
		if (recentOdd.size > RECENT_ODD) recentOdd.delete(recentOdd.keys().next().value!);
		return made;
	}

	summary(): MessageSummary | Promise<MessageSummary> {
		const sort = this.oddSort;
		if (sort !== undefined) return this.odd(sort).summary();
		const { subject, from, to, cc, bcc, html, body, files, importance, messageId, sentMs } = this.plan();
		return {
			subject,
			from,
			sender: from,
			to,
			cc,
			bcc,
			replyTo: [],
			importance,
			preview: previewOf({ contentType: html ? 'html' : 'text', content: body }),
			hasAttachments: files.some(({ isInline }) => !isInline),
			internetMessageId: messageId,
			conversation: messageId,
			isReadReceiptRequested: false,
			isDeliveryReceiptRequested: false,
			dateMs: sentMs,
		};
	}

	details(): MessageDetails | Promise<MessageDetails> {
		const sort = this.oddSort;
		if (sort !== undefined) return this.odd(sort).details();
		const plan = this.plan();
		return {
			body: { contentType: plan.html ? 'html' : 'text', content: plan.body },
			headers: headerLines(plan).split(/\r\n(?! )/).filter((line) => line !== '').map((line) => {
				const colon = line.indexOf(':');
				return { name: line.slice(0, colon), value: line.slice(colon + 1).replace(/\r\n /g, ' ').trim() };
			}),
			attachments: plan.files.map((file, n): AttachmentRecord => ({
				number: n + 1,
				kind: 'file',
				name: file.name,
				contentType: file.contentType,
				isInline: file.isInline,
				contentId: file.contentId,
				contentLocation: null,
				lastModifiedMs: plan.sentMs,
				content: file.content(),
			})),
		};
	}

	mime(): Buffer {
		const sort = this.oddSort;
		return sort === undefined ? writeMime(this.plan(), this.index) : this.odd(sort).mime();
	}
}

function headerLines(plan: Plan): string {
	return (
		`From: ${headerAddress(plan.from)}\r\n${addressHeader('To', plan.to)}${addressHeader('Cc', plan.cc)}${addressHeader('Bcc', plan.bcc)}` +
		`Subject: ${headerText(plan.subject)}\r\nDate: ${new Date(plan.sentMs).toUTCString().replace('GMT', '+0000')}\r\nMessage-ID: ${plan.messageId}\r\n` +
		`${plan.importance === 'normal' ? '' : `Importance: ${plan.importance}\r\n`}X-Simulated: yes\r\nMIME-Version: 1.0\r\n`
	);
}

function writeMime(plan: Plan, index: number): Buffer {
	const body = `Content-Type: text/${plan.html ? 'html' : 'plain'}; charset=utf-8\r\n${/^[\x00-\x7f]*$/.test(plan.body) && !plan.html ? `Content-Transfer-Encoding: 7bit\r\n\r\n${crlf(plan.body)}` : `Content-Transfer-Encoding: base64\r\n\r\n${base64Lines(Buffer.from(plan.body))}`}`;
	const inline = plan.files.filter(({ isInline }) => isInline);
	const attached = plan.files.filter(({ isInline }) => !isInline);
	const related = inline.length ? multipart('related', `r${index}`, [body, ...inline.map(filePart)]) : body;
	const mixed = attached.length ? multipart('mixed', `m${index}`, [related, ...attached.map(filePart)]) : related;
	return Buffer.from(headerLines(plan) + mixed, 'utf8');
}

function multipart(kind: string, name: string, parts: readonly string[]): string {
	const boundary = `----=_Part_${name}`;
	return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${parts.map((part) => `--${boundary}\r\n${part}`).join('\r\n')}\r\n--${boundary}--\r\n`;
}

function filePart(file: Plan['files'][number]): string {
	return (
		`Content-Type: ${file.contentType}; name="${file.name}"\r\nContent-Disposition: ${file.isInline ? 'inline' : 'attachment'}; filename="${file.name}"\r\n` +
		`${file.contentId === null ? '' : `Content-ID: <${file.contentId}>\r\n`}Content-Transfer-Encoding: base64\r\n\r\n${base64Lines(file.content())}`
	);
}
