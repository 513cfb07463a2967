import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { prune } from '../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { readAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../nodes/M365Backup/stores/encryption/repository-key';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { openS3Store } from '../../nodes/M365Backup/stores/s3/s3-repository-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { FaultyProxy } from '../s3-server/faulty-proxy';
import { addMessage, all, commitInput, FakeAmbient, SOURCE, stateOf, tombstone } from '../unit/repository/fixtures';

const bucket = 'contoso';
const key = sourceKey(SOURCE);
const dayMs = 24 * 3_600_000;
const identity = 'AGE-SECRET-KEY-12KE93HS432PZUA7CK3X8LAN5NMLM62PHKV0YSZSE9SVR75L9RMUQ9DRXWT';

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('a repository in an S3 bucket', (context) => context.skip(lacking));
} else {
	describe('a repository in an S3 bucket', () => {
		let server: CephServer;
		let proxy: FaultyProxy;
		beforeAll(async () => {
			server = await CephServer.start();
			proxy = await FaultyProxy.start(server.endpoint);
			const client = createS3Client(server.settings);
			await client.send(new CreateBucketCommand({ Bucket: bucket }));
			client.destroy();
		});
		afterAll(async () => {
			await proxy?.stop();
			await server?.stop();
		});

		/** Through the proxy; files bear the times of the test's clock, as if the server's were that one. */
		async function datedStore(prefix: string, ambient: FakeAmbient): Promise<Store> {
			const inner = await openS3Store(
				{ ...server.settings, endpoint: proxy.endpoint },
				{ bucket, prefix },
				{ ambient: { ...realAmbient, sleep: async () => undefined }, isOverwritten: (each) => each.endsWith('/cursor.json') },
			);
			const times = new Map<string, Date>();
			return {
				capabilities: inner.capabilities,
				label: inner.label,
				async *list(wanted, signal) {
					for await (const file of inner.list(wanted, signal)) yield { ...file, modifiedAt: times.get(file.key) ?? file.modifiedAt };
				},
				get: (each, range, signal) => inner.get(each, range, signal),
				put: async (each, source, options) => {
					await inner.put(each, source, options);
					times.set(each, ambient.now());
				},
				delete: (keys, signal) => inner.delete(keys, signal),
			};
		}

		const names = async (store: Store): Promise<string[]> => (await all(store.list(''))).map((file) => file.key).sort();

		it.each([
			['as it is', 'plain', undefined],
			['encrypted', 'encrypted', identity],
		])('ten days of backups, pruned to two, are whole and much smaller, while requests fail on the way: %s', async (_title, prefix, secretKey) => {
			const ambient = new FakeAmbient();
			const store = await datedStore(prefix, ambient);
			expect(store.capabilities.ifAbsent).toBe(true);
			const options = secretKey === undefined ? {} : { encryption: new RepositoryKey(await readAgeKey({ identity: secretKey, recoveryRecipient: '' })) };
			const repository = await Repository.open(store, ambient, { create: true, ...options });
			for (let day = 0; day < 10; day++) {
				ambient.advance(dayMs);
				for (const method of ['PUT', 'GET']) proxy.script({ method, url: /mailbox-/, answer: { status: 503, code: 'SlowDown' } });
				const run = repository.startRun(SOURCE, await repository.latest(key));
				for (let index = 0; index < 3; index++) await addMessage(run, `mail/${day}-${index}`, randomBytes(1000));
				// Larger than a part of an upload.
				if (day === 5) await addMessage(run, 'mail/large', randomBytes(9 * 1024 * 1024));
				if (day > 0) await run.add(tombstone(`mail/${day - 1}-0`));
				await run.commit(commitInput());
			}
			const before = await names(store);
			const wanted = [...(await stateOf(repository, (await repository.latest(key))!)).keys()];
			proxy.clear();

			const [pruned] = await all(prune({ repository: await Repository.open(store, ambient, options), policy: { within: 'P2D' }, zone: 'UTC', dryRun: false }));
			expect(pruned!.remove.length).toBeGreaterThan(3);
			const after = await names(store);
			expect(before.length - after.length).toBe(pruned!.files.count - 1);
			// One request a file, and the server never asked for what is not needed.
			expect(proxy.count('DELETE', /mailbox-/)).toBe(pruned!.files.count);

			const again = await Repository.open(store, ambient, options);
			expect((await verifyRepository(again, { deep: true })).damage).toEqual([]);
			expect([...(await stateOf(again, (await again.latest(key))!)).keys()]).toEqual(wanted);
			expect(wanted).toHaveLength(3 * 10 - 9 + 1);
			const client = createS3Client(server.settings);
			expect((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
			client.destroy();
		});
	});
}
