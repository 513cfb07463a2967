import { Failure } from '../base/failure';

/** Which of the repositories that an operation's parameters name: the one that every operation has, or the second one, that Replicate copies to. */
export type RepositorySide = 'repository' | 'target';

/** Parameters that say where a repository is. */
export type RepositoryFieldName = `repository${string}`;

export type RepositoryType = 'localFolder' | 's3Bucket' | 'azureBlob';

/** What that parameter is called for that repository: `repositoryBucket`, `targetRepositoryBucket`. */
export function fieldName(side: RepositorySide, name: RepositoryFieldName): string {
	return side === 'repository' ? name : `target${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
}

/** The value of `repositoryType`, which may come from an expression. Throws `invalid`. */
export function repositoryType(type: unknown): RepositoryType {
	if (type === 'localFolder' || type === 's3Bucket' || type === 'azureBlob') return type;
	throw new Failure('invalid', `There is no repository type "${String(type)}"`, {
		nextStep: 'Set Repository to Local Folder, S3 Bucket or Azure Blob Container.',
	});
}
