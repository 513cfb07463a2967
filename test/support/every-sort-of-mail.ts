import { randomBytes } from 'node:crypto';
import iconv from 'iconv-lite';

/** One message to put into the simulated mailbox. */
export interface SampleMail {
	/** A sentence for the test's output. */
	sort: string;
	mime: Buffer;
	/** What a user can say of a message besides its MIME. */
	isRead: boolean;
	isDraft: boolean;
	categories: string[];
	importance: 'low' | 'normal' | 'high';
	flagged: boolean;
	/** False where MIME alone cannot give everything back, so that restore says so (`fidelity`). */
	comesBackWhole: boolean;
}

/** Charsets of real mail that iconv-lite can write, each with text of its own. */
const CHARSETS: [charset: string, text: string][] = [
	['utf-8', 'Grüße, 你好, Здравствуйте, 🎉'],
	['us-ascii', 'Plain old text'],
	['iso-8859-1', 'Déjà vu à la carte'],
	['iso-8859-2', 'Zażółć gęślą jaźń'],
	['iso-8859-3', 'Ĥoraro'],
	['iso-8859-4', 'Ķirsis'],
	['iso-8859-5', 'Привет'],
	['iso-8859-6', 'مرحبا'],
	['iso-8859-7', 'Καλημέρα'],
	['iso-8859-8', 'שלום'],
	['iso-8859-9', 'Günaydın'],
	['iso-8859-10', 'Þórður'],
	['iso-8859-13', 'Ačiū'],
	['iso-8859-14', 'Ŵyn'],
	['iso-8859-15', 'Prix: 5 €'],
	['iso-8859-16', 'Țară'],
	['windows-1250', 'Příliš žluťoučký kůň'],
	['windows-1251', 'Съешь ещё'],
	['windows-1252', '“Smart quotes” – €'],
	['windows-1253', 'Ελλάδα'],
	['windows-1254', 'İstanbul'],
	['windows-1255', 'עברית'],
	['windows-1256', 'العربية'],
	['windows-1257', 'Žuvis'],
	['windows-1258', 'Ðây'],
	['koi8-r', 'Кодировка'],
	['koi8-u', 'Їжак'],
	['gb2312', '简体中文'],
	['gbk', '简体中文'],
	['gb18030', '汉字'],
	['big5', '繁體中文'],
	['shift_jis', '日本語テキスト'],
	['euc-jp', '日本語'],
	['euc-kr', '한국어'],
	['utf-16le', 'Sixteen bits'],
];

const CRLF = '\r\n';
const base64Lines = (bytes: Buffer): string => (bytes.toString('base64').match(/.{1,76}/g) ?? []).join(CRLF);

interface Envelope {
	subject: string;
	/** Distinguishes the message ids. */
	index: number;
	extra?: string[];
}

function encodedWord(text: string): string {
	 
	if (/^[\x20-\x7e]*$/.test(text) && text.length < 900) return text;
	// RFC 2047: at most 75 characters a word, no character cut in two.
	const words: string[] = [];
	let part = '';
	for (const character of text) {
		if (Buffer.byteLength(part + character) > 42) {
			words.push(part);
			part = '';
		}
		part += character;
	}
	words.push(part);
	return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join(`${CRLF} `);
}

/** Every message has a second of its own, so that dates can be compared. */
export function sampleDate(index: number): Date {
	return new Date(Date.UTC(2026, 0, 5, 8, 0, 0) + index * 61_000);
}

function headers({ subject, index, extra = [] }: Envelope): string {
	return [
		`Received: from mx.fabrikam.com by mx.contoso.com; ${sampleDate(index + 1).toUTCString()}`,
		'From: "Ada Lovelace" <ada@fabrikam.com>',
		'To: "Bob" <bob@contoso.com>, "Carol; Dan" <carol@contoso.com>',
		`Subject: ${encodedWord(subject)}`,
		`Date: ${sampleDate(index).toUTCString().replace('GMT', '+0000')}`,
		`Message-ID: <sample-${index}@fabrikam.com>`,
		'MIME-Version: 1.0',
		...extra,
	].join(CRLF);
}

function simple(envelope: Envelope, type: string, body: string | Buffer): Buffer {
	const bytes = typeof body === 'string' ? Buffer.from(body) : body;
	return Buffer.from(
		`${headers(envelope)}${CRLF}Content-Type: ${type}${CRLF}Content-Transfer-Encoding: base64${CRLF}${CRLF}${base64Lines(bytes)}${CRLF}`,
	);
}

/** RFC 6522: what people read, what programs read, and what it is about. */
function report(envelope: Envelope, reportType: string, parts: string[]): Buffer {
	return multipart(envelope, `report; report-type=${reportType}`, parts);
}

function multipart(envelope: Envelope, subtype: string, parts: string[]): Buffer {
	const boundary = `=_b${envelope.index}_`;
	const body = parts.map((part) => `--${boundary}${CRLF}${part}${CRLF}`).join('');
	return Buffer.from(
		`${headers(envelope)}${CRLF}Content-Type: multipart/${subtype}; boundary="${boundary}"${CRLF}${CRLF}${body}--${boundary}--${CRLF}`,
	);
}

const textPart = (text: string): string =>
	`Content-Type: text/plain; charset=utf-8${CRLF}Content-Transfer-Encoding: base64${CRLF}${CRLF}${base64Lines(Buffer.from(text))}`;
const htmlPart = (html: string): string =>
	`Content-Type: text/html; charset=utf-8${CRLF}Content-Transfer-Encoding: base64${CRLF}${CRLF}${base64Lines(Buffer.from(html))}`;
const filePart = (name: string, type: string, bytes: Buffer): string =>
	[
		`Content-Type: ${type}; name="${encodedWord(name)}"`,
		`Content-Disposition: attachment; filename="${encodedWord(name)}"`,
		'Content-Transfer-Encoding: base64',
		'',
		base64Lines(bytes),
	].join(CRLF);
const inlinePart = (contentId: string, bytes: Buffer): string =>
	[
		'Content-Type: image/png; name="image001.png"',
		'Content-Disposition: inline; filename="image001.png"',
		`Content-ID: <${contentId}>`,
		'Content-Transfer-Encoding: base64',
		'',
		base64Lines(bytes),
	].join(CRLF);

const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

type Sort = [sort: string, build: (index: number) => Buffer, whole: boolean];

/** Kinds that come in every round; the index only makes them distinct. */
const SORTS: Sort[] = [
	['plain text', (index) => simple({ index, subject: `Plain ${index}` }, 'text/plain; charset=utf-8', `Hello number ${index}\r\nbye`), true],
	['HTML', (index) => simple({ index, subject: `HTML ${index}` }, 'text/html; charset=utf-8', `<html><body><p>Hello <b>${index}</b></p></body></html>`), true],
	['both bodies', (index) => multipart({ index, subject: `Both ${index}` }, 'alternative', [textPart('Plain'), htmlPart('<p>Rich</p>')]), true],
	['an empty body', (index) => simple({ index, subject: `Empty ${index}` }, 'text/plain; charset=utf-8', ''), true],
	['no subject', (index) => simple({ index, subject: '' }, 'text/plain; charset=utf-8', 'Who needs one'), true],
	['a subject shared by many', (index) => simple({ index, subject: 'The same for all' }, 'text/plain; charset=utf-8', `Number ${index}`), true],
	['an emoji subject of 400 characters', (index) => simple({ index, subject: `${index} ${'🎉é漢'.repeat(100)}` }, 'text/plain; charset=utf-8', 'x'), true],
	['a subject like a path', (index) => simple({ index, subject: `../../CON:\\nul ${index}?*<>|"` }, 'text/plain; charset=utf-8', 'x'), true],
	[
		'two attachments',
		(index) =>
			multipart({ index, subject: `Files ${index}` }, 'mixed', [
				textPart('See attached'),
				filePart('report.pdf', 'application/pdf', Buffer.from(`%PDF-1.4 ${index}`)),
				filePart('Übersicht 漢字.csv', 'text/csv', Buffer.from('a;b\r\n1;2\r\n')),
			]),
		true,
	],
	[
		'an inline image',
		(index) => multipart({ index, subject: `Inline ${index}` }, 'related', [htmlPart(`<p>${index}</p><img src="cid:image-${index}">`), inlinePart(`image-${index}`, pixel)]),
		true,
	],
	[
		'a nested message',
		(index) =>
			multipart({ index, subject: `Nested ${index}` }, 'mixed', [
				textPart('Forwarded'),
				`Content-Type: message/rfc822${CRLF}Content-Disposition: attachment; filename="inner.eml"${CRLF}${CRLF}${simple({ index: 100_000 + index, subject: 'Inner' }, 'text/plain; charset=utf-8', 'Within').toString()}`,
			]),
		true,
	],
	[
		'a nested message with an attachment',
		(index) =>
			multipart({ index, subject: `Nested deep ${index}` }, 'mixed', [
				textPart('Forwarded'),
				`Content-Type: message/rfc822${CRLF}${CRLF}${multipart({ index: 200_000 + index, subject: 'Inner with file' }, 'mixed', [textPart('Within'), filePart('a.txt', 'text/plain', Buffer.from('deep'))]).toString()}`,
			]),
		false,
	],
	[
		'an S/MIME signature',
		(index) =>
			Buffer.from(
				`${headers({ index, subject: `Signed ${index}` })}${CRLF}Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s"${CRLF}${CRLF}--s${CRLF}Content-Type: text/plain${CRLF}${CRLF}Signed text${CRLF}--s${CRLF}Content-Type: application/pkcs7-signature; name="smime.p7s"${CRLF}Content-Transfer-Encoding: base64${CRLF}Content-Disposition: attachment; filename="smime.p7s"${CRLF}${CRLF}${base64Lines(Buffer.from(`signature ${index}`))}${CRLF}--s--${CRLF}`,
			),
		false,
	],
	[
		'a meeting request',
		(index) =>
			multipart({ index, subject: `Meeting ${index}` }, 'alternative', [
				textPart('Please come'),
				`Content-Type: text/calendar; method=REQUEST; charset=utf-8${CRLF}${CRLF}BEGIN:VCALENDAR${CRLF}VERSION:2.0${CRLF}METHOD:REQUEST${CRLF}BEGIN:VEVENT${CRLF}UID:${index}${CRLF}DTSTART:20261201T100000Z${CRLF}DTEND:20261201T110000Z${CRLF}SUMMARY:Meeting ${index}${CRLF}END:VEVENT${CRLF}END:VCALENDAR${CRLF}`,
			]),
		false,
	],
	[
		'a non-delivery report with the message that did not arrive',
		(index) =>
			report({ index, subject: `Undeliverable: Budget ${index}` }, 'delivery-status', [
				`Content-Type: multipart/alternative; boundary="words"${CRLF}${CRLF}--words${CRLF}${textPart('Nobody is not here')}${CRLF}--words${CRLF}${htmlPart(`<p>Your message to <b>nobody</b> was not delivered (${index})</p>`)}${CRLF}--words--`,
				`Content-Type: message/delivery-status${CRLF}${CRLF}Reporting-MTA: dns; mail.fabrikam.com${CRLF}${CRLF}Final-Recipient: rfc822; nobody@fabrikam.com${CRLF}Action: failed${CRLF}Status: 5.1.1`,
				`Content-Type: message/rfc822${CRLF}${CRLF}${simple({ index: 300_000 + index, subject: 'Budget' }, 'text/plain; charset=utf-8', 'Numbers').toString()}`,
			]),
		false,
	],
	[
		'a non-delivery report in plain text, with the headers only',
		(index) =>
			report({ index, subject: `Undelivered Mail Returned to Sender ${index}` }, 'delivery-status', [
				textPart(`This is the mail system. Number ${index} could not be delivered.`),
				`Content-Description: Delivery report${CRLF}Content-Type: message/delivery-status${CRLF}${CRLF}Reporting-MTA: dns; mail.fabrikam.com${CRLF}${CRLF}Final-Recipient: rfc822; nobody@fabrikam.com${CRLF}Action: failed${CRLF}Status: 5.7.1`,
				`Content-Type: text/rfc822-headers${CRLF}${CRLF}From: bob@contoso.com${CRLF}Subject: Budget`,
			]),
		false,
	],
	[
		'a read receipt',
		(index) =>
			report({ index, subject: `Read: Budget ${index}` }, 'disposition-notification', [
				textPart(`Your message number ${index} was read`),
				`Content-Type: message/disposition-notification; name="MDNPart2.txt"${CRLF}Content-Disposition: inline${CRLF}${CRLF}Final-Recipient: rfc822; ada@fabrikam.com${CRLF}Disposition: manual-action/MDN-sent-manually; displayed`,
			]),
		false,
	],
	[
		'a complaint about junk mail',
		(index) =>
			report({ index, subject: `Complaint ${index}` }, 'feedback-report', [
				textPart(`Somebody calls number ${index} junk`),
				`Content-Type: message/feedback-report${CRLF}${CRLF}Feedback-Type: abuse${CRLF}User-Agent: Own/1.0${CRLF}Version: 1`,
			]),
		false,
	],
	['broken MIME: a boundary that never closes', (index) => Buffer.from(`${headers({ index, subject: `Broken ${index}` })}${CRLF}Content-Type: multipart/mixed; boundary="never"${CRLF}${CRLF}--never${CRLF}Content-Type: text/plain${CRLF}${CRLF}cut o`), true],
	['broken MIME: a wrong transfer encoding', (index) => Buffer.from(`${headers({ index, subject: `Odd ${index}` })}${CRLF}Content-Type: text/plain${CRLF}Content-Transfer-Encoding: x-unknown${CRLF}${CRLF}as it is`), true],
	['raw 8-bit bytes', (index) => Buffer.concat([Buffer.from(`${headers({ index, subject: `Raw ${index}` })}${CRLF}Content-Type: text/plain; charset=iso-8859-1${CRLF}Content-Transfer-Encoding: 8bit${CRLF}${CRLF}`), Buffer.from([0x67, 0x72, 0xfc, 0xdf, 0x65])]), true],
	['x- headers', (index) => simple({ index, subject: `Headers ${index}`, extra: ['X-Ticket: 4711', 'X-Mailer: Own'] }, 'text/plain; charset=utf-8', 'x'), true],
	...CHARSETS.map(([charset, text]): Sort => [`charset ${charset}`, (index) => simple({ index, subject: `${charset} ${text} ${index}` }, `text/plain; charset=${charset}`, iconv.encode(text, charset)), true]),
];

/** `count` messages of all sorts in turn, with read states, categories, flags and importance mixed in. */
export function* everySortOfMail(count: number): Generator<SampleMail> {
	for (let index = 0; index < count; index++) {
		const [sort, build, comesBackWhole] = SORTS[index % SORTS.length]!;
		yield {
			sort,
			mime: build(index),
			isRead: index % 3 === 0,
			isDraft: false,
			categories: index % 7 === 0 ? ['Red category'] : index % 11 === 0 ? ['Blue category', 'Größe'] : [],
			importance: index % 13 === 0 ? 'high' : index % 17 === 0 ? 'low' : 'normal',
			flagged: index % 19 === 0,
			comesBackWhole,
		};
	}
}

/** A message with one attachment of random bytes. */
export function mailWithLargeAttachment(index: number, sizeBytes: number): Buffer {
	return multipart({ index, subject: `Large ${index}` }, 'mixed', [textPart('Large'), filePart('large.bin', 'application/octet-stream', randomBytes(sizeBytes))]);
}
