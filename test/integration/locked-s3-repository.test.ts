import {
	CreateBucketCommand, DeleteObjectCommand, HeadObjectCommand, ListObjectVersionsCommand, PutObjectCommand, PutObjectLockConfigurationCommand, type S3Client,
} from '@aws-sdk/client-s3';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient, type Ambient } from '../../nodes/M365Backup/base/ambient';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import { prune, type PruneResult } from '../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { isLockable } from '../../nodes/M365Backup/repository/lockable';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createLockingStore } from '../../nodes/M365Backup/stores/locking-store';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { openS3Store, type LockMode } from '../../nodes/M365Backup/stores/s3/s3-repository-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { KEY, mail, page, RunAmbient, scripted } from '../unit/engine/scripted-workload';
import { all, SOURCE } from '../unit/repository/fixtures';

const lockBucket = 'lock';
const defaultBucket = 'locks-all';
const dayMs = 24 * 3_600_000;

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('locks of a repository in an S3 bucket', (context) => context.skip(lacking));
} else {
	describe('locks of a repository in an S3 bucket', () => {
		let server: CephServer;
		let client: S3Client;
		let count = 0;
		beforeAll(async () => {
			server = await CephServer.start();
			client = createS3Client(server.settings);
			for (const Bucket of [lockBucket, defaultBucket]) await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
			await client.send(
				new PutObjectLockConfigurationCommand({
					Bucket: defaultBucket,
					ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } },
				}),
			);
		});
		afterAll(async () => {
			client?.destroy();
			await server?.stop();
		});

		/**
		 * A repository in a folder of its own. Its files bear the times of a clock that is days behind, so that prune may remove
		 * them, while the server's locks run in real time: of a day less `lessMs`, where there are any of ours.
		 */
		class Place {
			readonly prefix = `r${count++}`;
			readonly past = new RunAmbient();
			private readonly times = new Map<string, Date>();
			private runs = 0;

			constructor(
				readonly bucket: string,
				private readonly lockMs?: number,
				private readonly lockMode?: LockMode,
			) {
				this.past.time = Date.now() - 10 * dayMs;
			}

			async store(): Promise<Store> {
				const inner = await openS3Store(server.settings, { bucket: this.bucket, prefix: this.prefix }, {
					ambient: realAmbient,
					lockMode: this.lockMode,
					isOverwritten: (key) => key.endsWith('/cursor.json'),
				});
				const { lockMs } = this;
				const clock = { now: () => new Date(Date.now() - dayMs + (lockMs ?? 0)) };
				const locking = lockMs === undefined ? inner : createLockingStore(inner, { days: 1, ambient: clock, isLockable });
				const { times, past } = this;
				return new Proxy(locking, {
					get(target, name) {
						const value: unknown = Reflect.get(target, name);
						if (name === 'put') {
							return async (...parameters: Parameters<Store['put']>) => {
								await target.put(...parameters);
								times.set(parameters[0], past.now());
							};
						}
						if (name === 'list') {
							return async function* (...parameters: Parameters<Store['list']>) {
								for await (const file of target.list(...parameters)) yield { ...file, modifiedAt: times.get(file.key) ?? file.modifiedAt };
							};
						}
						return typeof value === 'function' ? (value.bind(target) as unknown) : value;
					},
				});
			}

			async open(ambient: Ambient, change: (store: Store) => Store = (store) => store): Promise<Repository> {
				return await Repository.open(change(await this.store()), ambient, { create: true });
			}

			async backUp(changes = [mail(`mail/${this.runs++}`)]): Promise<BackUpSummary> {
				this.past.advance(dayMs);
				return await backUp({ repository: await this.open(this.past), source: SOURCE, workload: scripted({ pages: [page(changes, `L${this.runs}`)] }), ambient: this.past });
			}

			/** Today. */
			async prune(options: { dryRun?: boolean; change?: (store: Store) => Store } = {}): Promise<PruneResult> {
				const before = this.past.time;
				this.past.time = Date.now();
				const repository = await this.open(realAmbient, options.change);
				const [result] = await all(prune({ repository, policy: { last: 1 }, zone: 'UTC', dryRun: options.dryRun ?? false }));
				this.past.time = before;
				expect(result!.refused).toBeUndefined();
				return result!;
			}

			async keys(): Promise<string[]> {
				return (await all((await this.store()).list(''))).map(({ key }) => key).sort();
			}

			/** Every version and marker in the bucket, as `key version`. */
			async versions(): Promise<string[]> {
				const page = await client.send(new ListObjectVersionsCommand({ Bucket: this.bucket, Prefix: `${this.prefix}/` }));
				expect(page.IsTruncated).not.toBe(true);
				return [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key }) => String(Key).slice(this.prefix.length + 1)).sort();
			}

			async isSound(): Promise<void> {
				expect((await verifyRepository(await this.open(realAmbient), { deep: true })).damage).toEqual([]);
			}
		}

		it('with days of ours: nothing goes before its time, everything after it, with all versions', async () => {
			const lockMs = 12_000;
			const place = new Place(lockBucket, lockMs);
			for (let run = 0; run < 3; run++) {
				const summary = await place.backUp();
				expect(summary.status).toBe('complete');
			}
			const before = await place.keys();
			const archive = before.find((key) => key.endsWith('.zip'))!;
			const head = await client.send(new HeadObjectCommand({ Bucket: lockBucket, Key: `${place.prefix}/${archive}` }));
			expect(head).toMatchObject({ ObjectLockMode: 'COMPLIANCE' });
			await expect(client.send(new DeleteObjectCommand({ Bucket: lockBucket, Key: `${place.prefix}/${archive}`, VersionId: head.VersionId! }))).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });

			const [preview, real] = [await place.prune({ dryRun: true }), await place.prune()];
			for (const plan of [preview, real]) {
				expect(plan.remove).toEqual([]);
				expect(plan.waiting).toHaveLength(2);
				for (const { isLocked, reason, until } of plan.waiting) {
					expect(isLocked).toBe(true);
					expect(reason).toContain(`locked until ${until}`);
					expect(Date.parse(until)).toBeGreaterThan(Date.now());
				}
			}
			expect(await place.keys()).toEqual(before);
			await place.isSound();

			await delay(lockMs + 2000);
			const pruned = await place.prune();
			expect(pruned.remove).toHaveLength(2);
			expect(pruned.waiting).toEqual([]);
			const after = await place.keys();
			expect(after.filter((key) => key.endsWith('.snapshot.json'))).toHaveLength(1);
			// No version stays behind that would be billed, not even of cursor.json, and nothing is merely hidden.
			expect(await place.versions()).toEqual(after);
			await place.isSound();
		}, 120_000);

		it('a bucket that locks everything: reported, met by prune without an error, also where nobody may see the locks', async () => {
			const place = new Place(defaultBucket);
			for (let run = 0; run < 3; run++) {
				const summary = await place.backUp();
				expect(Date.parse(summary.immutableUntil!)).toBeGreaterThan(Date.now() + 0.9 * dayMs);
				expect(Date.parse(summary.immutableUntil!)).toBeLessThan(Date.now() + 1.1 * dayMs);
			}
			await place.backUp([]);
			const before = await place.keys();
			const seen = await place.prune();
			expect(seen.waiting).toHaveLength(2);
			expect(seen.waiting[0]!.reason).toContain('locked until');
			const blind = await place.prune({ change: (store) => new Proxy(store, { get: (target, name) => (name === 'lockedUntil' ? undefined : (Reflect.get(target, name) as unknown)) }) });
			expect(blind.remove).toEqual([]);
			expect(blind.keep).toHaveLength(3);
			expect(blind.keep.at(-1)!.reasons.join()).toContain('locked in the storage');
			const after = await place.keys();
			expect(after.filter((key) => !key.endsWith('.prune.json'))).toEqual(before);
			await place.isSound();
		}, 120_000);

		it('versions of cursor.json pile up and are cleared by prune, those of a hidden file are not', async () => {
			const place = new Place(lockBucket);
			await place.backUp();
			for (let run = 0; run < 5; run++) await place.backUp([]);
			const cursors = async (): Promise<number> => (await place.versions()).filter((key) => key.endsWith('/cursor.json')).length;
			expect(await cursors()).toBe(6);
			// Somebody deletes an archive, which in such a bucket hides it only: the user may want it back.
			const archive = (await place.keys()).find((key) => key.endsWith('.zip'))!;
			await client.send(new DeleteObjectCommand({ Bucket: lockBucket, Key: `${place.prefix}/${archive}` }));
			await place.prune();
			expect(await cursors()).toBe(1);
			expect((await place.versions()).filter((key) => key === archive)).toHaveLength(2);
		}, 120_000);

		it('governance is what was asked for, and is extended as such', async () => {
			const place = new Place(lockBucket, dayMs, 'GOVERNANCE');
			await place.backUp();
			const archive = (await place.keys()).find((key) => key.endsWith('.zip'))!;
			const target = { Bucket: lockBucket, Key: `${place.prefix}/${archive}` };
			expect((await client.send(new HeadObjectCommand(target))).ObjectLockMode).toBe('GOVERNANCE');
			const store = await openS3Store(server.settings, { bucket: lockBucket, prefix: place.prefix }, { ambient: realAmbient, isOverwritten: () => false });
			const until = new Date(Date.now() + 3 * dayMs);
			await store.extendLock!(archive, until);
			const { ObjectLockMode, ObjectLockRetainUntilDate } = await client.send(new HeadObjectCommand(target));
			expect(ObjectLockMode).toBe('GOVERNANCE');
			expect(ObjectLockRetainUntilDate!.getTime()).toBeGreaterThanOrEqual(until.getTime());
			await expect(store.delete([archive])).rejects.toMatchObject({ code: 'locked' });
		}, 60_000);

		it('whoever overwrites a locked archive does not get rid of it', async () => {
			const place = new Place(lockBucket, dayMs, 'GOVERNANCE');
			await place.backUp();
			const archive = (await place.keys()).find((key) => key.endsWith('.zip'))!;
			const target = { Bucket: lockBucket, Key: `${place.prefix}/${archive}` };
			const { VersionId: stored } = await client.send(new HeadObjectCommand(target));
			const { VersionId: forged } = await client.send(new PutObjectCommand({ ...target, Body: 'ransom' }));
			expect((await verifyRepository(await place.open(realAmbient), { deep: true })).damage).not.toEqual([]);
			const store = await place.store();
			await expect(store.delete([archive])).rejects.toMatchObject({ code: 'locked' });
			expect((await place.versions()).filter((key) => key === archive)).toHaveLength(2);
			// What was there first stays locked with every extension, also while it is overwritten or hidden.
			const lockOf = async (): Promise<Date> => (await client.send(new HeadObjectCommand({ ...target, VersionId: stored! }))).ObjectLockRetainUntilDate!;
			await store.extendLock!(archive, new Date(Date.now() + 3 * dayMs));
			expect((await lockOf()).getTime()).toBeGreaterThan(Date.now() + 2.9 * dayMs);
			const { VersionId: marker } = await client.send(new DeleteObjectCommand(target));
			await expect(store.extendLock!(archive, new Date(Date.now() + 4 * dayMs))).rejects.toMatchObject({ kind: 'notFound', message: expect.stringContaining('hidden by a delete marker') });
			expect((await lockOf()).getTime()).toBeGreaterThan(Date.now() + 3.9 * dayMs);
			await client.send(new DeleteObjectCommand({ ...target, VersionId: marker! }));
			// The way back, as the README says.
			await client.send(new DeleteObjectCommand({ ...target, VersionId: forged!, BypassGovernanceRetention: true }));
			expect((await client.send(new HeadObjectCommand(target))).VersionId).toBe(stored);
			await place.isSound();
		}, 60_000);

		it('nothing is written where the bucket cannot lock', async () => {
			await client.send(new CreateBucketCommand({ Bucket: 'plain' }));
			const place = new Place('plain', dayMs);
			await expect(place.backUp()).rejects.toMatchObject({ code: 'noObjectLock' });
			expect(await place.keys()).toEqual([]);
			expect(KEY).toMatch(/^mailbox-/);
		}, 60_000);
	});
}
