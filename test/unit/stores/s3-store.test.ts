import { CreateBucketCommand, CreateMultipartUploadCommand, DeleteObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand, PutBucketPolicyCommand, PutBucketVersioningCommand, PutObjectCommand, PutObjectLegalHoldCommand, PutObjectLockConfigurationCommand, UploadPartCommand, type S3Client } from '@aws-sdk/client-s3';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { ReplayableSource } from '../../../nodes/M365Backup/stores/replayable-source';
import { createRetryingStore } from '../../../nodes/M365Backup/stores/retrying-store';
import { S3Bucket } from '../../../nodes/M365Backup/stores/s3/s3-bucket';
import { probeCapabilities } from '../../../nodes/M365Backup/stores/s3/s3-capabilities';
import { createS3Client } from '../../../nodes/M365Backup/stores/s3/s3-client';
import { checkS3Keys, openS3Store } from '../../../nodes/M365Backup/stores/s3/s3-repository-store';
import type { S3Settings } from '../../../nodes/M365Backup/stores/s3/s3-settings';
import { S3Store } from '../../../nodes/M365Backup/stores/s3/s3-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { broken, generated, gated, keys, listed, readBytes, readText, text } from '../../contract/sources';
import { CephServer, lackingForCeph } from '../../s3-server/ceph-server';
import { FaultyProxy } from '../../s3-server/faulty-proxy';
import { certificatesFor } from '../../simulator/certificates';

const mebibyte = 1024 * 1024;
const bucketName = 'plain';
const lockedName = 'locked';

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('S3 store when things go wrong', (context) => context.skip(lacking));
} else {
	describe('S3 store when things go wrong', () => {
		let server: CephServer;
		let proxy: FaultyProxy;
		/** Straight to the server. */
		let client: S3Client;
		let viaProxy: S3Client;
		const slept: number[] = [];
		const ambient = { ...realAmbient, sleep: async (delayMs: number): Promise<void> => void slept.push(delayMs) };
		let count = 0;

		beforeAll(async () => {
			server = await CephServer.start();
			proxy = await FaultyProxy.start(server.endpoint);
			client = createS3Client(server.settings);
			viaProxy = createS3Client({ ...server.settings, endpoint: proxy.endpoint });
			await client.send(new CreateBucketCommand({ Bucket: bucketName }));
			await client.send(new CreateBucketCommand({ Bucket: lockedName, ObjectLockEnabledForBucket: true }));
		});
		afterAll(async () => {
			client?.destroy();
			viaProxy?.destroy();
			await proxy?.stop();
			await server?.stop();
		});
		afterEach(() => {
			proxy.clear();
			slept.length = 0;
		});

		function bucketOf(through: S3Client, more: { bucket?: string; prefix?: string; settings?: S3Settings } = {}): S3Bucket {
			const { bucket = bucketName, prefix = `faults/${count++}`, settings = server.settings } = more;
			return new S3Bucket(through, { bucket, prefix }, settings, { ambient });
		}

		function storeIn(bucket: S3Bucket, now = realAmbient.now): S3Store {
			return new S3Store({ bucket, capabilities: { ifAbsent: true, retainUntil: true, overwriteIsCostly: false }, ambient: { now } });
		}

		const store = (): S3Store => storeIn(bucketOf(viaProxy));

		async function unfinished(bucket = bucketName): Promise<string[]> {
			return ((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).map(({ Key }) => String(Key));
		}

		async function isWhole(from: Store, key: string, sizeBytes: number): Promise<boolean> {
			const chunks: Uint8Array[] = [];
			for await (const chunk of generated(sizeBytes)) chunks.push(chunk);
			return (await readBytes(from, key)).equals(Buffer.concat(chunks));
		}

		describe('puts', () => {
			it('a lost answer to a small put costs one more put', async () => {
				const tested = store();
				proxy.script({ method: 'PUT', url: /\/f\?/, lose: 'answer' });
				await tested.put('f', text('content'));
				expect(await readText(tested, 'f')).toBe('content');
				expect(proxy.count('PUT', /\/f\?/)).toBe(2);
				expect(slept).toHaveLength(1);
			});

			it('if absent: after a lost answer it is our own file that is in the way', async () => {
				const tested = store();
				proxy.script({ method: 'PUT', url: /lease/, lose: 'answer' });
				await tested.put('lease-1.json', text('mine'), { ifAbsent: true });
				expect(await readText(tested, 'lease-1.json')).toBe('mine');
			});

			it("if absent: after a lost request, somebody else's file is a conflict", async () => {
				const bucket = bucketOf(viaProxy);
				proxy.script({ method: 'PUT', url: /lease/, answer: { status: 500, code: 'InternalError' } });
				await storeIn(bucketOf(client, { prefix: bucket.nameOf('x').slice(0, -2) })).put('lease-1.json', text('theirs'));
				await expect(storeIn(bucket).put('lease-1.json', text('mine'), { ifAbsent: true })).rejects.toMatchObject({ kind: 'conflict' });
				expect(await readText(storeIn(bucket), 'lease-1.json')).toBe('theirs');
			});

			it('each part is tried again by itself: throttled as long as the server asks, broken, or with a server error', async () => {
				const tested = store();
				proxy.script({ method: 'PUT', url: /partNumber=1&/, answer: { status: 503, code: 'SlowDown', headers: { 'retry-after': '7' } } });
				proxy.script({ method: 'PUT', url: /partNumber=2&/, lose: 'request' });
				proxy.script({ method: 'PUT', url: /partNumber=3&/, lose: 'answer' });
				await tested.put('large', generated(20 * mebibyte));
				expect(await isWhole(tested, 'large', 20 * mebibyte)).toBe(true);
				expect(proxy.count('PUT', /partNumber=/)).toBe(6);
				expect(slept).toContain(7000);
				expect(await unfinished()).toEqual([]);
			});

			it('a lost answer to the completion of an upload is no loss', async () => {
				const tested = store();
				proxy.script({ method: 'POST', url: /uploadId=/, lose: 'answer' });
				await tested.put('large', generated(9 * mebibyte));
				expect(await isWhole(tested, 'large', 9 * mebibyte)).toBe(true);
				expect(await unfinished()).toEqual([]);
			});

			it('a server that forgot the upload with its lost completion is asked what stands there', async () => {
				const tested = store();
				proxy.script({ method: 'POST', url: /uploadId=/, lose: 'answer' });
				proxy.script({ method: 'POST', url: /uploadId=/, answer: { status: 404, code: 'NoSuchUpload' } });
				await tested.put('large', generated(9 * mebibyte));
				expect(await isWhole(tested, 'large', 9 * mebibyte)).toBe(true);
			});

			it('an upload that is forgotten without having been completed is no success', async () => {
				const tested = store();
				proxy.script({ method: 'POST', url: /uploadId=/, lose: 'request' });
				proxy.script({ method: 'POST', url: /uploadId=/, answer: { status: 404, code: 'NoSuchUpload' } });
				await tested.put('large', text('older version'));
				await expect(tested.put('large', generated(9 * mebibyte))).rejects.toMatchObject({ name: 'Failure', code: 'NoSuchUpload' });
				expect(await readText(tested, 'large')).toBe('older version');
				expect(await unfinished()).toEqual([]);
			});

			it('a part that fails for good ends the put at once, though its source hangs, and leaves nothing', async () => {
				const tested = store();
				proxy.script({ method: 'PUT', url: /partNumber=1&/, times: 9, answer: { status: 403, code: 'AccessDenied', message: 'no more' } });
				const gate = gated(Buffer.alloc(9 * mebibyte));
				await expect(tested.put('large', gate.source)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('s3:PutObject') as string });
				expect(await tested.get('large')).toBeNull();
				expect(await unfinished()).toEqual([]);
			});

			it('a source that breaks after some parts leaves none, and its very error comes out', async () => {
				const tested = store();
				const mistake = new TypeError('the source broke');
				await expect(tested.put('large', broken(1000, mistake))).rejects.toBe(mistake);
				expect(proxy.count('PUT', /partNumber=/)).toBeGreaterThan(0);
				expect(await tested.get('large')).toBeNull();
				expect(await unfinished()).toEqual([]);
			});

			it('cancelling in the middle of an upload leaves no part', async () => {
				const tested = store();
				const controller = new AbortController();
				const gate = gated(Buffer.alloc(9 * mebibyte));
				const putting = tested.put('large', gate.source, { signal: controller.signal });
				await gate.firstTaken;
				await delay(50);
				controller.abort();
				await expect(putting).rejects.toMatchObject({ kind: 'cancelled' });
				expect(await unfinished()).toEqual([]);
			});

			it('goes through a retrying store with passing faults everywhere', async () => {
				const tested = createRetryingStore(store(), { ambient });
				for (const method of ['PUT', 'POST', 'GET']) proxy.script({ method, url: /./, answer: { status: 503, code: 'ServiceUnavailable' } });
				await tested.put('large', new ReplayableSource(() => generated(9 * mebibyte)));
				expect(await isWhole(tested, 'large', 9 * mebibyte)).toBe(true);
				expect(await unfinished()).toEqual([]);
			});

			it('clears what a killed process left of uploads, but not what may be going on', async () => {
				const bucket = bucketOf(client);
				const target = { Bucket: bucketName, Key: bucket.nameOf('source/killed.zip') };
				const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
				await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: Buffer.from('part') }));
				await storeIn(bucket).put('f', text('x'));
				expect(await unfinished()).toEqual([target.Key]);
				const inThreeDays = (): Date => new Date(realAmbient.now().getTime() + 72 * 3_600_000);
				await storeIn(bucket, inThreeDays).put('f', text('x'));
				expect(await unfinished()).toEqual([]);
			});
		});

		describe('reads', () => {
			it('a read that breaks off is resumed where it broke off', async () => {
				const bare = store();
				const tested = createRetryingStore(bare, { ambient });
				await tested.put('f', generated(4 * mebibyte));
				proxy.script({ method: 'GET', url: /\/f\?/, tornAfterBytes: 100_000 });
				// The next read is whole, the one of the rest breaks off.
				proxy.script({ method: 'GET', url: /\/f\?/, tornAfterBytes: 1_000_000, times: 2 });
				expect(await isWhole(tested, 'f', 4 * mebibyte)).toBe(true);
				proxy.script({ method: 'GET', url: /\/f\?/, tornAfterBytes: 100_000 });
				await expect(bare.get('f')).rejects.toMatchObject({ name: 'Failure', kind: 'transient' });
			});

			it('readers who never begin hold no connection', async () => {
				const tested = store();
				await tested.put('f', generated(2 * mebibyte));
				const begun = await Promise.all(Array.from({ length: 150 }, () => tested.get('f')));
				await tested.put('g', text('still going'));
				expect(await isWhole(tested, 'f', 2 * mebibyte)).toBe(true);
				expect(begun).not.toContain(null);
			});

			it('a file that is replaced while it is read is not patched together', async () => {
				const tested = store();
				await tested.put('f', generated(2 * mebibyte));
				const content = (await tested.get('f'))!;
				await tested.put('f', generated(3 * mebibyte));
				await expect(
					(async () => {
						for await (const chunk of content) expect(chunk.length).toBeGreaterThan(0);
					})(),
				).rejects.toMatchObject({ name: 'Failure', kind: 'conflict' });
			});

			it('lists more than a page, in several pages, and only what is a file of the repository', async () => {
				const bucket = bucketOf(client);
				const tested = storeIn(bucket);
				const names = Array.from({ length: 1100 }, (_, index) => `many/${String(index).padStart(4, '0')}`);
				const left = [...names];
				await Promise.all(
					Array.from({ length: 20 }, async () => {
						for (let name = left.pop(); name !== undefined; name = left.pop()) await client.send(new PutObjectCommand({ Bucket: bucketName, Key: bucket.nameOf(name), Body: 'x' }));
					}),
				);
				for (const other of ['many/', 'many/.m365-backup-temp-probe-1']) await client.send(new PutObjectCommand({ Bucket: bucketName, Key: bucket.nameOf(other), Body: Buffer.alloc(0) }));
				await client.send(new PutObjectCommand({ Bucket: bucketName, Key: `${bucket.nameOf('').slice(0, -1)}x/neighbour`, Body: 'x' }));
				expect(await keys(tested, '')).toEqual(names);
				await tested.delete(names.slice(0, 50));
				expect(await keys(tested, 'many/00')).toEqual(names.slice(50, 100));
			});
		});

		const until = new Date(realAmbient.now().getTime() + 3_600_000);
		describe('object lock', () => {
			for (const [title, sizeBytes] of [['in one piece', 10], ['in parts', 9 * mebibyte]] as const) {
				it(`locks what is put ${title}, and nobody can delete it`, async () => {
					const bucket = bucketOf(client, { bucket: lockedName });
					const tested = storeIn(bucket);
					await tested.put('f', generated(sizeBytes), { retainUntil: until });
					const target = { Bucket: lockedName, Key: bucket.nameOf('f') };
					const { ObjectLockMode, ObjectLockRetainUntilDate, VersionId } = await client.send(new HeadObjectCommand(target));
					expect(ObjectLockMode).toBe('COMPLIANCE');
					expect(Math.abs(ObjectLockRetainUntilDate!.getTime() - until.getTime())).toBeLessThan(1001);
					await expect(client.send(new DeleteObjectCommand({ ...target, VersionId }))).rejects.toMatchObject({ Code: 'AccessDenied' });
				});
			}

			it('a bucket with a default retention takes, replaces and deletes files like any other', async () => {
				await client.send(new CreateBucketCommand({ Bucket: 'retained', ObjectLockEnabledForBucket: true }));
				const Rule = { DefaultRetention: { Mode: 'COMPLIANCE' as const, Days: 1 } };
				await client.send(new PutObjectLockConfigurationCommand({ Bucket: 'retained', ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule } }));
				const tested = await openS3Store(server.settings, { bucket: 'retained', prefix: 'r' }, { ambient, isOverwritten: () => false });
				expect(tested.capabilities).toMatchObject({ retainUntil: true, overwriteIsCostly: true });
				await tested.put('cursor.json', text('one'));
				await tested.put('cursor.json', text('two'));
				await tested.put('large', generated(9 * mebibyte));
				expect(await readText(tested, 'cursor.json')).toBe('two');
				expect(await isWhole(tested, 'large', 9 * mebibyte)).toBe(true);
				expect(await keys(tested, '')).toEqual(['cursor.json', 'large']);
				await expect(tested.delete(['cursor.json', 'large', 'missing'])).rejects.toMatchObject({ kind: 'denied', code: 'locked', message: expect.stringMatching(/locked against deletion until 20\d\d-.*1 other/) as string });
				expect(await keys(tested, '')).toEqual(['cursor.json', 'large']);
				const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket: 'retained', Prefix: 'r/' }));
				expect((Versions ?? []).filter(({ Key }) => !Key?.includes('probe'))).toHaveLength(3);
				expect(DeleteMarkers ?? []).toEqual([]);
			});

			it('a legal hold is a lock without an end', async () => {
				const bucket = bucketOf(client, { bucket: lockedName });
				const tested = storeIn(bucket);
				await tested.put('f', text('x'));
				const target = { Bucket: lockedName, Key: bucket.nameOf('f') };
				await client.send(new PutObjectLegalHoldCommand({ ...target, LegalHold: { Status: 'ON' } }));
				await expect(tested.delete(['f'])).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('legal hold') as string });
				await client.send(new PutObjectLegalHoldCommand({ ...target, LegalHold: { Status: 'OFF' } }));
				await tested.delete(['f']);
				expect(await keys(tested, '')).toEqual([]);
			});
		});

		describe('versions', () => {
			const everything = async (bucket: string, prefix: string): Promise<number> => {
				const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix }));
				return Versions.length + DeleteMarkers.length;
			};

			it.each([true, false])('deletion leaves none behind, nor a marker; that the bucket keeps them is known: %s', async (isKnown) => {
				const Bucket = `versioned-${String(isKnown)}`;
				await client.send(new CreateBucketCommand({ Bucket }));
				await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
				const bucket = bucketOf(client, { bucket: Bucket, prefix: 'v' });
				const tested = new S3Store({ bucket, capabilities: { ifAbsent: false, retainUntil: false, overwriteIsCostly: isKnown }, ambient });
				for (const version of ['1', '2', '3']) await tested.put('f', text(version));
				await tested.put('f.longer', text('x'));
				// Somebody has deleted it in between.
				await client.send(new DeleteObjectCommand({ Bucket, Key: 'v/f' }));
				await tested.put('f', text('4'));
				expect(await everything(Bucket, 'v/f')).toBe(6);
				await tested.delete(['f', 'missing']);
				expect(await everything(Bucket, 'v/')).toBe(1);
				expect(await keys(tested, '')).toEqual(['f.longer']);
			});

			it('a locked file is not even hidden where nobody knew of locks', async () => {
				const bucket = bucketOf(client, { bucket: lockedName });
				await storeIn(bucket).put('f', text('x'), { retainUntil: until });
				const blind = new S3Store({ bucket, capabilities: { ifAbsent: false, retainUntil: false, overwriteIsCostly: false }, ambient });
				await expect(blind.delete(['f'])).rejects.toMatchObject({ code: 'locked' });
				expect(await readText(blind, 'f')).toBe('x');
				expect(await everything(lockedName, bucket.nameOf('f'))).toBe(1);
			});

			it('probing leaves nothing behind', async () => {
				const bucket = bucketOf(client, { bucket: lockedName, prefix: 'probed' });
				await probeCapabilities(bucket);
				expect(await everything(lockedName, 'probed/')).toBe(0);
			});
		});

		describe('locks that a server forgets', () => {
			it('a server that takes the lock and forgets it is found out', async () => {
				proxy.script({ method: 'HEAD', url: /\/f/, times: 2, hide: /object-lock/ });
				await expect(storeIn(bucketOf(viaProxy, { bucket: lockedName })).put('f', text('x'), { retainUntil: until })).rejects.toMatchObject({ kind: 'invalid', code: 'notLocked' });
			});
		});

		describe('what is wrong, and what to do', () => {
			const open = (more: Partial<S3Settings>, bucket = bucketName): Promise<Store> =>
				openS3Store({ ...server.settings, ...more }, { bucket, prefix: '' }, { ambient, isOverwritten: () => false });

			it.each<[string, Partial<S3Settings>, string, object]>([
				['an unknown key', { accessKeyId: 'nobody' }, bucketName, { kind: 'denied', code: 'InvalidAccessKeyId', nextStep: expect.stringContaining('Access Key ID') as string }],
				['a wrong secret', { secretAccessKey: 'not-the-secret-key' }, bucketName, { kind: 'denied', code: 'SignatureDoesNotMatch', nextStep: expect.stringContaining('Secret Access Key') as string }],
				['a missing bucket', {}, 'missing', { kind: 'invalid', code: 'NoSuchBucket', message: expect.stringContaining('there is no bucket "missing"') as string }],
				['nobody at the endpoint', { endpoint: 'http://127.0.0.1:9' }, bucketName, { kind: 'transient', code: 'ECONNREFUSED', nextStep: expect.stringContaining('endpoint') as string }],
				['no such host', { endpoint: 'https://no-such-host.invalid' }, bucketName, { kind: 'transient', nextStep: expect.stringContaining('endpoint') as string }],
			])('%s', async (_title, settings, bucket, expected) => {
				const failing = open(settings, bucket).catch((error: unknown) => error);
				expect(await failing).toBeInstanceOf(Failure);
				expect(await failing).toMatchObject(expected);
				expect(JSON.stringify([(await failing) as Failure, ((await failing) as Failure).message])).not.toContain(settings.secretAccessKey ?? server.settings.secretAccessKey);
			});

			it('https where the server speaks http', async () => {
				await expect(open({ endpoint: server.endpoint.replace('http:', 'https:') })).rejects.toMatchObject({ kind: 'invalid', nextStep: expect.stringContaining('http or https') as string });
			});

			it('a clock that is wrong', async () => {
				vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ['Date'] });
				try {
					await expect(listed(storeIn(bucketOf(client)), '')).rejects.toMatchObject({ kind: 'invalid', code: 'RequestTimeTooSkewed', nextStep: expect.stringContaining('NTP') as string });
				} finally {
					vi.useRealTimers();
				}
			});

			it('a certificate of an unknown authority, until it is given in the credential', async () => {
				const { key, cert, caFile } = await certificatesFor([]);
				const secure = await FaultyProxy.start(server.endpoint, { key, cert });
				try {
					await expect(open({ endpoint: secure.endpoint })).rejects.toMatchObject({ kind: 'invalid', nextStep: expect.stringContaining('CA Certificate') as string });
					const trusting = await open({ endpoint: secure.endpoint, caCertificate: await readFile(caFile, 'utf8') });
					await trusting.put('secure', text('over TLS'));
					expect(await readText(trusting, 'secure')).toBe('over TLS');
				} finally {
					await secure.stop();
				}
			});

			it('something that is no S3 server', async () => {
				const tested = store();
				proxy.script({ method: 'GET', url: /list-type/, answer: { status: 200, code: '', headers: { 'content-type': 'text/html' }, body: '<html><body>Console</body></html>' } });
				await expect(listed(tested, '')).rejects.toMatchObject({ kind: 'invalid', code: 'notS3', nextStep: expect.stringContaining('web console') as string });
			});

			it('a full account, and what was stored before is unharmed', async () => {
				const tested = storeIn(bucketOf(client, { bucket: 'small' }));
				await client.send(new CreateBucketCommand({ Bucket: 'small' }));
				await tested.put('before', text('before'));
				await server.admin('quota', 'set', '--quota-scope=bucket', '--uid=test', '--bucket=small', '--max-size=16384');
				await server.admin('quota', 'enable', '--quota-scope=bucket', '--uid=test', '--bucket=small');
				try {
					await expect(tested.put('too-much', generated(9 * mebibyte))).rejects.toMatchObject({ kind: 'quota', nextStep: expect.stringContaining('quota') as string });
					expect(await readText(tested, 'before')).toBe('before');
					expect(await unfinished('small')).toEqual([]);
				} finally {
					await server.admin('quota', 'disable', '--quota-scope=bucket', '--uid=test', '--bucket=small');
				}
			});

			it('a key that may only read: reads, guarantees nothing, and names what it lacks', async () => {
				await server.admin('user', 'create', '--uid=reader', '--display-name=reader', '--access-key=reader-access', '--secret-key=reader-secret-key');
				await client.send(new CreateBucketCommand({ Bucket: 'shared' }));
				const Statement = [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: ['s3:GetObject', 's3:ListBucket'], Resource: ['arn:aws:s3:::shared', 'arn:aws:s3:::shared/*'] }];
				await client.send(new PutBucketPolicyCommand({ Bucket: 'shared', Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
				await storeIn(bucketOf(client, { bucket: 'shared', prefix: '' })).put('f', text('readable'));
				const reader = await open({ accessKeyId: 'reader-access', secretAccessKey: 'reader-secret-key' }, 'shared');
				expect(reader.capabilities).toEqual({ ifAbsent: false, retainUntil: false, overwriteIsCostly: false });
				expect(await readText(reader, 'f')).toBe('readable');
				expect(await keys(reader, '')).toEqual(['f']);
				await expect(reader.put('g', text('x'))).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('s3:PutObject on bucket shared') as string });
				await expect(checkS3Keys({ ...server.settings, accessKeyId: 'reader-access', secretAccessKey: 'reader-secret-key' })).resolves.toBeUndefined();
			});

			it('a server that takes If-None-Match without looking at it is found out, one that refuses it, too', async () => {
				expect((await probeCapabilities(bucketOf(client))).ifAbsent).toBe(true);
				// Ceph 16 does not look at it in buckets with versions.
				expect((await probeCapabilities(bucketOf(client, { bucket: lockedName }))).ifAbsent).toBe(false);
				proxy.script({ method: 'PUT', url: /probe/, times: 9, answer: { status: 501, code: 'Unheard' } });
				expect((await probeCapabilities(bucketOf(viaProxy))).ifAbsent).toBe(false);
			});
		});
	});
}
