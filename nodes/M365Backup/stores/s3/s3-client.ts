import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { getCACertificates } from 'node:tls';
import { S3Client } from '@aws-sdk/client-s3';
import { checkSettings, endpointOf, type S3Settings } from './s3-settings';

const CONNECTION_TIMEOUT_MS = 10_000;
/** Without a single byte in either direction. */
const IDLE_TIMEOUT_MS = 60_000;
const SOCKETS = 64;

/** Makes no request. Throws an `invalid` Failure if the settings cannot work. */
export function createS3Client(settings: S3Settings): S3Client {
	checkSettings(settings);
	const endpoint = endpointOf(settings);
	const ca = settings.caCertificate.trim() === '' ? undefined : [...getCACertificates('default'), settings.caCertificate];
	const agentOptions = { keepAlive: true, maxSockets: SOCKETS };
	return new S3Client({
		region: settings.region.trim(),
		...(endpoint && { endpoint: endpoint.href }),
		forcePathStyle: settings.addressing === 'path' || (settings.addressing === 'automatic' && endpoint !== undefined),
		credentials: {
			accessKeyId: settings.accessKeyId.trim(),
			secretAccessKey: settings.secretAccessKey.trim(),
			...(settings.sessionToken?.trim() && { sessionToken: settings.sessionToken.trim() }),
		},
		// Older servers refuse the checksums that the SDK adds by itself; ours is Content-MD5, which all of them check.
		requestChecksumCalculation: 'WHEN_REQUIRED',
		responseChecksumValidation: 'WHEN_REQUIRED',
		// Trying again is ours: it can be cancelled, and a lost answer is looked into first.
		maxAttempts: 1,
		// A clock that is wrong dates locks and leases wrongly: it is told, not hidden. And the SDK would keep its correction after the clock was set right.
		disableClockSkewCorrection: true,
		disableS3ExpressSessionAuth: true,
		requestHandler: {
			connectionTimeout: CONNECTION_TIMEOUT_MS,
			socketTimeout: IDLE_TIMEOUT_MS,
			httpAgent: new HttpAgent(agentOptions),
			httpsAgent: new HttpsAgent({ ...agentOptions, ...(ca && { ca }) }),
		},
	});
}
