import { Failure, isFailure } from '../../base/failure';
import type { DeltaCursor, DeltaPage } from '../../graph/client';
import type { Change, ChangePage, EnumerationInput, ListingNews } from '../workload';
import type { Decided } from './decide-items';
import { decideItems } from './decide-items';
import type { DriveContext } from './drive-context';
import { graphIdOf, nothingLeftOut } from './drive-context';
import type { DriveNotes } from './drive-notes';
import { rulesOf } from './drive-notes';
import { driveRefused } from './drive-refused';
import { ITEM_SELECT, type GraphItem } from './graph-item';
import { sweepGoneFolders } from './sweep-gone-folders';
import { withPermissions } from './with-permissions';

const DAY_MS = 24 * 3600 * 1000;
/** Everything is listed and compared so often, since delta is known to have lost deletions (onedrive-api-docs #1424). */
const LISTING_DAYS = 30;
/** Changes of sharing links are in no delta (microsoft-graph-docs #7254): all that is shared is asked for so often. */
const PERMISSIONS_DAYS = 7;
/** How often one run begins anew because its links have expired (410) on the way. */
const MOST_RESTARTS = 3;
/** Items of a round of changes that are remembered until its end. A round with more of them ends in a listing of everything. */
const MOST_RECENT = 50_000;
/** Of which only the permissions and links on items that others may see change, and nothing else (driveitem-delta). */
const SHARING_PREFERENCES = ['deltashowsharingchanges', 'hierarchicalsharing'];

export interface DriveRun {
	context: DriveContext;
	notes: DriveNotes;
	input: EnumerationInput;
	/** What became of single items, by asking for them. */
	ask(ids: readonly string[]): Promise<Change[]>;
}

/** What one round of pages, from a link to the next delta link, is about and has found. */
interface Round {
	/**
	 * Everything comes, and what a `listing` does not show is a question; where the catalog is empty (`first`), nothing
	 * can be missing. Undefined: what has changed.
	 */
	pass: 'first' | 'listing' | undefined;
	/** Nothing of it has been taken yet. */
	isFresh: boolean;
	/** An earlier run began it. */
	resumed: boolean;
	/** Older versions are looked at of everything. */
	versions: boolean;
	/** Folders new to the catalog: how many children they said they have, and which the round has told of. */
	newFolders: Map<string, { expected: number; told: Set<string> }>;
	/** Files and folders that came in a round of changes: id → parent. */
	recent: Map<string, string | undefined>;
	folderMoved: boolean;
	/**
	 * What this run stored before the listing began and the listing has not shown yet. The engine compares what is
	 * committed, and this need not be.
	 */
	unseen: Set<string>;
	/** There was more than is remembered. */
	isUnseenCut: boolean;
	/** Permissions of something could not be read just now. */
	permissionsMissing: boolean;
}

/** Delta pages of the drive until nothing is left, and a listing of everything where one is due. */
export async function* readDriveChanges(run: DriveRun): AsyncGenerator<ChangePage> {
	const { context, notes, input } = run;
	const link = input.links[context.scope];
	let restarts = 0;
	let cursor: DeltaCursor = link === undefined ? startCursor(context) : { kind: 'link', url: link };
	/** Scoped ids of what this run brought into the catalog. */
	const added = new Set<string>();
	let isEmpty = input.isFirst;
	let round = link === undefined ? beginPass(run, isEmpty, added) : resumeRound(run);
	for (;;) {
		const page = await askPage(context, cursor, input.signal);
		if (page.resync) {
			if (++restarts > MOST_RESTARTS) throw brokenOff();
			round = beginPass(run, isEmpty, added);
			yield { changes: [], links: { [context.scope]: null } };
			cursor = startCursor(context);
			continue;
		}
		const taken = await takePage(run, page, round);
		noteAdded(taken.changes, added);
		yield taken;
		isEmpty = false;
		if (page.next !== undefined) {
			cursor = { kind: 'link', url: page.next };
			continue;
		}
		if (round.unseen.size > 0) yield { changes: await run.ask([...round.unseen]) };
		if (round.pass !== 'listing') yield* sweepGoneFolders(context, notes, input, round.recent);
		if (isListingDue(run, round)) {
			round = beginPass(run, isEmpty, added);
			cursor = startCursor(context);
		} else if (round.resumed && page.delta !== undefined) {
			// What changed since the round began comes only with the one after it.
			round = newRound(undefined, { versions: false });
			cursor = { kind: 'link', url: page.delta };
		} else return;
	}
}

function startCursor({ drivePath }: DriveContext): DeltaCursor {
	return { kind: 'start', path: `${drivePath}/root/delta?$select=${ITEM_SELECT}` };
}

/** @param isEmpty nothing of the drive can be in the catalog */
function beginPass({ context, notes }: DriveRun, isEmpty: boolean, added: ReadonlySet<string>): Round {
	const versions = context.versions > notes.versions;
	return { ...newRound(isEmpty ? 'first' : 'listing', { versions }), isFresh: true, unseen: new Set(added), isUnseenCut: added.size >= MOST_RECENT };
}

function noteAdded(changes: readonly Change[], added: Set<string>): void {
	for (const change of changes) if (change.kind === 'item' && change.isNew && added.size < MOST_RECENT) added.add(change.id);
}

/** What the link stands for that earlier runs left. */
function resumeRound({ context, notes }: DriveRun): Round {
	const { pass } = notes;
	return { ...newRound(pass, { versions: pass !== undefined && context.versions > notes.versions }), resumed: notes.unfinished };
}

function newRound(pass: Round['pass'], { versions }: { versions: boolean }): Round {
	return { pass, isFresh: false, resumed: false, versions, newFolders: new Map(), recent: new Map(), folderMoved: false, unseen: new Set(), isUnseenCut: false, permissionsMissing: false };
}

async function askPage(context: DriveContext, cursor: DeltaCursor, signal: AbortSignal): Promise<DeltaPage<GraphItem>> {
	try {
		return await context.graph.delta<GraphItem>(cursor, { signal, ...(context.permissions ? { prefer: SHARING_PREFERENCES } : {}) });
	} catch (error) {
		// A link of another cloud; itemNotFound in the middle of an enumeration, seen of drives that are well (od#1476); or
		// a token that the service cannot read any more (400).
		if (cursor.kind === 'link' && isFailure(error, 'expiredCursor', 'notFound', 'invalid')) return { items: [], resync: {} };
		throw driveRefused(error);
	}
}

function brokenOff(): Failure {
	return new Failure('expiredCursor', 'Microsoft 365 broke off the listing of the drive again and again', {
		nextStep: 'The next run begins the listing anew; what has been read so far is kept',
	});
}

async function takePage(run: DriveRun, page: DeltaPage<GraphItem>, round: Round): Promise<ChangePage> {
	const { context, notes, input } = run;
	context.folders.rootId ??= notes.rootId;
	// What is left out is counted anew, not added to what changes alone had shown of it.
	if (round.isFresh) context.leftOut = nothingLeftOut();
	const decided = await decideItems(context, page.items, input.known, { versions: round.versions }, input.signal);
	notes.rootId = context.folders.rootId;
	const listings = listingsOf(run, round, decided.seen, page.next === undefined);
	if (round.isFresh) {
		notes.pass = round.pass;
		notes.listedAt = context.ambient.now().toISOString();
		notes.began = { rules: rulesOf(context), versions: context.versions, permissions: context.permissions };
		notes.owed = false;
		round.isFresh = false;
	}
	for (const id of decided.seen) round.unseen.delete(id);
	remember(notes, round, decided, page.items);
	const permissions = await withPermissions(context, decided, input.signal);
	round.permissionsMissing ||= permissions.isIncomplete;
	notes.unfinished = page.next !== undefined;
	if (page.next === undefined) endRound(run, round);
	const link = page.next ?? page.delta;
	return { changes: permissions.changes, warnings: permissions.warnings, links: link === undefined ? {} : { [context.scope]: link }, listings };
}

function listingsOf({ context }: DriveRun, round: Round, seen: readonly string[], isLast: boolean): ListingNews[] {
	if (round.pass !== 'listing') return [];
	const all = { parent: context.scope, type: '*' };
	// The container that stands for the root is none of Graph's items.
	const own = context.top === undefined ? [] : [context.top];
	return [
		...(round.isFresh ? [{ ...all, state: 'restarted' as const, seen: own }] : []),
		{ ...all, state: isLast ? 'finished' : 'going', seen },
	];
}

function remember(notes: DriveNotes, round: Round, decided: Decided, items: readonly GraphItem[]): void {
	if (round.pass === 'listing') return;
	for (const id of decided.goneFolders) notes.goneFolders.add(id);
	for (const id of decided.seen) notes.goneFolders.delete(graphIdOf(id));
	if (round.pass === 'first') return;
	for (const [id, expected] of decided.newFolders) round.newFolders.set(id, { expected, told: round.newFolders.get(id)?.told ?? new Set() });
	for (const item of items) {
		const parent = item.parentReference?.id;
		if (round.recent.size < MOST_RECENT) round.recent.set(item.id, item.deleted ? undefined : parent);
		if (parent !== undefined && !item.deleted) round.newFolders.get(parent)?.told.add(item.id);
	}
	round.folderMoved ||= decided.folderMoved;
}

/** The last page of a round is there: what the notes say of it counts once the page is stored. */
function endRound({ context, notes, input }: DriveRun, round: Round): void {
	notes.pass = undefined;
	if (round.pass !== undefined) {
		const { rules = '', versions = 0, permissions = false } = notes.began ?? {};
		notes.rules = rules;
		notes.versions = versions;
		notes.permissionsAt = permissions && !round.permissionsMissing ? notes.listedAt : undefined;
		notes.began = undefined;
	}
	if (round.pass === 'listing') {
		notes.goneFolders.clear();
		notes.owed = round.isUnseenCut;
		return;
	}
	// Children that no page told of: the folder came back from the bin, or from where things are left out.
	const isIncomplete = !round.resumed && [...round.newFolders.values()].some(({ expected, told }) => told.size < expected);
	const hidesMore = round.folderMoved && !context.excluded.isEmpty;
	const tooMany = notes.goneFolders.size > 0 && round.recent.size >= MOST_RECENT;
	if (isIncomplete || hidesMore || tooMany || input.isInDoubt === true) notes.owed = true;
}

function isListingDue({ context, notes }: DriveRun, round: Round): boolean {
	if (round.pass === 'listing' && !round.resumed) return false;
	const now = context.ambient.now().getTime();
	const isOlder = (time: string | undefined, days: number): boolean => time === undefined || now - Date.parse(time) >= days * DAY_MS;
	return (
		notes.owed ||
		notes.rules !== rulesOf(context) ||
		notes.versions < context.versions ||
		isOlder(notes.listedAt, LISTING_DAYS) ||
		(context.permissions && isOlder(notes.permissionsAt, PERMISSIONS_DAYS))
	);
}

