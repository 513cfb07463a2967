/** A mail folder as Graph lists it. `isHidden` folders come only with includeHiddenFolders=true. */
export interface GraphFolder {
	'@odata.type'?: string;
	'@removed'?: { reason?: string };
	id: string;
	displayName?: string | null;
	parentFolderId?: string | null;
	childFolderCount?: number | null;
	totalItemCount?: number | null;
	isHidden?: boolean | null;
}

export const FOLDER_SELECT = 'id,displayName,parentFolderId,childFolderCount,totalItemCount,isHidden';

/** Search folders show messages of other folders: nothing of their own to back up. */
export function isSearchFolder(folder: GraphFolder): boolean {
	return folder['@odata.type'] === '#microsoft.graph.mailSearchFolder';
}

/** The root of all visible folders. */
export const ROOT_ROLE = 'msgfolderroot';

/**
 * Graph's well-known names (mailFolder resource type). v1.0 has no wellKnownName property, so the ids are resolved, all
 * in one batch (≤ 20). Of a missing one Graph answers 404.
 */
export const WELL_KNOWN_ROLES = [
	ROOT_ROLE, 'inbox', 'drafts', 'sentitems', 'deleteditems', 'archive', 'junkemail', 'outbox', 'clutter',
	'conversationhistory', 'scheduled', 'syncissues', 'conflicts', 'localfailures', 'serverfailures',
	'recoverableitemsroot', 'recoverableitemsdeletions', 'recoverableitemspurges',
] as const;

/** The top of the folders in which Exchange keeps what users deleted. */
export const RECOVERABLE_ROOT_ROLE = 'recoverableitemsroot';

/** Folders beside the visible tree, where Exchange keeps what users deleted. They are part of a backup only if it is asked for. */
export const OUTSIDE_ROLES: ReadonlySet<string> = new Set([
	'recoverableitemsroot', 'recoverableitemsdeletions', 'recoverableitemspurges',
]);
