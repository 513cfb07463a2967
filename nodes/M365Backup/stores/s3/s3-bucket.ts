import type { S3Client } from '@aws-sdk/client-s3';
import type { Failure } from '../../base/failure';
import type { Patience } from '../retry';
import { s3Failure } from './s3-failure';
import { labelOf, type S3Place, type S3Settings } from './s3-settings';

/** A client with the place in the bucket that it is to work on: what all parts of the store share. */
export class S3Bucket {
	readonly label: string;
	readonly bucket: string;
	private readonly secrets: readonly string[];

	constructor(
		readonly client: S3Client,
		private readonly place: S3Place,
		settings: S3Settings,
		/** How often passing faults of single requests of a put are tried again. */
		readonly patience: Patience,
	) {
		this.label = labelOf(settings, place);
		this.bucket = place.bucket;
		this.secrets = [settings.secretAccessKey, settings.sessionToken ?? '', settings.accessKeyId];
	}

	/** The object's key in the bucket; also of the beginning of a key. */
	nameOf(key: string): string {
		return this.place.prefix === '' ? key : `${this.place.prefix}/${key}`;
	}

	/** The reverse. */
	keyOf(name: string): string {
		return this.place.prefix === '' ? name : name.slice(this.place.prefix.length + 1);
	}

	failure(error: unknown, doing: string, permission: string): Failure {
		return s3Failure(error, { doing: `${doing} in ${this.label}`, permission, bucket: this.bucket, secrets: this.secrets });
	}

	/** Runs a request; what the SDK throws becomes a Failure. */
	async call<T>(doing: string, permission: string, request: (client: S3Client) => Promise<T>): Promise<T> {
		try {
			return await request(this.client);
		} catch (error) {
			throw this.failure(error, doing, permission);
		}
	}
}
