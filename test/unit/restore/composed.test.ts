import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import { describe, expect, it } from 'vitest';
import { outlineMessage } from '../../../nodes/M365Backup/workloads/mailbox/restore/message-outline';
import { randomRuns } from '../../support/random-runs';

/** Text as mail can carry it: no lone surrogates, no NUL, no bare carriage returns. */
const text = fc
	.string({ unit: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.constantFrom('\n', ' ', '.', '\n.\n', '--b', 'From ', '=', '漢', '🎉', '\u00a0')), maxLength: 300 })
	.map((value) => value.replace(/[\r\0]/g, ''));
const name = fc
	.string({ unit: fc.oneof(fc.constantFrom('a', 'Z', '0', 'ü', '漢', '🎉', ' ', '.', '-', '_', '(', '&', ',', "'"), fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 })), minLength: 1, maxLength: 80 })
	.map((value) => `n${value.replace(/["\\;=?%*\r\n/]/g, '')}x.bin`.replace(/\s+/g, ' '));
const attachment = fc.record({ name, bytes: fc.uint8Array({ maxLength: 4000 }), isInline: fc.boolean() });

describe('mail that a mail program composed', () => {
	it('comes apart into what it was put together from', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.record({ plain: text, html: fc.option(text), attachments: fc.array(attachment, { maxLength: 4 }), chunk: fc.integer({ min: 1, max: 5000 }) }),
				async ({ plain, html, attachments, chunk }) => {
					const composer = new MailComposer({
						from: 'a@x.example',
						subject: 'S',
						text: plain,
						...(html === null ? {} : { html: `<p>${html}</p>` }),
						newline: '\r\n',
						attachments: attachments.map((one, index) => ({
							filename: one.name,
							content: Buffer.from(one.bytes),
							contentType: 'application/octet-stream',
							contentDisposition: one.isInline ? ('inline' as const) : ('attachment' as const),
							...(one.isInline ? { cid: `${index}@x` } : {}),
						})),
					});
					const mime = await composer.compile().build();
					const outline = await outlineMessage({
						open: async function* () {
							for (let at = 0; at < mime.length; at += chunk) yield mime.subarray(at, at + chunk);
						},
					});
					expect([...outline.shortfalls]).toEqual([]);
					const trim = (value: string | undefined): string => (value ?? '').replace(/\s+$/, '');
					if (html === null) expect(trim(outline.body.content)).toBe(trim(plain));
					else {
						expect(trim(outline.body.content)).toBe(trim(`<p>${html}</p>`));
						expect(trim(outline.body.alternative)).toBe(trim(plain));
					}
					const found = outline.attachments.map((one) => [one.name, one.bytes?.toString('hex'), one.isInline]).sort();
					expect(found).toEqual(attachments.map((one) => [one.name, Buffer.from(one.bytes).toString('hex'), one.isInline]).sort());
				},
			),
			{ numRuns: randomRuns(150) },
		);
	});
});
