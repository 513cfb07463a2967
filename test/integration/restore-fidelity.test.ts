import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { REBUILT_MESSAGE } from '../../nodes/M365Backup/workloads/mailbox/restore/fidelity';
import { everySortOfMail } from '../support/every-sort-of-mail';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';
import { failures, outcomes, purgeAll, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

const HEAD = (subject: string): string =>
	`From: Ada <ada@fabrikam.example>\nTo: Adele <adele.vance@contoso.example>\nSubject: ${subject}\nDate: Fri, 20 Nov 2026 10:00:00 +0000\nMessage-ID: <${subject.replaceAll(' ', '.')}@fabrikam.example>\nMIME-Version: 1.0\n`;
const crlf = (text: string): string => text.replace(/\r?\n/g, '\r\n');

interface Graphs {
	json: Record<string, unknown>;
	attachments: Record<string, unknown>[];
}

/** What Graph itself says of each visible message, by Message-ID. */
async function asGraphSees(): Promise<Map<string, Graphs>> {
	const graph = fixture.client();
	const found = new Map<string, Graphs>();
	for (const message of fixture.mailbox.allMessages()) {
		if (!message.folder.isBelow(fixture.mailbox.root)) continue;
		const path = `/users/${fixture.source.id}/messages/${message.id}`;
		const json = await graph.json<Record<string, unknown>>({ path });
		const { value } = await graph.json<{ value: Record<string, unknown>[] }>({
			path: `${path}/attachments?$expand=microsoft.graph.itemAttachment/item`,
		});
		found.set(String(json['internetMessageId']), { json, attachments: value });
	}
	return found;
}

async function lose(mails: (string | Buffer)[]): Promise<{ before: Map<string, Graphs>; results: RestoreResult[]; after: Map<string, Graphs> }> {
	fixture = await mailboxFixture();
	for (const mail of mails) fixture.mailbox.addMime('inbox', mail);
	await fixture.backUp();
	const before = await asGraphSees();
	purgeAll(fixture);
	const results = await restoreAll(fixture);
	expect(failures(results)).toEqual([]);
	return { before, results, after: await asGraphSees() };
}

async function originalOf(graphs: Graphs | undefined): Promise<Buffer> {
	const original = graphs?.attachments.find(({ name }) => name === 'original.eml');
	return Buffer.from(String(original?.['contentBytes']), 'base64');
}

describe('fidelity', () => {
	it('keeps, as Graph itself sees it, every property that the table calls equal', async () => {
		const samples = [...everySortOfMail(60)].filter(({ comesBackWhole }) => comesBackWhole);
		fixture = await mailboxFixture();
		for (const { mime, isRead, categories, importance } of samples) {
			fixture.mailbox.addMime('inbox', mime, {
				isRead,
				categories,
				importance,
				flag: isRead
					? { flagStatus: 'complete', completedDateTime: { dateTime: '2026-11-21T00:00:00.0000000', timeZone: 'UTC' } }
					: { flagStatus: 'flagged', startDateTime: { dateTime: '2026-11-20T00:00:00.0000000', timeZone: 'UTC' }, dueDateTime: { dateTime: '2026-11-25T00:00:00.0000000', timeZone: 'UTC' } },
			});
		}
		await fixture.backUp();
		const before = await asGraphSees();
		purgeAll(fixture);
		await restoreAll(fixture);
		const after = await asGraphSees();
		expect(after.size).toBe(samples.length);
		const equal = REBUILT_MESSAGE.filter(({ result }) => result === 'equal').flatMap(({ graph }) => graph);
		expect(equal.length).toBeGreaterThan(15);
		for (const [id, { json }] of before) {
			for (const property of equal) {
				if (property === 'attachments') continue;
				expect(json, property).toHaveProperty(property);
				expect(after.get(id)?.json[property], `${String(json['subject'])}: ${property}`).toEqual(json[property]);
			}
		}
	});

	it('nests messages again', async () => {
		const { before, results, after } = await lose([
			crlf(`${HEAD('outer')}Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: text/plain\n\nsee\n--o\nContent-Type: message/rfc822\n\n${HEAD('inner')}Content-Type: text/html\n\n<p>within</p>\n--o--\n`),
		]);
		expect(results[0]?.fidelity).toEqual([]);
		const id = '<outer@fabrikam.example>';
		const [was] = before.get(id)!.attachments;
		const [is] = after.get(id)!.attachments;
		expect(is?.['@odata.type']).toBe('#microsoft.graph.itemAttachment');
		expect(is?.['name']).toBe(was?.['name']);
		const { subject, body, from, toRecipients, internetMessageId } = was?.['item'] as Record<string, unknown>;
		expect(is?.['item']).toMatchObject({ subject, from, toRecipients, internetMessageId, body: { contentType: 'html' } });
		expect(JSON.stringify(is?.['item'])).toContain('<p>within</p>');
		expect(JSON.stringify(body)).toContain('<p>within</p>');
	});

	it('brings original.eml, byte for byte, where a message cannot be what it was', async () => {
		const mails = [
			crlf(`${HEAD('enveloped')}Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\nContent-Transfer-Encoding: base64\n\n${randomBytes(3000).toString('base64')}\n`),
			crlf(`${HEAD('tnef')}Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\nAAAA\n--a--\n`),
			crlf(`${HEAD('klingon')}Content-Type: text/plain; charset=x-klingon\n\nnuqneH\n`),
			crlf(`${HEAD('long text')}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${(Buffer.from('A line of a long log.\n'.repeat(160_000)).toString('base64').match(/.{1,76}/g) ?? []).join('\n')}\n`),
			crlf(`${HEAD('long html')}Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nThe short version\n--a\nContent-Type: text/html\n\n<p>${'<b>x</b>\n'.repeat(350_000)}</p>\n--a--\n`),
			crlf(`${HEAD('far beyond')}Content-Type: text/plain\n\n${'All work and no play.\n'.repeat(500_000)}`),
			crlf(`${HEAD('no parts')}Content-Type: multipart/mixed; boundary=missing\n\nSomething\n`),
		];
		const { results, after } = await lose(mails);
		for (const mail of mails) {
			const id = /Message-ID: (<[^>]+>)/.exec(mail.slice(0, 1000))![1]!;
			const graphs = after.get(id);
			expect(graphs?.json['isDraft'], id).toBe(false);
			expect((await originalOf(graphs)).equals(Buffer.from(mail)), id).toBe(true);
		}
		for (const { name, fidelity } of results) {
			expect(fidelity, name).toHaveLength(1);
			expect(fidelity[0], name).toMatch(/original\.eml/);
		}
		const body = (subject: string): { contentType: string; content: string } =>
			after.get(`<${subject.replaceAll(' ', '.')}@fabrikam.example>`)!.json['body'] as { contentType: string; content: string };
		expect(body('long html')).toMatchObject({ contentType: 'text', content: expect.stringContaining('The short version') as string });
		expect(body('long text').content).toContain('A line of a long log.');
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: mails.length });
	});

	it('brings reports back as plain mail, and says so', async () => {
		const reports = [...everySortOfMail(60)].filter(({ sort }) => /report|receipt|complaint/.test(sort));
		expect(reports.length).toBeGreaterThan(3);
		const { before, results, after } = await lose(reports.map(({ mime }) => mime));
		for (const { name, fidelity } of results) {
			expect(fidelity, name).toEqual([expect.stringMatching(/report|receipt/i)]);
			expect(fidelity[0], name).toMatch(/original\.eml/);
		}
		for (const { sort, mime } of reports) {
			const id = /Message-ID: (<[^>]+>)/.exec(mime.toString('latin1'))![1]!;
			const graphs = after.get(id);
			expect(graphs?.json['isDraft'], sort).toBe(false);
			expect(graphs?.json['body'], sort).toEqual(before.get(id)?.json['body']);
			expect((await originalOf(graphs)).equals(mime), sort).toBe(true);
			expect(graphs?.attachments.map(({ name }) => String(name)).filter((name) => name.endsWith('.dat')), sort).toEqual([]);
		}
		const undeliverable = [...after.values()].find(({ json }) => String(json['subject']).startsWith('Undeliverable:'));
		expect(JSON.stringify(undeliverable?.json['body'])).toContain('<b>nobody</b>');
		expect(undeliverable?.attachments.map(({ name }) => name)).toEqual(['Budget', 'original.eml']);
		expect(JSON.stringify(undeliverable?.attachments[0])).toContain('Numbers');
	});

	it('leaves attachments to original.eml where both would be too much for a mailbox', async () => {
		const parts = [1, 2].map((n) => `--a\nContent-Type: application/octet-stream; name=${n}.bin\nContent-Disposition: attachment; filename=${n}.bin\nContent-Transfer-Encoding: base64\n\n${(randomBytes(6_000_000).toString('base64').match(/.{1,76}/g) ?? []).join('\n')}\n`);
		const mail = crlf(`${HEAD('signed and large')}Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=s\n\n--s\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nSigned text\n${parts.join('')}--a--\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nAAAA\n--s--\n`);
		const { results, after } = await lose([mail]);
		expect(results[0]?.fidelity).toEqual([expect.stringMatching(/^Signed mail/), expect.stringMatching(/they are inside original\.eml/)]);
		const [graphs] = [...after.values()];
		expect(graphs?.attachments.map(({ name }) => name)).toEqual(['original.eml']);
		expect((await originalOf(graphs)).equals(Buffer.from(mail))).toBe(true);
	});

	it('gives the sender\'s own headers back, five of them', async () => {
		const own = ['X-Ticket: 4711', 'X-Mailer: Own', 'X-One: 1', 'X-Two: 2', 'X-Three: 3', 'X-Four: 4', 'X-MS-Exchange-Organization-SCL: 5'];
		await lose([plainMail('headers').replace('MIME-Version', `${own.join('\r\n')}\r\nMIME-Version`)]);
		const [message] = [...fixture.mailbox.allMessages()];
		const { headers } = await message!.content.details();
		expect(headers.map(({ name, value }) => `${name}: ${value}`)).toEqual(['x-ticket: 4711', 'x-mailer: Own', 'x-one: 1', 'x-two: 2', 'x-three: 3']);
	});

	it('makes nothing of a content that is not what was backed up', async () => {
		fixture = await mailboxFixture();
		fixture.mailbox.addMime('inbox', plainMail('damaged', 'text '.repeat(1000)));
		await fixture.backUp();
		purgeAll(fixture);
		const archive = [];
		for await (const file of fixture.store.list('')) if (file.key.endsWith('.zip')) archive.push(file.key);
		const chunks: Uint8Array[] = [];
		for await (const chunk of (await fixture.store.get(archive[0]!))!) chunks.push(chunk);
		const bytes = Buffer.concat(chunks);
		bytes[150] = bytes[150]! ^ 0xff;
		await fixture.store.put(archive[0]!, (async function* () {
			yield bytes;
		})());
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ failed: 1 });
		expect(results[0]?.reason).toMatch(/archive|damaged|corrupt|hash|bytes/i);
		expect([...fixture.mailbox.allMessages()]).toEqual([]);
	});
});
