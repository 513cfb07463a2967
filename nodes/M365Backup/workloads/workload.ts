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
	/** Where all living items are, by one pass over the catalog: for whoever compares all of them, page by page, in an order of their own. */
	places(): Promise<KnownPlaces>;
}

/** A few bytes an item, and so a hint, never a proof: what it says of one id in some billions of billions is another one's. */
export interface KnownPlaces {
	/** Undefined also for items without a parent, and for those that this run has changed: to be looked up. */
	parentOf(id: string): string | undefined;
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
	/**
	 * What the service says of the bytes before they are read, as made by `fingerprint`: `quickXor:<base64>:<size>`.
	 * Contents of one fingerprint are probably, never surely, the same. Where the source already has a content of this
	 * fingerprint, the engine hashes the new one first, stores it only if it differs, and then asks for it once more.
	 */
	sameAs?: string;
}

/** The fingerprint of a file's bytes from what a listing tells: quickXorHash (base64) and size in bytes. */
export function fingerprint(quickXorHash: string, sizeBytes: number): string {
	return `quickXor:${quickXorHash}:${sizeBytes}`;
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
	/** What the service said: a documented corruption that lasts is given up some day. */
	failure?: Failure;
	meta?: JsonObject;
}

export type Change = ItemChange | PatchChange | GoneChange | FailedChange;

/**
 * News of a listing that enumerates *everything* under a parent (a first pass or a resync). The engine collects the
 * ids; when the listing is finished without an error it asks `confirmMissing` about catalog items of that parent which
 * were not seen. `restarted` forgets what was seen; `abandoned` forgets the listing, which says nothing about absence.
 */
export interface ListingNews {
	/**
	 * The parent whose direct members are listed, e.g. `mail/AAMk…`; or, without a slash, the scope of which everything
	 * is listed at any depth, e.g. `drive`: then the containers that the workload made itself must be among `seen`, too.
	 */
	parent: string;
	/** Only items of this type are compared; `*` for all. */
	type: string;
	state: 'restarted' | 'going' | 'finished' | 'abandoned';
	seen: readonly string[];
}

/**
 * A scope's state, said once in a run and corrected if it turns bad later.
 * - `denied`: Microsoft refuses access (403). Becomes `stale` where the scope could be read before, else `excluded`.
 */
export interface ScopeNews {
	id: string;
	name: string;
	state: 'complete' | 'stale' | 'excluded' | 'denied';
	/** For all but complete: what the user should know. Becomes a warning of the summary. */
	reason?: string;
	/** Holds for every scope of earlier snapshots whose id begins with `<id>/`, too: a whole part could not be read. */
	andBelow?: true;
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

/** A content beside an item's main one: an attachment, a photo, an Exchange export. */
export interface FetchedPart {
	/** Unique within the item and lasting: `attachment-1`, `photo`, `exchange`. Kept with the content's reference. */
	name: string;
	/** For the name in the archive, in place of the request's: `2026-11-22 Stand-up, agenda` and `.pdf`. */
	title: string;
	extension: string;
}

/**
 * What fetching brought. `content` must be drained (or abandoned by `return`) before the next one is asked for.
 *
 * An item has one main content (without `part`) and any number of parts after it. All but its last answer carry `more`;
 * only with the last one is the item stored. `end` is a last answer without content. A `failure` at any point fails the
 * whole item: what was stored before it still holds.
 *
 * `kept` stands in a content's place: one that is stored already goes on holding. The item's earlier content of that
 * `part` (its main one if absent) becomes one of its new contents, named `as` (its old name if absent).
 *
 * `skipped` is a last answer, too: the item exists, but Microsoft will never give its content (malware). Its line says so
 * (`meta.skipped`), what was stored before is kept, it is no failure and not tried again.
 */
export type Fetched =
	| { id: string; content: AsyncIterable<Uint8Array>; sizeBytes?: number; part?: FetchedPart; more?: true }
	| { id: string; kept: { part?: string; as?: string }; more?: true }
	| { id: string; skipped: string; meta?: JsonObject; warning?: string }
	| { id: string; end: true; /** Laid over the item's meta, e.g. what only the content tells. */ meta?: JsonObject; warning?: string }
	| { id: string; failure: Failure };

/** How much a source holds, as far as the service tells it without a listing of everything. */
export interface SourceSize {
	items?: number;
	bytes?: number;
}

/** One source's view of its workload. */
export interface Workload {
	/** Pages of changes, each to be stored before its links count. Throws a Failure only when nothing can go on. */
	enumerate(input: EnumerationInput): AsyncIterable<ChangePage>;
	/** One answer per request (more only with `more`), in any order, also mixed. Never throws for a single item. */
	fetch(requests: readonly ContentRequest[], signal: AbortSignal): AsyncIterable<Fetched>;
	/** What became of items that a complete listing did not show: gone, or alive elsewhere. */
	confirmMissing(ids: readonly string[], known: KnownItems, signal: AbortSignal): Promise<Change[]>;
	/** What the next run needs besides links, as of the changes handed out so far. The engine keeps it in the cursor. */
	notes(): JsonObject;
	/** By a few requests, for an estimate. Throws Failures. */
	size?(signal: AbortSignal): Promise<SourceSize>;
}
