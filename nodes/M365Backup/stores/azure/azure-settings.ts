import { X509Certificate } from 'node:crypto';
import { Failure } from '../../base/failure';
import { checkKey } from '../keys';

/** How to reach a storage account, as the credential says it. */
export interface AzureSettings {
	/** Name of the storage account. */
	account: string;
	authentication: 'accountKey' | 'sas';
	/** base64, as the portal shows it. */
	accountKey: string;
	/** A shared access signature, with or without `?` in front, or a whole SAS URL. */
	sasToken: string;
	/** Of the blob service; empty = `https://<account>.blob.core.windows.net`. */
	endpoint: string;
	/** PEM; trusted beside the usual authorities. Empty = none. */
	caCertificate: string;
}

/** A place in a container. */
export interface AzurePlace {
	container: string;
	/** Folders within the container, without `/` at either end; empty = the container itself. */
	prefix: string;
}

/** The blob service's address, without a slash at its end. Throws an `invalid` Failure. */
export function serviceOf({ account, endpoint }: Pick<AzureSettings, 'account' | 'endpoint'>): string {
	const text = endpoint.trim();
	if (text === '') return `https://${account.trim()}.blob.core.windows.net`;
	const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
	if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
		throw new Failure('invalid', 'The endpoint in the Azure Blob credential is no address of a blob service', {
			code: 'invalidEndpoint',
			nextStep: 'Enter something like https://contoso.blob.core.windows.net, without container, key or question mark.',
		});
	}
	return url.href.replace(/\/+$/, '');
}

/** What of a SAS stands after the question mark. */
export function signatureOf({ sasToken }: Pick<AzureSettings, 'sasToken'>): string {
	return sasToken.trim().replace(/^[^?]*\?/, '');
}

/** When a SAS runs out, as it says itself; undefined with a key, or where a policy of the container says it. */
export function signatureEnds(settings: AzureSettings): string | undefined {
	return settings.authentication === 'sas' ? (new URLSearchParams(signatureOf(settings)).get('se') ?? undefined) : undefined;
}

/** Throws an `invalid` Failure for what cannot work. */
export function checkSettings(settings: AzureSettings): void {
	const { account, authentication, accountKey, endpoint } = settings;
	// Where the endpoint is given, a SAS needs no account.
	const needsAccount = authentication === 'accountKey' || endpoint.trim() === '';
	if (needsAccount && !/^[a-z0-9-]{3,44}$/.test(account.trim())) {
		throw new Failure('invalid', account.trim() === '' ? 'The Azure Blob credential lacks the name of the storage account' : `"${account.trim()}" is no name of a storage account`, {
			code: 'invalidAccount',
			nextStep: 'Enter it in the credential as the portal shows it: small letters and digits, without .blob.core.windows.net.',
		});
	}
	serviceOf(settings);
	if (authentication === 'accountKey' && !/^[A-Za-z0-9+/]{20,}={0,2}$/.test(accountKey.trim())) {
		throw new Failure('invalid', accountKey.trim() === '' ? 'The Azure Blob credential lacks the account key' : 'The account key in the Azure Blob credential is no key of a storage account', {
			code: 'invalidKey',
			nextStep: 'Copy it from the portal: storage account, Security + networking, Access keys, Key (not the connection string).',
		});
	}
	if (authentication === 'sas' && !/(^|&)sig=/.test(signatureOf(settings))) {
		throw new Failure('invalid', settings.sasToken.trim() === '' ? 'The Azure Blob credential lacks the shared access signature' : 'What the Azure Blob credential has as shared access signature has no signature in it', {
			code: 'invalidSas',
			nextStep: 'Generate a SAS token for the container and paste all of it: it begins with sp= or sv= and holds sig=.',
		});
	}
	if (settings.caCertificate.trim() !== '') checkCertificate(settings.caCertificate);
}

function checkCertificate(pem: string): void {
	try {
		new X509Certificate(pem);
	} catch (error) {
		throw new Failure('invalid', 'The CA certificate in the Azure Blob credential cannot be read', {
			code: 'invalidCertificate',
			nextStep: 'Paste the whole file in PEM form, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.',
			cause: error,
		});
	}
}

/** Container and prefix as the user named them. Throws an `invalid` Failure. */
export function azurePlaceOf(container: string, prefix: string): AzurePlace {
	const name = container.trim();
	// "Naming and referencing containers, blobs, and metadata": 3 to 63 small letters, digits and single dashes.
	if (name.length < 3 || name.length > 63 || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
		throw new Failure('invalid', name === '' ? 'No container was given for the backups' : `"${name}" is no name of a container`, {
			code: 'invalidContainer',
			nextStep: 'Enter the name of the container alone, in small letters, e.g. contoso-backup. Folders within it go into the field Folder in the Container.',
		});
	}
	const folder = prefix.trim().replace(/^\/+|\/+$/g, '').normalize('NFC');
	if (folder !== '') checkKey(folder);
	return { container: name, prefix: folder };
}

/** For messages: no secrets. */
export function azureLabel(settings: AzureSettings, { container, prefix }: AzurePlace): string {
	return `Azure container ${container}${prefix === '' ? '' : `/${prefix}`} (${new URL(serviceOf(settings)).host})`;
}
