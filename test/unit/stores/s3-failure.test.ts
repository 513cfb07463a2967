import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { Failure } from '../../../nodes/M365Backup/base/failure';
import { S3Bucket } from '../../../nodes/M365Backup/stores/s3/s3-bucket';
import { createS3Client } from '../../../nodes/M365Backup/stores/s3/s3-client';
import { endpointOf, placeOf, type S3Settings } from '../../../nodes/M365Backup/stores/s3/s3-settings';
import { S3Store } from '../../../nodes/M365Backup/stores/s3/s3-store';
import { listed } from '../../contract/sources';

const secretAccessKey = 'c2VjcmV0LWFjY2Vzcy1rZXk';

/** What providers answer, from their documentation, read through the real SDK. */
interface Answer {
	status: number;
	code?: string;
	message?: string;
	more?: string;
	headers?: Record<string, string>;
	body?: string;
}

describe('errors of S3 servers', () => {
	let server: Server;
	let answer: Answer = { status: 500 };
	let settings: S3Settings;

	beforeAll(async () => {
		server = createServer((_, response) => {
			const { status, code, message, more = '', headers = {}, body } = answer;
			response.writeHead(status, { 'content-type': 'application/xml', ...headers });
			response.end(body ?? `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>4442587FB7D0A2F9</RequestId></Error>`);
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		settings = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey, addressing: 'automatic', caCertificate: '' };
	});
	afterAll(() => void server.close());

	async function failureOf(told: Answer): Promise<Failure> {
		answer = told;
		const client = createS3Client(settings);
		const bucket = new S3Bucket(client, { bucket: 'contoso', prefix: '' }, settings, { ambient: realAmbient });
		const store = new S3Store({ bucket, capabilities: { ifAbsent: false, retainUntil: false, overwriteIsCostly: false }, ambient: realAmbient });
		try {
			await listed(store, '');
		} catch (error) {
			return error as Failure;
		} finally {
			client.destroy();
		}
		throw new Error('no failure');
	}

	it.each<[string, Answer, object]>([
		[
			'AWS: wrong region in the signature',
			{ status: 400, code: 'AuthorizationHeaderMalformed', message: "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'", more: '<Region>eu-central-1</Region>' },
			{ kind: 'invalid', message: expect.stringContaining('the bucket is in the region eu-central-1'), nextStep: 'Enter eu-central-1 as Region in the S3 credential.' },
		],
		[
			'AWS: bucket of another region',
			{ status: 301, code: 'PermanentRedirect', message: 'The bucket you are attempting to access must be addressed using the specified endpoint.', more: '<Endpoint>contoso.s3-eu-west-1.amazonaws.com</Endpoint>', headers: { 'x-amz-bucket-region': 'eu-west-1' } },
			{ kind: 'invalid', nextStep: 'Enter eu-west-1 as Region in the S3 credential.' },
		],
		[
			'bucket of another region that the server does not name',
			{ status: 301, code: 'PermanentRedirect', message: 'The bucket is elsewhere.' },
			{ kind: 'invalid', nextStep: expect.stringContaining('region') },
		],
		['AWS: too many requests', { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.', headers: { 'retry-after': '3' } }, { kind: 'throttled', retryAfterMs: 3000, code: 'SlowDown', status: 503 }],
		['too many requests, without a known code', { status: 429, code: 'Unheard', message: 'wait' }, { kind: 'throttled' }],
		['AWS: its own fault', { status: 500, code: 'InternalError', message: 'We encountered an internal error. Please try again.' }, { kind: 'transient' }],
		['a gateway in between', { status: 502, body: '<html><body>Bad Gateway</body></html>', headers: { 'content-type': 'text/html' } }, { kind: 'transient', status: 502 }],
		['something that this server does not have', { status: 501, code: 'Unheard', message: 'not here' }, { kind: 'invalid', nextStep: expect.stringContaining('lacks something') }],
		['AWS: a policy denies', { status: 403, code: 'AccessDenied', message: 'Access Denied' }, { kind: 'denied', nextStep: expect.stringContaining('s3:ListBucket on bucket contoso') }],
		['AWS: keys of a session that is over', { status: 400, code: 'ExpiredToken', message: 'The provided token has expired.' }, { kind: 'denied', nextStep: expect.stringContaining('Access Key ID') }],
		['AWS: a file in an archive class', { status: 403, code: 'InvalidObjectState', message: "The operation is not valid for the object's storage class" }, { kind: 'denied', nextStep: expect.stringContaining('Restore it from the archive class') }],
		['Backblaze: the spending cap is reached', { status: 403, code: 'AccessDenied', message: 'Cannot upload files, storage cap exceeded. See the Caps &amp; Alerts page to increase your cap.' }, { kind: 'quota' }],
		['MinIO: the disks are full', { status: 507, code: 'XMinioStorageFull', message: 'Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.' }, { kind: 'quota' }],
		['the web console instead of the service', { status: 200, body: '<!doctype html><html><head></head><body><div id="root"></div></body></html>', headers: { 'content-type': 'text/html' } }, { kind: 'invalid', nextStep: expect.stringContaining('web console') }],
		['an error without any body', { status: 403, body: '' }, { kind: 'denied' }],
	])('%s', async (_title, told, expected) => {
		const failure = await failureOf(told);
		expect(failure).toMatchObject({ name: 'Failure', ...expected });
		expect(failure.message).toMatch(/^Could not list files in S3 bucket contoso \(127\.0\.0\.1:\d+\): /);
		expect(failure.message).not.toMatch(/\n|UnknownError: UnknownError/);
	});

	it('shows no secret that a server repeats, and hands no request on', async () => {
		const failure = await failureOf({ status: 403, code: 'SomethingElse', message: `No entry for AKIAIOSFODNN7EXAMPLE with ${secretAccessKey}` });
		expect(failure.message).toContain('No entry for');
		for (const secret of [secretAccessKey, 'AKIAIOSFODNN7EXAMPLE']) expect(`${failure.message} ${JSON.stringify(failure)}`).not.toContain(secret);
		expect(failure.cause).toBeUndefined();
	});

	it('an endpoint may lack the scheme, and must be an address alone', () => {
		expect(endpointOf({ endpoint: '' })).toBeUndefined();
		expect(endpointOf({ endpoint: ' s3.example.com ' })?.href).toBe('https://s3.example.com/');
		expect(endpointOf({ endpoint: 'http://minio:9000' })?.href).toBe('http://minio:9000/');
		for (const endpoint of ['ftp://x', 'https://name:word@s3.example.com', 'https://s3.example.com?x=1', 'https://', 'not an address']) {
			expect(() => endpointOf({ endpoint }), endpoint).toThrow('no address of a server');
		}
	});

	it('takes bucket and folder as people write them', () => {
		expect(placeOf(' contoso-backup ', '/m365/contoso/')).toEqual({ bucket: 'contoso-backup', prefix: 'm365/contoso' });
		expect(placeOf('Old_Bucket', '')).toEqual({ bucket: 'Old_Bucket', prefix: '' });
		for (const bucket of ['', 'a/b', 's3://contoso', 'https://x', '..', 'two words']) expect(() => placeOf(bucket, ''), bucket).toThrow(/bucket/);
		expect(() => placeOf('contoso', 'a/../b')).toThrow();
	});

	it('says which setting is missing or cannot be read', () => {
		expect(() => createS3Client({ ...settings, accessKeyId: ' ', secretAccessKey: '' })).toThrow('lacks: Access Key ID, Secret Access Key');
		expect(() => createS3Client({ ...settings, caCertificate: 'not a certificate' })).toThrow('CA certificate');
	});
});
