import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

const repositoryName = /(^|[./])\d{8}T\d{6}Z-[0-9a-f]{4}\./;
const nameFields = ['name', 'fileName', 'Key', 'key', 'path', 'filename'];
const hashFields = ['sha256', 'sha256Checksum', 'sha256Hash'];
/** Pre-signed addresses and the like: whoever reads the repository must not get them. */
const secretField = /url|token|secret|signature|password|authorization/i;
const maxFieldLength = 1000;
const maxFields = 30;

/** What a storage node says of the file that it stored. */
export interface ReportedFile {
	sizeBytes?: number;
	/** Lower-case hex. */
	sha256?: string;
	/** The storage's own fields (id, key, path), kept so that the file can be found and deleted there later. */
	fields: Record<string, string | number | boolean | null>;
}

/** What an item of a storage node reports. */
export function reportedFile(json: IDataObject): ReportedFile {
	const size = Number(json['size'] ?? NaN);
	const sha256 = hashFields.map((field) => json[field]).find((value) => typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value));
	return {
		...(Number.isInteger(size) && json['size'] !== '' ? { sizeBytes: size } : {}),
		...(typeof sha256 === 'string' ? { sha256: sha256.toLowerCase() } : {}),
		fields: ownFields(json),
	};
}

/** Why the item cannot mean that the file is stored; undefined if nothing speaks against it. */
export function objection(item: INodeExecutionData, fileName: string): string | undefined {
	const error = item.error ?? item.json['error'];
	if (error !== undefined && error !== null && error !== false && error !== '') return `the storage node reported: ${errorText(error)}`;
	for (const field of nameFields) {
		const value = item.json[field];
		if (typeof value !== 'string' || !repositoryName.test(value)) continue;
		const name = value.split(/[\\/]/).at(-1) ?? value;
		// A flat name is `<source key>.<name>`; in folders, the source key is the folder.
		if (name !== fileName && !fileName.endsWith(`.${name}`)) return `the storage node reports another file, "${name}"`;
	}
	return undefined;
}

function ownFields(json: IDataObject): ReportedFile['fields'] {
	const fields: ReportedFile['fields'] = {};
	for (const [key, value] of Object.entries(json)) {
		if (Object.keys(fields).length >= maxFields) break;
		if (secretField.test(key)) continue;
		if (typeof value === 'string' ? value.length <= maxFieldLength : typeof value === 'number' || typeof value === 'boolean') {
			fields[key] = value as string | number | boolean;
		}
	}
	return fields;
}

function errorText(error: unknown): string {
	if (typeof error === 'string') return error;
	if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') return error.message;
	return JSON.stringify(error);
}
