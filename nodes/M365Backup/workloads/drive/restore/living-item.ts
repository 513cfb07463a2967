import type { GraphItem } from '../graph-item';

/** A file or folder as it stands in the target drive now, cut down to what a restore compares. */
export interface LivingItem {
	id: string;
	name: string;
	parentId: string | undefined;
	isFolder: boolean;
	sizeBytes: number;
	cTag: string | undefined;
	quickXorHash: string | undefined;
	/** fileSystemInfo, in seconds since 1970; NaN where the service does not say. */
	createdSeconds: number;
	modifiedSeconds: number;
	/** Last written by an application by itself, as a restore does, not by a person. */
	isByApp: boolean;
	/** Of a folder. */
	childCount: number | undefined;
	/** Of a folder that was asked for by itself: display names above it. */
	parentPath: string[] | undefined;
	/** Scoped id of the item of the snapshot for which this restore uses it. */
	claimedBy?: string;
	/** This restore has changed it: what an answer says that was on its way meanwhile is older. */
	isTouched?: true;
	/** Its next place is decided, and Graph may not know it yet: to be kept until it does. */
	isMoving?: boolean;
}

/** What is asked of each item that stands in the drive. */
export const LIVING_SELECT = 'id,name,size,cTag,file,folder,package,root,deleted,fileSystemInfo,parentReference,lastModifiedBy';

export function livingItem(json: GraphItem): LivingItem {
	const isFolder = json.file === undefined;
	const by = json.lastModifiedBy;
	return {
		id: json.id,
		name: json.name ?? '',
		parentId: json.parentReference?.id,
		isFolder,
		sizeBytes: json.size ?? 0,
		cTag: json.cTag,
		quickXorHash: json.file?.hashes?.quickXorHash,
		createdSeconds: secondsOf(json.fileSystemInfo?.createdDateTime),
		modifiedSeconds: secondsOf(json.fileSystemInfo?.lastModifiedDateTime),
		// Where an application acted alone, the user beside it is "SharePoint App", who has no address.
		isByApp: by?.application !== undefined && by.user?.email === undefined,
		childCount: isFolder ? json.folder?.childCount : undefined,
		parentPath: isFolder ? pathOf(json.parentReference?.path) : undefined,
	};
}

/** SharePoint keeps whole seconds. NaN for what is no date. */
export function secondsOf(date: string | undefined): number {
	return date === undefined ? Number.NaN : Math.floor(Date.parse(date) / 1000);
}

/** `/drives/b!…/root:/Docs/2026` → Docs, 2026 */
function pathOf(path: string | undefined): string[] | undefined {
	const colon = path?.indexOf('root:') ?? -1;
	if (path === undefined || colon < 0) return undefined;
	const names = path.slice(colon + 'root:'.length).split('/').filter((name) => name !== '');
	try {
		return names.map((name) => decodeURIComponent(name));
	} catch {
		// A bare % in a name: Graph encodes them, but nothing hangs on it.
		return names;
	}
}
