import { CreateBucketCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { createUser, READING, setQuota } from '../s3-server/ceph-users';
import { FaultyProxy } from '../s3-server/faulty-proxy';
import { credentialNames, microsoftCredentialType } from './harness/credentials';
import { nodeRun, type Execution } from './harness/execution';
import { FakeClock, lackingForFakeClock } from './harness/fake-clock';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

const s3CredentialType = 'm365BackupS3Api';
/** Several parts of an upload, so that something can happen between them. */
const largeMailBytes = 30 * 1024 * 1024;

const lacking = lackingForCeph();
const clockless = lackingForFakeClock();
if (lacking !== undefined) {
	it('a storage that is not as it should be, in a real n8n', (context) => context.skip(lacking));
} else {
	describe('a storage that is not as it should be, in a real n8n', () => {
		let stage: Stage;
		let server: CephServer;
		let proxy: FaultyProxy;
		let client: S3Client;
		let clock: FakeClock;
		let mailbox: string;
		let count = 0;
		const credentialIds = new Map<string, string>();

		beforeAll(async () => {
			clock = await FakeClock.make();
			server = await CephServer.start();
			proxy = await FaultyProxy.start(server.endpoint);
			client = createS3Client(server.settings);
			stage = await Stage.start({ simulator: { users: 1, messages: 20 }, n8n: { env: clockless === undefined ? clock.env : {} } });
			mailbox = stage.simulator.tenant.users[0]!.userPrincipalName;
			await credential('S3', server.settings);
			await credential('By the proxy', { ...server.settings, endpoint: proxy.endpoint });
			await credential('Wrong secret', { ...server.settings, secretAccessKey: 'wrong-secret-access-key' });
			await credential('Unknown key', { ...server.settings, accessKeyId: 'nobody' });
		});
		afterAll(async () => {
			client?.destroy();
			await stage?.stop();
			await proxy?.stop();
			await server?.stop();
			await clock?.remove();
		});
		afterEach(async () => {
			proxy.clear();
			await clock.set(0);
			await setQuota(server, undefined);
		});

		async function credential(name: string, data: Record<string, unknown>): Promise<void> {
			credentialIds.set(name, await stage.n8n.client.createCredential(name, s3CredentialType, data));
		}

		/** A bucket of its own for a test. */
		async function bucket(options: { locks?: boolean } = {}): Promise<string> {
			count += 1;
			const Bucket = `bucket-${count}`;
			await client.send(new CreateBucketCommand({ Bucket, ...(options.locks && { ObjectLockEnabledForBucket: true }) }));
			return Bucket;
		}

		/** All that is in it, also what a deletion has only hidden. */
		async function filesIn(Bucket: string): Promise<string[]> {
			const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket }));
			return (Versions ?? []).map(({ Key }) => Key!);
		}

		interface Use {
			bucket: string;
			credential?: string;
			more?: Record<string, unknown>;
		}

		async function start(what: string, use: Use): Promise<string> {
			const name = use.credential ?? 'S3';
			const node = ourNode('Do', what, { repositoryType: 's3Bucket', repositoryBucket: use.bucket, repositoryBucketFolder: '', ...use.more }, {
				credentials: { [microsoftCredentialType]: { name: credentialNames.microsoft }, [s3CredentialType]: { id: credentialIds.get(name)!, name } },
			});
			count += 1;
			const id = `storageFaults${count}`;
			await stage.put(chain(id, [node]));
			return await stage.n8n.client.start(id, 'Start');
		}

		const run = async (what: string, use: Use): Promise<Execution> => await stage.n8n.client.finished(await start(what, use));
		const backUp = (use: Use): Promise<Execution> => run('mailbox/backUp', { ...use, more: { mailbox: pick(mailbox), ...use.more } });

		async function done(execution: Execution): Promise<Record<string, unknown>> {
			expect(execution.error).toBeUndefined();
			return nodeRun(execution, 'Do').items[0]!.json;
		}

		const check = async (use: Use): Promise<Record<string, unknown>> => await done(await run('repository/check', use));

		/** What somebody reads who opens the execution. */
		const told = ({ error }: Execution): string => `${error?.message ?? 'no error'} ${error?.description ?? ''}`;

		/** The next run completes, and every byte of it is proven. */
		async function recovers(use: Use, status: string | RegExp = /complete|unchanged/): Promise<Record<string, unknown>> {
			const summary = await done(await backUp(use));
			expect(summary['status']).toMatch(status);
			const verified = await done(await run('repository/verify', { ...use, more: { thoroughness: 'deep' } }));
			expect(verified).toMatchObject({ ok: true, damage: [] });
			return summary;
		}

		const found = (report: Record<string, unknown>, name: string): { ok: boolean | null; detail: string; advice?: string } | undefined =>
			[...(report['storage'] as { checks: { name: string; ok: boolean | null; detail: string; advice?: string }[] }).checks, ...((report['microsoft'] as { checks: never[] } | null)?.checks ?? [])].find((each: { name: string }) => each.name === name);

		it('Check of a new bucket: all is well, there is no repository yet, and it stays that way', async () => {
			const use = { bucket: await bucket() };
			const report = await check(use);
			expect(report).toMatchObject({ ok: true, repository: null, storage: { kind: 's3Bucket' }, permissions: { lacks: expect.any(Array) as unknown } });
			expect(report['message']).toBe('Everything that was tried works; there is no repository yet: the first backup makes it');
			expect(await filesIn(use.bucket)).toEqual([]);
			await recovers(use, 'complete');
			const later = await check(use);
			expect(later).toMatchObject({ ok: true, repository: { mailboxes: 1, snapshots: 1, newestSnapshot: { source: mailbox, status: 'complete' } } });
			expect((await filesIn(use.bucket)).filter((name) => name.includes('check-'))).toEqual([]);
		});

		it.each([
			['Wrong secret', /the secret access key is wrong/, /Enter the Secret Access Key of this Access Key ID/],
			['Unknown key', /does not know the access key/, /Check Access Key ID/],
		])('keys that are wrong (%s): said by Back Up and by Check, and nothing is stored', async (name, what, next) => {
			const use = { bucket: await bucket(), credential: name };
			const failed = await backUp(use);
			expect(told(failed)).toMatch(what);
			expect(told(failed)).toMatch(next);
			const report = await check(use);
			expect(report['ok']).toBe(false);
			expect(found(report, 'reach')).toMatchObject({ ok: false, detail: expect.stringMatching(what) as unknown, advice: expect.stringMatching(next) as unknown });
			const strict = await run('repository/check', { ...use, more: { options: { failWhenNotOk: true } } });
			expect(told(strict)).toMatch(what);
			expect(JSON.stringify([told(failed), report, told(strict)])).not.toContain('wrong-secret-access-key');
			expect(await filesIn(use.bucket)).toEqual([]);
			await recovers({ bucket: use.bucket }, 'complete');
		});

		it('a bucket that is missing: said by both, and none is made', async () => {
			const use = { bucket: 'no-such-bucket' };
			const failed = await backUp(use);
			expect(told(failed)).toMatch(/there is no bucket "no-such-bucket".*create the bucket: the backup makes none by itself/s);
			expect(found(await check(use), 'reach')).toMatchObject({ ok: false, detail: expect.stringContaining('there is no bucket') as unknown });
			await expect(filesIn('no-such-bucket')).rejects.toMatchObject({ name: 'NoSuchBucket' });
		});

		it('keys that only read: no backup, and the permission is named; restores and Verify work', async () => {
			const use = { bucket: await bucket() };
			await credential('Reader', await createUser(server, client, use.bucket, 'reader', READING));
			const reading = { ...use, credential: 'Reader' };
			const failed = await backUp(reading);
			expect(told(failed)).toContain('s3:PutObject');
			expect(await filesIn(use.bucket)).toEqual([]);
			expect(found(await check(reading), 'write')).toMatchObject({ ok: false, advice: expect.stringContaining('s3:PutObject') as unknown });

			await recovers(use, 'complete');
			const before = await filesIn(use.bucket);
			expect(told(await backUp(reading))).toContain('s3:PutObject');
			expect(await filesIn(use.bucket)).toEqual(before);
			expect(await check({ ...reading, more: { options: { onlyToRestore: true } } })).toMatchObject({ ok: true, repository: { mailboxes: 1 } });
			const restore = { source: pick(mailbox), selection: 'everything', destination: 'original', conflictPolicy: 'skip', mode: 'preview' };
			await done(await run('item/restore', { ...reading, more: restore }));
			expect(await done(await run('repository/verify', { ...reading, more: { thoroughness: 'deep' } }))).toMatchObject({ ok: true });
			expect(await filesIn(use.bucket)).toEqual(before);
		});

		it('files are to be locked and the bucket has no locks: nothing is stored, and what to do is said', async () => {
			const use = { bucket: await bucket(), more: { repositoryLockDays: 30 } };
			const failed = await backUp(use);
			expect(told(failed)).toMatch(/cannot lock files.*Create a new bucket with object lock/s);
			expect(await filesIn(use.bucket)).toEqual([]);
			expect(found(await check(use), 'lock')).toMatchObject({ ok: false, advice: expect.stringContaining('made with object lock') as unknown });
			await recovers({ bucket: use.bucket }, 'complete');
		});

		it('files are to be locked and the bucket can: Check proves it and leaves nothing behind', async () => {
			const use = { bucket: await bucket({ locks: true }), more: { repositoryLockDays: 30 } };
			const report = await check(use);
			expect(found(report, 'lock')).toMatchObject({ ok: true, detail: expect.stringContaining('its deletion was refused') as unknown });
			expect(report['ok']).toBe(true);
			expect(await filesIn(use.bucket)).toEqual([]);
		});

		it('a clock that is 20 minutes off: neither Microsoft nor the storage would trust it; nothing is stored, Check says whose it is', async (context) => {
			context.skip(clockless !== undefined, clockless);
			const use = { bucket: await bucket() };
			await clock.set(20);
			const failed = await backUp(use);
			expect(told(failed)).toMatch(/clock/);
			expect(told(failed)).toMatch(/Set the clock of|NTP/);
			const report = await check(use);
			expect(found(report, 'reach')).toMatchObject({ ok: false, detail: expect.stringMatching(/clock of this machine and that of the storage differ by more than 15 minutes/) as unknown });
			expect(found(report, 'microsoftClock')).toMatchObject({ ok: false, detail: expect.stringMatching(/1[12]\d\d s ahead of/) as unknown });
			expect(await filesIn(use.bucket)).toEqual([]);
			await clock.set(0);
			await recovers(use, 'complete');
		});

		it('a clock that is 10 minutes off, which S3 lets pass: no backup, and Check tells the wrong clock from the right ones', async (context) => {
			context.skip(clockless !== undefined, clockless);
			const use = { bucket: await bucket() };
			await recovers(use, 'complete');
			await clock.set(-10);
			expect(told(await backUp(use))).toMatch(/clock/);
			const report = await check(use);
			expect(found(report, 'clock')).toMatchObject({ ok: false, detail: expect.stringMatching(/clock of the storage is (59\d|60\d) s ahead of/) as unknown, advice: expect.stringContaining('It is the clock of this machine that is wrong') as unknown });
			await clock.set(0);
			await recovers(use);
		});

		it('a storage that is full in mid-run: says so, keeps what was there; with more room the next run completes', async () => {
			const use = { bucket: await bucket() };
			await recovers(use, 'complete');
			stage.simulator.tenant.users[0]!.mailbox!.addMime('inbox', largeMail('Too large'));
			await setQuota(server, 20 * 1024 * 1024);
			const failed = await backUp(use);
			expect(told(failed)).toMatch(/QuotaExceeded/);
			expect(told(failed)).toMatch(/Enlarge the storage or raise its quota/);
			const report = await check(use);
			expect(report).toMatchObject({ repository: { snapshots: 1 } });
			expect(await done(await run('repository/verify', { ...use, more: { thoroughness: 'deep' } }))).toMatchObject({ ok: true });
			await setQuota(server, undefined);
			const summary = await recovers(use, 'complete');
			expect(summary['changes']).toMatchObject({ added: 1, failed: 0 });
		});

		/** Waits until the large mail's archive goes over in parts. */
		async function untilUploading(): Promise<void> {
			const deadline = Date.now() + 120_000;
			while (proxy.count('PUT', /archive-\d+\.zip.*partNumber=/) === 0) {
				if (Date.now() > deadline) throw new Error(`no upload was seen, only ${proxy.seen.slice(-5).join(', ')}`);
				await delay(5);
			}
		}

		it('the storage is down in mid-run and stays down: the run says so, the next one completes', async () => {
			const use = { bucket: await bucket(), credential: 'By the proxy' };
			await recovers(use, 'complete');
			stage.simulator.tenant.users[0]!.mailbox!.addMime('inbox', largeMail('Cut off'));
			proxy.clear();
			const id = await start('mailbox/backUp', { ...use, more: { mailbox: pick(mailbox) } });
			await untilUploading();
			server.stopGateway();
			const failed = await stage.n8n.client.finished(id);
			expect(told(failed)).toMatch(/Check the endpoint in the S3 credential, that the storage is running.*What was stored before is unharmed/s);
			await server.startGateway();
			const summary = await recovers(use, 'complete');
			expect(summary['changes']).toMatchObject({ added: 1, failed: 0 });
		});

		it('the storage is down in mid-run for a moment: the run goes on by itself', async () => {
			const use = { bucket: await bucket(), credential: 'By the proxy' };
			await recovers(use, 'complete');
			stage.simulator.tenant.users[0]!.mailbox!.addMime('inbox', largeMail('Interrupted'));
			proxy.clear();
			const id = await start('mailbox/backUp', { ...use, more: { mailbox: pick(mailbox) } });
			await untilUploading();
			server.stopGateway();
			await delay(3000);
			await server.startGateway();
			const summary = await done(await stage.n8n.client.finished(id));
			expect(summary).toMatchObject({ status: 'complete', changes: { added: 1, failed: 0 } });
			await recovers(use);
		});
	});
}

/** Its attachment does not compress, and differs with the subject. */
function largeMail(subject: string): string {
	let state = subject.length;
	const bytes = Buffer.alloc(largeMailBytes);
	for (let offset = 0; offset < bytes.length; offset += 4) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		bytes.writeUInt32LE(state, offset);
	}
	const lines = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
	const head = `From: a@example.com\r\nTo: b@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n`;
	const parts = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n--b\r\nContent-Type: application/octet-stream; name=large.bin\r\nContent-Disposition: attachment; filename=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n--b--\r\n`;
	return head + parts;
}
