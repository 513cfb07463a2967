import iconv from 'iconv-lite';
import { addressHeader, base64Lines, headerAddress, headerText } from './mime-text';
import type { Address } from './message-content';
import { randomBytesOf, type SeededRandom } from './seeded-random';
import { paragraphs, person, sentence } from './word-stock';

interface Envelope {
	owner: Address;
	messageId: string;
	sentMs: number;
}

type Writer = (random: SeededRandom, envelope: Envelope) => Buffer;

function head(random: SeededRandom, envelope: Envelope, subject: string, more = ''): string {
	return (
		`From: ${headerAddress(person(random))}\r\n${addressHeader('To', [envelope.owner])}Subject: ${headerText(subject)}\r\n` +
		`Date: ${new Date(envelope.sentMs).toUTCString().replace('GMT', '+0000')}\r\nMessage-ID: ${envelope.messageId}\r\n${more}MIME-Version: 1.0\r\n`
	);
}

function plain(text: string): string {
	return `Content-Type: text/plain; charset=us-ascii\r\n\r\n${text.replace(/\n/g, '\r\n')}\r\n`;
}

function inCharset(charset: string, subject: string, text: string, transfer: '8bit' | 'base64' | 'quoted-printable'): Writer {
	return (random, envelope) => {
		const bytes = iconv.encode(text, charset);
		const lines = head(random, envelope, subject, '') + `Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: ${transfer}\r\n\r\n`;
		if (transfer === '8bit') return Buffer.concat([Buffer.from(lines), bytes, Buffer.from('\r\n')]);
		if (transfer === 'base64') return Buffer.from(`${lines}${base64Lines(bytes)}\r\n`);
		const quoted = [...bytes].map((byte) => (byte > 126 || byte < 32 || byte === 61 ? `=${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte))).join('');
		return Buffer.from(`${lines}${quoted.replace(/(.{1,70})(?=(?:=..)|[^=]|$)/g, '$1=\r\n').replace(/=\r\n$/, '')}\r\n`);
	};
}

const nested: Writer = (random, envelope) => {
	const inner = head(random, { ...envelope, messageId: envelope.messageId.replace('<', '<inner.') }, `Inner: ${sentence(random, 2, 5)}`) + plain(paragraphs(random, 1).join('\n'));
	const b = `nested-${random.below(1e9)}`;
	return Buffer.from(
		`${head(random, envelope, `Fwd: ${sentence(random, 2, 5)}`)}Content-Type: multipart/mixed; boundary="${b}"\r\n\r\n--${b}\r\n${plain('See the message attached.')}\r\n--${b}\r\nContent-Type: message/rfc822; name="inner.eml"\r\nContent-Disposition: attachment; filename="inner.eml"\r\n\r\n${inner}\r\n--${b}--\r\n`,
	);
};

const signed: Writer = (random, envelope) => {
	const b = `signed-${random.below(1e9)}`;
	return Buffer.from(
		`${head(random, envelope, `Signed: ${sentence(random, 2, 5)}`)}Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg=sha-256; boundary="${b}"\r\n\r\n--${b}\r\n${plain(paragraphs(random, 1).join('\n'))}\r\n--${b}\r\nContent-Type: application/x-pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\n\r\n${base64Lines(randomBytesOf(random, 1800))}\r\n--${b}--\r\n`,
	);
};

const encrypted: Writer = (random, envelope) =>
	Buffer.from(
		`${head(random, envelope, 'Encrypted')}Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n\r\n${base64Lines(randomBytesOf(random, 2600))}\r\n`,
	);

const meeting =
	(method: 'REQUEST' | 'CANCEL' | 'REPLY'): Writer =>
	(random, envelope) => {
		const b = `meeting-${random.below(1e9)}`;
		const calendar = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:${method}\r\nBEGIN:VEVENT\r\nUID:${envelope.messageId.slice(1, -1)}\r\nDTSTART:20261130T090000Z\r\nDTEND:20261130T100000Z\r\nSUMMARY:Planning\r\nORGANIZER:mailto:bruno.costa@fabrikam.example\r\nATTENDEE:mailto:${envelope.owner.address}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
		return Buffer.from(
			`${head(random, envelope, `${method === 'CANCEL' ? 'Canceled: ' : method === 'REPLY' ? 'Accepted: ' : ''}Planning`)}Content-Type: multipart/alternative; boundary="${b}"\r\n\r\n--${b}\r\n${plain('Planning, Monday 10:00')}\r\n--${b}\r\nContent-Type: text/calendar; charset=utf-8; method=${method}\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(Buffer.from(calendar))}\r\n--${b}--\r\n`,
		);
	};

const inlineImage: Writer = (random, envelope) => {
	const b = `related-${random.below(1e9)}`;
	return Buffer.from(
		`${head(random, envelope, 'Picture inside')}Content-Type: multipart/related; boundary="${b}"\r\n\r\n--${b}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Look: <img src="cid:pic@simulator.invalid"></p>\r\n--${b}\r\nContent-Type: image/png; name="pic.png"\r\nContent-ID: <pic@simulator.invalid>\r\nContent-Disposition: inline; filename="pic.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(randomBytesOf(random, 3000))}\r\n--${b}--\r\n`,
	);
};

const duplicateNames: Writer = (random, envelope) => {
	const b = `same-${random.below(1e9)}`;
	const part = (bytes: Buffer): string => `--${b}\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''%C3%9Cbersicht.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(bytes)}\r\n`;
	return Buffer.from(
		`${head(random, envelope, 'Two files of one name')}Content-Type: multipart/mixed; boundary="${b}"\r\n\r\n--${b}\r\n${plain('Both attached.')}\r\n${part(randomBytesOf(random, 700))}${part(randomBytesOf(random, 900))}--${b}--\r\n`,
	);
};

/** No closing boundary, bare line feeds, a header that is none. */
const broken: Writer = (random, envelope) =>
	Buffer.from(`${head(random, envelope, 'Broken')}this is no header\nContent-Type: multipart/mixed; boundary="lost"\n\n--lost\nContent-Type: text/plain\n\nThe end is missing\n--lost\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo`);

const emptyBody: Writer = (random, envelope) => Buffer.from(`${head(random, envelope, '')}Content-Type: text/plain; charset=us-ascii\r\n\r\n`);

const rawHeaderBytes: Writer = (random, envelope) =>
	Buffer.concat([Buffer.from(`From: <${person(random).address}>\r\n${addressHeader('To', [envelope.owner])}Subject: `), Buffer.from('Gr\u00fc\u00dfe', 'latin1'), Buffer.from(`\r\nDate: ${new Date(envelope.sentMs).toUTCString()}\r\nMessage-ID: ${envelope.messageId}\r\n\r\n`), Buffer.from('Sch\u00f6ne Gr\u00fc\u00dfe\r\n', 'latin1')]);

const report: Writer = (random, envelope) => {
	const b = `report-${random.below(1e9)}`;
	return Buffer.from(
		`${head(random, envelope, 'Undeliverable: budget')}Content-Type: multipart/report; report-type=delivery-status; boundary="${b}"\r\n\r\n--${b}\r\n${plain('Your message could not be delivered.')}\r\n--${b}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\nFinal-Recipient: rfc822; nobody@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--${b}--\r\n`,
	);
};

const receipts: Writer = (random, envelope) => Buffer.from(head(random, envelope, 'Please confirm', 'Disposition-Notification-To: <bruno.costa@fabrikam.example>\r\nReply-To: Desk <desk@fabrikam.example>\r\nImportance: high\r\nX-Custom-One: 1\r\n') + plain('Do you read this?'));

const SORTS: readonly [string, Writer][] = [
	['nested message', nested],
	['S/MIME signed', signed],
	['S/MIME encrypted', encrypted],
	['meeting request', meeting('REQUEST')],
	['meeting cancellation', meeting('CANCEL')],
	['meeting response', meeting('REPLY')],
	['inline image', inlineImage],
	['two attachments of one name', duplicateNames],
	['broken MIME', broken],
	['empty subject and body', emptyBody],
	['raw 8-bit headers', rawHeaderBytes],
	['delivery report', report],
	['receipt requested', receipts],
	['emoji subject', (random, envelope) => Buffer.from(head(random, envelope, '🎉👩‍💻 Party 🇪🇺') + plain('Emoji above'))],
	['subject of 400 characters', (random, envelope) => Buffer.from(head(random, envelope, `${'Very long subject with words '.repeat(14).slice(0, 397)}end`) + plain('Long'))],
	['subject with path characters', (random, envelope) => Buffer.from(head(random, envelope, '../../etc/passwd: "CON" <a|b>?*\\') + plain('Careful'))],
	['right-to-left', inCharset('utf-8', 'مرحبا \u202Egnp.exe', 'مرحبا بالعالم\r\nשלום', 'base64')],
	['iso-8859-1', inCharset('iso-8859-1', 'Latin 1', 'Grüße aus Köln', 'quoted-printable')],
	['windows-1252', inCharset('windows-1252', 'Windows 1252', 'Preis: 5 € – „gut“', '8bit')],
	['iso-8859-15', inCharset('iso-8859-15', 'Latin 9', 'Œuvre à 5 €', '8bit')],
	['windows-1251', inCharset('windows-1251', 'Кириллица', 'Привет, мир', 'base64')],
	['koi8-r', inCharset('koi8-r', 'КОИ-8', 'Привет ещё раз', '8bit')],
	['gb18030', inCharset('gb18030', '中文', '你好，世界', 'base64')],
	['big5', inCharset('big5', '繁體', '你好，世界', '8bit')],
	['shift_jis', inCharset('shift_jis', '日本語', 'こんにちは世界', '8bit')],
	['euc-jp', inCharset('euc-jp', '日本語 2', 'こんにちは世界', 'base64')],
	['euc-kr', inCharset('euc-kr', '한국어', '안녕하세요', '8bit')],
	['windows-1256', inCharset('windows-1256', 'عربي', 'مرحبا', '8bit')],
	['iso-8859-8', inCharset('iso-8859-8', 'עברית', 'שלום', '8bit')],
	['utf-16le in base64', inCharset('utf-16le', 'UTF-16', 'Wide characters äöü', 'base64')],
];

export const ODD_SORTS = SORTS.length;

export function oddSortName(sort: number): string {
	return SORTS[sort % SORTS.length]![0];
}

/** A message of one of the odd sorts. */
export function oddMessage(sort: number, random: SeededRandom, envelope: Envelope): Buffer {
	return SORTS[sort % SORTS.length]![1](random, envelope);
}
