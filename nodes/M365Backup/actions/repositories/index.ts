import type { Resource } from '../operation';
import { check } from './check.operation';
import { confirmCopied } from './confirm-copied.operation';
import { getFilesToCopy } from './get-files-to-copy.operation';
import { getFilesToDelete } from './get-files-to-delete.operation';
import { importFiles } from './import-files.operation';
import { rebuildCatalog } from './rebuild-catalog.operation';
import { replicate } from './replicate.operation';
import { verify } from './verify.operation';

export const repository: Resource = {
	value: 'repository',
	name: 'Repository',
	description: 'The folder that holds the backups, and its copies elsewhere',
	operations: [getFilesToCopy, check, confirmCopied, getFilesToDelete, importFiles, rebuildCatalog, replicate, verify],
};
