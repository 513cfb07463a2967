import type { WorkflowJson } from './n8n-client';
import { chain, node, ourNode } from './our-node';

/** Reads all files of a copy and imports them into a repository folder, as an administrator would after a loss. */
export function rebuildWorkflow(copyFolder: string, repositoryFolder: string, mode: 'import' | 'checkOnly' = 'import'): WorkflowJson {
	return chain('rebuildFromCopy', [
		node('Files', 'n8n-nodes-base.readWriteFile', 1.1, { operation: 'read', fileSelector: `${copyFolder}/*`, options: {} }),
		ourNode('Import', 'repository/importFiles', { repositoryFolder, mode, binaryPropertyName: 'data' }),
	]);
}
