import { describe, expect, it } from 'vitest';
import { isLossyMime, LossySniffer } from '../../../../nodes/M365Backup/workloads/mailbox/exchange/lossy-mime';
import { everySortOfMail } from '../../../support/every-sort-of-mail';
import { cpuTimer } from '../../../support/cpu-time';

const HEAD = 'From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n';

/** In pieces of this size, as it may come from the network. */
function sniffed(mime: Buffer, pieceBytes: number): boolean {
	const sniffer = new LossySniffer();
	for (let at = 0; at < mime.length; at += pieceBytes) sniffer.see(mime.subarray(at, at + pieceBytes));
	expect(sniffer.sizeBytes).toBe(mime.length);
	return sniffer.isLossy;
}

describe('which messages MIME alone cannot give back', () => {
	it('tells every sort apart, however it is cut', () => {
		for (const { sort, mime, comesBackWhole } of everySortOfMail(60)) {
			// An attached message comes back, but is one of those whose inside Graph may lose.
			const isLossy = !comesBackWhole || sort === 'a nested message';
			expect(isLossyMime(mime), sort).toBe(isLossy);
			for (const pieceBytes of [1, 7, 64, 1000]) expect(sniffed(mime, pieceBytes), `${sort} by ${pieceBytes}`).toBe(isLossy);
		}
	});

	it.each([
		['folded and in other case', 'CONTENT-TYPE:\r\n\tMultipart/Signed; boundary=b\r\n\r\n'],
		['with bare line feeds', 'content-type: application/pkcs7-mime\n\n'],
		['a signature alone', 'Content-Type: application/x-pkcs7-signature\r\n\r\n'],
		['encrypted', 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"\r\n\r\n'],
		['Outlook’s own format', 'Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n'],
		['an invitation', 'Content-Type: text/calendar; charset="utf-8";\r\n\tmethod=REQUEST\r\n\r\n'],
		['a message in a part', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n'],
	])('knows them %s', (_case, type) => {
		expect(isLossyMime(Buffer.from(HEAD + type))).toBe(true);
	});

	it.each([
		['an attached calendar file', 'Content-Type: text/calendar; name=holidays.ics\r\nContent-Disposition: attachment\r\n\r\nmethod=REQUEST'],
		['a file that is called so', 'Content-Type: application/pdf; name="multipart/signed.pdf"\r\n\r\n'],
		['a text about it', 'Content-Type: text/plain\r\n\r\nPlease send Content-Type: multipart/signed mail.'],
		['headers of a message', 'Content-Type: text/rfc822-headers\r\n\r\n'],
	])('leaves %s alone', (_case, type) => {
		expect(isLossyMime(Buffer.from(HEAD + type))).toBe(false);
	});

	it('looks through 40 MB without long stretches', () => {
		const sniffer = new LossySniffer();
		const chunk = Buffer.from(`${Buffer.alloc(48_000, 'content-type:c').toString('base64')}\r\n`.repeat(16));
		let longestMs = 0;
		for (let bytes = 0; bytes < 40_000_000; bytes += chunk.length) {
			const spentMs = cpuTimer();
			sniffer.see(chunk);
			longestMs = Math.max(longestMs, spentMs());
		}
		expect(sniffer.isLossy).toBe(false);
		expect(longestMs).toBeLessThan(200);
	});
});
