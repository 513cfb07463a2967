import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import type { Ambient } from '../../base/ambient';
import { createRetryingStore } from '../retrying-store';
import type { Store, StoreCapabilities } from '../store';
import { S3Bucket } from './s3-bucket';
import { probeCapabilities } from './s3-capabilities';
import { createS3Client } from './s3-client';
import { errorFacts, s3Failure } from './s3-failure';
import type { LockMode } from './s3-locks';
import { endpointOf, type S3Place, type S3Settings } from './s3-settings';
import { S3Store } from './s3-store';

export type { LockMode } from './s3-locks';
export { placeOf } from './s3-settings';

/** So many tries bridge half a minute. */
const ATTEMPTS = 7;
const HASTY_ATTEMPTS = 2;
/** For somebody who tries the bucket out. */
const TRIAL_ATTEMPTS = 3;
const PROBE_LASTS_MS = 60 * 60 * 1000;
/** What was not there may have been lacking for want of space or of a permission only. */
const LACKING_LASTS_MS = 60 * 1000;

export interface S3UseOptions {
	ambient: Ambient;
	/** Only reads: capabilities are not probed, and are none. */
	readOnly?: boolean;
	/** For somebody who waits in front of a list: gives up soon. */
	hasty?: boolean;
	/** To try the bucket out: capabilities are probed anew, whatever is known of them, and it gives up sooner than a backup. */
	isTrial?: boolean;
	/** Of files that are locked. Default: COMPLIANCE. */
	lockMode?: LockMode | undefined;
	/** Files that are replaced now and then. */
	isOverwritten: (key: string) => boolean;
	signal?: AbortSignal | undefined;
}

/** Clients hold connections, which executions of one process share. */
const clients = new Map<string, S3Client>();
const probes = new Map<string, { capabilities: StoreCapabilities; validUntil: number }>();

/**
 * The store in that bucket, with what the bucket guarantees probed (once an hour and process). Failures: invalid (settings,
 * no such bucket, wrong region, clock), denied (wrong keys), transient (not reachable).
 */
export async function openS3Store(settings: S3Settings, place: S3Place, options: S3UseOptions): Promise<Store> {
	const { ambient, readOnly = false, hasty = false, isTrial = false, isOverwritten, lockMode, signal } = options;
	const patience = { ambient, attempts: hasty ? HASTY_ATTEMPTS : isTrial ? TRIAL_ATTEMPTS : ATTEMPTS };
	const clientKey = digest(settings);
	const client = clients.get(clientKey) ?? createS3Client(settings);
	clients.set(clientKey, client);
	const bucket = new S3Bucket(client, place, settings, patience);
	const probeKey = `${clientKey} ${digest(place)}`;
	if (isTrial) probes.delete(probeKey);
	const capabilities = readOnly ? none : await probed(probeKey, bucket, ambient, signal);
	return createRetryingStore(new S3Store({ bucket, capabilities, ambient, ...(lockMode && { lockMode }) }), { ...patience, isOverwritten });
}

const none: StoreCapabilities = { ifAbsent: false, retainUntil: false, overwriteIsCostly: false };

async function probed(key: string, bucket: S3Bucket, ambient: Ambient, signal?: AbortSignal): Promise<StoreCapabilities> {
	const known = probes.get(key);
	if (known && known.validUntil > ambient.now().getTime()) return known.capabilities;
	const capabilities = await probeCapabilities(bucket, signal);
	probes.set(key, { capabilities, validUntil: ambient.now().getTime() + (capabilities.ifAbsent ? PROBE_LASTS_MS : LACKING_LASTS_MS) });
	return capabilities;
}

/** Whether the server knows these keys. A key that may not list buckets is as good: most should not. Throws a Failure if not. */
export async function checkS3Keys(settings: S3Settings): Promise<void> {
	const client = createS3Client(settings);
	try {
		await client.send(new ListBucketsCommand({}));
	} catch (error) {
		if (errorFacts(error).code === 'AccessDenied') return;
		const where = endpointOf(settings)?.host ?? `AWS ${settings.region}`;
		throw s3Failure(error, {
			doing: `sign in at ${where}`,
			permission: 's3:ListAllMyBuckets',
			bucket: '',
			secrets: [settings.secretAccessKey, settings.sessionToken ?? '', settings.accessKeyId],
		});
	} finally {
		client.destroy();
	}
}

function digest(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
