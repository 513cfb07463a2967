import type { S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { S3Bucket } from '../../../nodes/M365Backup/stores/s3/s3-bucket';
import type { S3Settings } from '../../../nodes/M365Backup/stores/s3/s3-settings';
import { S3Store } from '../../../nodes/M365Backup/stores/s3/s3-store';

const settings = { endpoint: 'http://127.0.0.1:1', region: 'x', accessKeyId: 'a', secretAccessKey: 'b' } as unknown as S3Settings;

it('S3: nothing goes after a deletion has failed', async () => {
	const deleted: string[] = [];
	const send = async (command: { input: { Key: string } }): Promise<object> => {
		const { Key } = command.input;
		if (Key === 'k39') throw Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
		await new Promise((go) => setTimeout(go, 5));
		deleted.push(Key);
		return {};
	};
	const bucket = new S3Bucket({ send } as unknown as S3Client, { bucket: 'b', prefix: '' }, settings, { ambient: realAmbient });
	const store = new S3Store({ bucket, capabilities: { ifAbsent: true, retainUntil: false, overwriteIsCostly: false }, ambient: realAmbient });
	await expect(store.delete(Array.from({ length: 40 }, (_, i) => `k${i}`))).rejects.toMatchObject({ kind: 'denied' });
	const told = deleted.length;
	await new Promise((go) => setTimeout(go, 200));
	expect(deleted.length).toBe(told);
	expect(told).toBeLessThan(39);
});
