import { previewMode } from '../preview-mode';

/** Prune removes nothing unless it is told to. */
export const pruneMode = previewMode({
	value: 'prune',
	verb: 'prune',
	preview: 'List what would go and why the rest stays, remove nothing',
	act: 'Remove it',
	description: 'Whether to remove snapshots or only to list which ones',
	agent: 'remove snapshots',
});
