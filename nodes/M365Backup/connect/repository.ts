import { realpath } from 'node:fs/promises';
import type { IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { realAmbient } from '../base/ambient';
import type { RepositoryEncryption } from '../repository/encryption';
import { Repository } from '../repository/repository';
import { createFolderStore } from '../stores/folder-store';
import type { Store } from '../stores/store';
import { isPathBlocked } from './allowed-path';
import { connectAzure } from './azure';
import { connectEncryption } from './encryption';
import { localFolder, type PathRule } from './local-folder';
import { lockModeOf, withLocks } from './locking';
import { fieldName, repositoryType, type RepositorySide } from './repository-side';
import { connectS3 } from './s3';

export { sourceKey } from '../repository/names';
export type { Repository } from '../repository/repository';
export type { CatalogEntry, SnapshotRecord, SourceRef } from '../repository/records';

export interface RepositoryUse {
	/** Which of the repositories that the parameters name; by default the only one. */
	side?: RepositorySide;
	/** Makes folder and repository if they are missing. Refuses a folder that is lost with the container. */
	create?: boolean;
	/** Makes a new `repository.json` over backups whose own is lost. */
	adopt?: boolean;
	/** The storage as it is, to try it out: nothing that is written is locked, and what it can is found out anew. */
	isTrial?: boolean;
}

/**
 * The store that the parameters of this item name. Failures: invalid and denied as `localFolder`, or as `connectS3`.
 * `create` reads the option `useAnyway`, which operations that create have.
 */
export async function connectStore(this: IExecuteFunctions, itemIndex: number, use: RepositoryUse = {}): Promise<Store> {
	const side = use.side ?? 'repository';
	const type = typeOf.call(this, itemIndex, side);
	if (type === 'azureBlob') return await connectAzure.call(this, { ...containerOf.call(this, itemIndex, side), side, isTrial: use.isTrial ?? false });
	if (type === 's3Bucket') {
		const lockMode = lockModeOf.call(this, itemIndex, side);
		const store = await connectS3.call(this, { ...bucketOf.call(this, itemIndex, side), side, lockMode, isTrial: use.isTrial ?? false, signal: this.getExecutionCancelSignal() });
		return use.isTrial === true ? store : withLocks.call(this, store, itemIndex, side);
	}
	return createFolderStore({ root: await connectFolder.call(this, itemIndex, use) });
}

/** The real path of the folder that the parameters of this item name. Failures as `localFolder`. */
export async function connectFolder(this: IExecuteFunctions, itemIndex: number, use: RepositoryUse = {}): Promise<string> {
	const named = this.getNodeParameter(fieldName(use.side ?? 'repository', 'repositoryFolder'), itemIndex) as string;
	const rule: PathRule = {
		resolve: (path) => this.helpers.resolvePath(path),
		isBlocked: (path) => this.helpers.isFilePathBlocked(path as Parameters<typeof this.helpers.isFilePathBlocked>[0]),
	};
	return await localFolder(named, rule, {
		create: use.create ?? false,
		useAnyway: this.getNodeParameter('options.useAnyway', itemIndex, false) as boolean,
	});
}

/**
 * The repository in it. Failures: also notFound (there is none; unless `create`), invalid (another format version; is
 * encrypted and should not be, or the other way round), denied (the wrong key).
 */
export async function connectRepository(this: IExecuteFunctions, itemIndex: number, use: RepositoryUse = {}): Promise<Repository> {
	const store = await connectStore.call(this, itemIndex, use);
	const encryption = await encryptionOf.call(this, itemIndex);
	return Repository.open(store, realAmbient, { create: use.create ?? false, adopt: use.adopt ?? false, encryption, signal: this.getExecutionCancelSignal() });
}

/** The key of the repository that the parameters of this item name, if it is encrypted. */
export async function encryptionOf(this: IExecuteFunctions, itemIndex: number): Promise<RepositoryEncryption | undefined> {
	return await connectEncryption.call(this, this.getNodeParameter('repositoryEncrypted', itemIndex, false));
}

/** What tells repositories apart without opening them: items with equal keys work on the same one. */
export function repositoryKey(this: IExecuteFunctions, itemIndex: number, side: RepositorySide = 'repository'): string {
	const type = typeOf.call(this, itemIndex, side);
	if (type === 's3Bucket') {
		const { bucket, folder } = bucketOf.call(this, itemIndex, side);
		return [type, bucket.trim(), folder.trim()].join('\n');
	}
	if (type === 'azureBlob') {
		const { container, folder } = containerOf.call(this, itemIndex, side);
		return [type, container.trim(), folder.trim()].join('\n');
	}
	return `${type}\n${(this.getNodeParameter(fieldName(side, 'repositoryFolder'), itemIndex) as string).trim()}`;
}

function typeOf(this: IExecuteFunctions, itemIndex: number, side: RepositorySide): ReturnType<typeof repositoryType> {
	return repositoryType(this.getNodeParameter(fieldName(side, 'repositoryType'), itemIndex, 'localFolder'));
}

function bucketOf(this: IExecuteFunctions, itemIndex: number, side: RepositorySide): { bucket: string; folder: string } {
	return {
		bucket: this.getNodeParameter(fieldName(side, 'repositoryBucket'), itemIndex) as string,
		folder: this.getNodeParameter(fieldName(side, 'repositoryBucketFolder'), itemIndex, '') as string,
	};
}

function containerOf(this: IExecuteFunctions, itemIndex: number, side: RepositorySide): { container: string; folder: string } {
	return {
		container: this.getNodeParameter(fieldName(side, 'repositoryContainer'), itemIndex) as string,
		folder: this.getNodeParameter(fieldName(side, 'repositoryContainerFolder'), itemIndex, '') as string,
	};
}

/** The repository that the open parameter panel names, for its lists. Never creates anything. */
export async function repositoryForPicker(this: ILoadOptionsFunctions): Promise<Repository> {
	const store = await storeForPicker.call(this);
	const encryption = await connectEncryption.call(this, this.getCurrentNodeParameter('repositoryEncrypted'));
	return Repository.open(store, realAmbient, { encryption });
}

async function storeForPicker(this: ILoadOptionsFunctions): Promise<Store> {
	const type = repositoryType(this.getCurrentNodeParameter('repositoryType') ?? 'localFolder');
	if (type === 'azureBlob') {
		const [container, folder] = ['repositoryContainer', 'repositoryContainerFolder'].map((name) => this.getCurrentNodeParameter(name));
		return await connectAzure.call(this, { container, folder, isPicker: true });
	}
	if (type === 's3Bucket') {
		const [bucket, folder] = ['repositoryBucket', 'repositoryBucketFolder'].map((name) => this.getCurrentNodeParameter(name));
		return await connectS3.call(this, { bucket, folder, isPicker: true });
	}
	const named = this.getCurrentNodeParameter('repositoryFolder');
	const rule: PathRule = { resolve: (path) => realpath(path), isBlocked: (path) => isPathBlocked(path) };
	const root = await localFolder(typeof named === 'string' ? named : '', rule, { create: false, useAnyway: false });
	return createFolderStore({ root });
}
