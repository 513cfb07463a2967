import { PutBucketPolicyCommand, type S3Client } from '@aws-sdk/client-s3';
import type { CephServer } from './ceph-server';

type Settings = CephServer['settings'];

/** A user who may do in a bucket only what is listed, e.g. `s3:GetObject`; the bucket's owner says so by a policy. */
export async function createUser(server: CephServer, owner: S3Client, bucket: string, name: string, actions: readonly string[]): Promise<Settings> {
	const keys = { accessKeyId: `${name}-access`, secretAccessKey: `${name}-secret-key` };
	await server.admin('user', 'create', `--uid=${name}`, `--display-name=${name}`, `--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`);
	const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
	const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: [`arn:aws:iam:::user/${name}`] }, Action: actions, Resource }] });
	await owner.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
	return { ...server.settings, ...keys };
}

/** What a key needs that only restores. */
export const READING = ['s3:ListBucket', 's3:GetObject'] as const;

/** From now on no more than so many bytes fit into the buckets of the server's own user; undefined: as many as there is room for. */
export async function setQuota(server: CephServer, bytes: number | undefined): Promise<void> {
	if (bytes === undefined) await server.admin('quota', 'disable', '--quota-scope=bucket', '--uid=test');
	else {
		await server.admin('quota', 'set', '--quota-scope=bucket', '--uid=test', `--max-size=${bytes}`);
		await server.admin('quota', 'enable', '--quota-scope=bucket', '--uid=test');
	}
}
