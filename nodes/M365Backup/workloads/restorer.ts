import type { FailureKind } from '../base/failure';
import type { JsonObject } from '../base/json';

/** A folder of the snapshot. `parent` is absent at the top level. */
export interface RestorableFolder {
	/** Scoped, as in the catalog: `mail/AAMk…`. */
	id: string;
	name: string;
	parent?: string;
	/** ISO 8601. */
	modified?: string;
	meta: JsonObject;
}

/** An item of the snapshot that is to be there again. */
export interface RestorableItem {
	/** Scoped, as in the catalog. */
	id: string;
	type: string;
	name: string;
	/** Scoped id of its folder in the snapshot. */
	parent?: string;
	modified?: string;
	size?: number;
	etag?: string;
	meta: JsonObject;
	/**
	 * 64 hex digits that stand for this item in this state, the same in each restore of it: what a copy is marked with,
	 * so that a second restore finds it.
	 */
	markerKey: string;
	/** Absent if the content never could be stored. */
	content?: RestorableContent;
	/** Contents beside the main one, by name: `attachment-1`, `photo`, `exchange`. */
	parts?: ReadonlyMap<string, RestorableContent>;
}

export interface RestorableContent {
	sizeBytes: number;
	sha256: string;
	/**
	 * Any number of times. Throws a `corrupt` Failure at the latest where the last byte would come: nothing may be made
	 * of the content before it was read to its end once.
	 */
	open(): AsyncIterable<Uint8Array>;
}

/**
 * What to do where something is there already:
 * - `skip`: a living item that is in its place stays as it is; one that is alive elsewhere is moved back.
 * - `replace`: in addition, what differs from the snapshot is set back: lossless where the service allows it, otherwise
 *   by a rebuilt item, and the old one goes to the bin only once the new one stands.
 * - `keepBoth`: always a copy beside what is there. Restoring the same snapshot so a second time adds nothing.
 */
export type ConflictPolicy = 'skip' | 'replace' | 'keepBoth';

/**
 * `original`: each item goes to where it was. In another mailbox, drive or site that means: to the same place there.
 * `folder`: everything goes below this path, in the folders that it had. `[]` is the top.
 */
export type RestoreDestination = { kind: 'original' } | { kind: 'folder'; path: string[] };

export interface RestoreRequest {
	/** All folders of the snapshot by id: an item's place is told by its ancestors. */
	folders: ReadonlyMap<string, RestorableFolder>;
	/** Folders that were selected themselves: they are wanted even if no item goes into them. */
	selectedFolders: ReadonlySet<string>;
	items: AsyncIterable<RestorableItem>;
	destination: RestoreDestination;
	conflictPolicy: ConflictPolicy;
	/** Plan only: read, write nothing, and say what would happen. */
	preview: boolean;
	/** Those of some scoped ids that the snapshot holds: what a user has, and no restore has made. */
	held?: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
	signal?: AbortSignal;
}

/**
 * - `created`: made anew from the backup
 * - `movedBack`: the living original was moved to where it belongs
 * - `skipped`: it is there; `reason` says why nothing was done
 * - `replaced`: what was there was set back to the snapshot's state
 * - `folderCreated`
 * - `failed`: `reason` says why; everything else goes on
 */
export type RestoreOutcomeKind = 'created' | 'movedBack' | 'skipped' | 'replaced' | 'folderCreated' | 'failed';

export interface RestoreOutcome {
	/** Scoped id in the snapshot; of folders above the destination that were made, the empty string. */
	id: string;
	type: string;
	name: string;
	/** Scoped id of its folder in the snapshot. */
	parent?: string;
	outcome: RestoreOutcomeKind;
	/** Where it went: display names from the top folder. */
	targetPath: string[];
	/** Graph id of what stands there now. Absent in a preview of what is not there yet. */
	newId?: string;
	reason?: string;
	/** What to do about a failure. */
	nextStep?: string;
	/** Of a failure. */
	kind?: FailureKind;
	/** What this item could not get back, in plain sentences. Known in full only once it is rebuilt. */
	fidelity: string[];
}

/** Brings items of one workload back into one target (a mailbox, a drive, a site). */
export interface Restorer {
	/** The item types that it can bring back. */
	readonly types: readonly string[];
	/**
	 * One outcome per item, and one for each folder made or moved back, as they happen, in no particular order. Throws a
	 * Failure only when nothing can go on (cancelled, no such mailbox); what concerns one item is its outcome.
	 * Never sends anything to anybody.
	 */
	restore(request: RestoreRequest): AsyncIterable<RestoreOutcome>;
}
