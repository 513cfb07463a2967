import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { pieces } from '../../../nodes/M365Backup/workloads/mailbox/restore/attach';
import { outlineMessage, type MessageOutline } from '../../../nodes/M365Backup/workloads/mailbox/restore/message-outline';
import { nestedMessage } from '../../../nodes/M365Backup/workloads/mailbox/restore/nested-message';
import { watchStretches } from '../../support/cpu-time';

async function* inChunks(bytes: Buffer, size = 10_000): AsyncGenerator<Uint8Array> {
	for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

function outline(mime: string | Buffer, chunk = 10_000): Promise<MessageOutline> {
	const bytes = Buffer.isBuffer(mime) ? mime : Buffer.from(mime.replace(/\r?\n/g, '\r\n'));
	return outlineMessage({ open: () => inChunks(bytes, chunk) });
}

const HEAD = 'From: a@x.example\nSubject: S\nMIME-Version: 1.0\n';

describe('taking a message apart', () => {
	it('takes HTML over plain text, and keeps the plain one for texts that are too long', async () => {
		const { body } = await outline(`${HEAD}Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nplain\n--a\nContent-Type: text/html\n\n<p>rich</p>\n--a--\n`);
		expect(body).toEqual({ contentType: 'html', content: '<p>rich</p>', alternative: 'plain' });
	});

	it('shows a plain footer after an HTML text', async () => {
		const { body, attachments } = await outline(`${HEAD}Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n\n<p>rich</p>\n--a\nContent-Type: text/plain\n\nlist <footer>\n--a--\n`);
		expect(body.content).toContain('<p>rich</p>');
		expect(body.content).toContain('list &lt;footer&gt;');
		expect(attachments).toEqual([]);
	});

	it('lets text files be attachments', async () => {
		const { body, attachments } = await outline(`${HEAD}Content-Type: multipart/mixed; boundary=a\n\n--a\n\nhello\n--a\nContent-Type: text/plain; name=notes.txt\n\nnote\n--a\nContent-Type: text/html\nContent-Disposition: attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.html\n\n<p>x</p>\n--a--\n`);
		expect(body).toMatchObject({ contentType: 'text', content: 'hello' });
		expect(attachments.map(({ name, bytes }) => [name, bytes?.toString()])).toEqual([
			['notes.txt', 'note'],
			['grüße.html', '<p>x</p>'],
		]);
	});

	it('joins flowed lines', async () => {
		const { body } = await outline(`${HEAD}Content-Type: text/plain; format=flowed; delsp=yes\n\nlong line \nthat flows\nnext\n`);
		expect(body.content.trimEnd()).toBe('long linethat flows\nnext');
	});

	it.each([
		['utf-7', 'Gr+APwA3w-e', 'Grüße'],
		['cp437', iconv.encode('Grüße', 'cp437'), 'Grüße'],
		['cp850', iconv.encode('ñandú', 'cp850'), 'ñandú'],
		['x-mac-roman', iconv.encode('Émile', 'macroman'), 'Émile'],
		['macintosh', iconv.encode('Émile', 'macroman'), 'Émile'],
		['iso-2022-jp', Buffer.from('\x1b$B4A;z\x1b(B'), '漢字'],
		['euc-jp', iconv.encode('日本', 'euc-jp'), '日本'],
		['ks_c_5601-1987', iconv.encode('한국어', 'cp949'), '한국어'],
		['big5-hkscs', iconv.encode('中文', 'big5hkscs'), '中文'],
		['gb18030', iconv.encode('汉字', 'gb18030'), '汉字'],
		['windows-874', iconv.encode('ไทย', 'cp874'), 'ไทย'],
		['tis-620', iconv.encode('ไทย', 'cp874'), 'ไทย'],
		['cp1252', iconv.encode('€', 'cp1252'), '€'],
		['utf-16', Buffer.from([0xff, 0xfe, 0x41, 0x00]), 'A'],
		['utf-16', Buffer.from([0xfe, 0xff, 0x00, 0x41]), 'A'],
		['utf-16be', Buffer.from([0x00, 0x41]), 'A'],
		['ibm866', iconv.encode('Привет', 'cp866'), 'Привет'],
		['UTF8', Buffer.from('ü'), 'ü'],
		['us-ascii', Buffer.from('ü'), 'ü'],
		['us-ascii', Buffer.from([0xfc]), 'ü'],
	])('reads charset %s', async (charset, bytes, text) => {
		const mime = `${HEAD}Content-Type: text/plain; charset="${charset}"\nContent-Transfer-Encoding: base64\n\n${Buffer.from(bytes).toString('base64')}\n`;
		const { body, shortfalls } = await outline(mime);
		expect(body.content).toBe(text);
		expect([...shortfalls]).toEqual([]);
	});

	it('says when nobody knows a charset', async () => {
		for (const charset of ['x-klingon', 'iso-2022-kr', 'hz-gb-2312']) {
			const { shortfalls, body } = await outline(`${HEAD}Content-Type: text/plain; charset=${charset}\n\nnuqneH\n`);
			expect([...shortfalls]).toEqual(['unknownCharset']);
			expect(body.content.trim()).toBe('nuqneH');
		}
	});

	it('finds inline pictures by what the text shows', async () => {
		const { attachments } = await outline(
			`${HEAD}Content-Type: multipart/related; boundary=a\n\n--a\nContent-Type: text/html\n\n<img src="cid:one@x">\n` +
				'--a\nContent-Type: image/png; name=1.png\nContent-ID: <one@x>\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nAAAA\n' +
				'--a\nContent-Type: image/png; name=2.png\nContent-ID: <two@x>\nContent-Transfer-Encoding: base64\n\nAAAA\n' +
				'--a\nContent-Type: image/png; name=3.png\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nAAAA\n--a--\n',
		);
		expect(attachments.map(({ name, isInline, contentId }) => [name, isInline, contentId])).toEqual([
			['1.png', true, 'one@x'],
			['2.png', true, 'two@x'],
			['3.png', false, undefined],
		]);
	});

	it('knows what MIME cannot give back', async () => {
		const natures: [string, string[]][] = [
			['Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nAAAA\n', ['encrypted']],
			['Content-Type: application/x-pkcs7-mime; smime-type="signed-data"; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nAAAA\n', ['signed']],
			['Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=a\n\n--a\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--a\nContent-Type: application/octet-stream\n\nx\n--a--\n', ['encrypted']],
			['Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n--a--\n', ['tnef']],
			['Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n', ['meeting']],
			['Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a\nContent-Type: text/calendar; name=x.ics\nContent-Disposition: attachment; filename=x.ics\n\nBEGIN:VCALENDAR\n--a--\n', []],
			['Content-Type: multipart/mixed; boundary=none\n\nno parts at all\n', ['brokenMime']],
		];
		for (const [mime, expected] of natures) expect([...(await outline(HEAD + mime)).shortfalls]).toEqual(expected);
	});

	it('reads of a report what people read, and leaves what programs read to the original', async () => {
		const { body, attachments, shortfalls } = await outline(
			`${HEAD}Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n` +
				'--r\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\nNot delivered\n--a\nContent-Type: text/html\n\n<p>Not delivered</p>\n--a--\n' +
				'--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example\n\nAction: failed\n' +
				`--r\nContent-Type: message/rfc822\n\n${HEAD}\nThe message itself\n--r--\n`,
		);
		expect(body).toMatchObject({ contentType: 'html', content: '<p>Not delivered</p>' });
		expect(attachments.map(({ kind, name }) => [kind, name])).toEqual([['message', 'S']]);
		expect([...shortfalls]).toEqual(['report']);
	});

	it('keeps as readable files what a report brings besides', async () => {
		const { body, attachments } = await outline(
			`${HEAD}Content-Type: multipart/report; boundary=r\n\n--r\n\nNot delivered\n--r\nContent-Type: message/disposition-notification; name=MDNPart2.txt\n\nDisposition: displayed\n` +
				'--r\nContent-Type: text/rfc822-headers\n\nSubject: S\n--r\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--r--\n',
		);
		expect(body.content).toBe('Not delivered');
		expect(attachments.map(({ name, bytes }) => [name, bytes?.toString().trim()])).toEqual([
			['ATT00001.txt', 'Subject: S'],
			['ATT00002.txt', 'Feedback-Type: abuse'],
		]);
	});

	it('lets a delivery status outside of a report be a file', async () => {
		const { attachments, shortfalls } = await outline(`${HEAD}Content-Type: multipart/mixed; boundary=r\n\n--r\n\nx\n--r\nContent-Type: message/delivery-status\n\nAction: failed\n--r--\n`);
		expect(attachments.map(({ name }) => name)).toEqual(['ATT00001.txt']);
		expect([...shortfalls]).toEqual([]);
	});

	it('copes with every kind of rubbish', async () => {
		const rubbish = [
			'', '\r\n', 'no headers at all', '\0\0\0\0', 'Content-Type: multipart/mixed\n\nno boundary',
			`${HEAD}Content-Type: multipart/mixed; boundary=""\n\n--\n\nx\n----\n`,
			`${HEAD}Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!not base64!!!\n`,
			`${HEAD}Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n=ZZ =\n`,
			`${HEAD}Content-Type: ;;;\nContent-Disposition: ;=;\n\nx`,
			`Subject: ${'x'.repeat(2_000_000)}\n\nbody`,
			`${HEAD}Content-Type: multipart/mixed; boundary=a\n\n${'--a\n\nx\n'.repeat(1_200)}--a--\n`,
			`${HEAD}${Array.from({ length: 60 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`).join('')}\ndeep\n`,
		];
		for (const mime of rubbish) {
			const { body, shortfalls } = await outline(mime);
			expect(typeof body.content).toBe('string');
			if (mime.length > 1_000_000 || mime.includes('--a\n\nx\n--a\n\nx')) expect([...shortfalls]).toEqual(['brokenMime']);
		}
	});

	it('gives the same parts however the bytes are cut', async () => {
		const mime = Buffer.from(
			`${HEAD}Content-Type: multipart/mixed; boundary=abc\n\n--abc\nContent-Type: text/plain; charset=utf-8\n\nÜber 漢字\n\n--abc\nContent-Type: application/octet-stream; name=x\nContent-Transfer-Encoding: base64\n\n${Buffer.alloc(3000, 'xyz').toString('base64').replace(/(.{76})/g, '$1\n')}\n--abc--\n`.replace(/\n/g, '\r\n'),
		);
		const whole = await outline(mime, mime.length);
		expect(whole.body.content).toBe('Über 漢字\n');
		for (const size of [1, 2, 3, 7, 64, 1000]) expect(await outline(mime, size)).toEqual(whole);
	});

	it('passes on that the bytes are not those that were backed up', async () => {
		const damaged = async function* (): AsyncGenerator<Uint8Array> {
			yield Buffer.from(`${HEAD}\nbody`);
			throw new Failure('corrupt', 'the hash is wrong');
		};
		await expect(outlineMessage({ open: damaged })).rejects.toMatchObject({ kind: 'corrupt', message: 'the hash is wrong' });
	});

	it('keeps few bytes and never stands still', async () => {
		const line = `${Buffer.alloc(57, 'z').toString('base64')}\r\n`;
		const big = async function* (): AsyncGenerator<Uint8Array> {
			yield Buffer.from(`${HEAD}Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html; charset=iso-8859-1\n\n`.replace(/\n/g, '\r\n'));
			for (let n = 0; n < 200; n++) yield Buffer.from(`<p>${'ü'.repeat(500)}</p>\r\n`.repeat(20), 'latin1');
			yield Buffer.from('\r\n--a\r\nContent-Type: application/octet-stream; name=big\r\nContent-Transfer-Encoding: base64\r\n\r\n');
			const block = Buffer.from(line.repeat(850));
			for (let n = 0; n < 430; n++) yield block;
			yield Buffer.from('--a--\r\n');
		};
		const stretches = watchStretches();
		const { attachments, body } = await outlineMessage({ open: big });
		const longestMs = stretches.stop();
		expect(attachments).toHaveLength(1);
		expect(attachments[0]).toMatchObject({ sizeBytes: 430 * 850 * 57 });
		expect(attachments[0]?.bytes).toBeUndefined();
		expect(body.content.length).toBeGreaterThan(2_000_000);
		expect(longestMs).toBeLessThan(200);
	});

	it('caps a text that no request could carry', async () => {
		const huge = async function* (): AsyncGenerator<Uint8Array> {
			yield Buffer.from(`${HEAD}Content-Type: text/plain\n\n`.replace(/\n/g, '\r\n'));
			for (let n = 0; n < 200; n++) yield Buffer.from('line of text\r\n'.repeat(5000));
		};
		const { body, shortfalls } = await outlineMessage({ open: huge });
		expect([...shortfalls]).toEqual(['bodyTooLong']);
		expect(body.content.length).toBeLessThan(4.5 * 1024 * 1024);
	});
});

describe('nested messages', () => {
	it('become items with text, people and dates', async () => {
		const { item, subject, hasAttachments } = await nestedMessage(
			Buffer.from(
				'From: =?utf-8?Q?J=C3=BCrgen?= <j@x.example>\r\nTo: "A, B" <ab@x.example>, friends: c@x.example;\r\nCc: D <d@x.example>\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <n@x.example>\r\nContent-Type: text/html\r\n\r\n<p>hi</p>\r\n',
			),
		);
		expect(subject).toBe('Grüße');
		expect(hasAttachments).toBe(false);
		expect(item).toMatchObject({
			'@odata.type': '#microsoft.graph.message',
			subject: 'Grüße',
			body: { contentType: 'html', content: '<p>hi</p>\n' },
			from: { emailAddress: { name: 'Jürgen', address: 'j@x.example' } },
			toRecipients: [{ emailAddress: { name: 'A, B', address: 'ab@x.example' } }, { emailAddress: { name: 'c@x.example', address: 'c@x.example' } }],
			ccRecipients: [{ emailAddress: { name: 'D', address: 'd@x.example' } }],
			internetMessageId: '<n@x.example>',
		});
	});

	it('bring original.eml if they have attachments, and their subject names them', async () => {
		const inner = 'Subject: Inner\n\nplain';
		const deep = 'Subject: Deep\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i\nContent-Type: application/pdf; name=a.pdf\n\ny\n--i--';
		const { attachments, shortfalls } = await outline(
			`${HEAD}Content-Type: multipart/mixed; boundary=o\n\n--o\n\ntext\n--o\nContent-Type: message/rfc822\n\n${inner}\n--o\nContent-Type: message/rfc822\n\n${deep}\n--o--\n`,
		);
		expect(attachments.map(({ kind, name }) => [kind, name])).toEqual([['message', 'Inner'], ['message', 'Deep']]);
		expect([...shortfalls]).toEqual(['nestedAttachments']);
	});
});

describe('pieces', () => {
	it('are of exactly the size asked for, but for the last', async () => {
		for (const [total, size] of [[0, 5], [1, 5], [5, 5], [11, 5], [10, 5], [23, 7]] as const) {
			const bytes = Buffer.from(Array.from({ length: total }, (_, n) => n));
			const found: Buffer[] = [];
			for await (const piece of pieces(inChunks(bytes, 3), size)) found.push(piece);
			expect(Buffer.concat(found)).toEqual(bytes);
			expect(found.slice(0, -1).every((piece) => piece.length === size)).toBe(true);
		}
	});
});
