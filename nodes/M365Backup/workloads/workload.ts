import type { Failure } from '../base/failure';
import type { JsonObject } from '../base/json';

/** What the catalog knows of an item, as far as a workload needs it to decide what has changed. */
export interface KnownItem {
	id: string;
	type: string;
	parent?: string;
	name: string;
	modified?: string;
	etag?: string;
	hasContent: boolean;
	failedAttempts: number;
	meta: JsonObject;
}

/** Read access to the catalog of the snapshot that the run builds upon, with the run's own lines on top. */
export interface KnownItems {
	/** Living items only; unknown and ended ids are absent. Any number of ids, cheapest when asked together. */
	lookUp(ids: readonly string[]): Promise<Map<string, KnownItem>>;
	/** All living items of a type. A full pass over the catalog unless the type is rare (`folder`). */
	ofType(type: string): AsyncIterable<KnownItem>;
}

/** What to fetch and under what name a person finds it in the archive. */
export interface ContentRequest {
	id: string;
	/** Display names from the root to the item's folder. */
	folderPath: string[];
	/** `2026-11-22 Quarterly report`, without extension or hash. */
	title: string;
	/** `.eml` */
	extension: string;
	/** Changes with the content: etag, change key. Part of the hash in the entry's name. */
	version: string;
	/** Whatever the workload's own fetch needs to know, e.g. `{hasAttachments: true}`. */
	hints: JsonObject;
}

/** The complete state of an item. `fetch` present: its content must be stored, too; absent: what is stored still holds. */
export interface ItemChange {
	kind: 'item';
	id: string;
	type: string;
	parent?: string;
	name: string;
	modified?: string;
	size?: number;
	etag?: string;
	meta: JsonObject;
	fetch?: ContentRequest;
	/** New to the catalog, as opposed to changed. */
	isNew: boolean;
}

/** Some fields of a known item have changed, its content has not. */
export interface PatchChange {
	kind: 'patch';
	id: string;
	type: string;
	parent?: string;
	name?: string;
	modified?: string;
	etag?: string;
	meta?: JsonObject;
}

/** The item is confirmed to be gone from what is backed up. */
export interface GoneChange {
	kind: 'gone';
	id: string;
	movedTo?: string;
}

/** The item exists but could not be read. It is recorded and tried again in the next run. */
export interface FailedChange {
	kind: 'failed';
	id: string;
	type: string;
	name: string;
	parent?: string;
	reason: string;
	meta?: JsonObject;
}

export type Change = ItemChange | PatchChange | GoneChange | FailedChange;

/**
 * News of a listing that enumerates *everything* under a parent (a first pass or a resync). The engine collects the
 * ids; when the listing is finished without an error it asks `confirmMissing` about catalog items of that parent which
 * were not seen. `restarted` forgets what was seen; `abandoned` forgets the listing, which says nothing about absence.
 */
export interface ListingNews {
	/** The parent whose direct members are listed, e.g. `mail/AAMk…`. */
	parent: string;
	type: string;
	state: 'restarted' | 'going' | 'finished' | 'abandoned';
	seen: readonly string[];
}

/** A scope's state, said once in a run and corrected if it turns bad later. */
export interface ScopeNews {
	id: string;
	name: string;
	state: 'complete' | 'stale' | 'excluded';
	/** For stale and excluded: what the user should know. */
	reason?: string;
}

export interface ChangePage {
	changes: Change[];
	/** Links that count once all changes of this page are stored or recorded as failed. null forgets a link. */
	links?: Record<string, string | null>;
	listings?: ListingNews[];
	scopes?: ScopeNews[];
	warnings?: string[];
}

export interface EnumerationInput {
	known: KnownItems;
	/** From the cursor; empty on a first run or when everything is to be enumerated anew. */
	links: Readonly<Record<string, string>>;
	notes: Readonly<JsonObject>;
	/** Ids that failed before: yield their state again. */
	retry: readonly string[];
	/** The catalog is empty: no look-ups are needed. */
	isFirst: boolean;
	/**
	 * The catalog may hold items that came after the links (a commit in the middle of a page, an older cursor). If they
	 * are gone by now, nothing need report it: complete listings must be compared.
	 */
	isInDoubt?: boolean;
	signal: AbortSignal;
}

/** What fetching brought. `content` must be drained (or abandoned by `return`) before the next one is asked for. */
export type Fetched =
	| { id: string; content: AsyncIterable<Uint8Array>; sizeBytes?: number }
	| { id: string; failure: Failure };

/** One source's view of its workload. */
export interface Workload {
	/** Pages of changes, each to be stored before its links count. Throws a Failure only when nothing can go on. */
	enumerate(input: EnumerationInput): AsyncIterable<ChangePage>;
	/** One answer per request, in any order. Never throws for a single item. */
	fetch(requests: readonly ContentRequest[], signal: AbortSignal): AsyncIterable<Fetched>;
	/** What became of items that a complete listing did not show: gone, or alive elsewhere. */
	confirmMissing(ids: readonly string[], known: KnownItems, signal: AbortSignal): Promise<Change[]>;
	/** What the next run needs besides links, as of the changes handed out so far. The engine keeps it in the cursor. */
	notes(): JsonObject;
}
