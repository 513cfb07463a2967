import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

/** Pre-signed addresses and the like: whoever can read the repository must not get them. */
const secretField = /url|token|secret|signature|password|authorization/i;
/** An address with a query: that is where such keys stand, whatever the field is called. */
const keyedAddress = /^\s*https?:\/\/[^?#]*\?/i;
/** What our own item said and the storage node passed on: nothing that the storage knows. */
const ownFields = new Set(['folder', 'kind']);
const maxFieldLength = 1000;
const maxFields = 30;

type Scalar = string | number | boolean;

/** Why the storage node's item cannot mean that the file is stored; undefined if it reports no error. */
export function reportedError(item: INodeExecutionData): string | undefined {
	const error: unknown = item.error ?? item.json['error'];
	if (error === undefined || error === null || error === false || error === '') return undefined;
	return `the storage node reported: ${errorText(error)}`;
}

/**
 * What storage nodes say of a file that is not there: Azure Storage, Google Drive, SFTP, FTP, the file system, S3 (which mostly
 * says nothing), HTTP. Not of a bucket, container, folder or host, nor where it might as well mean that access is denied.
 */
const gone = [
	/\brequired blob doesn't match any existing one\b/i,
	/\bfile not found\b/i,
	/\bno such (?:file|key)\b/i,
	/\bnosuchkey\b/i,
	/\bblobnotfound\b/i,
	/\bENOENT\b/,
	/^the storage node reported: the resource you are requesting could not be found$/i,
];

/** Whether an error of a storage node that was to delete a file means that the file is gone already. */
export function saysItIsGone(reported: string): boolean {
	return gone.some((one) => one.test(reported)) && !/\b(?:bucket|container|directory does|permission|denied)\b/i.test(reported);
}

/**
 * The storage's own fields (id, key, path, size): compared with the file now, and kept so that it can be found and
 * deleted there later.
 */
export function storageFields(json: IDataObject): Record<string, Scalar> {
	const fields: Record<string, Scalar> = {};
	for (const [key, value] of Object.entries(json)) {
		if (Object.keys(fields).length >= maxFields) break;
		if (!secretField.test(key) && !ownFields.has(key) && isShortScalar(value)) fields[key] = value;
	}
	return fields;
}

function isShortScalar(value: unknown): value is Scalar {
	return typeof value === 'string' ? value.length <= maxFieldLength && !keyedAddress.test(value) : typeof value === 'number' || typeof value === 'boolean';
}

function errorText(error: unknown): string {
	if (typeof error === 'string') return error;
	if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') return error.message;
	return JSON.stringify(error);
}
