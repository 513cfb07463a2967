import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand, PutObjectLockConfigurationCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { Findings, type Finding } from '../../nodes/M365Backup/base/finding';
import { checkRepository } from '../../nodes/M365Backup/engine/check-repository';
import { checkStorage, type CheckStorageOptions } from '../../nodes/M365Backup/engine/check-storage';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { openS3Store } from '../../nodes/M365Backup/stores/s3/s3-repository-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { createUser, READING, setQuota } from '../s3-server/ceph-users';
import { FaultyProxy } from '../s3-server/faulty-proxy';
import { addMessage, commitInput, SOURCE } from '../unit/repository/fixtures';

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('Check of an S3 bucket', (context) => context.skip(lacking));
} else {
	describe('Check of an S3 bucket', () => {
		let server: CephServer;
		let client: S3Client;
		let proxy: FaultyProxy;
		beforeAll(async () => {
			server = await CephServer.start();
			client = createS3Client(server.settings);
			for (const Bucket of ['plain', 'reading', 'writing', 'full']) await client.send(new CreateBucketCommand({ Bucket }));
			for (const Bucket of ['locks', 'locks-all']) await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
			await client.send(new PutObjectLockConfigurationCommand({ Bucket: 'locks-all', ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } } }));
			proxy = await FaultyProxy.start(server.endpoint);
		});
		afterAll(async () => {
			client?.destroy();
			await proxy?.stop();
			await server?.stop();
		});

		const open = (bucket: string, settings = server.settings): Promise<Store> => openS3Store(settings, { bucket, prefix: 'm365' }, { ambient: realAmbient, isOverwritten: (key) => key.endsWith('/cursor.json') });
		const check = async (store: Store, more: Partial<CheckStorageOptions> = {}): Promise<Finding[]> => (await checkStorage(store, { ambient: realAmbient, ...more })).findings;
		const one = (findings: readonly Finding[], name: string): Finding | undefined => findings.find((finding) => finding.name === name);
		const bad = (findings: readonly Finding[]): string[] => findings.filter(({ ok }) => ok === false).map(({ name }) => name);
		/** Also what a deletion has only hidden, and parts of uploads. */
		const everything = async (bucket: string): Promise<string[]> => {
			const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
			const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
			return [...(Versions ?? []), ...(DeleteMarkers ?? []), ...(Uploads ?? [])].map(({ Key }) => Key!);
		};

		it('a plain bucket keeps its word, and nothing is left in it', async () => {
			const findings = await check(await open('plain'));
			expect(bad(findings)).toEqual([]);
			expect(one(findings, 'conditionalPut')).toMatchObject({ ok: true });
			expect(one(findings, 'bytes')).toMatchObject({ ok: true });
			expect(one(findings, 'lock')).toMatchObject({ ok: null });
			expect(await everything('plain')).toEqual([]);
		});

		it('object lock holds: the file of the check cannot be deleted at first, and is gone at the end, all versions of it', async () => {
			const findings = await check(await open('locks'), { lockDays: 30 });
			expect(bad(findings)).toEqual([]);
			expect(one(findings, 'lock')).toMatchObject({ ok: true, detail: 'A file was locked for 10 s, and its deletion was refused' });
			expect(await everything('locks')).toEqual([]);
		});

		it('days to lock in a bucket without locks: a fault, with what to do', async () => {
			const findings = await check(await open('plain'), { lockDays: 30 });
			expect(bad(findings)).toEqual(['lock']);
			expect(one(findings, 'lock')!.advice).toContain('made with object lock');
		});

		it('a bucket that locks all by itself gets a tiny file, no large one, and that it stays is said', async () => {
			const findings = await check(await open('locks-all'));
			expect(bad(findings)).toEqual([]);
			expect(one(findings, 'lock')).toMatchObject({ ok: true, detail: 'This storage locks every file by itself, and its deletion was refused' });
			expect(one(findings, 'largeFile')).toMatchObject({ ok: null });
			expect(one(findings, 'leftovers')!.detail).toContain('locked');
			const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: 'locks-all', Prefix: 'm365/check-' }));
			expect((Versions ?? []).reduce((sum, { Size }) => sum + (Size ?? 0), 0)).toBeLessThan(5000);
		});

		it('keys that only read: the permission is named; told that they are to restore, nothing is wrong', async () => {
			const reader = await createUser(server, client, 'reading', 'reader', READING);
			const findings = await check(await open('reading', reader));
			expect(bad(findings)).toEqual(['write']);
			expect(one(findings, 'write')!.advice).toContain('s3:PutObject');
			expect(bad(await check(await open('reading', reader), { readOnly: true }))).toEqual([]);
			expect(await everything('reading')).toEqual([]);
		});

		it('keys that write and do not delete: the permission is named, and what is left', async () => {
			const writer = await createUser(server, client, 'writing', 'writer', [...READING, 's3:PutObject', 's3:AbortMultipartUpload']);
			const findings = await check(await open('writing', writer));
			expect(bad(findings)).toEqual(['delete']);
			expect(one(findings, 'delete')!.advice).toContain('s3:DeleteObject');
			const left = await everything('writing');
			expect(left.length).toBeGreaterThan(0);
			expect(one(findings, 'leftovers')!.detail).toContain(left[0]!.replace(/^m365\//, '').replace(/\..*$/, ''));
		});

		it('a full bucket: says so, with what to do', async () => {
			await setQuota(server, 4096);
			try {
				const findings = await check(await open('full'));
				expect(bad(findings)).toContain('bytes');
				expect(one(findings, 'bytes')!.advice).toContain('raise its quota');
			} finally {
				await setQuota(server, undefined);
			}
			expect(await everything('full')).toEqual([]);
		});

		it('a proxy that drops ranges is found out', async () => {
			const through = await open('plain', { ...server.settings, endpoint: proxy.endpoint });
			// An answer to a range without its header is that of a whole file.
			proxy.script({ method: 'GET', url: /large/, hide: /^content-range$/i, times: 1000 });
			const findings = await check(through);
			expect(bad(findings)).toContain('ranges');
			expect(one(findings, 'ranges')!.detail).toContain('does not answer as an S3 server does');
			proxy.clear();
			expect(await everything('plain')).toEqual([]);
		});

		it('says what repository is in it: sources, newest snapshot, a run that goes on and one that broke off', async () => {
			const store = await open('plain');
			const repository = await Repository.open(store, realAmbient, { create: true });
			const run = repository.startRun(SOURCE, null);
			await addMessage(run, 'mail/1', Buffer.from('Hello'));
			const { id } = await run.commit(commitInput());
			const lease = async (key: string, number: number, until: string): Promise<void> => {
				const content = JSON.stringify({ holder: 'n8n', since: '2026-11-22T10:00:00.000Z', until });
				await store.put(`${key}/lease-${number}.json`, (async function* () {
					yield Buffer.from(content);
				})());
			};
			await lease((await repository.sources())[0]!.key, 1, new Date(Date.now() + 60_000).toISOString());
			await lease('mailbox-0123456789abcdef', 7, '2026-11-22T10:15:00.000Z');
			await lease('mailbox-fedcba9876543210', 8, new Date(0).toISOString());
			const findings = new Findings();
			const overview = await checkRepository(store, { ambient: realAmbient, encryption: undefined, findings });
			expect(overview).toMatchObject({
				id: repository.id, formatVersion: 1, encrypted: false, opens: true, mailboxes: 1, drives: 0, sites: 0, snapshots: 1, countedAll: true,
				newestSnapshot: { source: SOURCE.name, id, status: 'complete' },
				running: [{ source: SOURCE.name, holder: 'n8n' }],
				brokenOff: [{ source: 'mailbox-0123456789abcdef', since: '2026-11-22T10:00:00.000Z' }],
			});
			expect(bad(findings.all)).toEqual([]);
		});
	});
}
