import { X509Certificate } from 'node:crypto';
import { Failure } from '../../base/failure';
import { checkKey } from '../keys';

/** How to reach an S3 server, as the credential says it. */
export interface S3Settings {
	/** e.g. `https://s3.eu-central-1.wasabisys.com`; empty = AWS. */
	endpoint: string;
	region: string;
	accessKeyId: string;
	secretAccessKey: string;
	/** Of temporary keys; empty = none. */
	sessionToken?: string;
	/** Where the bucket's name goes: `path` = https://host/bucket, `virtualHost` = https://bucket.host, `automatic` = path with an endpoint of one's own, virtual host at AWS. */
	addressing: 'automatic' | 'path' | 'virtualHost';
	/** PEM; trusted beside the usual authorities. Empty = none. */
	caCertificate: string;
}

/** A place in a bucket. */
export interface S3Place {
	bucket: string;
	/** Folders within the bucket, without `/` at either end; empty = the bucket itself. */
	prefix: string;
}

/** The endpoint as a URL; undefined = AWS. Throws an `invalid` Failure. */
export function endpointOf({ endpoint }: Pick<S3Settings, 'endpoint'>): URL | undefined {
	const text = endpoint.trim();
	if (text === '') return undefined;
	const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
	if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
		throw new Failure('invalid', 'The endpoint in the S3 credential is no address of a server', {
			code: 'invalidEndpoint',
			nextStep: 'Enter something like https://s3.eu-central-1.wasabisys.com, without bucket, keys or question mark.',
		});
	}
	return url;
}

/** Throws an `invalid` Failure for what cannot work with any server. */
export function checkSettings(settings: S3Settings): void {
	endpointOf(settings);
	const missing = [
		['Access Key ID', settings.accessKeyId],
		['Secret Access Key', settings.secretAccessKey],
		['Region', settings.region],
	].filter(([, value]) => value?.trim() === '');
	if (missing.length > 0) {
		throw new Failure('invalid', `The S3 credential lacks: ${missing.map(([name]) => name).join(', ')}`, { nextStep: 'Fill it in in the credential.' });
	}
	if (settings.caCertificate.trim() !== '') checkCertificate(settings.caCertificate);
}

function checkCertificate(pem: string): void {
	try {
		new X509Certificate(pem);
	} catch (error) {
		throw new Failure('invalid', 'The CA certificate in the S3 credential cannot be read', {
			code: 'invalidCertificate',
			nextStep: 'Paste the whole file in PEM form, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.',
			cause: error,
		});
	}
}

/** Bucket and prefix as the user named them. Throws an `invalid` Failure. */
export function placeOf(bucket: string, prefix: string): S3Place {
	const name = bucket.trim();
	// Wider than AWS's own rule: older servers have buckets with capitals and underscores.
	if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}$/.test(name)) {
		throw new Failure('invalid', name === '' ? 'No bucket was given for the backups' : `"${name}" is no name of a bucket`, {
			code: 'invalidBucket',
			nextStep: 'Enter the name of the bucket alone, e.g. contoso-backup. Folders within it go into the field Folder in the Bucket.',
		});
	}
	const folder = prefix.trim().replace(/^\/+|\/+$/g, '').normalize('NFC');
	if (folder !== '') checkKey(folder);
	return { bucket: name, prefix: folder };
}

/** For messages: no secrets. */
export function labelOf(settings: S3Settings, { bucket, prefix }: S3Place): string {
	const where = endpointOf(settings)?.host ?? `AWS ${settings.region}`;
	return `S3 bucket ${bucket}${prefix === '' ? '' : `/${prefix}`} (${where})`;
}
