import type { JsonObject } from '../base/json';

export type WorkloadName = 'mailbox' | 'drive' | 'site';

/** One thing that is protected. `id` is its Entra or Graph GUID, `tenantId` the GUID from the token: never a spelling. */
export interface SourceRef {
	workload: WorkloadName;
	id: string;
	name: string;
	tenantId: string;
}

export type ItemType =
	| 'folder' | 'message' | 'event' | 'contact' | 'task' | 'file' | 'list' | 'listItem' | 'page' | 'site' | 'setting' | 'calendar' | 'taskList';

/**
 * Where one content of an item stands: `length` bytes from `offset` of the archive hold local header, data and data
 * descriptor of the ZIP entry named `entry`; `size` and `sha256` are those of the content itself.
 */
export interface ContentRef {
	archive: string;
	entry: string;
	offset: number;
	length: number;
	size: number;
	sha256: string;
	/** Of contents beside the main one, which comes first and has none: `attachment-1`, `photo`, `exchange`. */
	part?: string;
}

/** Why an item could not be stored, kept on its line until it could. */
export interface ItemFailure {
	reason: string;
	/** ISO 8601, of the first attempt that failed. */
	since: string;
	attempts: number;
}

/**
 * One line of a segment (DESIGN §3.2). With `whole` it hides all older lines of the id. Without, fields that are
 * present replace (those of `meta` one by one), absent ones stay, null removes.
 */
export interface ItemLine {
	id: string;
	whole?: true;
	type?: ItemType;
	parent?: string | null;
	name?: string;
	/** ISO 8601 UTC. */
	modified?: string | null;
	size?: number | null;
	etag?: string | null;
	content?: ContentRef[] | null;
	meta?: JsonObject | null;
	failed?: ItemFailure | null;
}

/** Ends the item. `movedTo` names a place that is not backed up, e.g. `Recoverable Items`. */
export interface TombstoneLine {
	id: string;
	/** When the run that confirmed it ran, ISO 8601 UTC. */
	deleted: string;
	type: ItemType;
	name: string;
	parent?: string;
	movedTo?: string;
}

export type CatalogLine = ItemLine | TombstoneLine;

/** The state of one living item: all its lines laid over one another. */
export interface CatalogEntry {
	id: string;
	type: ItemType;
	parent?: string;
	name: string;
	modified?: string;
	size?: number;
	etag?: string;
	content?: ContentRef[];
	meta: JsonObject;
	failed?: ItemFailure;
	/** Only where ended items were asked for: when, and where it lives on if that is not backed up. */
	deleted?: string;
	movedTo?: string;
}

export type ScopeState = 'complete' | 'stale' | 'excluded';

export interface ScopeRecord {
	id: string;
	name: string;
	/** ISO 8601: the state of the scope at that time is what the snapshot holds. Null if it was never read. */
	asOf: string | null;
	state: ScopeState;
}

export interface SnapshotTotals {
	items: number;
	bytes: number;
}

export interface SnapshotChanges {
	added: number;
	updated: number;
	deleted: number;
	failed: number;
	skipped: number;
}

export interface FileRef {
	name: string;
	size: number;
	sha256: string;
}

export interface SegmentRef extends FileRef {
	lines: number;
	/** Where the last gzip member, the index, stands in the file. */
	index: { offset: number; length: number; sha256: string };
}

export interface FailureRecord {
	id: string;
	name: string;
	reason: string;
	since: string;
	attempts: number;
}

/** `<run id>.snapshot.json`: the commit record, always written last. */
export interface SnapshotRecord {
	format: 1;
	source: SourceRef;
	/** The run id of the run that committed it. */
	id: string;
	startedAt: string;
	finishedAt: string;
	status: 'complete' | 'partial';
	parent: { id: string; sha256: string } | null;
	scopes: ScopeRecord[];
	totals: SnapshotTotals;
	changes: SnapshotChanges;
	/** Oldest (the base) first. */
	segments: SegmentRef[];
	/** Only those that this run wrote. */
	archives: FileRef[];
	cursor: { name: string; sha256: string };
	/** The first 100. */
	failures: FailureRecord[];
	tag: string | null;
	/** In encrypted repositories: see `RecordMac`. */
	mac?: string;
}

/** `<run id>.cursor.json` and its copy `cursor.json` (DESIGN §3.4). */
export interface CursorRecord {
	format: 1;
	run: string;
	/** The snapshot that holds everything up to these links. A cursor counts only if it exists. */
	snapshot: string;
	/** ISO 8601: the newest snapshot still held then. */
	checkedAt: string;
	segments: string[];
	/** Scope or listing id → delta or next link. */
	scopes: Record<string, string>;
	/** Ids of items to try again. */
	failed: string[];
	/** Names of seen files of enumerations that are still going on. */
	seen: string[];
	/** What the workload wants to remember besides links, e.g. when it last reconciled a listing. Small. */
	notes?: JsonObject;
	/** In encrypted repositories: see `RecordMac`. */
	mac?: string;
}
