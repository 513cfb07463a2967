import { Failure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { DeltaCursor, DeltaPage } from '../../graph/client';
import type { Part } from '../join-parts';
import type { Change, ChangePage, ContentRequest, EnumerationInput, Fetched, KnownItem, ListingNews } from '../workload';
import { askItems } from './ask-items';
import type { GraphListItem } from './graph-site';
import { sitePath } from './graph-site';
import type { ListContext } from './list-context';
import { isStored, wholeChanges } from './list-context';
import type { ListInfo } from './list-info';
import { containerChange, containerPrint, listTitle } from './list-info';
import type { People } from './people';
import type { SiteRun } from './site-run';
import { fetchedBytes, rootOf } from './site-run';

/** Items of one delta page: some 3 KB each. */
const ITEM_PAGE_SIZE = 500;
/** How often one run begins a list anew because its links have expired (410) on the way. */
const MOST_RESTARTS = 3;
/** Everything is listed and compared so often, in case delta has lost something: it is known to of drives (onedrive-api-docs #1424). */
const LISTING_MS = 30 * 24 * 3600 * 1000;
/** Items that failed before, in one page. */
const RETRY_PAGE = 200;

/** What the run carries from page to page, and its notes to the next run. */
interface ListState {
	/** Of the container's line as it is stored; undefined: not stored yet. */
	print: string | undefined;
	/** A listing of everything goes on, whose absentees are a question. */
	relisting: boolean;
	/** The stored link is a next link: what changed since its round began comes only with the next round. */
	unfinished: boolean;
	/** ISO 8601: when the latest listing of everything began. */
	listedAt: string | undefined;
}

/** The first page of a list's delta, if the run has it already: lists are asked twenty at a time. */
export type FirstPage = (scope: string, signal: AbortSignal) => Promise<DeltaPage<GraphListItem> | undefined>;

/** The items of one list. One instance serves one run. */
export function listPart(run: SiteRun, info: ListInfo, people: People, firstPage: FirstPage): Part {
	const context: ListContext = { run, info, people, documents: new Map(), hasAttachments: false };
	const state: ListState = { print: undefined, relisting: false, unfinished: false, listedAt: undefined };
	return {
		scope: info.scope,
		title: listTitle(info),
		enumerate: (input) => enumerateList(context, state, firstPage, input),
		fetch: (requests, signal) => fetchItems(context, requests, signal),
		confirmMissing: async (ids, known, signal) => {
			context.documents.clear();
			return askItems(context, ids, await known.lookUp(ids), signal);
		},
		notes: (): JsonObject => ({ [info.scope]: { ...(state.print === undefined ? {} : { print: state.print }), ...(state.relisting ? { relisting: true } : {}), ...(state.unfinished ? { unfinished: true } : {}), ...(state.listedAt === undefined ? {} : { listedAt: state.listedAt }) } }),
	};
}

async function* enumerateList(context: ListContext, state: ListState, firstPage: FirstPage, input: EnumerationInput): AsyncGenerator<ChangePage> {
	const { info } = context;
	const notes = input.notes[info.scope] as JsonObject | undefined;
	const root = input.isFirst ? undefined : await storedRoot(info, notes, input);
	state.print = root?.print;
	state.relisting = notes?.['relisting'] === true;
	state.unfinished = notes?.['unfinished'] === true;
	state.listedAt = typeof notes?.['listedAt'] === 'string' ? notes['listedAt'] : undefined;
	const print = containerPrint(info);
	if (state.print !== print) {
		state.print = print;
		yield { changes: [containerChange(info, root === undefined)] };
	}
	for (let start = 0; start < input.retry.length; start += RETRY_PAGE) {
		const ids = input.retry.slice(start, start + RETRY_PAGE).filter((id) => id !== rootOf(info.scope));
		context.documents.clear();
		yield { changes: await askItems(context, ids, await input.known.lookUp(ids), input.signal) };
	}
	yield* readItems(context, state, firstPage, input, root !== undefined);
}

/** The container's fingerprint as it is stored. The notes tell it, so that a quiet run reads no catalog. */
async function storedRoot(info: ListInfo, notes: JsonObject | undefined, input: EnumerationInput): Promise<{ print: string } | undefined> {
	const print = notes?.['print'];
	if (typeof print === 'string' && input.isInDoubt !== true) return { print };
	const root = (await input.known.lookUp([rootOf(info.scope)])).get(rootOf(info.scope));
	return root ? { print: root.etag ?? '' } : undefined;
}

async function* readItems(context: ListContext, state: ListState, firstPage: FirstPage, input: EnumerationInput, mayHoldItems: boolean): AsyncGenerator<ChangePage> {
	const { info, run } = context;
	const key = itemsLink(info);
	const start: DeltaCursor = { kind: 'start', path: `${sitePath(info.web.siteId)}/lists/${info.listId}/items/delta?$expand=fields&$top=${ITEM_PAGE_SIZE}` };
	const stored = input.links[key];
	const nowMs = run.ambient.now().getTime();
	const isDue = nowMs - Date.parse(state.listedAt ?? '') >= LISTING_MS;
	const goesOn = stored !== undefined && ((input.isInDoubt !== true && !isDue) || state.relisting);
	let cursor: DeltaCursor = goesOn ? { kind: 'link', url: stored } : start;
	let isBeginning = !goesOn;
	let resumed = goesOn && state.unfinished;
	if (isBeginning) state.relisting = false;
	let relist = isBeginning && !input.isFirst && mayHoldItems;
	let restarts = 0;
	let ready = goesOn ? await firstPage(info.scope, input.signal) : undefined;
	for (;;) {
		const page: DeltaPage<GraphListItem> = ready ?? (await run.graph.delta<GraphListItem>(cursor, { signal: input.signal }));
		ready = undefined;
		if (page.resync) {
			if (++restarts >= MOST_RESTARTS) throw new Failure('expiredCursor', 'Microsoft 365 broke off the listing again and again');
			cursor = page.resync.restartUrl === undefined ? start : { kind: 'link', url: page.resync.restartUrl };
			[isBeginning, relist, resumed] = [true, true, false];
			continue;
		}
		const listings: ListingNews[] = [];
		const news = (now: ListingNews['state'], seen: string[]): ListingNews => ({ parent: rootOf(info.scope), type: 'listItem', state: now, seen });
		if (isBeginning) state.listedAt = new Date(nowMs).toISOString();
		if (isBeginning && relist) {
			state.relisting = true;
			listings.push(news('restarted', []));
		}
		isBeginning = false;
		const changes = await decidePage(context, page.items, input);
		if (state.relisting) listings.push(news(page.next === undefined ? 'finished' : 'going', page.items.flatMap((item) => (item.deleted ? [] : [`${info.scope}/${item.id}`]))));
		const link = page.next ?? page.delta;
		const isLast = page.next === undefined;
		state.unfinished = !isLast;
		if (isLast) state.relisting = false;
		yield {
			changes,
			listings,
			...(link === undefined ? {} : { links: { [key]: link } }),
			...(isLast && !resumed ? { scopes: [{ id: info.scope, name: listTitle(info), state: 'complete' as const }] } : {}),
			warnings: warningsOf(context),
		};
		if (link === undefined) return;
		// One more round, so that the snapshot does not say "complete" of what lacks the changes since the round began.
		if (isLast && !resumed) return;
		if (isLast) resumed = false;
		cursor = { kind: 'link', url: link };
	}
}

/** Where a list's delta link stands in the cursor. */
export function itemsLink({ scope }: Pick<ListInfo, 'scope'>): string {
	return `${scope}/items`;
}

function warningsOf({ hasAttachments, info, people }: ListContext): string[] {
	return [
		...(hasAttachments ? [`${listTitle(info)}: files attached to its items are not in the backup, because Microsoft Graph does not give them`] : []),
		...(people.refusal === undefined ? [] : [people.refusal]),
	];
}

/** Replays occur: the last entry of an item wins. Ids never come again, so what is reported as deleted is gone. */
async function decidePage(context: ListContext, items: readonly GraphListItem[], input: EnumerationInput): Promise<Change[]> {
	const { info } = context;
	context.documents.clear();
	const last = new Map(items.map((item) => [`${info.scope}/${item.id}`, item]));
	const known = input.isFirst && input.links[itemsLink(info)] === undefined ? new Map<string, KnownItem>() : await input.known.lookUp([...last.keys()]);
	const changes: Change[] = [];
	const partial: string[] = [];
	const whole: GraphListItem[] = [];
	for (const [id, item] of last) {
		const before = known.get(id);
		if (item.deleted) {
			if (before) changes.push({ kind: 'gone', id });
		} else if (isStored(item, before)) continue;
		else if (item.fields === undefined) partial.push(id);
		else whole.push(item);
	}
	changes.push(...(await wholeChanges(context, whole, known, input.signal)));
	if (partial.length > 0) changes.push(...(await askItems(context, partial, known, input.signal)));
	return changes;
}

/** The documents came with the listing: nothing is asked for again, unless a commit came between. */
async function* fetchItems(context: ListContext, requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
	signal.throwIfAborted();
	for (const { id } of await Promise.resolve(requests)) {
		const document = context.documents.get(id);
		yield document ? fetchedBytes(id, document) : { id, failure: new Failure('transient', 'The item was not read in this run') };
	}
}

