import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { fromBuffer, type Entry, type Options, type ZipFile } from 'yauzl';
import { isFailure } from '../../nodes/M365Backup/base/failure';
import { mailWithLargeAttachment } from '../support/every-sort-of-mail';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';
import { failures, outcomes, portraits, purgeAll, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

const CREATE = /^POST \/users\/[^/]+\/mailFolders\/[^/]+\/messages$/;

/** One message with three attachments of which one is large. */
function withAttachments(subject: string, sizes: number[]): string {
	const parts = sizes.map((sizeBytes, index) =>
		[
			`--b`,
			`Content-Type: application/octet-stream; name="file-${index}.bin"`,
			`Content-Disposition: attachment; filename="file-${index}.bin"`,
			'Content-Transfer-Encoding: base64',
			'',
			(Buffer.alloc(sizeBytes, `${subject} ${index} `).toString('base64').match(/.{1,76}/g) ?? []).join('\r\n'),
		].join('\r\n'),
	);
	return [
		'From: Ada <ada@fabrikam.example>',
		'To: Adele <adele.vance@contoso.example>',
		`Subject: ${subject}`,
		'Date: Fri, 20 Nov 2026 10:00:00 +0000',
		`Message-ID: <${subject.replaceAll(' ', '.')}@fabrikam.example>`,
		'MIME-Version: 1.0',
		'Content-Type: multipart/mixed; boundary="b"',
		'',
		'--b\r\nContent-Type: text/plain\r\n\r\nWith files',
		...parts,
		'--b--',
		'',
	].join('\r\n');
}

/** What a user gets who opens a ZIP file with one file in it. */
async function onlyFileOf(zip: Buffer): Promise<{ name: string; bytes: Buffer }> {
	const opened = await promisify<Buffer, Options, ZipFile>(fromBuffer)(zip, { lazyEntries: true });
	expect(opened.entryCount).toBe(1);
	const entry = await new Promise<Entry>((resolve, reject) => opened.once('entry', resolve).once('error', reject).readEntry());
	const chunks: Uint8Array[] = [];
	for await (const chunk of await promisify<Entry, Readable>(opened.openReadStream.bind(opened))(entry)) chunks.push(chunk as Uint8Array);
	return { name: entry.fileName, bytes: Buffer.concat(chunks) };
}

describe('restoring when things go wrong', () => {
	it('brings attachments of every size back', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		mailbox.addMime('inbox', mailWithLargeAttachment(1, 20 * 1024 * 1024));
		mailbox.addMime('inbox', withAttachments('exactly 3 MB', [3 * 1024 * 1024, 3 * 1024 * 1024 - 1024, 3_000_000, 0, 1]));
		await fixture.backUp();
		const before = await portraits(fixture);
		purgeAll(fixture);
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		expect(await portraits(fixture)).toEqual(before);
		expect(sim.misses).toEqual([]);
	});

	it('puts a file into a .zip that is too large for a request and too small for an upload session', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		const limit = 3 * 1024 * 1024;
		const sizes = [limit - 300, limit - 1, 10, limit - 100, limit];
		mailbox.addMime('inbox', withAttachments('almost 3 MB', sizes));
		// Signed, so that it comes with itself.
		const signed = (subject: string, sizeBytes: number): string => {
			const head = `From: ada@fabrikam.example\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@fabrikam.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary="s"\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\n`;
			const tail = '\r\n--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--s--\r\n';
			const text = 'Words to sign, many of them.\r\n'.repeat(sizeBytes / 30).slice(0, sizeBytes - head.length - tail.length);
			return head + text.padEnd(sizeBytes - head.length - tail.length, '.') + tail;
		};
		const original = signed('signed and almost 3 MB', limit - 50);
		expect(original).toHaveLength(limit - 50);
		mailbox.addMime('inbox', original);
		await fixture.backUp();
		const before = await portraits(fixture);
		purgeAll(fixture);
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		const after = [...(await portraits(fixture)).values()];

		const files = after.find(({ subject }) => subject === 'almost 3 MB')!;
		const filesBefore = [...before.values()].find(({ subject }) => subject === 'almost 3 MB')!;
		expect(files.attachments.map(({ name }) => name)).toEqual(['file-0.bin', 'file-1.bin.zip', 'file-2.bin', 'file-3.bin.zip', 'file-4.bin']);
		for (const [index, { name, bytes }] of files.attachments.entries()) {
			const was = filesBefore.attachments[index]!;
			const restored = name.endsWith('.zip') ? await onlyFileOf(Buffer.from(bytes, 'base64')) : { name, bytes: Buffer.from(bytes, 'base64') };
			expect(restored.name).toBe(was.name);
			expect(restored.bytes.toString('base64') === was.bytes, name).toBe(true);
		}
		expect(results.find(({ name }) => name === 'almost 3 MB')?.fidelity).toEqual([expect.stringMatching(/file-1\.bin, file-3\.bin.*\.zip/)]);

		const withItself = after.find(({ subject }) => subject.startsWith('signed'))!;
		const zipped = withItself.attachments.find(({ name }) => name === 'original.eml.zip')!;
		expect((await onlyFileOf(Buffer.from(zipped.bytes, 'base64'))).bytes.equals(Buffer.from(original))).toBe(true);
		expect(results.find(({ name }) => name.startsWith('signed'))?.fidelity.join(' ')).toMatch(/original\.eml.*\.zip/);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 2 });
		expect(sim.misses).toEqual([]);
	});

	it.each([
		['before the message is created', CREATE, 'before'],
		['after the message was created', CREATE, 'after'],
		['after an attachment was added', /^POST .*\/attachments$/, 'after'],
		['before an attachment is added', /^POST .*\/attachments$/, 'before'],
		['while a large attachment is uploaded', /^PUT /, 'after'],
		['before the mark is set', /^PATCH .*\/messages\//, 'before'],
	] as const)('makes a message exactly once although the connection breaks %s', async (_when, match, when) => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		mailbox.addMime('inbox', withAttachments('three files', [1000, 5 * 1024 * 1024, 2000]));
		mailbox.addMime('inbox', plainMail('plain'));
		await fixture.backUp();
		const before = await portraits(fixture);
		purgeAll(fixture);
		sim.tenant.faults.script({ match, when, times: 2, do: { reset: true } });
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		expect(outcomes(results)).toEqual({ created: 2 });
		expect(sim.tenant.faults.struck).toBe(2);
		expect(await portraits(fixture)).toEqual(before);
	});

	it('completes in the next run what a crash left between the message and its attachments', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		mailbox.addMime('inbox', withAttachments('four files', [1000, 2000, 4 * 1024 * 1024, 3000]));
		await fixture.backUp();
		const before = await portraits(fixture);
		for (const skip of [0, 1, 2, 3]) {
			purgeAll(fixture);
			sim.tenant.faults.script({ match: /^POST .*\/attachments(\/createUploadSession)?$/, skip, times: Number.POSITIVE_INFINITY, do: { status: 403 } });
			const first = await restoreAll(fixture);
			expect(outcomes(first)).toEqual({ failed: 1 });
			sim.tenant.faults.clear();
			expect([...(await portraits(fixture)).values()].map(({ attachments }) => attachments.length)).toEqual([skip]);
			const second = await restoreAll(fixture);
			expect(outcomes(second)).toEqual({ created: 1 });
			expect(second[0]?.reason).toMatch(/interrupted/);
			expect(await portraits(fixture)).toEqual(before);
			expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 1 });
		}
	});

	it('restores everything else when one message or one folder fails, and names the missing permission', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		mailbox.addFolder('inbox', 'Closed');
		for (let n = 0; n < 5; n++) mailbox.addMime('inbox', plainMail(`mail ${n}`));
		mailbox.addMime('Posteingang/Closed', plainMail('locked in'));
		await fixture.backUp();
		purgeAll(fixture);
		mailbox.forbid(mailbox.folder('Posteingang/Closed'));
		sim.tenant.faults.script({ match: CREATE, skip: 2, do: { status: 400, body: { error: { code: 'ErrorInvalidRecipients', message: 'At least one recipient is not valid.' } } } });
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ created: 5, failed: 2 });
		expect(failures(results).map(({ name }) => name).sort()).toEqual(['Closed', 'locked in']);
		const careful = results.filter(({ fidelity }) => fidelity.length > 0);
		expect(careful).toHaveLength(1);
		expect(careful[0]?.fidelity.join(' ')).toMatch(/refused some header fields or addresses .*original\.eml/s);

		purgeAll(fixture);
		sim.tenant.roles.revoke('Mail.ReadWrite');
		const denied = await restoreAll(fixture);
		expect(outcomes(denied)).toEqual({ failed: 7 });
		expect(denied.find(({ name }) => name === 'mail 0')?.nextStep).toMatch(/Mail\.ReadWrite/);
	});

	it('waits out throttling', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		for (let n = 0; n < 10; n++) mailbox.addMime('inbox', plainMail(`mail ${n}`));
		await fixture.backUp();
		const before = await portraits(fixture);
		purgeAll(fixture);
		sim.tenant.faults.script({ match: /./, times: 6, skip: 3, do: { status: 429, headers: { 'Retry-After': '7' } } });
		sim.tenant.faults.script({ match: /./, times: 3, skip: 20, do: { status: 503 } });
		expect(outcomes(await restoreAll(fixture))).toEqual({ created: 10 });
		expect(await portraits(fixture)).toEqual(before);
	});

	it('stops at once when cancelled, and the next run finishes without duplicates', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		for (let n = 0; n < 40; n++) mailbox.addMime('inbox', plainMail(`mail ${n}`));
		await fixture.backUp();
		const before = await portraits(fixture);
		purgeAll(fixture);
		const abort = new AbortController();
		let seen = 0;
		const stopped = restoreAll(fixture, {
			signal: abort.signal,
			onProgress: () => {
				seen += 1;
				if (seen === 7) abort.abort();
			},
		});
		await expect(stopped).rejects.toSatisfy((error) => isFailure(error, 'cancelled'));
		const made = (await portraits(fixture)).size;
		expect(made).toBeGreaterThanOrEqual(7);
		expect(made).toBeLessThan(20);
		const rest = await restoreAll(fixture);
		expect((outcomes(rest)['created'] ?? 0) + (outcomes(rest)['skipped'] ?? 0)).toBe(40);
		expect(await portraits(fixture)).toEqual(before);
	});

	it('gives a message with large attachments back as a draft where received mail takes no upload sessions', async () => {
		fixture = await mailboxFixture({ switches: { uploadSessionOnNonDraft: 'refused' } });
		const { mailbox } = fixture;
		mailbox.addMime('inbox', withAttachments('large', [4 * 1024 * 1024]));
		await fixture.backUp();
		purgeAll(fixture);
		const results = await restoreAll(fixture);
		expect(results[0]?.fidelity.join()).toMatch(/as a draft/);
		const [restored] = [...(await portraits(fixture)).values()];
		expect(restored?.attachments.map(({ name }) => name)).toEqual(['file-0.bin']);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 1 });
	});

	it('says that the mailbox is gone instead of failing each message', async () => {
		fixture = await mailboxFixture();
		fixture.mailbox.addMime('inbox', plainMail('x'));
		await fixture.backUp();
		const nobody = fixture.sim.tenant.addUser({ displayName: 'No Licence', mailbox: false });
		await expect(restoreAll(fixture, { mailboxId: nobody.id })).rejects.toSatisfy(
			(error) => isFailure(error, 'notFound') && /licence/.test(error.nextStep ?? ''),
		);
	});
});
