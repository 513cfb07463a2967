import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { S3Bucket } from '../../../nodes/M365Backup/stores/s3/s3-bucket';
import type { S3Settings } from '../../../nodes/M365Backup/stores/s3/s3-settings';
import { S3Store } from '../../../nodes/M365Backup/stores/s3/s3-store';
import { text } from '../../contract/sources';

const settings: S3Settings = { endpoint: 'http://127.0.0.1:1', region: 'x', accessKeyId: 'a', secretAccessKey: 'b', addressing: 'path', caCertificate: '' };

it('S3: after a lost answer, a file that was in the way and has gone since is a conflict, as if it were there', async () => {
	let puts = 0;
	const send = async (command: object): Promise<object> => {
		await Promise.resolve();
		if (command instanceof HeadObjectCommand) throw Object.assign(new Error('gone'), { name: 'NotFound', $metadata: { httpStatusCode: 404 } });
		if (!(command instanceof PutObjectCommand)) return {};
		puts += 1;
		if (puts === 1) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
		throw Object.assign(new Error('there'), { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
	};
	const ambient = { ...realAmbient, sleep: async (): Promise<void> => undefined };
	const bucket = new S3Bucket({ send } as unknown as S3Client, { bucket: 'b', prefix: '' }, settings, { ambient });
	const store = new S3Store({ bucket, capabilities: { ifAbsent: true, retainUntil: false, overwriteIsCostly: false }, ambient });
	await expect(store.put('lease-1.json', text('me'), { ifAbsent: true })).rejects.toMatchObject({ kind: 'conflict' });
	expect(puts).toBe(2);
});
