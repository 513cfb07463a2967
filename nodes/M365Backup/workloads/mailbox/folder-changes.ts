import { isFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { BatchRequest, DeltaCursor, DeltaPage } from '../../graph/client';
import { batchResult } from '../../graph/client';
import { isGone } from '../is-gone';
import type { Change, KnownItems, ListingNews } from '../workload';
import { brokenOff, MOST_RESTARTS } from './broken-off';
import type { GraphFolder } from './graph-folder';
import { FOLDER_SELECT, isSearchFolder, OUTSIDE_ROLES, ROOT_ROLE, WELL_KNOWN_ROLES } from './graph-folder';
import { recoverableFolders } from './recoverable-folders';
import type { MailContext } from './mail-context';
import { graphIdOf, scopedId } from './mail-context';

/** What became of the folders since the last run. */
export interface FolderNews {
	changes: Change[];
	/** Of folders that are gone: their messages are questions. */
	listings: ListingNews[];
	/** Where the next run goes on; undefined: at the beginning. */
	link: string | undefined;
	/** Delta was refused since the mailbox is over its quota: the folders were walked instead. */
	isOverQuota: boolean;
	/** Folders whose total Graph has reported just now: Graph id → totalItemCount. */
	totals: Map<string, number>;
}

/** Mail folders asked of Graph in one delta page: ten are Graph's default, and 2,000 folders would cost 200 requests. */
const FOLDER_PAGE_SIZE = 250;

/**
 * Reads the folder delta, and on a first, full or weekly pass also the well-known roles and the hidden folders, which
 * delta is not documented to report.
 */
export async function readFolderChanges(
	context: MailContext,
	link: string | undefined,
	walkHidden: boolean,
	signal: AbortSignal,
): Promise<FolderNews> {
	const { folders, removed, delta, resynced, isOverQuota } = await readFolderDelta(context, link, signal);
	const news: FolderNews = { changes: [], listings: [], link: delta, isOverQuota, totals: new Map() };
	const full = link === undefined || resynced || isOverQuota || walkHidden;
	if (full) {
		const { roles, outside } = await readRoles(context, signal);
		applyRoles(context, roles);
		const walked = await walkFolders(context, signal);
		settleOutside(context, outside, news);
		if (context.recoverableItems) for (const folder of await recoverableFolders(context, outside, signal)) folders.set(folder.id, folder);
		for (const [id, folder] of walked) folders.set(id, { ...folders.get(id), ...folder });
		for (const [role, id] of roles) {
			const folder = folders.get(id);
			if (folder) folders.set(id, { ...folder, role } as GraphFolder & { role: string });
		}
		// Absence in a complete walk is a question, as everywhere.
		for (const [id] of context.tree.entries()) if (!folders.has(id)) removed.add(id);
	}
	for (const folder of folders.values()) noteFolder(context, folder, news);
	await confirmRemoved(context, [...removed].filter((id) => !folders.has(id)), news, signal);
	return news;
}

async function readFolderDelta(
	context: MailContext,
	link: string | undefined,
	signal: AbortSignal,
): Promise<{ folders: Map<string, GraphFolder>; removed: Set<string>; delta: string | undefined; resynced: boolean; isOverQuota: boolean }> {
	const start: DeltaCursor = { kind: 'start', path: `${context.userPath}/mailFolders/delta?$select=${FOLDER_SELECT}` };
	let cursor: DeltaCursor = link === undefined ? start : { kind: 'link', url: link };
	let restarts = 0;
	const folders = new Map<string, GraphFolder>();
	const removed = new Set<string>();
	for (;;) {
		const page = await readPage(context, cursor, signal);
		// What it said before is in the walk, too; the old link holds until delta answers again.
		if (page === 'overQuota') return { folders: new Map(), removed: new Set(), delta: link, resynced: false, isOverQuota: true };
		if (page.resync) {
			folders.clear();
			removed.clear();
			restarts += 1;
			if (restarts === MOST_RESTARTS) throw brokenOff();
			cursor = start;
			continue;
		}
		for (const folder of page.items) {
			// Replays and duplicates occur: the last occurrence wins (delta-query-overview).
			if (folder['@removed']) {
				folders.delete(folder.id);
				removed.add(folder.id);
			} else {
				removed.delete(folder.id);
				folders.set(folder.id, { ...folders.get(folder.id), ...folder });
			}
		}
		if (page.next !== undefined) cursor = { kind: 'link', url: page.next };
		else if (page.delta !== undefined) return { folders, removed, delta: page.delta, resynced: restarts > 0, isOverQuota: false };
	}
}

/** A link of another Graph host (the cloud's address was changed) is as good as expired. */
async function readPage(context: MailContext, cursor: DeltaCursor, signal: AbortSignal): Promise<DeltaPage<GraphFolder> | 'overQuota'> {
	try {
		return await context.graph.delta<GraphFolder>(cursor, { signal, maxPageSize: FOLDER_PAGE_SIZE });
	} catch (error) {
		if (cursor.kind === 'link' && isFailure(error, 'expiredCursor')) return { items: [], resync: {} };
		if (isFailure(error, 'quota')) return 'overQuota';
		throw error;
	}
}

interface Roles {
	/** Role → Graph id. */
	roles: Map<string, string>;
	/** Role → folder, of those beside the visible tree. */
	outside: Map<string, GraphFolder>;
}

/** All in one batch; roles that this mailbox lacks are absent. */
async function readRoles(context: MailContext, signal: AbortSignal): Promise<Roles> {
	const roles = new Map<string, string>();
	const outside = new Map<string, GraphFolder>();
	const requests: BatchRequest[] = WELL_KNOWN_ROLES.map((role) => ({
		id: role,
		method: 'GET',
		path: `${context.userPath}/mailFolders/${role}?$select=${FOLDER_SELECT}`,
	}));
	for await (const answer of context.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) {
			const folder = result.body as GraphFolder;
			if (OUTSIDE_ROLES.has(answer.id)) outside.set(answer.id, folder);
			else roles.set(answer.id, folder.id);
		} else if (!isFailure(result.failure, 'notFound') || answer.id === ROOT_ROLE) throw result.failure;
	}
	return { roles, outside };
}

/** Where Recoverable Items are not (or no longer) backed up, what moves there has left the backup. */
function settleOutside(context: MailContext, outside: ReadonlyMap<string, GraphFolder>, news: FolderNews): void {
	for (const [role, folder] of outside) {
		if (context.recoverableItems) context.tree.outside.delete(folder.id);
		else context.tree.outside.set(folder.id, folder.displayName ?? role);
	}
	if (context.recoverableItems) return;
	const left = [...context.tree.entries()].flatMap(([id]) => (context.tree.isRecoverable(id) ? [id] : []));
	for (const id of left) folderGone(context, id, news);
}

function applyRoles(context: MailContext, roles: ReadonlyMap<string, string>): void {
	const root = roles.get(ROOT_ROLE);
	if (root === undefined || root === context.tree.rootId) return;
	for (const [, node] of context.tree.entries()) if (node.parent === context.tree.rootId) node.parent = root;
	context.tree.rootId = root;
}

/** All folders with the hidden ones, level by level: `/mailFolders` is not recursive. */
async function walkFolders(context: MailContext, signal: AbortSignal): Promise<Map<string, GraphFolder>> {
	const found = new Map<string, GraphFolder>();
	const query = `includeHiddenFolders=true&$top=${FOLDER_PAGE_SIZE}&$select=${FOLDER_SELECT}`;
	const top = { path: `${context.userPath}/mailFolders?${query}`, signal };
	let level: string[] = [];
	for await (const page of context.graph.pages<GraphFolder>(top)) level.push(...keep(page, found));
	while (level.length > 0) {
		const next: string[] = [];
		const requests: BatchRequest[] = level.map((id) => ({
			id,
			method: 'GET',
			path: `${context.userPath}/mailFolders/${encodeURIComponent(id)}/childFolders?${query}`,
		}));
		for await (const answer of context.graph.batch(requests, { signal })) {
			const result = batchResult(answer);
			if (!result.ok) {
				if (isFailure(result.failure, 'notFound', 'denied')) continue;
				throw result.failure;
			}
			const body = result.body as { value?: GraphFolder[]; '@odata.nextLink'?: string };
			next.push(...keep(body.value ?? [], found));
			const more = body['@odata.nextLink'];
			if (more === undefined) continue;
			for await (const page of context.graph.pages<GraphFolder>({ path: more, signal })) next.push(...keep(page, found));
		}
		level = next;
	}
	return found;
}

function keep(page: readonly GraphFolder[], found: Map<string, GraphFolder>): string[] {
	const fresh = page.filter((folder) => !isSearchFolder(folder) && !found.has(folder.id));
	for (const folder of fresh) found.set(folder.id, folder);
	return fresh.map((folder) => folder.id);
}

/** Lays a reported folder over the tree and says what that changes in the catalog. Partial entries patch. */
function noteFolder(context: MailContext, folder: GraphFolder & { role?: string }, news: FolderNews): void {
	if (isSearchFolder(folder) || folder.id === context.tree.rootId) return;
	const { tree } = context;
	if (typeof folder.totalItemCount === 'number') news.totals.set(folder.id, folder.totalItemCount);
	const before = tree.get(folder.id);
	const role = folder.role ?? before?.role;
	const hidden = folder.isHidden ?? before?.hidden ?? false;
	const node = {
		name: folder.displayName ?? before?.name ?? '',
		parent: folder.parentFolderId ?? before?.parent ?? tree.rootId,
		...(role === undefined ? {} : { role }),
		...(hidden ? { hidden: true as const } : {}),
		count: before?.count ?? 0,
		...(before?.drift === undefined ? {} : { drift: before.drift }),
	};
	tree.set(folder.id, node);
	const id = scopedId(folder.id);
	const parent = node.parent === tree.rootId ? {} : { parent: scopedId(node.parent) };
	if (!before) {
		news.changes.push(folderItem(context, folder.id));
		return;
	}
	const meta: JsonObject = {};
	if (node.role !== before.role && node.role !== undefined) meta['role'] = node.role;
	if (Boolean(node.hidden) !== Boolean(before.hidden)) meta['hidden'] = node.hidden ? true : null;
	const moved = node.parent !== before.parent;
	const renamed = node.name !== before.name;
	if (!moved && !renamed && Object.keys(meta).length === 0) return;
	// To the top level means that the parent goes, which a patch cannot say with an absent field.
	if (moved && node.parent === tree.rootId) {
		news.changes.push({ ...folderItem(context, folder.id), isNew: false });
		return;
	}
	news.changes.push({
		kind: 'patch',
		id,
		type: 'folder',
		...(moved ? parent : {}),
		...(renamed ? { name: node.name } : {}),
		...(Object.keys(meta).length > 0 ? { meta } : {}),
	});
}

/** The whole line of a folder that the tree knows. */
export function folderItem(context: MailContext, graphId: string): Change & { kind: 'item' } {
	const node = context.tree.get(graphId);
	const parent = node?.parent;
	return {
		kind: 'item',
		id: scopedId(graphId),
		type: 'folder',
		...(parent === undefined || parent === context.tree.rootId ? {} : { parent: scopedId(parent) }),
		name: node?.name ?? '',
		meta: { ...(node?.role === undefined ? {} : { role: node.role }), ...(node?.hidden ? { hidden: true } : {}) },
		isNew: true,
	};
}

/** A removed folder is a question, too: it may live on below another parent. */
async function confirmRemoved(
	context: MailContext,
	ids: readonly string[],
	news: FolderNews,
	signal: AbortSignal,
): Promise<void> {
	const asked = ids.filter((id) => context.tree.get(id));
	const requests: BatchRequest[] = asked.map((id) => ({
		id,
		method: 'GET',
		path: `${context.userPath}/mailFolders/${encodeURIComponent(id)}?$select=${FOLDER_SELECT}`,
	}));
	const alive: GraphFolder[] = [];
	for await (const answer of context.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) alive.push(result.body as GraphFolder);
		else if (isGone(result.failure)) folderGone(context, answer.id, news);
		else throw result.failure;
	}
	for (const folder of alive) {
		const parent = folder.parentFolderId ?? context.tree.rootId;
		const inTree = parent === context.tree.rootId || context.tree.get(parent) || alive.some((one) => one.id === parent);
		if (inTree) noteFolder(context, folder, news);
		else folderGone(context, folder.id, news);
	}
}

/** The folder is not in the mailbox's tree any more; each of its messages is asked about by itself. */
export function folderGone(context: MailContext, graphId: string, news: Pick<FolderNews, 'changes' | 'listings'>): void {
	const id = scopedId(graphId);
	news.changes.push({ kind: 'gone', id });
	news.listings.push({ parent: id, type: 'message', state: 'restarted', seen: [] });
	news.listings.push({ parent: id, type: 'message', state: 'finished', seen: [] });
	context.tree.remove(graphId);
}

/** The tree from the catalog itself: a pass over it, needed only when the cursor is lost. */
export async function treeFromCatalog(context: MailContext, known: KnownItems): Promise<void> {
	for await (const folder of known.ofType('folder')) {
		const role = folder.meta['role'];
		context.tree.set(graphIdOf(folder.id), {
			name: folder.name,
			parent: folder.parent === undefined ? context.tree.rootId : graphIdOf(folder.parent),
			...(typeof role === 'string' ? { role } : {}),
			...(folder.meta['hidden'] === true ? { hidden: true as const } : {}),
			count: 0,
		});
	}
}
