/** Who did something, as Graph says it. */
export interface GraphIdentitySet {
	user?: { id?: string; displayName?: string; email?: string };
	group?: { id?: string; displayName?: string; email?: string };
	application?: { id?: string; displayName?: string };
}

/** A driveItem as its delta brings it (driveItem resource). Everything but the id may be missing, or null in deleted ones. */
export interface GraphItem {
	id: string;
	name?: string | null;
	size?: number;
	eTag?: string;
	cTag?: string;
	createdDateTime?: string;
	lastModifiedDateTime?: string;
	createdBy?: GraphIdentitySet;
	lastModifiedBy?: GraphIdentitySet;
	webUrl?: string;
	description?: string;
	parentReference?: { driveId?: string; id?: string; path?: string } | null;
	fileSystemInfo?: { createdDateTime?: string; lastModifiedDateTime?: string };
	file?: { mimeType?: string; hashes?: { quickXorHash?: string } };
	folder?: { childCount?: number };
	package?: { type?: string };
	root?: object;
	deleted?: object;
	malware?: { description?: string };
	shared?: { scope?: string };
	publication?: { level?: string; checkedOutBy?: GraphIdentitySet };
	/** A shortcut to something in another drive. */
	remoteItem?: object;
	'@microsoft.graph.downloadUrl'?: string;
	'@microsoft.graph.sharedChanged'?: string;
}

/**
 * What is asked of each item. `deleted` must never be missing: without the facet deletions look like living items
 * (atlas PR#145). `publication` comes only where it is named; the download URL under either of its two names (Corso).
 */
export const ITEM_SELECT = [
	'id', 'name', 'size', 'eTag', 'cTag', 'createdDateTime', 'lastModifiedDateTime', 'createdBy', 'lastModifiedBy', 'webUrl', 'description',
	'parentReference', 'fileSystemInfo', 'file', 'folder', 'package', 'root', 'deleted', 'malware', 'shared', 'publication', 'remoteItem', 'content.downloadUrl',
].join(',');

/** What places a folder. */
export const FOLDER_SELECT = 'id,name,parentReference,root';
