import { BadInput } from './bad-input';

/** Where a customer's repository lives. */
export interface Place {
	kind: 'localFolder' | 's3Bucket' | 'azureBlob';
	/** The folder; in a bucket or container that within it, or empty. */
	folder: string;
	/** Bucket or container. */
	container: string;
}

/** How the M365 Backup node names these in its parameters. */
export const placeParameters = {
	localFolder: { folder: 'repositoryFolder' },
	s3Bucket: { folder: 'repositoryBucketFolder', container: 'repositoryBucket' },
	azureBlob: { folder: 'repositoryContainerFolder', container: 'repositoryContainer' },
} as const;

const remote = /^(?<scheme>s3|azure):\/\/(?<container>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(?<folder>.*))?$/;

/** `~/folder`, `/folder`, `s3://bucket/folder` or `azure://container/folder`. */
export function placeOf(given: string): Place {
	const text = given.trim();
	const found = remote.exec(text)?.groups;
	if (found !== undefined) {
		return { kind: found['scheme'] === 's3' ? 's3Bucket' : 'azureBlob', container: found['container'] ?? '', folder: (found['folder'] ?? '').replace(/\/+$/, '') };
	}
	if (/^[a-z0-9]+:\/\//i.test(text)) throw new BadInput(`--repository ${text} cannot be understood. It is a folder, s3://bucket/folder or azure://container/folder.`);
	if (!/^(~?\/|[A-Za-z]:[\\/])/.test(text) || text.includes('\n')) {
		throw new BadInput(`--repository "${text}" is no whole path. Give e.g. ~/.n8n-files/contoso, s3://bucket/folder or azure://container/folder.`);
	}
	return { kind: 'localFolder', folder: text.replace(/(?<=.)\/+$/, ''), container: '' };
}

/** For people. */
export function placeText({ kind, folder, container }: Place): string {
	if (kind === 'localFolder') return `the folder ${folder}`;
	return `${kind === 's3Bucket' ? 'the bucket' : 'the container'} ${container}${folder === '' ? '' : `, folder ${folder}`}`;
}
