import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { createRetryingStore } from '../../nodes/M365Backup/stores/retrying-store';
import { S3Bucket } from '../../nodes/M365Backup/stores/s3/s3-bucket';
import { probeCapabilities } from '../../nodes/M365Backup/stores/s3/s3-capabilities';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { S3Store } from '../../nodes/M365Backup/stores/s3/s3-store';
import type { StoreCapabilities } from '../../nodes/M365Backup/stores/store';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { runStoreContract, type StoreUnderTest } from './store-contract';

/** Two parts of 8 MiB, what is on its way, and the SDK's own. */
const memoryLimitBytes = 40 * 1024 * 1024;

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('store contract: S3 bucket', (context) => context.skip(lacking));
} else {
	describe('S3 bucket of a Ceph server', () => {
		let server: CephServer;
		let client: S3Client;
		let count = 0;
		beforeAll(async () => {
			server = await CephServer.start();
			client = createS3Client(server.settings);
			await client.send(new CreateBucketCommand({ Bucket: 'plain' }));
			await client.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
		});
		afterAll(async () => {
			client?.destroy();
			await server?.stop();
		});

		/** What was found out about the bucket, once. */
		const found = new Map<string, Promise<StoreCapabilities>>();

		async function setUp(bucketName: string, prefix: string): Promise<StoreUnderTest> {
			const bucket = new S3Bucket(client, { bucket: bucketName, prefix }, server.settings, { ambient: realAmbient });
			const probing = found.get(bucketName) ?? probeCapabilities(bucket);
			found.set(bucketName, probing);
			const store = new S3Store({ bucket, capabilities: await probing, ambient: realAmbient });
			return { store: createRetryingStore(store, { ambient: realAmbient, isOverwritten: (key) => key === 'cursor.json' }), memoryLimitBytes };
		}

		it('says what a bucket guarantees', async () => {
			const [plain, locked] = [await setUp('plain', 'probe'), await setUp('locked', 'probe')];
			expect(plain.store.capabilities).toEqual({ ifAbsent: true, retainUntil: false, overwriteIsCostly: false });
			// Ceph 16 does not look at If-None-Match where a bucket keeps versions, which one with object lock must: found out, not assumed.
			expect(locked.store.capabilities).toEqual({ ifAbsent: false, retainUntil: true, overwriteIsCostly: true });
		});

		runStoreContract('S3 bucket, in a folder', () => setUp('plain', `contract/${count++} with Ümläuts & signs+`));
		runStoreContract('S3 bucket with object lock', () => setUp('locked', `${count++}`));
	});
}
