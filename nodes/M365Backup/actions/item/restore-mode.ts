import { previewMode } from '../preview-mode';

/** Restore changes nothing unless it is told to. */
export const restoreMode = previewMode({
	value: 'restore',
	verb: 'restore',
	preview: 'List what would happen, change nothing',
	act: 'Restore the items',
	description: 'Whether to restore or only to list what would happen',
	agent: 'restore',
});

export type RestoreMode = ReturnType<typeof restoreMode.read>;
