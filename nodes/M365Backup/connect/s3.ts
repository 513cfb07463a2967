import type { ICredentialDataDecryptedObject, ICredentialsDecrypted, ICredentialTestFunctions, IExecuteFunctions, ILoadOptionsFunctions, INodeCredentialTestResult } from 'n8n-workflow';
import { realAmbient } from '../base/ambient';
import { isFailure, toFailure } from '../base/failure';
import type * as S3 from '../stores/s3/s3-repository-store';
import type { S3Settings } from '../stores/s3/s3-settings';
import type { Store } from '../stores/store';
import type { RepositorySide } from './repository-side';

/**
 * A node holds one credential of a type (n8n takes the first entry of a name), and a second bucket mostly belongs to
 * another account: so the target of Replicate has a type of its own, with the same properties.
 */
export const s3CredentialTypes: Readonly<Record<RepositorySide, string>> = { repository: 'm365BackupS3Api', target: 'm365BackupS3TargetApi' };

export interface S3Use {
	/** As the user named it. */
	bucket: unknown;
	/** Folder within the bucket, as the user named it. */
	folder: unknown;
	side?: RepositorySide;
	/** Of files that are locked. */
	lockMode?: S3.LockMode;
	/** For the lists of the open parameter panel: reads only, and gives up soon. */
	isPicker?: boolean;
	/** To try the bucket out: see `openS3Store`. */
	isTrial?: boolean;
	signal?: AbortSignal | undefined;
}

/** The store in the bucket that the node's S3 credential for that repository reaches. Failures: invalid, denied and transient as `openS3Store`. */
export async function connectS3(this: IExecuteFunctions | ILoadOptionsFunctions, { bucket, folder, side = 'repository', lockMode, isPicker = false, isTrial = false, signal }: S3Use): Promise<Store> {
	const settings = settingsOf(await this.getCredentials(s3CredentialTypes[side]));
	const { openS3Store, placeOf } = await loadS3();
	return await openS3Store(settings, placeOf(textOf(bucket), textOf(folder)), {
		ambient: realAmbient,
		readOnly: isPicker,
		hasty: isPicker,
		isTrial,
		lockMode,
		isOverwritten: (key) => /\/cursor\.json(\.age)?$/.test(key),
		signal,
	});
}

/** n8n's test of the credential: whether the server is there and knows the keys. What they may do in a bucket, only the bucket can tell. */
export async function testS3Credential(this: ICredentialTestFunctions, credential: ICredentialsDecrypted): Promise<INodeCredentialTestResult> {
	try {
		const { checkS3Keys } = await loadS3();
		await checkS3Keys(settingsOf(credential.data ?? {}));
		return { status: 'OK', message: 'The storage knows these keys' };
	} catch (error) {
		const { message, nextStep } = toFailure(error);
		return { status: 'Error', message: isFailure(error) ? `${message}. ${nextStep ?? ''}`.trim() : `The credential could not be tested: ${message}` };
	}
}

/** Half a second and 35 MB, which whoever backs up into a folder need not pay. */
async function loadS3(): Promise<typeof S3> {
	return await import('../stores/s3/s3-repository-store.js');
}

function settingsOf(data: ICredentialDataDecryptedObject): S3Settings {
	const { addressing } = data;
	return {
		endpoint: textOf(data['endpoint']),
		region: textOf(data['region']),
		accessKeyId: textOf(data['accessKeyId']),
		secretAccessKey: textOf(data['secretAccessKey']),
		addressing: addressing === 'path' || addressing === 'virtualHost' ? addressing : 'automatic',
		caCertificate: textOf(data['caCertificate']),
	};
}

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
