import { describe, expect, it } from 'vitest';
import { mimeFromBatch } from '../../../nodes/M365Backup/workloads/mailbox/fetch-mime';

const mime = 'From: a@b.c\r\nSubject: Hi\r\n\r\nBody\r\n';

describe('MIME in a batch answer', () => {
	it('is taken as it is when it is plain ASCII', () => {
		expect(mimeFromBatch(mime)?.toString()).toBe(mime);
	});
	it('is decoded when it is base64, whatever bytes it holds', () => {
		const bytes = Buffer.concat([Buffer.from(mime), Buffer.from([0xff, 0x80, 0x00])]);
		expect(mimeFromBatch(bytes.toString('base64'))).toEqual(bytes);
		expect(mimeFromBatch(bytes.toString('base64url'))).toEqual(bytes);
	});
	it.each([
		['text with characters beyond ASCII, which may be harmed', `${mime}ü`],
		['an empty answer', ''],
		['an object', { error: 'x' }],
		['text that is neither MIME nor base64', 'hello there'],
		['an error page', '<html><body style="color:red">Proxy error</body></html>'],
		['an error as text', '{"error":{"code":"UnknownError"}}'],
		['base64 of an error', Buffer.from('{"error":{"code":"UnknownError"}}').toString('base64')],
		['text whose line breaks were rewritten', mime.replaceAll('\r\n', '\n')],
		['text with one line break that was rewritten', `${mime}more\n`],
		['text that only looks like base64, and decodes to noise with a colon', 'Hw6M'.repeat(300)],
		['base64 that was cut off', Buffer.from(mime).toString('base64').replaceAll('=', '').slice(0, 29)],
		['base64 of something without a header', Buffer.from('hello there').toString('base64')],
	])('is doubted for %s, so that the message is fetched by itself', (_what, body) => {
		expect(mimeFromBatch(body)).toBeNull();
	});
});
