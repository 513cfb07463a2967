import { realpath } from 'node:fs/promises';
import type { IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { realAmbient } from '../base/ambient';
import { Failure } from '../base/failure';
import type { RepositoryEncryption } from '../repository/encryption';
import { Repository } from '../repository/repository';
import { createFolderStore } from '../stores/folder-store';
import type { Store } from '../stores/store';
import { isPathBlocked } from './allowed-path';
import { connectEncryption } from './encryption';
import { localFolder, type PathRule } from './local-folder';

export { sourceKey } from '../repository/names';
export type { Repository } from '../repository/repository';
export type { CatalogEntry, SnapshotRecord, SourceRef } from '../repository/records';

export interface RepositoryUse {
	/** Makes folder and repository if they are missing. Refuses a folder that is lost with the container. */
	create?: boolean;
}

/**
 * The store that the parameters of this item name. Failures: invalid and denied as `localFolder`.
 * `create` reads the option `useAnyway`, which operations that create have.
 */
export async function connectStore(this: IExecuteFunctions, itemIndex: number, use: RepositoryUse = {}): Promise<Store> {
	refuseUnknownType(this.getNodeParameter('repositoryType', itemIndex, 'localFolder'));
	const named = this.getNodeParameter('repositoryFolder', itemIndex) as string;
	const rule: PathRule = {
		resolve: (path) => this.helpers.resolvePath(path),
		isBlocked: (path) => this.helpers.isFilePathBlocked(path as Parameters<typeof this.helpers.isFilePathBlocked>[0]),
	};
	const root = await localFolder(named, rule, {
		create: use.create ?? false,
		useAnyway: this.getNodeParameter('options.useAnyway', itemIndex, false) as boolean,
	});
	return createFolderStore({ root });
}

/**
 * The repository in it. Failures: also notFound (there is none; unless `create`), invalid (another format version; is
 * encrypted and should not be, or the other way round), denied (the wrong key).
 */
export async function connectRepository(this: IExecuteFunctions, itemIndex: number, use: RepositoryUse = {}): Promise<Repository> {
	const store = await connectStore.call(this, itemIndex, use);
	const encryption = await encryptionOf.call(this, itemIndex);
	return Repository.open(store, realAmbient, { create: use.create ?? false, encryption, signal: this.getExecutionCancelSignal() });
}

/** The key of the repository that the parameters of this item name, if it is encrypted. */
export async function encryptionOf(this: IExecuteFunctions, itemIndex: number): Promise<RepositoryEncryption | undefined> {
	return await connectEncryption.call(this, this.getNodeParameter('repositoryEncrypted', itemIndex, false));
}

/** What tells repositories apart without opening them: items with equal keys work on the same one. */
export function repositoryKey(this: IExecuteFunctions, itemIndex: number): string {
	const type = this.getNodeParameter('repositoryType', itemIndex, 'localFolder') as string;
	return `${type}\n${(this.getNodeParameter('repositoryFolder', itemIndex) as string).trim()}`;
}

/** The repository that the open parameter panel names, for its lists. Never creates anything. */
export async function repositoryForPicker(this: ILoadOptionsFunctions): Promise<Repository> {
	refuseUnknownType(this.getCurrentNodeParameter('repositoryType') ?? 'localFolder');
	const named = this.getCurrentNodeParameter('repositoryFolder');
	const rule: PathRule = { resolve: (path) => realpath(path), isBlocked: (path) => isPathBlocked(path) };
	const root = await localFolder(typeof named === 'string' ? named : '', rule, { create: false, useAnyway: false });
	const encryption = await connectEncryption.call(this, this.getCurrentNodeParameter('repositoryEncrypted'));
	return Repository.open(createFolderStore({ root }), realAmbient, { encryption });
}

function refuseUnknownType(type: unknown): void {
	if (type === 'localFolder') return;
	throw new Failure('invalid', `There is no repository type "${String(type)}"`, {
		nextStep: 'Set Repository to Local Folder.',
	});
}
