import { CreateBucketCommand, HeadObjectCommand, PutObjectLockConfigurationCommand, type S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { isFailure } from '../../nodes/M365Backup/base/failure';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import { isLockable } from '../../nodes/M365Backup/repository/lockable';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { createLockingStore } from '../../nodes/M365Backup/stores/locking-store';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { openS3Store } from '../../nodes/M365Backup/stores/s3/s3-repository-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { FaultyProxy } from '../s3-server/faulty-proxy';
import { createDatedFolderStore } from '../support/dated-folder-store';
import { DAY_MS, KEY } from '../unit/crash/crash-world';
import { SOURCE } from '../unit/repository/fixtures';
import { MODES, ReplicaWorld } from '../unit/replicate/replica-world';

const bucket = 'replicas';
const lockBucket = 'locked-replicas';
const defaultBucket = 'locks-all';
const largeBytes = 300 * 1024 * 1024;

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('replicas in folders and S3 buckets', (context) => context.skip(lacking));
} else {
	describe('replicas in folders and S3 buckets', () => {
		let base: string;
		let server: CephServer;
		let proxy: FaultyProxy;
		let client: S3Client;
		let count = 0;

		beforeAll(async () => {
			base = await mkdtemp(join(tmpdir(), 'm365-replicate-'));
			server = await CephServer.start();
			proxy = await FaultyProxy.start(server.endpoint);
			client = createS3Client(server.settings);
			await client.send(new CreateBucketCommand({ Bucket: bucket }));
			for (const Bucket of [lockBucket, defaultBucket]) await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
			await client.send(new PutObjectLockConfigurationCommand({ Bucket: defaultBucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } } }));
		});
		afterAll(async () => {
			client?.destroy();
			await proxy?.stop();
			await server?.stop();
			await rm(base, { recursive: true, force: true });
		});

		/** Its waits are skipped, but for those of real time. */
		const s3 = async (Bucket = bucket, prefix = `r${count++}`): Promise<Store> =>
			await openS3Store({ ...server.settings, endpoint: proxy.endpoint }, { bucket: Bucket, prefix }, { ambient: { ...realAmbient, sleep: async () => undefined }, isOverwritten: (key) => key.endsWith('/cursor.json') });
		const folder = (): Store => createFolderStore({ root: join(base, `f${count++}`) });
		const datedFolder = (world: ReplicaWorld): Store => createDatedFolderStore(join(base, `f${count++}`), world.ambient);

		/** What a bad network does to each run. */
		function trouble(): void {
			proxy.clear();
			for (const method of ['PUT', 'GET']) proxy.script({ method, url: /mailbox-/, times: 2, answer: { status: 503, code: 'SlowDown' } });
			proxy.script({ method: 'PUT', url: /archive-/, lose: 'answer' });
			proxy.script({ method: 'PUT', url: /snapshot\.json/, lose: 'answer' });
			proxy.script({ method: 'PUT', url: /segment-/, lose: 'request' });
			proxy.script({ method: 'GET', url: /archive-/, tornAfterBytes: 30 });
		}

		it.each(MODES)('folder → S3 → folder, over a bad network, day after day: %s', async (mode) => {
			const world = await ReplicaWorld.make(mode);
			world.from = datedFolder(world);
			const inBucket = await s3();
			const back = folder();
			for (let day = 0; day < 3; day++) {
				await world.days(2);
				trouble();
				world.to = inBucket;
				expect(await world.replicate()).toMatchObject({ status: 'complete', damaged: [] });
				expect(await world.files(inBucket)).toEqual(await world.files(world.from));
				trouble();
				expect(await world.replicate({ from: inBucket, to: back })).toMatchObject({ status: 'complete', damaged: [] });
				expect(await world.files(back)).toEqual(await world.files(world.from));
			}
			proxy.clear();
			expect(await world.everything(back)).toEqual(await world.everything(world.from));
			expect(await world.damage(inBucket)).toEqual([]);
			expect(await world.replicate()).toMatchObject({ status: 'unchanged' });
		});

		it('S3 → S3, and the same place by another address of the server is refused', async () => {
			const world = await ReplicaWorld.make();
			await world.days(2);
			const first = await s3(bucket, 'one');
			await world.replicate({ to: first });
			const second = await s3();
			expect(await world.replicate({ from: first, to: second })).toMatchObject({ status: 'complete' });
			expect(await world.files(second)).toEqual(await world.files(first));
			const direct = await openS3Store(server.settings, { bucket, prefix: 'one' }, { ambient: realAmbient, isOverwritten: () => false });
			await expect(world.replicate({ from: first, to: direct })).rejects.toMatchObject({ kind: 'invalid', code: 'samePlace' });
			const within = await s3(bucket, 'one/two');
			await expect(world.replicate({ from: first, to: within })).rejects.toMatchObject({ kind: 'invalid', code: 'samePlace' });
			expect([...(await world.files(first)).keys()].filter((name) => /lease|two/.test(name))).toEqual([]);
		});

		it('a bucket that is full says so, and once there is room, the next run goes on', async () => {
			const world = await ReplicaWorld.make();
			await world.days(3);
			world.to = await s3();
			proxy.script({ method: 'PUT', url: /segment-/, times: 1000, answer: { status: 403, code: 'QuotaExceeded' } });
			const error: unknown = await world.replicate().catch((thrown: unknown) => thrown);
			expect(isFailure(error, 'quota')).toBe(true);
			expect(error).toMatchObject({ nextStep: expect.stringContaining('the next run goes on from there') as string });
			proxy.clear();
			expect(await world.damage(world.to)).toEqual([]);
			expect(await world.replicate()).toMatchObject({ status: 'complete' });
			expect(await world.files(world.to)).toEqual(await world.files(world.from));
		});

		it('where the target locks files, all of the replica is locked, stays so, and what was pruned goes when its time is over', async () => {
			proxy.clear();
			const world = await ReplicaWorld.make();
			await world.days(6);
			const prefix = `r${count++}`;
			const inner = await s3(lockBucket, prefix);
			let lessMs = 0;
			world.to = createLockingStore(inner, { days: 1, ambient: { now: () => new Date(Date.now() - lessMs) }, isLockable });
			expect(await world.replicate()).toMatchObject({ status: 'complete', warnings: [] });
			const lockedUntil = async (name: string): Promise<Date | undefined> => (await client.send(new HeadObjectCommand({ Bucket: lockBucket, Key: `${prefix}/${name}` }))).ObjectLockRetainUntilDate;
			for (const name of (await world.files(world.to)).keys()) expect((await lockedUntil(name)) !== undefined, name).toBe(isLockable(name));

			await world.prune(world.from, 2);
			await world.days(1);
			const left = await world.snapshotIds(world.from);
			const kept = await world.replicate({ removePruned: true });
			expect(kept).toMatchObject({ removed: { files: 0, snapshots: 0 }, warnings: [expect.stringMatching(/is locked against deletion/)] });
			expect((await world.snapshotIds(world.to)).length).toBeGreaterThan(left.length);
			expect(await world.damage(world.to)).toEqual([]);

			// Another repository whose locks last seconds.
			lessMs = DAY_MS - 8000;
			const short = await s3(lockBucket);
			world.to = createLockingStore(short, { days: 1, ambient: { now: () => new Date(Date.now() - lessMs) }, isLockable });
			const other = await ReplicaWorld.make();
			other.to = world.to;
			await other.days(6);
			await other.replicate({ verification: 'none' });
			await other.prune(other.from, 2);
			await other.days(1);
			await delay(10_000);
			const gone = await other.replicate({ removePruned: true });
			expect(gone.removed.snapshots).toBeGreaterThan(0);
			expect(await other.snapshotIds(other.to)).toEqual(await other.snapshotIds(other.from));
			expect(await other.damage(other.to)).toEqual([]);
		});

		it('a bucket that locks whatever comes takes a replica, too', async () => {
			const world = await ReplicaWorld.make('encrypted, without the key');
			await world.days(2);
			world.to = await s3(defaultBucket);
			expect(await world.replicate()).toMatchObject({ status: 'complete' });
			await world.days(1);
			expect(await world.replicate()).toMatchObject({ status: 'complete', snapshots: { copied: 1 } });
			expect(await world.damage(world.to)).toEqual([]);
		});

		it('a large file goes over in pieces, in constant memory', async () => {
			const world = await ReplicaWorld.make();
			world.from = folder();
			world.mailbox.put('large', 'replaced below');
			const hash = createHash('sha256');
			const large = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
				let state = 1;
				const chunk = Buffer.alloc(1024 * 1024);
				for (let sent = 0; sent < largeBytes; sent += chunk.length) {
					for (let offset = 0; offset < chunk.length; offset += 4) {
						state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
						chunk.writeUInt32LE(state, offset);
					}
					hash.update(chunk);
					yield await Promise.resolve(Buffer.from(chunk));
				}
			};
			const workload = world.mailbox.workload();
			await backUp({
				repository: await world.open(world.from, true),
				source: SOURCE,
				ambient: realAmbient,
				workload: { ...workload, fetch: async function* (requests) { for (const { id } of requests) yield await Promise.resolve({ id, content: large() }); } },
			});
			world.to = await s3();
			global.gc?.();
			const before = used();
			let most = 0;
			const watch = setInterval(() => { most = Math.max(most, used()); }, 20);
			const report = await world.replicate();
			clearInterval(watch);
			expect(report.copied.bytes).toBeGreaterThan(largeBytes);
			expect(report.verified.bytes).toBeGreaterThan(largeBytes);
			expect((most - before) / 1024 / 1024).toBeLessThan(160);
			const repository = await world.open(world.to);
			const [entry] = (await repository.catalog((await repository.latest(KEY))!).lookUp(['mail/large'])).values();
			const stored = createHash('sha256');
			for await (const chunk of repository.readContent(KEY, entry!.content![0]!)) stored.update(chunk);
			expect(stored.digest('hex')).toBe(hash.digest('hex'));
		});
	});
}

function used(): number {
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}
